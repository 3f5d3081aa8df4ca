#!/usr/bin/env bash
# What spark wrote, loaded by transformers and peft: after two training steps of every parameter, in f32
# and in bf16 shards; after two of adapters; and those merged. Needs what round_trip.py needs.
#
#     tests/oracle/round_trip.sh [SPARK_BINARY]
set -euo pipefail
cd "$(dirname "$0")/../.."
spark=${1:-target/release/spark}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 - "$work/rows.jsonl" <<'PY'
import json, sys
from pathlib import Path
lines = Path("datasets/digits-vl/test.jsonl").read_text().splitlines()[:6]
with open(sys.argv[1], "w") as out:
    for row in map(json.loads, lines):
        images = [str(Path("datasets/digits-vl", image).resolve()) for image in row["images"]]
        messages = [{"role": "user", "content": row["question"]}]
        out.write(json.dumps({"messages": messages, "images": images, "completion": f"I see 12. \\boxed{{{row['answer']}}}<|im_end|>"}) + "\n")
PY

train() {
    local out=$1
    shift
    local settings=()
    for setting in train.steps=2 train.prompts_per_step=4 train.learning_rate=1e-3 eval.problems=4 eval.judge_items=4 "$@"; do
        settings+=(--set "$setting")
    done
    "$spark" train --quiet --out "$work/$out" "${settings[@]}" > /dev/null
}

# check NAME WHAT_SPARK_SCORES MODEL_DIR [--adapter DIR]
check() {
    local name=$1 scored=$2 model=$3
    shift 3
    "$spark" score --quiet --model "$scored" --data "$work/rows.jsonl" > "$work/scored.jsonl"
    printf '%s: ' "$name"
    python3 tests/oracle/round_trip.py "$model" "$work/scored.jsonl" "$work/rows.jsonl" "$@"
}

train full
check "every parameter, f32" "$work/full/final" "$work/full/final"
train shards checkpoint.final_dtype=bf16 checkpoint.shard_bytes=500000
check "every parameter, bf16 shards" "$work/shards/final" "$work/shards/final"
train lora lora.rank=8
check "adapters" "$work/lora/final" models/tiny-vl --adapter "$work/lora/final"
"$spark" merge --quiet --model "$work/lora/final" --out "$work/merged" > /dev/null
check "adapters, merged" "$work/merged" "$work/merged"
