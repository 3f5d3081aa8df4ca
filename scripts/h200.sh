#!/usr/bin/env bash
# Everything that is asked of a CUDA machine, in under 9 minutes, from a binary that was built elsewhere:
#   cargo build --release --features cuda && strip target/release/spark
#   scripts/h200.sh target/release/spark runs/h200
# Needs NVIDIA's driver, libnvrtc and the CUDA headers (CUDA_PATH); python3 with torch and transformers where it is
# to be compared with PyTorch.
set -uo pipefail
spark=$(realpath "${1:?the spark binary}")
out=${2:?a directory for what comes out}
cd "$(dirname "$0")/.."
mkdir -p "$out"
failed=0

# A part's name, the seconds it may take, and its command. What fails is said at the end; the rest goes on.
part() {
    local name=$1 seconds=$2
    shift 2
    echo "== $name"
    timeout "$seconds" "$@" >"$out/$name.txt" 2>"$out/$name.log" || { echo "   exit code $?"; failed=1; }
    tail -n 15 "$out/$name.txt"
}

vl3b=tests/fixtures/released_configs/Qwen2.5-VL-3B-Instruct.json
part backends 60 "$spark" backends
part compare-f32 120 "$spark" compare --backends flex,cuda,cuda-unfused --out "$out/compare-f32" \
    --logprob-tolerance 1e-3 --set train.prompts_per_step=8
part compare-bf16 60 "$spark" compare --backends flex,cuda --dtype bf16 --out "$out/compare-bf16" \
    --set train.prompts_per_step=8
part train-f32 60 "$spark" train --backend cuda --out "$out/f32" --set train.steps=10 --set eval.problems=60
part train-bf16 60 "$spark" train --backend cuda --dtype bf16 --out "$out/bf16" --set train.steps=10 \
    --set eval.problems=60
part bench-3b 180 "$spark" bench --backend cuda --dtype bf16 --model "$vl3b" --prompts 8 --samples 8 \
    --prompt-tokens 64 --completion-tokens 512 --steps 1 --peak-teraflops 989 \
    --set train.activation_checkpointing=true --set train.logits_chunk=1024 --set rollout.workers=1
if python3 -c 'import torch, transformers' 2>/dev/null; then
    part torch-3b 120 python3 benches/peers/forward_backward.py "$vl3b" --rows 8 --tokens 576 --dtype bf16 --device cuda
fi
exit $failed
