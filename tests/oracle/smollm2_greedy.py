"""Whether spark continues prompts greedily as transformers does, with a real pretrained Llama.

    python tests/oracle/smollm2_greedy.py MODEL_DIR [--spark BINARY] [--tokens N]

MODEL_DIR is what scripts/smollm2.py wrote. Each of the 20 prompts is answered by `spark generate --temperature 0
--json` and by transformers in f32; the token ids and the texts must be identical. Prints a line per prompt that
differs and how many are identical; exits with 1 when not all are. Run with torch and transformers 5 installed.
"""

import argparse
import json
import subprocess
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, logging

PROMPTS = [
    "What is the capital of France?",
    "What is 12 + 30?",
    "Write one sentence about the sea.",
    "Name three colours.",
    "Why is the sky blue?",
    "Translate to French: good morning",
    "Who wrote Romeo and Juliet?",
    "Give me a short poem about snow.",
    "What does a compiler do?",
    "List the planets of the solar system.",
    "Explain photosynthesis to a child.",
    "How many days has a leap year?",
    "Write a Python function that adds two numbers.",
    "What is the opposite of hot?",
    "Tom has 3 apples and eats one. How many are left?",
    "Is 17 a prime number? Explain.",
    "Describe a cat in five words.",
    "Café, naïve, 中文, 🦀: what do these have in common?",
    "Write an email that declines an invitation.",
    "What is the boiling point of water in degrees Celsius?",
]


def by_spark(binary, model, prompt, tokens):
    command = [binary, "generate", "--quiet", "--json", "--temperature", "0", "--repetition-penalty", "1",
               "--max-new-tokens", str(tokens), "--model", str(model), "--prompt", prompt]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found["token_ids"], found["text"]


def by_transformers(model, tokenizer, prompt, tokens):
    inputs = tokenizer.apply_chat_template([{"role": "user", "content": prompt}], add_generation_prompt=True,
                                           return_dict=True, return_tensors="pt")
    with torch.no_grad():
        ids = model.generate(**inputs, max_new_tokens=tokens, do_sample=False)[0, inputs["input_ids"].shape[1]:]
    return ids.tolist(), tokenizer.decode(ids, skip_special_tokens=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, metavar="MODEL_DIR")
    parser.add_argument("--spark", default="target/release/spark", metavar="BINARY")
    parser.add_argument("--tokens", type=int, default=48, metavar="N")
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32).eval()
    identical = 0
    for prompt in PROMPTS:
        ours = by_spark(arguments.spark, arguments.model, prompt, arguments.tokens)
        theirs = by_transformers(model, tokenizer, prompt, arguments.tokens)
        identical += ours == theirs
        if ours != theirs:
            print(f"{prompt!r}\n  spark:        {ours}\n  transformers: {theirs}", flush=True)
    print(f"{identical} of {len(PROMPTS)} greedy texts of {arguments.tokens} tokens are identical")
    raise SystemExit(identical != len(PROMPTS))


if __name__ == "__main__":
    main()
