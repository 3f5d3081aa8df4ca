"""spark beside transformers, PyTorch and TRL on this machine's processor: the same work, turn about, in one run.

    cargo build --release
    python3 benches/peers/compare.py --spark target/release/spark --out benches/baselines/MACHINE.json
    python3 benches/peers/compare.py --spark target/release/spark --model SMOLLM2    # a released model (see real_model.py, too)

Prints a table, and one JSON object last. Every figure is the median of 5 repetitions in each of the rounds' processes.
Needs torch, transformers, trl and datasets.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
# Name; what spark is asked, and its peer; the figure; whether more of it is better; the ratio that is asked for.
WORK = [
    ("GRPO step", [], ["grpo_step.py"], "step_seconds", False, 0.45),
    ("sampling, 64 rows", ["--work=sampling", "--prompts=64", "--samples=1"], ["sampling.py", "--rows=64"],
     "rollout_tokens_per_second", True, 2.0),
    ("sampling, 16 rows", ["--work=sampling", "--prompts=16", "--samples=1"], ["sampling.py", "--rows=16"],
     "rollout_tokens_per_second", True, 2.5),
    ("sampling, 1 row", ["--work=sampling", "--prompts=1", "--samples=1"], ["sampling.py", "--rows=1"],
     "rollout_tokens_per_second", True, 4.0),
    ("forward, backward, AdamW", ["--work=imitation", "--prompts=16", "--samples=1", "--prompt-tokens=1",
     "--completion-tokens=127"], ["training.py"], "train_tokens_per_second", True, 1.0),
]
# The same with a released model, whose steps take longer: fewer of them.
WORK_OF_MODEL = [
    ("GRPO step, 4 × 8 completions of 64", ["--prompts=4", "--samples=8", "--completion-tokens=64", "--steps=2"],
     ["grpo_step.py", "--prompts=4", "--completion-tokens=64", "--repeats=2"], "step_seconds", False, 0.45),
    ("forward, backward, AdamW, 8 × 128", ["--work=imitation", "--prompts=8", "--samples=1", "--prompt-tokens=1",
     "--completion-tokens=127", "--steps=3"], ["training.py", "--rows=8", "--repeats=3"],
     "train_tokens_per_second", True, 1.0),
]

parser = argparse.ArgumentParser()
parser.add_argument("--spark", default="target/release/spark")
parser.add_argument("--rounds", type=int, default=1)
parser.add_argument("--only", help="a part of the names of what is to be run")
parser.add_argument("--model", help="a directory of a released text model, instead of the small one")
parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32", help="what --model computes in")
parser.add_argument("--out", help="where to write the JSON object, too")
arguments = parser.parse_args()


def last_line(command):
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return json.loads(output.strip().splitlines()[-1])


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines() if platform.system() == "Linux" else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} threads"


def memory(line):
    return f"{line['peak_memory_bytes'] / 2**20:,.0f} MiB" if "peak_memory_bytes" in line else ""


print("| work | figure | spark | peer | ratio | asked | memory, spark | memory, peer |")
print("|---|---|---|---|---|---|---|---|")
results = []
of_model = [f"--model={arguments.model}", f"--dtype={arguments.dtype}"] if arguments.model else []
for name, ours, theirs, figure, more, asked in WORK_OF_MODEL if arguments.model else WORK:
    if arguments.only and arguments.only not in name:
        continue
    spark, peer = [], []
    for _ in range(arguments.rounds):
        spark.append(last_line([arguments.spark, "bench", "--quiet", *ours, *of_model]))
        peer.append(last_line([sys.executable, str(HERE / theirs[0]), *theirs[1:], *of_model]))
    of = lambda lines: statistics.median(line[figure] for line in lines)
    ratio = of(spark) / of(peer)
    bound = f"{'≥' if more else '≤'} {asked}"
    print(f"| {name} | {figure} | {of(spark):,.2f} | {of(peer):,.2f} | {ratio:.2f} | {bound} | "
          f"{memory(spark[0])} | {memory(peer[0])} |", flush=True)
    results.append({
        "work": name, "figure": figure, "spark": of(spark), "peer": of(peer), "ratio": ratio, "asked": asked,
        "met": ratio >= asked if more else ratio <= asked,
        "spark_memory_bytes": spark[0]["peak_memory_bytes"], "peer_memory_bytes": peer[0].get("peak_memory_bytes"),
    })
versions = {}
for package in ["torch", "transformers", "trl"]:
    versions[package] = importlib.metadata.version(package)
line = json.dumps({"machine": processor(), "model": arguments.model, "dtype": arguments.dtype,
                   "rounds": arguments.rounds, "versions": versions, "results": results})
if arguments.out:
    pathlib.Path(arguments.out).write_text(json.dumps(json.loads(line), indent=1) + "\n")
print(line)
