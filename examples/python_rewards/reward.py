"""Two reward functions, written as TRL's are: lists in, a list of numbers out.

What a function takes by name besides `prompts` and `completions` are fields of the rows; `**columns` takes the others.
"""

import re


def correct(completions, answer, **columns):
    """1 where the last box holds the answer, as a number; otherwise 0."""
    return [1.0 if last_box(text) == float(right) else 0.0 for text, right in zip(completions, answer)]


def brief(completions, steps):
    """1 up to thirty characters for each calculation that the problem has, proportionally less for more."""
    return [min(1.0, 30 * count / max(1, len(text))) for text, count in zip(completions, steps)]


def last_box(text):
    boxes = re.findall(r"\\boxed\{\s*(-?\d+(?:\.\d+)?)\s*\}", text)
    return float(boxes[-1]) if boxes else None
