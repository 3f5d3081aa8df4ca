"""transformers' `generate` on rows of 64 tokens, 128 new ones each: `spark bench --work sampling`'s peer.

    python3 benches/peers/sampling.py --rows 64

Prints one JSON object. Needs torch and transformers.
"""

import argparse
import json
import statistics
import time

import torch

from small_model import random_ids, small_model

parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int, default=64)
parser.add_argument("--repeats", type=int, default=5)
arguments = parser.parse_args()

model = small_model().eval()
seconds = []
for _ in range(arguments.repeats + 1):
    ids = random_ids(arguments.rows, 64)
    started = time.perf_counter()
    with torch.no_grad():
        out = model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=True, temperature=1.0, top_k=0, top_p=1.0,
            max_new_tokens=128, min_new_tokens=128,
        )
    seconds.append(time.perf_counter() - started)
    assert out.shape == (arguments.rows, 64 + 128), out.shape
print(json.dumps({"rollout_tokens_per_second": arguments.rows * 128 / statistics.median(seconds[1:])}))
