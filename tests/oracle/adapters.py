"""LoRA adapters as peft saves them, and what models with them compute.

Writes tests/fixtures/adapters/: random adapters for checkpoints of tests/fixtures/checkpoints (so run
checkpoints.py first), and an expected.json in each directory: log-probabilities of a completion with the
adapter and without. Image paths and base_model_name_or_path are relative to the adapter's directory.
Seeded, so a second run writes the same files. Run with torch, torchvision, transformers 5, peft and pillow
installed; names choose some of the adapters:

    python tests/oracle/adapters.py [NAME...]
"""

import copy
import json
import shutil
import sys
import warnings

import torch
from checkpoints import CASES, OUT as CHECKPOINTS, Checkpoint, image_parts, write
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import logging

OUT = CHECKPOINTS.parent / "adapters"
ADAPTERS = {
    "list": ("qwen3_wide_heads", "thoughts", {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"]}),
    "all_linear_rslora": ("qwen2_sharded", "text only", {
        "r": 2, "lora_alpha": 3, "target_modules": "all-linear", "use_rslora": True}),
    "patterns": ("qwen3_transformers5", "text only", {
        "r": 2, "lora_alpha": 4, "target_modules": ["k_proj", "o_proj", "down_proj"],
        "rank_pattern": {"down_proj": 4}, "alpha_pattern": {r"layers\.0\.self_attn\.o_proj": 1}}),
    "vision_expression": ("vl_transformers5", "between", {
        "r": 3, "lora_alpha": 6,
        "target_modules":
            r".*visual\..*(qkv|attn\.proj|gate_proj|merger\.mlp\.0)|.*language_model\..*(o_proj|up_proj)"}),
    "vision_all_linear": ("vl_multi_head", "turns", {"r": 2, "lora_alpha": 2, "target_modules": "all-linear"}),
    # Names as transformers 4 had the modules: model.layers and visual.
    "vision_released_names": ("vl_released_3b", "small png", {
        "r": 2, "lora_alpha": 5, "target_modules": ["q_proj", "down_proj", "qkv"]}),
    "llama": ("llama_all_biases", "text turns", {"r": 3, "lora_alpha": 6, "target_modules": "all-linear"}),
    # Blocks, mergers and decoder, wherever features of images come from and go to.
    "deepstack_all_linear": ("vl3_unsorted_blocks", "own bounds", {
        "r": 2, "lora_alpha": 3, "target_modules": "all-linear"}),
}


def randomise(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if ".lora_" in name:
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.25


def tidy(folder, checkpoint, released_names):
    """The saved files with relative paths and in one order, without the model card."""
    (folder / "README.md").unlink()
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text()) | {"base_model_name_or_path": f"../../checkpoints/{checkpoint}"}
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()
    write(path, config, indent=2)
    if released_names:
        path = folder / "adapter_model.safetensors"
        shorter = {"model.language_model.": "model.", "model.model.visual.": "model.visual."}
        weights = load_file(path)
        for now, released in shorter.items():
            weights = {name.replace(now, released): value for name, value in weights.items()}
        save_file(weights, path, metadata={"format": "pt"})


def write_adapter(name, seed):
    checkpoint_name, case, settings = ADAPTERS[name]
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    checkpoint = Checkpoint(CHECKPOINTS / checkpoint_name)
    messages, completion = copy.deepcopy(CASES[case])
    inputs = checkpoint.prompt(messages)
    completion_ids = checkpoint.tokenizer(completion, add_special_tokens=False)["input_ids"]
    without = checkpoint.logprobs(inputs, completion_ids)

    made = get_peft_model(checkpoint.model, LoraConfig(task_type="CAUSAL_LM", **settings))
    randomise(made, seed)
    as_made = checkpoint.logprobs(inputs, completion_ids)
    made.save_pretrained(folder)
    tidy(folder, checkpoint_name, name == "vision_released_names")

    checkpoint = Checkpoint(CHECKPOINTS / checkpoint_name)
    if name == "vision_released_names":  # peft knows these names only through transformers
        checkpoint.model.load_adapter(str(folder))
    else:
        PeftModel.from_pretrained(checkpoint.model, folder)  # changes the model in place
    logprobs = checkpoint.logprobs(inputs, completion_ids)
    assert logprobs == as_made, "peft does not read the adapter as it was"
    assert max(abs(a - b) for a, b in zip(logprobs, without)) > 0.05
    for part in image_parts(messages):
        part["image"] = part["image"].replace("../", "../../checkpoints/")
    write(folder / "expected.json", {
        "case": case, "messages": messages, "completion": completion, "completion_ids": completion_ids,
        "logprobs": logprobs, "logprobs_without": without,
    }, separators=(",", ":"))


def main():
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.simplefilter("ignore")
    for seed, name in enumerate(ADAPTERS):
        if not sys.argv[1:] or name in sys.argv[1:]:
            write_adapter(name, seed)


if __name__ == "__main__":
    main()
