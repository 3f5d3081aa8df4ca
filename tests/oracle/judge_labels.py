"""Checks the labels of judge items that `spark recycle` made, without any of spark's code.

    python tests/oracle/judge_labels.py ROLLOUTS PROBLEMS [--show 50]

ROLLOUTS is what went in (`question`, `answer`, `completions`, each with `text` and, where it was published, `correct`),
PROBLEMS is what came out. Reference answers must be numbers, so that truth needs no reading of mathematics: a value that
is shown is right if it is that number, written with digits, as a fraction, or in words. A whole reply that is shown is
right as published; where nothing was published, it is wrong if no number in it is the reference, and right if the
number that it ends with is. What this script cannot decide it counts and prints: a person decides.

Prints one line of JSON: items, true, false, undecided. Ends with 1 where a label is false. `--gsm8k FILE` writes
ROLLOUTS from GSM8K's example_model_solutions.jsonl first.
"""

import argparse
import json
import random
import re
import sys
from fractions import Fraction
from pathlib import Path

WORDINGS = Path(__file__).parents[2] / "src" / "judge" / "wordings.rs"
SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def wordings():
    """The texts before, between and after candidates, from the list that the prompts are made of."""
    source = WORDINGS.read_text()
    text = r'\s*"((?:[^"\\]|\\.)*)",?'
    plain = lambda found: tuple(part.replace("\\\\", "\\").replace('\\"', '"') for part in found)
    ones = {plain(found) for found in re.findall(r"Wording::one\(" + text + text, source)}
    twos = {plain(found) for found in re.findall(r"Wording::two\(" + text + text + text, source)}
    many = {plain(found) for found in re.findall(r"choice_wording\(" + text + text, source)}
    return ones, twos, many


def candidates(asked, kind, texts):
    """What an item shows, behind the question."""
    ones, twos, many = texts
    if kind in ("pointwise", "critique"):
        for before, after in ones:
            if asked.startswith(before) and asked.endswith("\n" + after):
                return [asked[len(before) : -len(after) - 1]]
    if kind == "pairwise":
        for before, between, after in twos:
            if asked.startswith(before) and asked.endswith("\n" + after) and "\n" + between in asked:
                return asked[len(before) : -len(after) - 1].split("\n" + between, 1)
    if kind == "choice":
        for label, after in many:
            if not asked.endswith("\n" + after):
                continue
            shown, rest = [], asked[: -len(after)]
            for letter in "ABCDEFGH":
                head = label.replace("{}", letter)
                following = "\n" + label.replace("{}", chr(ord(letter) + 1))
                if not rest.startswith(head):
                    break
                body, found, tail = rest[len(head) :].partition(following)
                shown.append(body.rstrip("\n"))
                rest = following[1:] + tail if found else ""
            if len(shown) > 2:
                return shown
    return None


def number(text):
    """A number that is all of a text, or None."""
    text = text.strip().strip("$.").replace(",", "").strip()
    if match := re.fullmatch(r"(-?\d+(?:\.\d+)?)\s*/\s*(\d+)", text):
        return Fraction(match[1]) / Fraction(match[2])
    if re.fullmatch(r"-?\d*\.?\d+", text):
        return Fraction(text)
    return in_words(text.lower())


def in_words(text):
    parts = re.split(r"[\s-]+", text)
    value = 0
    for part in parts:
        if part in SMALL:
            value += SMALL.index(part)
        elif part in TENS:
            value += 20 + 10 * TENS.index(part)
        else:
            return None
    return Fraction(value)


def numbers(text):
    """Every number of a text, in its order, digits and words."""
    found = re.findall(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?|\b(?:" + "|".join(SMALL + TENS) + r")\b", text.lower())
    return [value for part in found if (value := number(part)) is not None]


def is_right(shown, reference, published):
    """Whether a candidate is right, and how that is known; None where it is not."""
    if shown.strip() in published:
        return published[shown.strip()]
    if (value := number(shown)) is not None:
        return value == reference
    inside = numbers(shown)
    if reference not in inside and -reference not in inside:
        return False
    # The last sentence says what the reply comes to.
    last = [part for part in re.split(r"\n|(?<=[.!?])\s+", shown.strip()) if numbers(part)]
    return True if last and numbers(last[-1])[-1] == reference else None


def truth(row, item, texts):
    question, published = row["question"], {
        completion["text"].strip(): completion["correct"] for completion in row["completions"] if "correct" in completion
    }
    shown = candidates(item["question"][len(question) + 1 :], item["kind"], texts)
    if shown is None:
        raise SystemExit(f"cannot take apart: {item['question']!r}")
    reference = number(str(row["answer"]))
    right = [is_right(candidate, reference, published) for candidate in shown]
    if None in right:
        return None, shown
    if item["kind"] == "pointwise":
        return (item["answer"] == "Yes") == right[0], shown
    if item["kind"] == "critique":
        return item["reply"]["critique"]["right"] == right[0], shown
    return right.count(True) == 1 and "ABCDEFGH"[right.index(True)] == item["answer"], shown


def from_gsm8k(source, out):
    with open(out, "w") as file:
        for line in Path(source).read_text().splitlines():
            row = json.loads(line)
            models = [value for value in row.values() if isinstance(value, dict)]
            completions = [
                {"text": model["solution"], "correct": model["is_correct"], "reward": float(model["is_correct"])}
                for model in models
            ]
            answer = re.findall(r"-?\d[\d,]*(?:\.\d+)?", row["ground_truth"])[-1].replace(",", "")
            file.write(json.dumps({"question": row["question"], "answer": answer, "completions": completions}) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rollouts")
    parser.add_argument("problems", nargs="?")
    parser.add_argument("--gsm8k", help="write ROLLOUTS from this file, and stop")
    parser.add_argument("--show", type=int, default=0, help="print so many items, drawn at random, to be read")
    options = parser.parse_args()
    if options.gsm8k:
        return from_gsm8k(options.gsm8k, options.rollouts)

    texts = wordings()
    rows = [json.loads(line) for line in open(options.rollouts)]
    by_question = {row["question"]: row for row in rows}
    items = [json.loads(line) for line in open(options.problems)]
    items = [item for item in items if item["kind"] in ("pointwise", "pairwise", "choice", "critique")]
    counts, seen = {"items": len(items), "true": 0, "false": 0, "undecided": 0}, []
    for item in items:
        question = next(question for question in by_question if item["question"].startswith(question + "\n"))
        verdict, shown = truth(by_question[question], item, texts)
        name = {True: "true", False: "false", None: "undecided"}[verdict]
        counts[name] += 1
        seen.append((name, item, by_question[question]["answer"], shown))
        if verdict is not True:
            print(f"{name}: {item['question']!r} -> {item['answer']} (reference {by_question[question]['answer']})")
    for name, item, reference, shown in random.Random(0).sample(seen, min(options.show, len(seen))):
        print(f"[{name}] {item['kind']} -> {item['answer']}; reference {reference}; shown: " + " || ".join(shown))
    print(json.dumps(counts))
    sys.exit(1 if counts["false"] else 0)


if __name__ == "__main__":
    main()
