"""What scripts/gpu.sh measured, as one JSON object and as a table for docs/RESULTS.md.

    python3 scripts/gpu_summary.py OUT [--json FILE]

Without --json it goes to docs/results/gpu/CARD-DATE.json; that of a dry run, on the processor, never does. What did not
run is null. Needs nothing but Python. Memory is the largest figure of nvidia-smi, four times a second, which is what the
allocators hold: what else was on the card is in it, and so is what an allocator has kept for later.
"""

import argparse
import json
import re
import statistics
from pathlib import Path

# Dense bf16 on tensor cores, in 10^12 operations per second, as NVIDIA states it for the SXM modules.
PEAK_TERAFLOPS = {"H100": 989.0, "H200": 989.0}
# Parameters of the 3B shape, whose forward and backward pass takes 6 operations each per token.
PARAMETERS_3B = 3_085_938_688
REPOSITORY = Path(__file__).resolve().parents[1]


def read_json(path):
    """The last line of a file that is a JSON object, or the whole file as one; None where there is none."""
    if not path.exists():
        return None
    text = path.read_text()
    for part in [text, *reversed(text.strip().splitlines())]:
        try:
            return json.loads(part)
        except json.JSONDecodeError:
            continue
    return None


def machine(out):
    lines = (out / "machine").read_text().splitlines() if (out / "machine").exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line)


def peak_memory(out, name):
    path = out / f"{name}.memory"
    numbers = [int(word) for word in re.findall(r"^\s*(\d+)", path.read_text(), re.M)] if path.exists() else []
    return max(numbers) << 20 if numbers else None


def seconds_in_log(out, name):
    """Steps that a bench had finished when its time was up: (sampling, update) in seconds."""
    path = out / f"{name}.log"
    text = path.read_text() if path.exists() else ""
    return [tuple(map(float, pair)) for pair in re.findall(r"sampling ([\d.]+) s, update ([\d.]+) s", text)]


def bench(out, name):
    return read_json(out / f"{name}.txt") or {}


def utilisation(teraflops, peak):
    return teraflops / peak if teraflops and peak else None


def planned_memory(out, backend):
    plan = read_json(out / f"c-{backend}-plan.txt")
    if not plan:
        return None
    on_device = lambda moment: sum(item["bytes"] for item in plan[moment]["items"] if item["memory"] == "device")
    return max(on_device("sampling"), on_device("update"))


def kernels(out, backend):
    """What each type's check against float64 found."""
    found = {}
    for dtype in ["f32", "bf16"]:
        checked = read_json(out / f"a-kernels-{backend}-{dtype}.json")
        if checked:
            differences = [
                difference for operation in checked["operations"].values() for difference in operation["differences"].values()
            ]
            found[dtype] = {
                "wrong": [name for name in checked["off"].split(",") if name],
                "largest_relative": max((one["relative"] for one in differences), default=None),
                "largest_norm": max((one["norm"] for one in differences), default=None),
            }
    return found or None


def kernel_seconds(out, backend):
    """Seconds of each operation's last and so largest case at the shapes of 3B, alone on the card."""
    found = {}
    path = out / f"h-kernels-{backend}.txt"
    for text in path.read_text().splitlines() if path.exists() else []:
        line = json.loads(text)
        if "error" not in line:
            found[line["operation"]] = {"forward": line["forward_seconds"], "forward_and_backward": line["backward_seconds"]}
    return found or None


def default_recipe(out, name):
    summary = read_json(out / name / "summary.json")
    if not summary:
        return None
    rows = [json.loads(line) for line in (out / name / "metrics.jsonl").read_text().splitlines()]
    times = [row["time"] for row in rows]
    later = [after - before for before, after in zip(times[1:], times[2:])]
    accuracies = ["reasoning_accuracy", "judge_accuracy"]
    return {
        "steps": len(rows),
        "seconds": summary["seconds"],
        # From the start of the process, the evaluation before training included.
        "first_step_done_seconds": times[0] if times else None,
        "median_step_seconds": statistics.median(later) if later else None,
        "before": {name: (summary.get("before") or {}).get(name) for name in accuracies},
        "after": {name: (summary.get("after") or {}).get(name) for name in accuracies},
    }


