"""`spark verify` on 5,276 solutions of four language models to GSM8K problems, against their published correctness.

    python tests/oracle/gsm8k_agreement.py --spark target/release/spark [--data ../shared/data/gsm8k]

Prints every disagreement. Fails where they are not exactly those of gsm8k_disagreements.json, which says for each who
is right and why, or where the two agree on less than 99.5 %. Nothing of GSM8K is copied here.
"""

import argparse
import json
from pathlib import Path

from spark_verify import agrees, read_lines, verdicts

EXPLAINED = Path(__file__).parent / "gsm8k_disagreements.json"
ENOUGH = 0.995


def solutions(path):
    """Each model's solution to each problem: its place, what to verify, and whether it is right."""
    for index, row in enumerate(read_lines(path)):
        for model, found in row.items():
            if isinstance(found, dict):
                yield (index, model), {"answer": row["ground_truth"], "response": found["solution"]}, found["is_correct"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spark", required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/gsm8k"))
    arguments = parser.parse_args()
    places, pairs, labels = zip(*solutions(arguments.data / "example_model_solutions.jsonl"), strict=True)
    checked = verdicts(arguments.spark, pairs)
    found = {}
    for place, pair, label, verdict in zip(places, pairs, labels, checked, strict=True):
        if not agrees(verdict, label):
            found[place] = (
                f"reference {pair['answer'].splitlines()[-1]!r}, extracted {verdict['extracted']!r} ({verdict['reason']}), "
                f"published as {'right' if label else 'wrong'}: …{pair['response'][-60:]!r}"
            )
    explained = {(entry["question"], entry["model"]): entry for entry in json.loads(EXPLAINED.read_text())}
    for place, line in found.items():
        print(*place, line, explained[place]["why"] if place in explained else "NOT EXPLAINED", sep=" | ")
    for place in explained.keys() - found.keys():
        print(*place, "is explained but no longer found", sep=" | ")
    share = 1 - len(found) / len(pairs)
    print(f"agreement on {len(pairs) - len(found)} of {len(pairs)} ({share:.2%}), {len(found)} disagreements")
    if share < ENOUGH or found.keys() != explained.keys():
        raise SystemExit(1)


if __name__ == "__main__":
    main()
