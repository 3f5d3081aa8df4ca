"""Makes the reference numbers that the model and the GRPO loss are checked against.

    python tests/oracle/qwen2_5_vl.py

needs torch and transformers 5; it writes `tests/fixtures/tiny_qwen2_5_vl/` (a random model under the
names and the flat config.json of a released Qwen2.5-VL checkpoint, and `cases.json`) and
`tests/fixtures/grpo_loss.json`. Everything is f32 and seeded, so a second run writes the same files.
"""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
MODEL = FIXTURES / "tiny_qwen2_5_vl"
VISION_START, VISION_END, IMAGE, VIDEO, EOS = 90, 91, 92, 93, 95
PATCH_VALUES = 3 * 2 * 4 * 4  # channels × temporal patch × patch × patch

# The layout of a released config.json: text settings at the top level, vision ones nested.
CONFIG = {
    "architectures": ["Qwen2_5_VLForConditionalGeneration"],
    "attention_dropout": 0.0,
    "bos_token_id": 94,
    "eos_token_id": EOS,
    "vision_start_token_id": VISION_START,
    "vision_end_token_id": VISION_END,
    "vision_token_id": 89,
    "image_token_id": IMAGE,
    "video_token_id": VIDEO,
    "hidden_act": "silu",
    "hidden_size": 32,
    "initializer_range": 0.2,
    "intermediate_size": 48,
    "max_position_embeddings": 512,
    "max_window_layers": 2,
    "model_type": "qwen2_5_vl",
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-06,
    "rope_theta": 1000000.0,
    "sliding_window": 512,
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
    "use_cache": True,
    "use_sliding_window": False,
    "vision_config": {
        "depth": 3,
        "hidden_act": "silu",
        "hidden_size": 24,
        "intermediate_size": 40,
        "num_heads": 2,
        "in_chans": 3,
        "out_hidden_size": 32,
        "patch_size": 4,
        "spatial_merge_size": 2,
        "spatial_patch_size": 4,
        "window_size": 16,
        "fullatt_block_indexes": [1],
        "tokens_per_second": 2,
        "temporal_patch_size": 2,
    },
    "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]},
    "vocab_size": 96,
}


def released_name(name):
    """A transformers-5 parameter name as it is in a released checkpoint."""
    for now, released in [("model.language_model.", "model."), ("model.visual.", "visual.")]:
        if name.startswith(now):
            return released + name.removeprefix(now)
    return name


def rounded(values):
    """Nested lists of floats with seven significant digits; other values as they are."""
    if isinstance(values, torch.Tensor):
        values = values.detach().tolist()
    if isinstance(values, list):
        return [rounded(value) for value in values]
    return float(f"{values:.7g}") if isinstance(values, float) else values


def random_model():
    torch.manual_seed(20250924)
    config = Qwen2_5_VLConfig(**json.loads(json.dumps(CONFIG)))
    config._attn_implementation = "eager"
    model = Qwen2_5_VLForConditionalGeneration(config).float().eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, 0.0, 0.2)
        elif parameter.ndim == 1:
            torch.nn.init.normal_(parameter, 1.0, 0.2)
        else:
            torch.nn.init.normal_(parameter, 0.0, 0.2)
    model.generation_config.eos_token_id = None  # the continuations always have all their tokens
    return model


def check_config(config):
    text, vision = config.text_config, config.vision_config
    assert text.rope_parameters["mrope_section"] == [1, 1, 2] and text.rope_parameters["rope_theta"] == 1e6
    assert text.hidden_size == 32 and text.rms_norm_eps == 1e-6 and text.num_key_value_heads == 2
    assert vision.hidden_size == 24 and vision.window_size == 16 and vision.fullatt_block_indexes == [1]


def save_model(model):
    model.save_pretrained(MODEL)
    weights = load_file(MODEL / "model.safetensors")
    parameters = {released_name(name): value for name, value in model.state_dict().items()}
    assert {released_name(name) for name in weights} == set(parameters)
    save_file({name: value.contiguous() for name, value in parameters.items()},
              MODEL / "model.safetensors", metadata={"format": "pt"})
    (MODEL / "config.json").rename(MODEL / "config.transformers5.json")
    (MODEL / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    (MODEL / "generation_config.json").unlink()


def image_run(grid):
    t, h, w = grid
    return [VISION_START] + [IMAGE] * (t * h * w // 4) + [VISION_END]


def model_inputs(input_ids, grids, pixels):
    ids = torch.tensor([input_ids])
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids),
              "mm_token_type_ids": (ids == IMAGE).int()}
    if grids:
        inputs |= {"pixel_values": pixels, "image_grid_thw": torch.tensor(grids)}
    return inputs


def logprobs_of(model, inputs):
    """The log-probability of token i given those before it, for i from 1."""
    logprobs = model(**inputs).logits.log_softmax(-1)
    return logprobs[0, :-1].gather(-1, inputs["input_ids"][0, 1:, None]).squeeze(-1)


