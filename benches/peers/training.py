"""PyTorch's forward, backward and AdamW on 16 rows of 128 tokens: `spark bench --work imitation`'s peer.
With `--model DIR` the model of that directory, its weights in `--dtype`.

    python3 benches/peers/training.py
    python3 benches/peers/training.py --model SMOLLM2 --dtype bf16 --repeats 3

Prints one JSON object. Needs torch and transformers.
"""

import argparse
import json
import resource
import statistics
import time

import torch

from small_model import model_of, random_ids

parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int, default=16)
parser.add_argument("--tokens", type=int, default=128)
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--model", help="a directory of a released text model")
parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32", help="of --model's weights")
arguments = parser.parse_args()

model = model_of(arguments.model, arguments.dtype).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
seconds = []
for _ in range(arguments.repeats + 1):
    ids = random_ids(arguments.rows, arguments.tokens)
    started = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    model(input_ids=ids, labels=ids).loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    seconds.append(time.perf_counter() - started)
print(json.dumps({
    "train_tokens_per_second": arguments.rows * arguments.tokens / statistics.median(seconds[1:]),
    "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
}))
