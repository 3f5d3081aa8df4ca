#!/usr/bin/env python3
"""Makes problems that a small chat model half solves out of GSM8K's questions and worked solutions.

    scripts/gsm8k_steps.py GSM8K/test.jsonl OUT [--left 1] [--held-out 150]

A problem is a question of GSM8K with the first lines of its published solution; what is left to do is the last
line, or the last LEFT lines. The answer is GSM8K's own. `--left 0` makes the calculations of the solutions, each
once ("What is 24 / 12?"). OUT/train.jsonl and OUT/test.jsonl never share a question of GSM8K, nor a calculation.
"""
import argparse
import hashlib
import json
import pathlib
import re

ANNOTATION = re.compile(r"<<([^<>]*)=([^<>=]*)>>")
PLAIN = re.compile(r"\d+(\.\d+)?( [-+*/] \d+(\.\d+)?){1,2}")


def last_lines(row, left):
    """The question with the solution's lines but the last `left`; none where nothing would be shown or left."""
    *lines, answer = row["answer"].split("\n")
    lines = [ANNOTATION.sub("", line) for line in lines if line.strip()]
    if len(lines) <= left or not answer.startswith("####"):
        return
    shown = "\n".join(lines[: len(lines) - left])
    question = f"{row['question'].strip()}\n\nThe solution begins like this:\n{shown}\n\nFinish the solution."
    yield question, answer.removeprefix("####").strip().replace(",", "")


def calculations(row, _left):
    """Each calculation of the solution that is plain arithmetic, spaced evenly."""
    for term, value in ANNOTATION.findall(row["answer"]):
        spaced = " ".join(re.findall(r"\d*\.?\d+|[-+*/()]", term))
        if PLAIN.fullmatch(spaced):
            yield f"What is {spaced}?", value


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gsm8k", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--left", type=int, default=1)
    parser.add_argument("--held-out", type=int, default=150)
    options = parser.parse_args()

    make = last_lines if options.left else calculations
    problems = {}
    for line in options.gsm8k.open():
        for question, answer in make(json.loads(line), options.left):
            problems.setdefault(question, answer)
    # By a hash of the question: the same on every machine, and in no order of the file.
    order = sorted(problems, key=lambda question: hashlib.sha256(question.encode()).hexdigest())
    options.out.mkdir(parents=True, exist_ok=True)
    parts = {"test": order[: options.held_out], "train": order[options.held_out :]}
    for name, questions in parts.items():
        with (options.out / f"{name}.jsonl").open("w") as file:
            for number, question in enumerate(questions):
                row = {"id": f"{name}-{number}", "question": question, "answer": problems[question]}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        print(f"{options.out / name}.jsonl: {len(questions)} problems")


if __name__ == "__main__":
    main()
