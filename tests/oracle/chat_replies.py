"""Questions for a real chat model, and its replies as groups that `spark recycle` reads.

    python tests/oracle/chat_replies.py questions questions.jsonl
    spark eval --model SMOLLM2 --data questions.jsonl --samples 4 --max-new-tokens 48 --seed 1 --out replies.jsonl
    python tests/oracle/chat_replies.py groups questions.jsonl replies.jsonl tests/fixtures/chat_replies.jsonl

The questions are made here, of several sorts: sums in digits and in words, comparisons, prices, units, equations. The
replies are the model's own, unedited, at temperature 1; nothing asks for a box, because that is how chat models are
used. No reward is written: the verifier judges the replies, and `judge_labels.py` judges its labels. The committed file
is of SmolLM2-135M-Instruct (`scripts/smollm2.py`).
"""

import json
import random
import sys

WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
QUESTIONS = 160
SORTS = [
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


def questions(out):
    """Every sort in turn, with numbers drawn at random."""
    drawn = random.Random(1)
    with open(out, "w") as file:
        for index in range(QUESTIONS):
            a, b = drawn.randint(2, 19), drawn.randint(1, 12)
            question, answer = SORTS[index % len(SORTS)](a, b)
            row = {"id": str(index), "question": question, "answer": str(answer), "verifier": "math"}
            file.write(json.dumps(row) + "\n")


def groups(asked, replies, out):
    """All replies to a question in one line."""
    by_id = {}
    for line in open(replies):
        row = json.loads(line)
        by_id.setdefault(row["id"], []).append({"text": row["response"].strip()})
    with open(out, "w") as file:
        for line in open(asked):
            row = json.loads(line)
            group = {"question": row["question"], "answer": row["answer"], "completions": by_id[row["id"]]}
            file.write(json.dumps(group, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    {"questions": questions, "groups": groups}[sys.argv[1]](*sys.argv[2:])
