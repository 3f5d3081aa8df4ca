"""The solutions of four language models to GSM8K problems as rollouts for `spark recycle`; nothing of them is copied here.

    python tests/oracle/gsm8k_rollouts.py --out /tmp/rollouts.jsonl [--data ../shared/data/gsm8k]
    spark recycle --rollouts /tmp/rollouts.jsonl --out /tmp/problems.jsonl
"""

import argparse
from pathlib import Path

from spark_verify import read_lines, write_lines


def rollouts(row):
    answer = row["ground_truth"].rsplit("A:", 1)[-1].strip()
    solutions = [found for found in row.values() if isinstance(found, dict)]
    completions = [{"text": found["solution"], "reward": float(found["is_correct"])} for found in solutions]
    return {"question": row["question"], "answer": answer, "completions": completions}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/gsm8k"))
    arguments = parser.parse_args()
    write_lines(arguments.out, map(rollouts, read_lines(arguments.data / "example_model_solutions.jsonl")))


if __name__ == "__main__":
    main()
