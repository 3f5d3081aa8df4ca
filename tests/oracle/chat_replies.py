"""Samples what a real chat model replies to small questions, as groups that `spark recycle` reads.

    python tests/oracle/chat_replies.py --model SMOLLM2_DIRECTORY --out tests/fixtures/chat_replies.jsonl

The questions are made here, of several sorts: sums in digits and in words, comparisons, days, units, fractions, and a
few word problems. The replies are the model's own, unedited, at temperature 1; nothing asks for a box, because that is
how chat models are used. No reward is written: the verifier judges the replies, and `judge_labels.py` judges it.
Needs transformers and torch. The committed file was sampled with SmolLM2-135M-Instruct, seed 1.
"""

import argparse
import json
import random

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()


def questions(random_, count):
    """Pairs of a question and its answer; every sort comes in turn."""
    sorts = [
        lambda a, b: (f"What is {a} + {b}?", a + b),
        lambda a, b: (f"{a + b} - {b} = ?", a),
        lambda a, b: (f"Compute {a} x {b}.", a * b),
        lambda a, b: (f"What is {WORDS[a % 10]} plus {WORDS[b % 10]}? Answer with a number.", a % 10 + b % 10),
        lambda a, b: (f"Tom has {a} apples and buys {b} more. How many apples does he have now?", a + b),
        lambda a, b: (f"A pen costs ${a}. How many dollars do {b} pens cost?", a * b),
        lambda a, b: (f"Which number is larger, {a} or {a + b}?", a + b),
        lambda a, b: (f"How many minutes are {a} hours?", 60 * a),
        lambda a, b: (f"What is half of {2 * a}?", a),
        lambda a, b: (f"Solve for x: x + {a} = {a + b}.", b),
    ]
    for index in range(count):
        a, b = random_.randint(2, 19), random_.randint(1, 12)
        question, answer = sorts[index % len(sorts)](a, b)
        yield question, str(answer)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--questions", type=int, default=160)
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    tokenizer = AutoTokenizer.from_pretrained(options.model, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).eval()
    asked = list(questions(random.Random(options.seed), options.questions))
    with open(options.out, "w") as out:
        for start in range(0, len(asked), 16):
            batch = asked[start : start + 16]
            chats = [[{"role": "user", "content": question}] for question, _ in batch]
            prompts = [tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) for chat in chats]
            inputs = tokenizer(prompts, return_tensors="pt", padding=True, add_special_tokens=False)
            with torch.no_grad():
                ids = model.generate(
                    **inputs, do_sample=True, temperature=1.0, top_k=0, top_p=0.9, max_new_tokens=72,
                    num_return_sequences=options.samples, pad_token_id=tokenizer.eos_token_id,
                )
            ids = ids[:, inputs["input_ids"].shape[1] :]
            for place, (question, answer) in enumerate(batch):
                rows = ids[place * options.samples : (place + 1) * options.samples]
                completions = [
                    {
                        "text": tokenizer.decode(row, skip_special_tokens=True).strip(),
                        "finish_reason": "stop" if tokenizer.eos_token_id in row else "length",
                    }
                    for row in rows
                ]
                row = {"question": question, "answer": answer, "completions": completions}
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
            out.flush()


if __name__ == "__main__":
    main()