def backend(out, name, peak):
    step, wide, lora = bench(out, f"c-{name}-3b-step"), bench(out, f"c-{name}-3b-256"), bench(out, f"c-{name}-7b-lora")
    figures = {
        "update_tokens_per_second": step.get("train_tokens_per_second"),
        "update_utilisation": utilisation(step.get("update_teraflops"), peak),
        "decode_64_tokens_per_second": step.get("rollout_tokens_per_second"),
        "decode_256_tokens_per_second": wide.get("rollout_tokens_per_second"),
        "peak_memory_bytes": peak_memory(out, f"c-{name}-3b-step"),
        "planned_memory_bytes": planned_memory(out, name),
        "first_step_seconds": step.get("first_step_seconds"),
        "lora_7b": {
            "update_tokens_per_second": lora.get("train_tokens_per_second"),
            "update_utilisation": utilisation(lora.get("update_teraflops"), peak),
            "decode_64_tokens_per_second": lora.get("rollout_tokens_per_second"),
            "peak_memory_bytes": peak_memory(out, f"c-{name}-7b-lora"),
            "first_step_seconds": lora.get("first_step_seconds"),
        }
        if lora
        else None,
        "unfinished_bench_steps": (None if step else seconds_in_log(out, f"c-{name}-3b-step")) or None,
        "kernels": kernels(out, name),
        "kernel_seconds": kernel_seconds(out, name),
        "default_recipe": default_recipe(out, f"e-train-{name}"),
    }
    return figures if any(figure is not None for figure in figures.values()) else None


def pytorch(out, peak):
    update, master = bench(out, "d-pytorch-update"), bench(out, "d-pytorch-update-f32-weights")
    graph, wide = bench(out, "d-pytorch-graph-64"), bench(out, "d-pytorch-graph-256")
    rate = update.get("tokens_per_second")
    figures = {
        "update_tokens_per_second": rate,
        "update_utilisation": utilisation(6e-12 * PARAMETERS_3B * rate if rate else None, peak),
        "update_f32_weights_tokens_per_second": master.get("tokens_per_second"),
        "decode_64_tokens_per_second": graph.get("tokens_per_second"),
        "decode_256_tokens_per_second": wide.get("tokens_per_second"),
        "transformers_generate_64_tokens_per_second": bench(out, "d-transformers-generate-64").get("tokens_per_second"),
        "peak_memory_bytes": update.get("peak_reserved_bytes"),
        "peak_memory_f32_weights_bytes": master.get("peak_reserved_bytes"),
        "first_step_seconds": update.get("first_step_seconds"),
    }
    return figures if any(figures.values()) else None


def comparison(out, name):
    compared = read_json(out / name / "compare.json")
    if not compared:
        return None
    other = compared[1]
    difference = other["difference"]
    return {
        "largest_logprob": difference["largest_logprob"],
        "mean_logprob": difference["mean_logprob"],
        "greedy": difference["greedy"],
        "least_cosine": min(difference["cosines"].values()),
        "largest_loss": difference["largest_loss"],
        "cached_decode": difference["decode_gap"],
        "within_tolerance": within(difference, other["tolerance"]),
        "first_rollout_seconds": other["trace"]["first_rollout_seconds"],
        "first_update_seconds": other["trace"]["first_update_seconds"],
    }


def within(difference, tolerance):
    return (
        difference["largest_logprob"] <= tolerance["logprob"]
        and difference["greedy"] >= tolerance["greedy"]
        and min(difference["cosines"].values()) >= tolerance["cosine"]
        and difference["largest_loss"] <= tolerance["loss"]
        and difference["decode_gap"] <= tolerance["decode"]
    )


def summary(out):
    here = machine(out)
    card = here.get("card", "processor")
    peak = next((teraflops for name, teraflops in PEAK_TERAFLOPS.items() if name in card), None)
    compared = [f"{backend} {dtype}" for backend in ["cuda", "tch"] for dtype in ["f32", "bf16"]]
    lines = lambda name: (out / name).read_text().splitlines() if (out / name).exists() else []
    return {
        "card": card,
        "driver": here.get("driver"),
        "date": here.get("date"),
        "commit": here.get("commit"),
        "versions": {name: here.get(name) for name in ["cuda", "torch", "transformers"]},
        "peak_teraflops": peak,
        "cuda": backend(out, "cuda", peak),
        "tch": backend(out, "tch", peak),
        "pytorch": pytorch(out, peak),
        "compare": {
            **{name: comparison(out, f"b-compare-{name.replace(' ', '-')}") for name in compared},
            "vulkan f32": comparison(out, "f-compare-vulkan"),
        },
        "vulkan": default_recipe(out, "f-train-vulkan"),
        "smollm2_135m": default_recipe(out, "g-spark"),
        "skipped": lines("skipped"),
        "failed": lines("failed"),
    }


def number(value, form="{:,.0f}"):
    return "–" if value is None else form.format(value)


