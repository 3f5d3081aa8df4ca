#!/usr/bin/env bash
# What spark wrote, loaded by transformers and peft: after two training steps of every parameter, in f32
# and in bf16 shards; after two of adapters; and those merged. For the shipped vision-language model, and for
# a small Qwen3-VL and a small Llama, whose steps are supervised. Needs what round_trip.py needs.
#
#     tests/oracle/round_trip.sh [SPARK_BINARY [vision|llama|qwen3-vl]]
set -euo pipefail
cd "$(dirname "$0")/../.."
spark=${1:-target/release/spark}
which=${2:-all}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# check NAME WHAT_SPARK_SCORES MODEL_DIR [--adapter DIR]
check() {
    local name=$1 scored=$2 model=$3
    shift 3
    "$spark" score --quiet --model "$scored" --data "$work/rows.jsonl" > "$work/scored.jsonl"
    printf '%s: ' "$name"
    python3 tests/oracle/round_trip.py "$model" "$work/scored.jsonl" "$work/rows.jsonl" "$@"
}

# learn OUT SETTING...: the steps of the family under test.
learn() {
    local out=$1
    shift
    local settings=()
    for setting in "${common[@]}" "$@"; do
        settings+=(--set "$setting")
    done
    "$spark" "${command[@]}" --quiet --out "$work/$out" "${settings[@]}" > /dev/null
}

# round_trips NAME BASE
round_trips() {
    local name=$1 base=$2
    learn "$name-full"
    check "$name, every parameter, f32" "$work/$name-full/final" "$work/$name-full/final"
    learn "$name-shards" checkpoint.final_dtype=bf16 checkpoint.shard_bytes="$shard_bytes"
    check "$name, every parameter, bf16 shards" "$work/$name-shards/final" "$work/$name-shards/final"
    learn "$name-lora" lora.rank=8
    check "$name, adapters" "$work/$name-lora/final" "$base" --adapter "$work/$name-lora/final"
    "$spark" merge --quiet --model "$work/$name-lora/final" --out "$work/$name-merged" > /dev/null
    check "$name, adapters, merged" "$work/$name-merged" "$work/$name-merged"
}

if [[ $which != llama ]]; then
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
    command=(train)
    common=(train.steps=2 train.prompts_per_step=4 train.learning_rate=1e-3 eval.problems=4 eval.judge_items=4)
    if [[ $which != qwen3-vl ]]; then
        shard_bytes=500000
        round_trips vision models/tiny-vl
    fi
    if [[ $which != vision ]]; then
        base=tests/fixtures/checkpoints/vl3_transformers5
        command=(sft --recipe recipes/tiny-vl-sft.toml)
        common=(model.path="$base" sft.from_scratch=false sft.batch_size=4 train.steps=2 train.learning_rate=1e-2
            train.warmup_steps=0)
        shard_bytes=40000
        round_trips qwen3-vl "$base"
    fi
fi

if [[ $which == all || $which == llama ]]; then
    base=tests/fixtures/checkpoints/llama_all_biases
    python3 - "$work" <<'PY'
import json, sys
from pathlib import Path
rows = [json.loads(line) for line in Path("datasets/calculations/train.jsonl").read_text().splitlines()[:8]]
with open(sys.argv[1] + "/sft.jsonl", "w") as sft, open(sys.argv[1] + "/rows.jsonl", "w") as out:
    for row in rows:
        answer = f"It is \\boxed{{{row['answer']}}}."
        sft.write(json.dumps(row | {"completion": answer}) + "\n")
        messages = [{"role": "user", "content": row["question"]}]
        out.write(json.dumps({"messages": messages, "completion": answer + "<|eot_id|>"}) + "\n")
PY
    command=(sft --recipe recipes/tiny-text-sft.toml)
    common=(model.path="$base" sft.data="$work/sft.jsonl" sft.from_scratch=false sft.batch_size=4 train.steps=2
        train.learning_rate=1e-2 train.warmup_steps=0)
    shard_bytes=40000
    round_trips llama "$base"
fi
