# How gpu.sh measures: options, libraries, shapes, and the steps that parts are made of. Read by gpu.sh.

OPERATIONS="rms_norm project project_transposed gated_silu self_attention tree_attention cached_attention target_logprobs draw_tokens adamw"

measure() {
    read_options "$@"
    prepare
    for part in a b c d e f g h; do
        [[ ,$only, == *,$part,* ]] || continue
        # e, f and g run side by side: the first starts all of them.
        case $part in
            f | g) [[ ,$only, == *,e,* ]] || { "part_$part" && wait; } ;;
            e)
                part_e
                [[ ,$only, != *,f,* ]] || part_f
                [[ ,$only, != *,g,* ]] || part_g
                wait
                ;;
            *) "part_$part" ;;
        esac
        pack
    done
    [ ! -s "$out/skipped" ] || { echo "skipped for lack of time:" && cat "$out/skipped"; } >&2
    [ ! -s "$out/failed" ] || { echo "failed:" && cat "$out/failed"; } >&2
    python3 "$repository/scripts/gpu_summary.py" "$out" --json "$out/summary.json"
    pack
    [ ! -s "$out/failed" ]
}

read_options() {
    carried=$(realpath "${1:?the directory that gpu.sh build filled}")
    mkdir -p "${2:?a directory for what comes out}"
    out=$(realpath "$2")
    shift 2
    only=a,b,c,d,e,f,g,h seconds=530 dry=false skip_done=false packed=
    while [ $# -gt 0 ]; do
        case "$1" in
            --only) only=$2 && shift ;;
            --seconds) seconds=$2 && shift ;;
            --pack) mkdir -p "$2" && packed=$(realpath "$2") && shift ;;
            --dry) dry=true ;;
            --skip-done) skip_done=true ;;
            *) echo "no such option: $1; the head of scripts/gpu.sh has all" >&2 && exit 2 ;;
        esac
        shift
    done
}

# Names, sizes and the working directory: links to the repository's folders, so that what is written stays in OUT.
prepare() {
    deadline=$((SECONDS + seconds))
    work=$out/work
    mkdir -p "$work" "$out/done"
    rm -f "$out/failed" "$out/skipped"
    for name in models datasets recipes tests benches; do ln -sfn "$repository/$name" "$work/$name"; done
    cd "$work" || exit 1
    # backend name → binary; in a dry run all are flex.
    cubecl=$(unpacked spark-cubecl) tch=$(unpacked spark-tch)
    cuda_name=cuda tch_name=tch:0 vulkan_name=vulkan device=cuda
    if $dry; then
        cubecl=$carried/spark tch=$carried/spark
        cuda_name=flex tch_name=flex vulkan_name=flex device=cpu
    else
        use_libraries
    fi
    find_shapes
    say_machine
}

# A binary that was brought along, unpacked where it came packed. Prints its path, whether there is one or not.
unpacked() {
    if [ -e "$carried/$1.xz" ] && [ ! -x "$carried/$1" ]; then
        if [ ! -x "$work/$1" ]; then
            python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[2], "wb"))' \
                "$carried/$1.xz" "$work/$1" && chmod +x "$work/$1"
        fi
        echo "$work/$1"
    else
        echo "$carried/$1"
    fi
}

# Where LibTorch, cuBLASLt, nvrtc and the CUDA headers are.
use_libraries() {
    local found
    found=$(python3 - <<'PY'
import glob, os, torch
lib = os.path.join(os.path.dirname(torch.__file__), "lib")
packages = os.path.dirname(os.path.dirname(torch.__file__))
print(":".join([lib, *sorted(glob.glob(os.path.join(packages, "nvidia", "*", "lib")))]))
PY
    ) || echo "python3 has no torch: the parts that need it will fail" >&2
    export LD_LIBRARY_PATH="${found:+$found:}${LD_LIBRARY_PATH:-}"
    [ -z "${CUDA_PATH:-}" ] || return 0
    local nvcc headers
    nvcc=$(command -v nvcc) && nvcc=$(dirname "$(dirname "$(realpath "$nvcc")")")
    headers=$(python3 -c 'import glob, os, torch; print(*glob.glob(os.path.join(os.path.dirname(os.path.dirname(torch.__file__)), "nvidia", "cu1*"))[:1])' 2>/dev/null)
    for found in /usr/local/cuda "$nvcc" "$headers"; do
        if [ -e "$found/include/cuda_runtime.h" ]; then
            export CUDA_PATH=$found
            return 0
        fi
    done
    echo "no CUDA headers: set CUDA_PATH" >&2
}

