# What gpu.sh measures: its parts. Read by gpu.sh.

# Every operation on one backend in one type, against float64. An operation that failed, or that a crash kept from its
# turn, is run once more in a process of its own: after an illegal access nothing on the card works.
check_kernels() {
    local label=$1 binary=$2 name=$3 type=$4 limit=$5
    shift 5
    local at=$out/a-kernels-$label-$type operation
    # What was found wrong is found, too: the check itself fails then.
    if $skip_done && [ -e "$at.json" ]; then return 0; fi
    rm -f "$at.json"
    step "a-kernels-$label-$type" "$limit" "$binary" kernels --backend "$name" --dtype "$type" --out "$at/all" "$@"
    # What is asked for wrongly, or a card that is not there, is no kernel's fault.
    [ $? -ne 2 ] || return 2
    local dirs=("$at/all")
    for operation in $(unfinished "$at/all/cases.jsonl"); do
        step "a-alone-$label-$type-$operation" 40 "$binary" kernels --backend "$name" --dtype "$type" --only "$operation" \
            --out "$at/$operation" "$@"
        dirs+=("$at/$operation")
    done
    step "a-check-$label-$type" 90 python3 "$repository/tests/oracle/kernels_float64.py" "${dirs[@]}" --all --device "$device" \
        --json "$at.json"
    [ ! -e "$at.json" ] || rm -f "$at"/*/*.safetensors
}

# The operations that failed in a file of cases, or lack some.
unfinished() {
    python3 - "$1" $OPERATIONS <<'PY'
import json, pathlib, sys

path, counts, wanted, failed = pathlib.Path(sys.argv[1]), {}, {}, set()
for text in path.read_text().splitlines() if path.exists() else []:
    try:
        line = json.loads(text)
    except json.JSONDecodeError:
        continue
    name = line["operation"]
    counts[name], wanted[name] = counts.get(name, 0) + 1, line["cases"]
    if "error" in line:
        failed.add(name)
print(*[name for name in sys.argv[2:] if name in failed or counts.get(name, -1) < wanted.get(name, 0)])
PY
}

part_a() {
    local types="f32 bf16" label
    for type in $types; do
        [ ! -x "$cubecl" ] || check_kernels cuda "$cubecl" "$cuda_name" "$type" 90 &
        [ ! -x "$tch" ] || check_kernels tch "$tch" "$tch_name" "$type" 60 &
    done
    wait
    for label in cuda tch; do
        python3 - "$out" "$label" <<'PY'
import json, pathlib, sys

out, label = pathlib.Path(sys.argv[1]), sys.argv[2]
off = set()
for path in out.glob(f"a-kernels-{label}-*.json"):
    off.update(name for name in json.loads(path.read_text())["off"].split(",") if name)
(out / f"off-{label}").write_text(",".join(sorted(off)))
if off:
    print(f"{label}: WRONG OR UNFINISHED, and switched off from here on: {', '.join(sorted(off))}", file=sys.stderr)
PY
    done
}

part_b() {
    local sizes="--set train.prompts_per_step=8" type
    $dry && sizes="--steps 2 --set train.prompts_per_step=8 --set train.samples_per_prompt=4 --set train.max_new_tokens=24"
    for type in f32 bf16; do
        # shellcheck disable=SC2046,SC2086
        [ ! -x "$cubecl" ] || step "b-compare-cuda-$type" 150 "$cubecl" compare --backends "flex,$cuda_name" --dtype $type \
            --out "$out/b-compare-cuda-$type" $(off cuda) $sizes &
        # shellcheck disable=SC2046,SC2086
        [ ! -x "$tch" ] || step "b-compare-tch-$type" 150 "$tch" compare --backends "flex,$tch_name" --dtype $type \
            --out "$out/b-compare-tch-$type" $(off tch) $sizes &
    done
    wait
}

# Settings of a large model: layers computed twice, scores over the vocabulary in chunks, two prompts with their eight
# completions at a time.
LARGE="--set train.activation_checkpointing=true --set train.logits_chunk=1024 --set train.micro_batch_tokens=8448"

bench_backend() {
    local label=$1 binary=$2 name=$3
    [ -x "$binary" ] || return 0
    local cache=$work/cache-bench-$label
    local type=bf16 prompt=64 step_tokens=512 row_tokens=256 rows256="--prompts 32 --samples 8"
    local rows64="--prompts 8 --samples 8"
    $dry && prompt=8 step_tokens=12 row_tokens=4 rows256="--prompts 4 --samples 2" rows64="--prompts 2 --samples 2" type=f32
    local same="--backend $name --dtype $type --prompt-tokens $prompt $(off "$label")"
    # shellcheck disable=SC2086
    watched "c-$label-3b-step" 110 "$binary" bench $same --model "$shape3b/config.json" $rows64 --completion-tokens $step_tokens \
        --steps 1 --set rollout.max_rows=64 $LARGE
    # shellcheck disable=SC2086
    watched "c-$label-3b-256" 75 "$binary" bench $same --model "$shape3b/config.json" $rows256 --completion-tokens $row_tokens \
        --steps 1 --work sampling --set rollout.max_rows=256
}

bench_adapters() {
    local label=$1 binary=$2 name=$3
    [ -x "$binary" ] || return 0
    local cache=$work/cache-bench-$label
    local sizes="--dtype bf16 --prompts 8 --samples 8 --prompt-tokens 64 --completion-tokens 256"
    $dry && sizes="--prompts 2 --samples 2 --prompt-tokens 8 --completion-tokens 8"
    # shellcheck disable=SC2046,SC2086
    watched "c-$label-7b-lora" 210 "$binary" bench --backend "$name" --model "$shape7b/config.json" $sizes --steps 1 \
        --set rollout.max_rows=64 --set lora.rank=64 --set lora.targets=all-linear $LARGE $(off "$label")
}

part_c() {
    local binary label
    for label in tch cuda; do
        binary=$([ $label = tch ] && echo "$tch" || echo "$cubecl")
        # shellcheck disable=SC2086
        [ ! -x "$binary" ] || step "c-$label-plan" 10 "$binary" plan --model "$shape3b" --backend "$($dry && echo flex || echo $label)" \
            --dtype bf16 --prompt-tokens 64 --image-tokens 0 --json --set train.prompts_per_step=8 --set train.recycled_per_step=0 \
            --set train.samples_per_prompt=8 --set train.max_new_tokens=512 --set rollout.max_rows=64 $LARGE
    done
    bench_backend tch "$tch" "$tch_name"
    bench_backend cuda "$cubecl" "$cuda_name"
    bench_adapters tch "$tch" "$tch_name"
    bench_adapters cuda "$cubecl" "$cuda_name"
}

part_d() {
    local peer="python3 $repository/benches/peers/card.py $shape3b/config.json --device $device"
    local row="--rows 8 --tokens 576" prompt="--tokens 64 --new-tokens 128" rows64=64 rows256=256
    $dry && peer+=" --dtype f32 --repeats 1" row="--rows 2 --tokens 16" prompt="--tokens 8 --new-tokens 4" rows64=2 rows256=4
    # shellcheck disable=SC2086
    {
        watched d-pytorch-update 60 $peer --work update $row
        watched d-pytorch-graph-64 45 $peer --work graph --rows $rows64 $prompt
        watched d-pytorch-graph-256 45 $peer --work graph --rows $rows256 $prompt
        watched d-pytorch-update-f32-weights 60 $peer --work update --master $row
        watched d-transformers-generate-64 45 $peer --work generate --rows $rows64 $prompt --repeats 1
    }
}

part_e() {
    local sizes=
    $dry && sizes="--set train.steps=2 --set train.prompts_per_step=3 --set train.recycled_per_step=3 --set eval.problems=6 --set eval.judge_items=4"
    # shellcheck disable=SC2046,SC2086
    [ ! -x "$tch" ] || step e-train-tch 480 "$tch" train --backend "$tch_name" --quiet --out "$(fresh e-train-tch)" $(off tch) $sizes &
    # shellcheck disable=SC2046,SC2086
    [ ! -x "$cubecl" ] || step e-train-cuda 480 "$cubecl" train --backend "$cuda_name" --quiet --out "$(fresh e-train-cuda)" $(off cuda) $sizes &
}

# NVIDIA's own Vulkan driver, through the loader of the machine or the one that was brought along.
use_vulkan() {
    local found
    $dry && return 0
    ldconfig -p | grep -q libvulkan.so.1 || export LD_LIBRARY_PATH="$carried/gl:$LD_LIBRARY_PATH"
    for found in /etc/vulkan/icd.d /usr/share/vulkan/icd.d /usr/local/nvidia/share/vulkan/icd.d; do
        if [ -e "$found/nvidia_icd.json" ]; then
            export VK_DRIVER_FILES=$found/nvidia_icd.json VK_ICD_FILENAMES=$found/nvidia_icd.json
            return 0
        fi
    done
    local library
    for library in libGLX_nvidia.so.0 libEGL_nvidia.so.0; do
        ldconfig -p | grep -q "$library" || continue
        printf '{"file_format_version": "1.0.1", "ICD": {"library_path": "%s", "api_version": "1.3.0"}}\n' "$library" >"$work/icd.json"
        export VK_DRIVER_FILES=$work/icd.json VK_ICD_FILENAMES=$work/icd.json
        return 0
    done
    echo "f: the machine has no Vulkan driver of NVIDIA's" >>"$out/failed"
    return 1
}

part_f() {
    [ -x "$cubecl" ] || return 0
    (
        use_vulkan || exit 0
        local compare="--set train.prompts_per_step=8" train="--set train.steps=10 --set eval.problems=60"
        $dry && compare="--steps 2 --set train.prompts_per_step=8 --set train.samples_per_prompt=4 --set train.max_new_tokens=24"
        $dry && train="--set train.steps=2 --set train.prompts_per_step=3 --set train.recycled_per_step=3 --set eval.problems=6 --set eval.judge_items=4"
        step f-backends 20 "$cubecl" backends
        # shellcheck disable=SC2086
        step f-compare-vulkan 200 "$cubecl" compare --backends "flex,$vulkan_name" --out "$out/f-compare-vulkan" $compare &
        # shellcheck disable=SC2086
        step f-train-vulkan 200 "$cubecl" train --backend "$vulkan_name" --quiet --out "$(fresh f-train-vulkan)" $train &
        wait
    ) &
}

part_g() {
    local binary=$tch name=$tch_name label=tch
    [ -x "$tch" ] || { binary=$cubecl name=$cuda_name label=cuda; }
    [ -x "$binary" ] || return 0
    (
        local model=$carried/smollm2 type="--dtype bf16" warm="--set train.steps=300 --set train.learning_rate=1e-3"
        local sizes="--set train.steps=30 --set train.prompts_per_step=16 --set train.recycled_per_step=24 --set train.learning_rate=2e-5"
        sizes+=" --set eval.problems=60 --set eval.judge_items=40 --set checkpoint.every=0"
        $dry && type="" warm="--set train.steps=2" sizes="--set train.steps=2 --set train.prompts_per_step=3 --set train.recycled_per_step=3 --set eval.problems=6 --set eval.judge_items=4"
        warm+=" --set checkpoint.every=0"
        if [ ! -d "$model" ]; then
            model=$out/g-sft/final
            step g-data 60 "$binary" data calculations --out "$work/calculations"
            # shellcheck disable=SC2046,SC2086
            step g-sft 100 "$binary" sft --backend "$name" $type --quiet --recipe recipes/tiny-text-sft.toml --out "$(fresh g-sft)" \
                --set "model.path=$smollm2" --set "sft.data=$work/calculations/sft.jsonl" $warm $(off $label)
        fi
        # shellcheck disable=SC2046,SC2086
        step g-spark 400 "$binary" train --backend "$name" $type --quiet --recipe recipes/calculations.toml --out "$(fresh g-spark)" \
            --set "model.path=$model" $sizes $(off $label)
    ) &
}

part_h() {
    local large=--large type=bf16
    $dry && large="" type=f32
    # shellcheck disable=SC2046,SC2086
    [ ! -x "$tch" ] || step h-kernels-tch 60 "$tch" kernels --backend "$tch_name" --dtype $type $large --out "$work/h-tch" $(off tch)
    # shellcheck disable=SC2046,SC2086
    [ ! -x "$cubecl" ] || step h-kernels-cuda 90 "$cubecl" kernels --backend "$cuda_name" --dtype $type $large --out "$work/h-cuda" $(off cuda)
    # Wrong at large shapes only: said, though everything has been measured by then.
    local label
    for label in tch cuda; do
        [ ! -e "$work/h-$label/cases.jsonl" ] || { $skip_done && [ -e "$out/h-kernels-$label.json" ]; } ||
            step "h-check-$label" 90 python3 "$repository/tests/oracle/kernels_float64.py" "$work/h-$label" --device "$device" \
                --json "$out/h-kernels-$label.json"
        [ ! -e "$out/h-kernels-$label.json" ] || rm -f "$work/h-$label"/*.safetensors
    done
}
