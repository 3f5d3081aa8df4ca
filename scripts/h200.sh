#!/usr/bin/env bash
# Everything that is asked of a CUDA machine, in under 9 minutes, from a binary that was built elsewhere:
#   cargo build --release --no-default-features --features flex,cuda && strip target/release/spark
#   scripts/h200.sh target/release/spark runs/h200
# Without the feature autotune, a kernel is chosen by rule: trying thirty for every shape takes longer than all of
# this. Needs NVIDIA's driver, libnvrtc and the CUDA headers (CUDA_PATH); python3 with torch and transformers where it
# is to be compared with PyTorch.
set -uo pipefail
spark=$(realpath "${1:?the spark binary}")
repository=$(realpath "$(dirname "$0")/..")
mkdir -p "${2:?a directory for what comes out}"
out=$(realpath "$2")
# Outside of the repository, kernels are cached in the user's cache, which each part has for itself.
work=$out/work
mkdir -p "$work"
for name in models datasets recipes tests benches; do ln -sfn "$repository/$name" "$work/$name"; done
cd "$work"

# A part's name, the seconds it may take, and its command. What fails is said at the end; the rest goes on.
part() {
    local name=$1 seconds=$2
    shift 2
    XDG_CACHE_HOME="$work/cache-$name" timeout "$seconds" "$@" >"$out/$name.txt" 2>"$out/$name.log" ||
        echo "$name: exit code $?" >>"$out/failed"
    echo "== $name, $SECONDS s" && tail -n 15 "$out/$name.txt"
}

rm -f "$out/failed"
part backends 60 "$spark" backends
# Side by side: kernels are compiled by one thread, which takes most of their time.
part compare-f32 200 "$spark" compare --backends flex,cuda,cuda-unfused --out "$out/compare-f32" \
    --set train.prompts_per_step=8 &
part compare-bf16 200 "$spark" compare --backends flex,cuda --dtype bf16 --out "$out/compare-bf16" \
    --set train.prompts_per_step=8 &
part train-f32 200 "$spark" train --backend cuda --out "$out/f32" --set train.steps=10 --set eval.problems=60 &
part train-bf16 200 "$spark" train --backend cuda --dtype bf16 --out "$out/bf16" --set train.steps=10 \
    --set eval.problems=60 &
vl3b=tests/fixtures/released_configs/Qwen2.5-VL-3B-Instruct.json
part bench-3b 300 "$spark" bench --backend cuda --dtype bf16 --model "$vl3b" --prompts 8 --samples 8 \
    --prompt-tokens 64 --completion-tokens 512 --steps 2 --peak-teraflops 989 --profile \
    --set train.activation_checkpointing=true --set train.logits_chunk=1024
wait
if python3 -c 'import torch, transformers' 2>/dev/null; then
    part torch-3b 60 python3 benches/peers/forward_backward.py "$vl3b" --rows 8 --tokens 576 --dtype bf16 \
        --device cuda
fi
[ ! -e "$out/failed" ] || { cat "$out/failed" >&2; exit 1; }
