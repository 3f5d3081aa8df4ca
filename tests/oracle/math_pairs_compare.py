"""Math-Verify and `spark verify` on the pairs of tests/fixtures/math_pairs.jsonl: who is right how often, and how fast.

    python tests/oracle/math_pairs_compare.py --spark target/release/spark [--speed]

Math-Verify runs with its default settings, timeouts included; it gets the reference between dollar signs, without
which it does not see LaTeX. Both get the reference and the response as text for every pair. Prints both shares per
category, both false positives and every wrong pair of spark; fails where spark is right in less than 99.5 % or calls
different values equal.

--speed: pairs per second. Math-Verify is timed in this one process, by its calls alone, once over all pairs. spark
runs on one core (RAYON_NUM_THREADS=1): the wall time of a process over the pairs TIMES_OVER times, less that of a
process over one pair, median of SPARK_RUNS. Its time per pair comes from --timing, also on one core. The last line
is one JSON object. Needs math-verify.
"""

import argparse
import json
import logging
import os
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from math_verify import parse, verify
from spark_verify import agrees, read_lines, verdicts, write_lines

PAIRS = Path(__file__).parent.parent / "fixtures" / "math_pairs.jsonl"
ENOUGH = 0.995
SPARK_RUNS = 7
TIMES_OVER = 20


def math_verify_answers(pairs):
    """What Math-Verify says, and the seconds it takes."""
    started = time.perf_counter()
    answers = [verify(parse(f"${pair['answer']}$"), parse(pair["response"])) for pair in pairs]
    return answers, time.perf_counter() - started


def spark_seconds(spark, pairs):
    """Seconds of spark over the pairs, without its start: one per run."""
    with tempfile.TemporaryDirectory() as folder:
        many, one = Path(folder) / "many.jsonl", Path(folder) / "one.jsonl"
        write_lines(many, pairs * TIMES_OVER)
        write_lines(one, pairs[:1])

        def timed(path):
            started = time.perf_counter()
            subprocess.run([spark, "verify", "--data", path], stdout=subprocess.DEVNULL, check=True)
            return time.perf_counter() - started

        timed(many)
        return [(timed(many) - timed(one)) / TIMES_OVER for _ in range(SPARK_RUNS)]


def share(oks):
    return sum(oks) / len(oks)


def print_categories(pairs, ours, theirs):
    table = defaultdict(lambda: ([], []))
    for pair, our, their in zip(pairs, ours, theirs, strict=True):
        table[pair["category"]][0].append(our == pair["equal"])
        table[pair["category"]][1].append(their == pair["equal"])
    print(f"{'category':26}  spark  Math-Verify")
    for category, (our, their) in table.items():
        print(f"{category:26} {share(our):6.1%} {share(their):6.1%}")


def print_pairs(title, pairs, wanted):
    """The pairs that are wanted, each with what was said about it."""
    print(f"\n{title}: {sum(map(bool, wanted))}")
    for pair, said in zip(pairs, wanted, strict=True):
        if said:
            print(f"  {pair['category']}: {pair['answer']!r} | {pair['response']!r} | {said}")


def speed(spark, pairs, their_seconds):
    os.environ["RAYON_NUM_THREADS"] = "1"
    runs = spark_seconds(spark, pairs)
    seconds = statistics.median(runs)
    times = sorted(verdict["microseconds"] for verdict in verdicts(spark, pairs, "--timing"))
    at = lambda part: times[min(int(len(times) * part), len(times) - 1)]
    return {
        "spark_pairs_per_second": round(len(pairs) / seconds),
        "spark_pairs_per_second_slowest_run": round(len(pairs) / max(runs)),
        "math_verify_pairs_per_second": round(len(pairs) / their_seconds, 1),
        "spark_microseconds": {"p50": at(0.5), "p99": at(0.99), "p99.9": at(0.999), "max": times[-1]},
        "ratio": round(their_seconds / seconds, 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spark", required=True)
    parser.add_argument("--speed", action="store_true")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    pairs = read_lines(PAIRS)
    theirs, their_seconds = math_verify_answers(pairs)
    checked = verdicts(arguments.spark, pairs)
    ours = [verdict["reward"] == 1 for verdict in checked]
    wrong = [not agrees(verdict, pair["equal"]) for verdict, pair in zip(checked, pairs, strict=True)]
    false = lambda answers: [answer and not pair["equal"] for answer, pair in zip(answers, pairs, strict=True)]
    said = [f"extracted {verdict['extracted']!r}, {verdict['reason']}" for verdict in checked]
    print_categories(pairs, ours, theirs)
    print_pairs("false positives of Math-Verify", pairs, ["called equal" if bad else "" for bad in false(theirs)])
    print_pairs("false positives of spark", pairs, [why if bad else "" for why, bad in zip(said, false(ours), strict=True)])
    print_pairs("wrong verdicts of spark", pairs, [why if bad else "" for why, bad in zip(said, wrong, strict=True)])
    result = {
        "pairs": len(pairs),
        "spark_right": 1 - share(wrong),
        "spark_false_positives": sum(false(ours)),
        "math_verify_right": share([answer == pair["equal"] for answer, pair in zip(theirs, pairs, strict=True)]),
        "math_verify_false_positives": sum(false(theirs)),
    }
    if arguments.speed:
        result |= speed(arguments.spark, pairs, their_seconds)
    print(json.dumps(result))
    if result["spark_right"] < ENOUGH or result["spark_false_positives"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
