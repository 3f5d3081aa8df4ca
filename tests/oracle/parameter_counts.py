"""How many parameters released models have.

Writes tests/fixtures/released_configs/: NAME.json, a config.json with the public values of a released model in
the layout it was released with, and counts.json, the number of parameters of the model that transformers
builds from each (without memory for them; tied weights count once). Run with torch and transformers 5
installed:

    python tests/oracle/parameter_counts.py
"""

import json
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

OUT = Path(__file__).resolve().parent.parent / "fixtures" / "released_configs"
PUBLISHED = {"Qwen2.5-VL-3B-Instruct": 3_754_622_976, "Qwen2.5-VL-7B-Instruct": 8_292_166_656,
             "Qwen3-VL-2B-Instruct": 2_127_532_032, "Qwen3-VL-4B-Instruct": 4_437_815_808,
             "Qwen3-VL-8B-Instruct": 8_767_123_696, "Qwen2.5-7B-Instruct": 7_615_616_512, "Llama-2-7b": 6_738_415_616, "Llama-3.1-8B": 8_030_261_248,
             "Llama-3.2-1B": 1_235_814_400, "SmolLM2-135M": 134_515_008}

COMMON = {"attention_dropout": 0.0, "bos_token_id": 151643, "eos_token_id": 151645, "hidden_act": "silu",
          "initializer_range": 0.02, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "torch_dtype": "bfloat16",
          "use_cache": True, "use_sliding_window": False}


def text(layers, hidden, intermediate, heads, groups, vocabulary, tied, **more):
    return COMMON | {"hidden_size": hidden, "intermediate_size": intermediate, "num_hidden_layers": layers,
                     "num_attention_heads": heads, "num_key_value_heads": groups, "vocab_size": vocabulary,
                     "tie_word_embeddings": tied} | more


def qwen2_5_vl(vision_intermediate, *shape):
    config = text(*shape, max_position_embeddings=128000, sliding_window=32768, max_window_layers=shape[0])
    return {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"], "model_type": "qwen2_5_vl",
        "vision_start_token_id": 151652, "vision_end_token_id": 151653, "vision_token_id": 151654,
        "image_token_id": 151655, "video_token_id": 151656,
    } | config | {
        "vision_config": {
            "depth": 32, "hidden_act": "silu", "hidden_size": 1280, "intermediate_size": vision_intermediate,
            "num_heads": 16, "in_chans": 3, "out_hidden_size": config["hidden_size"], "patch_size": 14,
            "spatial_merge_size": 2, "spatial_patch_size": 14, "window_size": 112,
            "fullatt_block_indexes": [7, 15, 23, 31], "tokens_per_second": 2, "temporal_patch_size": 2,
        },
        "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
    }


def qwen3_vl(vision, *shape):
    fields = text(*shape, attention_bias=False, head_dim=128, max_position_embeddings=262144, model_type="qwen3_vl_text",
                  rope_theta=5000000, rope_scaling={"mrope_interleaved": True, "mrope_section": [24, 20, 20],
                                                    "rope_type": "default"})
    del fields["use_sliding_window"]
    return {
        "architectures": ["Qwen3VLForConditionalGeneration"], "model_type": "qwen3_vl", "image_token_id": 151655,
        "video_token_id": 151656, "vision_start_token_id": 151652, "vision_end_token_id": 151653, "text_config": fields,
        "tie_word_embeddings": fields["tie_word_embeddings"],
        "vision_config": {
            "hidden_act": "gelu_pytorch_tanh", "in_channels": 3, "initializer_range": 0.02, "model_type": "qwen3_vl",
            "num_heads": 16, "num_position_embeddings": 2304, "out_hidden_size": fields["hidden_size"],
            "patch_size": 16, "spatial_merge_size": 2, "temporal_patch_size": 2,
        } | vision,
    }


