"""The area under the curve by its definition, over all pairs of a positive and a negative; equal scores count half.

Writes tests/fixtures/judge_measures.json: per case the scores, the labels, and the area, or null where one of the two
labels is missing. `sklearn.metrics.roc_auc_score` gives the same and is compared where scikit-learn is installed.
src/eval/ranking.rs compares. Run with numpy installed:

    python tests/oracle/judge_measures.py
"""

import json
from pathlib import Path

import numpy

OUT = Path(__file__).parent.parent / "fixtures" / "judge_measures.json"


def area(scores, labels):
    positive, negative = scores[labels], scores[~labels]
    if len(positive) == 0 or len(negative) == 0:
        return None
    difference = positive[:, None] - negative[None, :]
    return float(numpy.mean((difference > 0) + 0.5 * (difference == 0)))


def cases():
    random = numpy.random.default_rng(22)
    for number in range(40):
        size = int(random.integers(1, 60))
        labels = random.random(size) < random.choice([0.0, 0.1, 0.5, 0.9])
        scores = random.normal(size=size) + labels * random.choice([0.0, 1.0, -1.0])
        # Every other case has ties.
        scores = scores.round(int(number % 4 == 1)) if number % 2 else scores
        yield scores, labels


def main():
    try:
        from sklearn.metrics import roc_auc_score
    except ImportError:
        roc_auc_score = None
    found = []
    for scores, labels in cases():
        expected = area(scores, labels)
        if roc_auc_score and expected is not None:
            assert abs(roc_auc_score(labels, scores) - expected) < 1e-12
        found.append([scores.tolist(), labels.tolist(), expected])
    lines = ",\n".join(json.dumps(case) for case in found)
    OUT.write_text(f'{{"areas": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
