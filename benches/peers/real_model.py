"""Sampling with a real model: spark beside transformers and vLLM's processor build, turn about, in one run.

    python3 benches/peers/real_model.py --spark target/release/spark --model SMOLLM2 --vllm VENV --out FILE

Rows of 64 prompt tokens, 96 new ones each, in f32 and bf16; the medians of the rounds. spark's weights are random ones
of the model's shape, the others' the model's own, and nothing ends a completion early. `--vllm` names a virtual
environment that has vLLM (see its documentation for processors); without it vLLM is left out. Prints a table, and one
JSON object last. Needs torch and transformers.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time
import urllib.request

PROMPT, PORT = 64, 18431
DTYPES = {"f32": "float32", "bf16": "bfloat16"}

parser = argparse.ArgumentParser()
parser.add_argument("--spark", default="target/release/spark")
parser.add_argument("--model", required=True)
parser.add_argument("--vllm", help="a virtual environment with vLLM")
parser.add_argument("--rows", default="1,16,64")
parser.add_argument("--dtypes", default="f32,bf16")
parser.add_argument("--tokens", type=int, default=96)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--out", help="where to write the JSON object, too")
parser.add_argument("--transformers", metavar="DTYPE", help=argparse.SUPPRESS)
arguments = parser.parse_args()


def prompts(rows, round_):
    """Different ones in every round, so that no cache of prefixes helps."""
    return [[100 + (7919 * (round_ * 1000 + row) + 31 * place) % 40000 for place in range(PROMPT)] for row in range(rows)]


def serve_transformers(dtype):
    """Reads `[rows, round]` and answers with seconds, line by line."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=getattr(torch, DTYPES[dtype])).eval()
    for line in sys.stdin:
        ids = torch.tensor(prompts(*json.loads(line)))
        started = time.perf_counter()
        with torch.no_grad():
            out = model.generate(
                ids, attention_mask=torch.ones_like(ids), do_sample=True, temperature=1.0, top_k=0, top_p=1.0,
                max_new_tokens=arguments.tokens, min_new_tokens=arguments.tokens, pad_token_id=0,
            )
        seconds = time.perf_counter() - started
        assert out.shape == (len(ids), PROMPT + arguments.tokens), out.shape
        print(seconds, flush=True)


class Transformers:
    def __init__(self, dtype):
        command = [sys.executable, __file__, "--model", arguments.model, "--tokens", str(arguments.tokens)]
        self.process = subprocess.Popen(
            [*command, "--transformers", dtype], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
        )

    def seconds(self, rows, round_):
        print(json.dumps([rows, round_]), file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Spark:
    def __init__(self, dtype):
        self.dtype = dtype

    def seconds(self, rows, _):
        """A step to warm up, and one."""
        command = [
            arguments.spark, "bench", "--quiet", "--work=sampling", f"--model={arguments.model}", "--samples=1",
            f"--dtype={self.dtype}", f"--prompts={rows}", f"--prompt-tokens={PROMPT}", "--steps=1",
            f"--completion-tokens={arguments.tokens}",
        ]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return json.loads(output.strip().splitlines()[-1])["rollout_seconds"]

    def close(self):
        pass


class Vllm:
    def __init__(self, dtype):
        home = pathlib.Path(arguments.vllm)
        cores = f"0-{os.cpu_count() - 1}" if os.cpu_count() > 1 else "0"
        environment = {
            **os.environ, "LD_PRELOAD": str(home / "lib/libiomp5.so"), "VLLM_CPU_OMP_THREADS_BIND": cores,
            "VLLM_CPU_KVCACHE_SPACE": "2", "HF_HUB_OFFLINE": "1",
        }
        command = [
            home / "bin/python", "-m", "vllm.entrypoints.openai.api_server", "--model", arguments.model,
            "--served-model-name", "m", "--dtype", DTYPES[dtype], "--max-model-len", "1024", "--max-num-seqs", "64",
            "--enforce-eager", "--logprobs-mode", "processed_logprobs", "--host", "127.0.0.1", "--port", str(PORT),
        ]
        self.log = open(f"/tmp/real_model.vllm.{dtype}.log", "w")
        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log)
        while not self.answers():
            if self.process.poll() is not None:
                sys.exit(f"vLLM ended: see {self.log.name}")
            time.sleep(1)

    def answers(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health", timeout=2).status == 200
        except OSError:
            return False

    def seconds(self, rows, round_):
        request = {
            "model": "m", "prompt": prompts(rows, round_), "max_tokens": arguments.tokens, "temperature": 1.0,
            "top_p": 1.0, "top_k": -1, "logprobs": 0, "ignore_eos": True,
        }
        request = urllib.request.Request(
            f"http://127.0.0.1:{PORT}/v1/completions", json.dumps(request).encode(), {"Content-Type": "application/json"},
        )
        started = time.perf_counter()
        answer = json.load(urllib.request.urlopen(request, timeout=1200))
        seconds = time.perf_counter() - started
        assert answer["usage"]["completion_tokens"] == rows * arguments.tokens, answer["usage"]
        return seconds

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines() if platform.system() == "Linux" else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    flags = next((line for line in lines if line.startswith("flags")), "").split()
    vectors = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} threads, {' '.join(vectors)}"


def measure(dtype):
    samplers = {"spark": Spark(dtype), "transformers": Transformers(dtype)}
    if arguments.vllm:
        samplers["vllm"] = Vllm(dtype)
    for name, sampler in samplers.items():
        if name != "spark":
            sampler.seconds(2, 999)
    for rows in map(int, arguments.rows.split(",")):
        seconds = {name: [] for name in samplers}
        for round_ in range(arguments.rounds):
            for name, sampler in samplers.items():
                seconds[name].append(sampler.seconds(rows, round_))
        speeds = {name: rows * arguments.tokens / statistics.median(times) for name, times in seconds.items()}
        shown = [f"{speeds[name]:,.0f}" if name in speeds else "–" for name in ("spark", "transformers", "vllm")]
        ratios = [f"{speeds['spark'] / speeds[name]:.2f}" if name in speeds else "–" for name in ("transformers", "vllm")]
        print(f"| {dtype} | {rows} | {' | '.join(shown + ratios)} |", flush=True)
        yield {"dtype": dtype, "rows": rows, "tokens_per_second": speeds, "seconds": seconds}
    for sampler in samplers.values():
        sampler.close()


if arguments.transformers:
    serve_transformers(arguments.transformers)
    sys.exit()
print("| type | rows | spark, tokens/s | transformers | vLLM | spark ÷ transformers | spark ÷ vLLM |")
print("|---|---|---|---|---|---|---|")
results = [result for dtype in arguments.dtypes.split(",") for result in measure(dtype)]
line = json.dumps({"machine": processor(), "rounds": arguments.rounds, "tokens": arguments.tokens, "results": results})
if arguments.out:
    pathlib.Path(arguments.out).write_text(json.dumps(json.loads(line), indent=1) + "\n")
print(line)