LARGE_TOWER = {"depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "deepstack_visual_indexes": [5, 11, 17]}
SO_TOWER = {"depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "deepstack_visual_indexes": [8, 16, 24]}


def qwen2(*shape):
    return {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2"} | text(
        *shape, max_position_embeddings=32768, sliding_window=131072, max_window_layers=shape[0])


def qwen3(*shape):
    return {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3"} | text(
        *shape, head_dim=128, attention_bias=False, max_position_embeddings=40960, rope_scaling=None,
        sliding_window=None, max_window_layers=shape[0])


def llama(layers, hidden, intermediate, heads, groups, vocabulary, tied, **more):
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "attention_bias": False, "attention_dropout": 0.0,
        "hidden_act": "silu", "hidden_size": hidden, "initializer_range": 0.02, "intermediate_size": intermediate,
        "mlp_bias": False, "num_attention_heads": heads, "num_hidden_layers": layers, "num_key_value_heads": groups,
        "pretraining_tp": 1, "rms_norm_eps": 1e-05, "tie_word_embeddings": tied, "torch_dtype": "bfloat16",
        "use_cache": True, "vocab_size": vocabulary,
    } | more


def llama3(factor, *shape, **more):
    rope = {"factor": factor, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192,
            "rope_type": "llama3"}
    return llama(*shape, bos_token_id=128000, eos_token_id=[128001, 128008, 128009], max_position_embeddings=131072,
                 rope_scaling=rope, rope_theta=500000.0, **more)


CONFIGS = {
    "Qwen2.5-VL-3B-Instruct": qwen2_5_vl(3420, 36, 2048, 11008, 16, 2, 151936, True),
    "Qwen2.5-VL-7B-Instruct": qwen2_5_vl(3420, 28, 3584, 18944, 28, 4, 152064, False),
    "Qwen2.5-VL-32B-Instruct": qwen2_5_vl(3456, 64, 5120, 27648, 40, 8, 152064, False),
    "Qwen3-VL-2B-Instruct": qwen3_vl(LARGE_TOWER, 28, 2048, 6144, 16, 8, 151936, True),
    "Qwen3-VL-4B-Instruct": qwen3_vl(LARGE_TOWER, 36, 2560, 9728, 32, 8, 151936, True),
    "Qwen3-VL-8B-Instruct": qwen3_vl(SO_TOWER, 36, 4096, 12288, 32, 8, 151936, False),
    "Qwen2.5-7B-Instruct": qwen2(28, 3584, 18944, 28, 4, 152064, False),
    "Qwen3-0.6B": qwen3(28, 1024, 3072, 16, 8, 151936, True),
    "Qwen3-8B": qwen3(36, 4096, 12288, 32, 8, 151936, False),
    "Llama-2-7b": llama(32, 4096, 11008, 32, 32, 32000, False, bos_token_id=1, eos_token_id=2,
                        max_position_embeddings=4096, rope_scaling=None),
    "Llama-3.1-8B": llama3(8.0, 32, 4096, 14336, 32, 8, 128256, False),
    "Llama-3.2-1B": llama3(32.0, 16, 2048, 8192, 32, 8, 128256, True, head_dim=64),
    "SmolLM2-135M": llama(30, 576, 1536, 9, 3, 49152, True, bos_token_id=1, eos_token_id=2,
                          max_position_embeddings=8192, rope_scaling=None, rope_theta=100000),
}


def count(path):
    config = AutoConfig.from_pretrained(path)
    kind = AutoModelForImageTextToText if config.model_type in ("qwen2_5_vl", "qwen3_vl") else AutoModelForCausalLM
    with torch.device("meta"):
        model = kind.from_config(config)
    model.tie_weights()
    return sum(parameter.numel() for parameter in model.parameters())


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    counts = {}
    for name, config in CONFIGS.items():
        path = OUT / f"{name}.json"
        path.write_text(json.dumps(config, indent=2) + "\n")
        counts[name] = count(path)
        assert counts[name] == PUBLISHED.get(name, counts[name]), (name, counts[name])
    (OUT / "counts.json").write_text(json.dumps(counts, indent=2) + "\n")


if __name__ == "__main__":
    main()