def greedy(model, input_ids, grids, pixels, count=8):
    """With the cache, checked against whole forwards without it."""
    inputs = model_inputs(input_ids, grids, pixels)
    cached = model.generate(**inputs, max_new_tokens=count, do_sample=False, use_cache=True)
    cached = cached[0, len(input_ids):].tolist()
    for n, token in enumerate(cached):
        whole = model(**model_inputs(input_ids + cached[:n], grids, pixels), use_cache=False).logits[0, -1]
        best, second = whole.topk(2).values.tolist()
        assert best - second > 1e-2, f"nearly a tie ({best} {second}): take another seed"
        assert whole.argmax().item() == token, "the cache changes the continuation"
        assert token not in (IMAGE, VIDEO, EOS), "a special token was sampled: take another seed"
    return cached


def case(model, name, input_ids, grids):
    pixels = torch.randn(sum(math.prod(grid) for grid in grids), PATCH_VALUES)
    pixels = torch.tensor(rounded(pixels)).reshape(-1, PATCH_VALUES)
    inputs = model_inputs(input_ids, grids, pixels)
    position_ids, _ = model.model.get_rope_index(
        inputs["input_ids"], inputs["mm_token_type_ids"], inputs.get("image_grid_thw"))
    with torch.no_grad():
        features = model.model.visual(pixels, grid_thw=inputs["image_grid_thw"]).pooler_output if grids else []
        result = {
            "name": name,
            "input_ids": input_ids,
            "grid_thw": grids,
            "pixel_values": rounded(pixels),
            "position_ids": position_ids[:, 0].tolist(),
            "image_features": rounded(features),
            "logprobs": rounded(logprobs_of(model, inputs)),
            "greedy": greedy(model, input_ids, grids, pixels),
        }
    return result, inputs


def model_cases():
    model = random_model()
    check_config(model.config)
    save_model(model)
    text_only, _ = case(model, "text only", [5, 17, 3, 44, 81, 9, 60, 22, 71, 38], [])
    grid = [1, 6, 10]
    one_image, inputs = case(
        model, "one image", [11, 4, 63] + image_run(grid) + [30, 7, 52, 19, 85, 2, 41], [grid])
    grids = [[1, 4, 4], [1, 2, 8]]
    two_images, _ = case(
        model, "two images",
        [8] + image_run(grids[0]) + [27, 66, 13] + image_run(grids[1]) + [74, 1, 36, 50, 20], grids)
    write(MODEL / "cases.json",
          {"cases": [text_only, one_image, two_images]})


def grpo_objective(new, old, reference, advantages, mask, level, epsilon=0.2, beta=0.04):
    ratio = (new - old).exp()
    clipped = ratio.clamp(1 - epsilon, 1 + epsilon)
    objective = torch.min(ratio * advantages[:, None], clipped * advantages[:, None])
    kl = (reference - new).exp() - (reference - new) - 1
    per_token = -(objective - beta * kl)
    if level == "token":
        return (per_token * mask).sum() / mask.sum()
    return ((per_token * mask).sum(-1) / mask.sum(-1)).mean()


def grpo_loss():
    torch.manual_seed(7)
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0]], dtype=torch.float32)
    old = -torch.rand(3, 5) * 3 - 0.05
    new = (old + torch.randn(3, 5) * 0.3).clamp(max=-0.01)
    reference = (old + torch.randn(3, 5) * 0.3).clamp(max=-0.01)
    advantages = torch.tensor([1.1, -0.7, 0.4])
    new, old, reference = (torch.tensor(rounded(x)) for x in (new, old, reference))
    ratio = (new - old).exp()[mask.bool()]
    assert (ratio > 1.2).any() and (ratio < 0.8).any() and ((ratio > 0.8) & (ratio < 1.2)).any()
    levels = {}
    for level in ("token", "sequence"):
        for beta in (0.0, 0.04):
            leaf = new.clone().requires_grad_()
            loss = grpo_objective(leaf, old, reference, advantages, mask, level, beta=beta)
            loss.backward()
            levels[f"{level}_mean{'_kl' if beta else ''}"] = {
                "beta": beta, "loss": rounded(loss), "gradient": rounded(leaf.grad)}
    rewards = torch.tensor([1.0, 0.0, 0.0, 1.0, 0.5, 0.0, 1.0, 0.25], dtype=torch.float64)
    centred = rewards - rewards.mean()
    write(FIXTURES / "grpo_loss.json", {
        "epsilon_low": 0.2, "epsilon_high": 0.2, "mask": mask.int().tolist(),
        "new": rounded(new), "old": rounded(old), "reference": rounded(reference),
        "advantages": rounded(advantages), "objectives": levels,
        "group": {"rewards": rounded(rewards),
                  "sample_std": rounded(rewards.std()),
                  "advantages_epsilon_1e-4": rounded(centred / (rewards.std() + 1e-4)),
                  "advantages_epsilon_1e-9": rounded(centred / (rewards.std() + 1e-9))},
    })


def write(path, value):
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    MODEL.mkdir(parents=True, exist_ok=True)
    model_cases()
    grpo_loss()
