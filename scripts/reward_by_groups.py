"""The reward of original problems by how many groups of them a run has learnt from, of an ablation's variants.

    python3 scripts/reward_by_groups.py runs/ablation/calculations spark grpo-policy --at 800 1800 5000

Variants spend the same tokens on different shares of original problems: this sets them side by side at the same number
of these. Each figure is the mean, over seeds, of the mean reward of the steps within 200 groups of the number.
"""

import argparse
import json
import statistics
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("task", type=Path)
parser.add_argument("variants", nargs="+")
parser.add_argument("--at", type=int, nargs="+", required=True)
parser.add_argument("--within", type=int, default=200)
arguments = parser.parse_args()


def rewards(run):
    """(groups seen, reward) after every step."""
    seen = 0
    with open(run / "metrics.jsonl") as file:
        for row in map(json.loads, file):
            seen += row["reason/count"]
            if "reason/reward" in row:
                yield seen, row["reason/reward"]


print("| variant | seeds | " + " | ".join(f"{at} groups" for at in arguments.at) + " |")
print("|---" * (len(arguments.at) + 2) + "|")
for variant in arguments.variants:
    runs = [list(rewards(run)) for run in sorted((arguments.task / variant).glob("seed-*"))]
    cells = []
    for at in arguments.at:
        near = [[reward for seen, reward in run if abs(seen - at) < arguments.within] for run in runs]
        means = [statistics.mean(run) for run in near if run]
        cells.append(f"{statistics.mean(means):.3f}" if len(means) == len(runs) else "–")
    print(f"| {variant} | {len(runs)} | " + " | ".join(cells) + " |")
