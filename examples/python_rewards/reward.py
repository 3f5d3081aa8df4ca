"""Two reward functions, written as TRL's are: lists in, a list of numbers out.

What a function takes by name besides `prompts` and `completions` are fields of the rows; `**columns` takes the others.
"""

import operator
import re

OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


def correct(completions, answer, **columns):
    """1 where the last box holds the answer, as a number; otherwise 0."""
    return [1.0 if last_box(text) == float(right) else 0.0 for text, right in zip(completions, answer)]


def worked(completions, steps):
    """The share of a problem's calculations that are written out and true, as in "8*7=56."."""
    return [min(1.0, len(true_equations(text)) / count) for text, count in zip(completions, steps)]


def last_box(text):
    boxes = re.findall(r"\\boxed\{\s*(-?\d+(?:\.\d+)?)\s*\}", text)
    return float(boxes[-1]) if boxes else None


def true_equations(text):
    """Every true equation, once however often it is written."""
    found = set(re.findall(r"(?<![\d.])(\d+)\s*([-+*/])\s*(\d+)\s*=\s*(\d+)(?![\d.]*\d)", text))
    return {equation for equation in found if is_true(*equation)}


def is_true(left, operation, right, result):
    return not (operation == "/" and int(right) == 0) and OPERATIONS[operation](int(left), int(right)) == int(result)