# Shapes of models: config.json files, each in a directory of its own, as spark plan wants them.
find_shapes() {
    python3 - "$work" "$repository" "$dry" <<'PY'
import json, pathlib, sys

work, repository, dry = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3] == "true"
released = repository / "tests/fixtures/released_configs"
small = json.loads((repository / "src/bench/small.json").read_text())


def write(name, config):
    (work / "shapes" / name).mkdir(parents=True, exist_ok=True)
    (work / "shapes" / name / "config.json").write_text(json.dumps(config))


vl = json.loads((released / "Qwen2.5-VL-3B-Instruct.json").read_text())
text = {name: value for name, value in vl.items() if not any(part in name for part in ("vision", "image", "video", "rope_scaling"))}
write("3b", small if dry else {**text, "model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"]})
write("7b", small if dry else json.loads((released / "Qwen2.5-7B-Instruct.json").read_text()))
# SmolLM2's shape with the tokenizer, and so the special tokens, of the calculations model.
ours = json.loads((repository / "models/tiny-text/config.json").read_text())
smol = json.loads((released / "SmolLM2-135M.json").read_text())
tokens = {name: value for name, value in ours.items() if name.endswith("_token_id")}
write("smollm2", ours if dry else {**smol, **tokens})
for path in (repository / "models/tiny-text").iterdir():
    if path.name not in ("config.json", "model.safetensors", "README.md"):
        (work / "shapes/smollm2" / path.name).write_bytes(path.read_bytes())
PY
    shape3b=$work/shapes/3b shape7b=$work/shapes/7b smollm2=$work/shapes/smollm2
}

# What the figures are from.
say_machine() {
    {
        echo "commit=$(cat "$carried/commit" 2>/dev/null || git -C "$repository" rev-parse HEAD 2>/dev/null)"
        echo "date=$(date -u +%F)"
        echo "dry=$dry"
        if ! $dry; then
            echo "card=$(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1)"
            echo "driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader | head -n 1)"
            echo "memory_mib=$(nvidia-smi --query-gpu=memory.total --format=csv,noheader,nounits | head -n 1)"
            echo "cuda=$(nvidia-smi | sed -n 's/.*CUDA Version: *\([0-9.]*\).*/\1/p' | head -n 1)"
        fi
        python3 -c 'import torch; print("torch=" + torch.__version__)' 2>/dev/null
        python3 -c 'import transformers; print("transformers=" + transformers.__version__)' 2>/dev/null
        echo "cores=$(nproc)"
    } >"$out/machine"
    cat "$out/machine"
}

# A step's name, the seconds that it may take, and its command. Output goes to NAME.txt and NAME.log. What fails or no
# longer fits is noted; the rest goes on.
step() {
    local name=$1 limit=$2 left code
    shift 2
    if $skip_done && [ -e "$out/done/$name" ]; then return 0; fi
    left=$((deadline - SECONDS))
    if [ "$left" -lt 8 ]; then
        echo "$name" >>"$out/skipped"
        return 1
    fi
    [ "$limit" -le "$left" ] || limit=$left
    local started=$SECONDS
    XDG_CACHE_HOME="${cache:-$work/cache-$name}" timeout -k 5 "$limit" "$@" >"$out/$name.txt" 2>"$out/$name.log"
    code=$?
    echo "== $name: $((SECONDS - started)) s, exit code $code"
    tail -n 3 "$out/$name.txt" | cut -c 1-400
    if [ "$code" -eq 0 ]; then touch "$out/done/$name"; else echo "$name: exit code $code" >>"$out/failed"; fi
    return "$code"
}

# The same, with the card's memory asked for four times a second.
watched() {
    local poll=
    if $skip_done && [ -e "$out/done/$1" ]; then return 0; fi
    if ! $dry; then
        nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits -lms 250 >"$out/$1.memory" 2>/dev/null &
        poll=$!
    fi
    step "$@"
    local code=$?
    [ -z "$poll" ] || { kill "$poll"; wait "$poll" 2>/dev/null; }
    return "$code"
}

# Kernels that part a found wrong: `off NAME` prints an option, or nothing.
off() {
    [ ! -s "$out/off-$1" ] || echo "--kernels-off $(cat "$out/off-$1")"
}

# Makes room for a run that is begun again, unless it is done and to be kept. Prints the directory.
fresh() {
    { $skip_done && [ -e "$out/done/$1" ]; } || rm -rf "${out:?}/$1"
    echo "$out/$1"
}

pack() {
    [ -z "$packed" ] || tar -C "$out" --exclude=work --exclude='*.safetensors' --exclude=checkpoints --exclude=final \
        --exclude='rollouts.jsonl' --exclude='events.out.*' --exclude=best -czf "$packed/gpu-results.tar.gz" . 2>/dev/null || true
}
