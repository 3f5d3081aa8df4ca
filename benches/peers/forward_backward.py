"""PyTorch's forward and backward pass of a text model of a given shape: what `spark bench` is to be measured against.

    python3 benches/peers/forward_backward.py CONFIG.json --rows 8 --tokens 576 --dtype bf16 --device cuda

Prints one JSON object. The vision tower of a vision-language model is left out. Needs torch and transformers.
"""

import argparse
import json
import statistics
import time

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from small_model import KEPT

parser = argparse.ArgumentParser()
parser.add_argument("config")
parser.add_argument("--rows", type=int, default=8)
parser.add_argument("--tokens", type=int, default=576)
parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32")
parser.add_argument("--device", default="cpu")
parser.add_argument("--repeats", type=int, default=5)
arguments = parser.parse_args()

with open(arguments.config) as file:
    config = json.load(file)
config = config.get("text_config") or config
dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[arguments.dtype]
torch.manual_seed(1)
with torch.device(arguments.device):
    model = Qwen2ForCausalLM(Qwen2Config(**{name: config[name] for name in KEPT if name in config})).to(dtype)
    model.gradient_checkpointing_enable()
    model.train()
    ids = torch.randint(0, config["vocab_size"], (arguments.rows, arguments.tokens))


def step():
    model.zero_grad(set_to_none=True)
    model(input_ids=ids, labels=ids).loss.backward()
    if arguments.device != "cpu":
        torch.cuda.synchronize()


step()
seconds = []
for _ in range(arguments.repeats):
    started = time.perf_counter()
    step()
    seconds.append(time.perf_counter() - started)
median = statistics.median(seconds)
print(json.dumps({
    "torch": torch.__version__,
    "parameters": sum(parameter.numel() for parameter in model.parameters()),
    "seconds": median,
    "tokens_per_second": arguments.rows * arguments.tokens / median,
    "peak_memory_bytes": torch.cuda.max_memory_allocated() if arguments.device != "cpu" else None,
}))
