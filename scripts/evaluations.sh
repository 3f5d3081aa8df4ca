#!/usr/bin/env bash
# Other people's evaluations, unmodified, against `spark serve` on the shipped models, beside `spark eval` on the same problems.
#
#   scripts/evaluations.sh harness OUT           EleutherAI's lm-evaluation-harness (local-chat-completions), text
#   scripts/evaluations.sh original CLONE OUT    Evaluation/evaluation.py of a clone of InternLM/Spark: 256 processes, images
#
# SPARK names the binary [target/release/spark]. What they need of Python is installed into OUT/venv. Port 8031 must be free.
set -euo pipefail
repository=$(realpath "$(dirname "$0")/..")
spark=$(realpath "${SPARK:-$repository/target/release/spark}")
address=127.0.0.1:8031

prepare() {
    mkdir -p "$1"
    out=$(realpath "$1")
    [ -x "$out/venv/bin/python" ] || python3 -m venv "$out/venv"
    "$out/venv/bin/pip" install -q "${@:2}"
}

# Serves a model directory until the script ends.
serve() {
    "$spark" serve --model "$1" --served-name "$(basename "$1")" --addr "$address" 2>"$out/serve.log" &
    trap "kill $! 2>/dev/null || true" EXIT
    until curl -sf "http://$address/health" >/dev/null; do
        kill -0 $! 2>/dev/null || { cat "$out/serve.log" >&2; exit 1; }
        sleep 0.2
    done
}

harness() {
    prepare "$1" "lm-eval[api]"
    mkdir -p "$out/tasks"
    cat >"$out/tasks/calculations.yaml" <<YAML
task: spark_calculations
dataset_path: json
dataset_kwargs: {data_files: {test: $repository/datasets/calculations/test.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: [], max_gen_toks: 96, do_sample: false}
filter_list:
  - name: box
    filter: [{function: regex, regex_pattern: '\\\\boxed\\{([^}]*)\\}'}, {function: take_first}]
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
YAML
    serve "$repository/models/tiny-text"
    HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 "$out/venv/bin/lm_eval" --model local-chat-completions \
        --model_args "model=tiny-text,base_url=http://$address/v1/chat/completions,num_concurrent=16" \
        --tasks spark_calculations --include_path "$out/tasks" --apply_chat_template --output_path "$out/results"
    "$spark" eval --quiet --model "$repository/models/tiny-text" --server "http://$address" --max-new-tokens 96 \
        --data "$repository/datasets/calculations/test.jsonl"
}

original() {
    local clone
    clone=$(realpath "$1")
    prepare "$2" openai math-verify tqdm
    mkdir -p "$out/scripts" "$out/results"
    # It asks for 2,048 tokens behind each prompt, which is all that the shipped model reads: a copy reads more.
    cp -r "$repository/models/tiny-vl" "$out/"
    sed -i 's/"max_position_embeddings": [0-9]*/"max_position_embeddings": 4096/' "$out/tiny-vl/config.json"
    "$out/venv/bin/python" - "$repository/datasets/digits-vl" "$out/scripts" <<'PYTHON'
import json, pathlib, sys

data, scripts = map(pathlib.Path, sys.argv[1:])
rows = [json.loads(line) for line in open(data / "test.jsonl")]
items = [{"dataset": row["source"], "problem": row["question"], "answer": row["answer"],
          "image_path": str(data / row["images"][0])} for row in rows]
(scripts / "benchmark_combine.json").write_text(json.dumps(items))
(scripts / "benchmark_combine_v2.json").write_text("[]")
PYTHON
    serve "$out/tiny-vl"
    cd "$out"
    "$out/venv/bin/python" "$clone/Evaluation/evaluation.py" --save_path "$out/results/tiny-vl.json" --n_proc 256 \
        --port "$address" --serve_name tiny-vl --bench_part 1 >"$out/evaluation.log" 2>&1
    "$out/venv/bin/python" - "$out/results/tiny-vl.json" "$out/evaluation.log" <<'PYTHON'
import json, sys

rows = json.load(open(sys.argv[1]))
print(json.dumps({"answered": sum(bool(row["vlm_output"]) for row in rows), "asked": len(rows),
                  "errors": open(sys.argv[2]).read().splitlines().count("Error"),
                  "accuracy": sum(row["is_correct"] for row in rows) / len(rows)}))
PYTHON
    "$spark" eval --quiet --model "$repository/models/tiny-vl" --server "http://$address" --max-new-tokens 96 \
        --data "$repository/datasets/digits-vl/test.jsonl"
}

case "${1:-}" in
    harness) harness "${@:2}" ;;
    original) original "${@:2}" ;;
    *) sed -n '2,/^set /p' "$0" | sed '$d; s/^# \{0,1\}//' && exit 2 ;;
esac