ROWS = [
    ("update, tokens/s", "update_tokens_per_second", "{:,.0f}", 1),
    ("update, share of the card's arithmetic", "update_utilisation", "{:.1f} %", 100),
    ("update with f32 weights, tokens/s", "update_f32_weights_tokens_per_second", "{:,.0f}", 1),
    ("decoding 64 rows, tokens/s", "decode_64_tokens_per_second", "{:,.0f}", 1),
    ("decoding 256 rows, tokens/s", "decode_256_tokens_per_second", "{:,.0f}", 1),
    ("transformers' generate, 64 rows, tokens/s", "transformers_generate_64_tokens_per_second", "{:,.0f}", 1),
    ("peak memory, GiB", "peak_memory_bytes", "{:.1f}", 2**-30),
    ("planned, GiB", "planned_memory_bytes", "{:.1f}", 2**-30),
    ("first step, s", "first_step_seconds", "{:.1f}", 1),
]


def markdown(found):
    columns = ["cuda", "tch", "pytorch"]
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items() if version)
    commit = (found["commit"] or "")[:10]
    yield f"{found['card']}, driver {found['driver'] or '–'}, {versions}; {found['date']}, commit {commit}."
    yield ""
    yield "| 3B shape, bf16 | cuda | tch | PyTorch |"
    yield "|---|---|---|---|"
    for title, field, form, scale in ROWS:
        values = [(found[column] or {}).get(field) for column in columns]
        if any(value is not None for value in values):
            cells = [number(None if value is None else value * scale, form) for value in values]
            yield f"| {title} | {' | '.join(cells)} |"
    for title, field, form, scale in ROWS:
        values = [((found[column] or {}).get("lora_7b") or {}).get(field) for column in columns[:2]]
        if any(value is not None for value in values):
            cells = [number(None if value is None else value * scale, form) for value in values]
            yield f"| 7B with adapters: {title} | {' | '.join(cells)} | |"
    yield ""
    yield from markdown_comparisons(found["compare"])
    yield from markdown_kernels(found)
    yield from markdown_runs(found)
    for what in ["skipped", "failed"]:
        if found[what]:
            yield f"{what.capitalize()}: {'; '.join(found[what])}."


def markdown_comparisons(compared):
    if not any(compared.values()):
        return
    yield "| against flex | log-probability, largest | mean | greedy the same | least gradient cosine | loss | cached decode | within tolerance |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, one in compared.items():
        if one:
            yield (
                f"| {name} | {one['largest_logprob']:.1e} | {one['mean_logprob']:.1e} | {100 * one['greedy']:.1f} % | "
                f"{one['least_cosine']:.7f} | {one['largest_loss']:.1e} | {one['cached_decode']:.1e} | "
                f"{'yes' if one['within_tolerance'] else '**no**'} |"
            )
    yield ""


def markdown_kernels(found):
    for name in ["cuda", "tch"]:
        for dtype, checked in ((found[name] or {}).get("kernels") or {}).items():
            wrong = ", ".join(checked["wrong"])
            yield (
                f"Operations of {name} in {dtype} against float64: relative {checked['largest_relative'] or 0:.1e}, "
                f"norm {checked['largest_norm'] or 0:.1e} at most; {f'**wrong or unfinished, and switched off: {wrong}**' if wrong else 'all right'}."
            )
            yield ""


def markdown_runs(found):
    runs = [
        ("default recipe, cuda", (found["cuda"] or {}).get("default_recipe")),
        ("default recipe, tch", (found["tch"] or {}).get("default_recipe")),
        ("default recipe, vulkan", found["vulkan"]),
        ("SmolLM2-135M's shape", found["smollm2_135m"]),
    ]
    if not any(run for _, run in runs):
        return
    yield "| run | steps | seconds | first step done after, s | later step, s | reasoning | judge |"
    yield "|---|---|---|---|---|---|---|"
    percent = lambda run, name: " → ".join(
        number(None if run[when][name] is None else 100 * run[when][name], "{:.1f}") for when in ["before", "after"]
    )
    for title, run in runs:
        if run:
            yield (
                f"| {title} | {run['steps']} | {run['seconds']:.0f} | {number(run['first_step_done_seconds'], '{:.1f}')} | "
                f"{number(run['median_step_seconds'], '{:.2f}')} | {percent(run, 'reasoning_accuracy')} | {percent(run, 'judge_accuracy')} |"
            )
    yield ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    found = summary(arguments.out)
    path = arguments.json
    if path is None and machine(arguments.out).get("dry") != "true":
        card = re.sub(r"[^A-Za-z0-9]+", "-", found["card"]).strip("-")
        path = REPOSITORY / f"docs/results/gpu/{card}-{found['date']}.json"
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=1) + "\n")
    print("\n".join(markdown(found)))


if __name__ == "__main__":
    main()
