"""Whole steps of TRL's GRPOTrainer: `spark bench`'s peer. 16 prompts of 64 tokens × 8 completions of 128 tokens,
rewards by chance, a KL penalty where `--beta` is above 0. With `--model DIR` the model of that directory instead of
the small one; `--dtype bf16` keeps its weights so.

    python3 benches/peers/grpo_step.py
    python3 benches/peers/grpo_step.py --model SMOLLM2 --prompts 8 --completion-tokens 96 --repeats 2

Prints one JSON object. Needs torch, transformers, trl and datasets.
"""

import argparse
import json
import random
import resource
import statistics
import tempfile
import time

from datasets import Dataset
from transformers import AutoTokenizer, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from small_model import model_of, random_ids, random_prompts, small_tokenizer

parser = argparse.ArgumentParser()
parser.add_argument("--prompts", type=int, default=16)
parser.add_argument("--samples", type=int, default=8)
parser.add_argument("--completion-tokens", type=int, default=128)
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--beta", type=float, default=0.0)
parser.add_argument("--model", help="a directory of a released text model")
parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32", help="of --model's weights")
arguments = parser.parse_args()

steps = arguments.repeats + 1
model = model_of(arguments.model, arguments.dtype)
if arguments.model:
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    texts = random_prompts(tokenizer, arguments.prompts * steps, 64)
else:
    tokenizer = small_tokenizer()
    ids = random_ids(arguments.prompts * steps, 64).clamp(min=2).tolist()
    texts = [" ".join(f"w{token}" for token in row) for row in ids]
prompts = Dataset.from_dict({"prompt": texts})
rows = arguments.prompts * arguments.samples


class Clock(TrainerCallback):
    times = []

    def on_train_begin(self, *_, **__):
        self.times.append(time.perf_counter())

    def on_step_end(self, *_, **__):
        self.times.append(time.perf_counter())


def by_chance(completions, **_):
    return [random.random() for _ in completions]


with tempfile.TemporaryDirectory() as directory:
    config = GRPOConfig(
        output_dir=directory, use_cpu=True, bf16=False, fp16=False, gradient_checkpointing=False,
        per_device_train_batch_size=rows, gradient_accumulation_steps=1, num_generations=arguments.samples,
        max_completion_length=arguments.completion_tokens, temperature=1.0, top_k=0, top_p=1.0, beta=arguments.beta,
        num_iterations=1, max_steps=steps, learning_rate=1e-4, save_strategy="no", report_to=[], disable_tqdm=True,
        logging_strategy="no", generation_kwargs={"min_new_tokens": arguments.completion_tokens},
    )
    trainer = GRPOTrainer(
        model=model, reward_funcs=by_chance, args=config, train_dataset=prompts, processing_class=tokenizer,
        callbacks=[Clock()],
    )
    trainer.train()
seconds = [later - earlier for earlier, later in zip(Clock.times, Clock.times[1:])]
print(json.dumps({
    "step_seconds": statistics.median(seconds[1:]),
    "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
}))
