"""Pairs of answers that are equal, or different, by the way they are made.

A category draws what an answer is made of (numbers), gives others that are easily taken for it, a way to write
either, and a way to work out its value. Two spellings of the same are equal; a spelling of another is different where
its value is, to 30 digits. Nothing is parsed. Writes tests/fixtures/math_pairs.jsonl.

    python tests/oracle/math_pairs.py

Other pairs than those of the fixture, and what spark makes of them:

    python tests/oracle/math_pairs.py --seed 7 --pairs 200 --out /tmp/pairs.jsonl --spark target/release/spark
"""

import argparse
import json
import math
import random
from fractions import Fraction
from pathlib import Path

import sympy as sp

from spark_verify import agrees, verdicts

OUT = Path(__file__).parent.parent / "fixtures" / "math_pairs.jsonl"
EQUAL_IN_TEN = 5
PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23]
X, Y = sp.symbols("x y")


# Values

def same(one, other):
    """Whether two values are the same: numbers to 30 digits, expressions at points, what is made of them in turn."""
    if type(one) is not type(other) and not (is_number(one) and is_number(other)):
        return False
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, frozenset):
        return len(one) == len(other) and all(any(same(a, b) for b in other) for a in one)
    if not is_number(one) and not isinstance(one, sp.Expr):
        return one == other
    gap = sp.sympify(one) - sp.sympify(other)
    points = [{}] if not gap.free_symbols else [{X: sp.Rational(7, 3), Y: sp.Rational(13, 11)}, {X: sp.Rational(19, 7), Y: sp.Rational(5, 17)}]
    return all(abs(sp.N(gap.subs(point), 40)) < sp.Float(10) ** -30 for point in points)


def is_number(value):
    return isinstance(value, (int, Fraction)) or (isinstance(value, sp.Expr) and not value.free_symbols)


def rational(value):
    return sp.Rational(value.numerator, value.denominator)


def nonzero(rng, most=9):
    return rng.choice([n for n in range(-most, most + 1) if n])


def fraction(rng, low=-30, high=30, most=12):
    """A fraction in lowest terms that is not whole."""
    while (value := Fraction(rng.randint(low, high), rng.randint(2, most))).denominator == 1:
        pass
    return value


def transposed(n):
    digits = list(str(abs(n)))
    for i in range(len(digits) - 1):
        if digits[i] != digits[i + 1] and not (i == 0 and digits[1] == "0"):
            digits[i], digits[i + 1] = digits[i + 1], digits[i]
            break
    return int("".join(digits)) * (1 if n >= 0 else -1)


def near(n):
    """Whole numbers that are easily taken for n."""
    return [n + 1, n - 1, n * 10, -n, transposed(n), n + 100]


def near_fraction(value):
    p, q = value.numerator, value.denominator
    return [Fraction(p + 1, q), Fraction(q, p), -value, Fraction(p, q + 1), value + 1, Fraction(transposed(p), q)]


# Spellings

def groups(n, separator=","):
    return f"{n:,}".replace(",", separator)


def tex(value, command="frac"):
    value = Fraction(value)
    if value.denominator == 1:
        return str(value.numerator)
    return f"{'-' if value < 0 else ''}\\{command}{{{abs(value.numerator)}}}{{{value.denominator}}}"


def spell_fraction(value):
    value = Fraction(value)
    p, q = value.numerator, value.denominator
    s, a = ("-" if p < 0 else ""), abs(p)
    if q == 1:
        return [str(p), f"{p}.0", f"\\frac{{{2 * p}}}{{2}}"]
    ways = [tex(value), tex(value, "dfrac"), tex(value, "tfrac"), f"{p}/{q}", f"{s}\\frac{{{3 * a}}}{{{3 * q}}}", f"\\frac{{{p}}}{{{q}}}",
            f"\\frac{{{a}}}{{{s}{q}}}", f"{s}{{{a} \\over {q}}}", f"{s}\\left(\\frac{{{a}}}{{{q}}}\\right)", f"\\frac {{{p}}} {{{q}}}", f"{s}({a})/({q})"]
    if a < 10 and q < 10:
        ways += [f"{s}\\frac{a}{q}", f"{s}\\dfrac{a}{{{q}}}", f"{s}\\frac{{{a}}}{q}", f"{s}\\frac {a} {q}", f"{s}\\tfrac{a}{q}"]
    return ways


def signed(n, unknown=""):
    return f"{'+' if n >= 0 else '-'} {'' if abs(n) == 1 and unknown else abs(n)}{unknown}"


def term(n, unknown):
    return {1: unknown, -1: f"-{unknown}"}.get(n, f"{n}{unknown}")


def listed(items, separator=", "):
    return separator.join(map(str, items))


def env(kind, rows):
    return f"\\begin{{{kind}}} " + " \\\\ ".join(" & ".join(map(str, row)) for row in rows) + f" \\end{{{kind}}}"


# Numbers. Each returns (what it is made of, others, spelling, value).

def integers(rng):
    n = rng.choice([-1, 1, 1]) * rng.randint(1000, 10 ** rng.randint(4, 13))
    spell = lambda n: [str(n), groups(n), groups(n, "{,}"), groups(n, "\\,"), groups(n, ",\\!"), groups(n, " "), groups(n, "{,}\\!"), f"{n}.0", f"{groups(n)}.00",
                       f"{n}.", groups(n, "~"), groups(n, "\\ "), groups(n, "\\;"), groups(n, "\u2009"), f"+{n}" if n > 0 else f"\u2212{-n}"]
    return n, near(n), spell, int


def decimals(rng):
    places = rng.randint(2, 5)
    n = rng.choice([-1, 1]) * (rng.randint(1, 99999) * 10 + rng.randint(1, 9))

    def spell(made):
        n, places = made
        text = f"{'-' if n < 0 else ''}{abs(n) // 10 ** places}.{abs(n) % 10 ** places:0{places}d}"
        value = Fraction(n, 10 ** places)
        return [text, text + "0", text + "00", tex(value), f"{n}/{10 ** places}", text.replace("0.", ".") if text.lstrip("-").startswith("0.") else text + "000",
                f"{n} \\times 10^{{-{places}}}", f"\\frac{{{n}}}{{{10 ** places}}}"]
    others = [(m, places) for m in near(n)] + [(n, places + 1), (n, places - 1), (n * 10 + 1, places + 1)]
    return (n, places), others, spell, lambda made: Fraction(made[0], 10 ** made[1])


def repeating_decimals(rng):
    period, lead, whole = rng.choice(["3", "6", "7", "12", "27", "45", "09", "142857", "036"]), rng.choice(["", "1", "25", "0"]), rng.randint(0, 12)
    value = lambda made: made[0] + Fraction(int(made[1] or 0), 10 ** len(made[1])) + Fraction(int(made[2]), 10 ** len(made[1]) * (10 ** len(made[2]) - 1))

    def spell(made):
        whole, lead, period = made
        start = f"{whole}.{lead}"
        return [f"{start}\\overline{{{period}}}", f"{start}\\overline{{{period * 2}}}", tex(value(made)), f"{start}{period}\\overline{{{period}}}",
                f"{start}{period[0]}\\overline{{{period[1:] + period[0]}}}", f"{start}\\bar{{{period}}}"]
    others = [(whole, lead, f"{int(period) + 1:0{len(period)}d}"), (whole + 1, lead, period), (whole, lead + "1", period), (whole, lead + "0", period), (whole, lead, period + "1")]
    return (whole, lead, period), others, spell, value


def cut_decimals(rng):
    """A short decimal is not the fraction that it rounds."""
    value = rng.choice([-1, 1]) * Fraction(rng.randint(1, 50), rng.choice([3, 7, 9, 11, 13, 17]))
    value = value if value.denominator > 1 else value + Fraction(1, 3)
    others = [Fraction(round(value * 10 ** places), 10 ** places) for places in (1, 2, 3, 4)]
    short = lambda v: next(f"{float(v):.{p}f}" for p in range(1, 9) if v * 10 ** p % 1 == 0)
    spell = lambda v: spell_fraction(v) if v == value else [short(v), short(v) + "0", tex(v)]
    return value, others, spell, lambda v: v


def long_decimals(rng):
    """A long decimal stands for the value that it rounds or cuts off; one with another last digit does not."""
    text, value = rng.choice([(f"\\sqrt{{{n}}}", sp.sqrt(n)) for n in PRIMES] + [("\\pi", sp.pi), ("e", sp.E), ("\\frac{2}{7}", sp.Rational(2, 7)), ("\\ln 2", sp.log(2)),
                              ("\\frac{5}{13}", sp.Rational(5, 13)), ("\\sqrt[3]{2}", sp.cbrt(2)), ("\\frac{\\pi}{4}", sp.pi / 4), ("\\sin 1", sp.sin(1))])
    places = rng.randint(6, 12)
    unit = sp.Integer(10) ** places
    rounded, cut = int(sp.floor(value * unit + sp.Rational(1, 2))), int(sp.floor(value * unit))
    write = lambda n: f"{n // 10 ** places}.{n % 10 ** places:0{places}d}"
    long = rng.choice([rounded, cut])
    wrong = [rounded + 2, rounded - 2, cut + 5, transposed(cut) if abs(transposed(cut) - cut) > 2 else cut + 7, rounded + 10]
    spell = lambda made: [text, write(long)] if made == "right" else [write(made)]
    return "right", wrong, spell, str


def scientific(rng):
    mantissa, exponent = rng.randint(11, 99), rng.randint(-9, 12)
    value = lambda made: Fraction(made[0], 10) * Fraction(10) ** made[1]

    def spell(made):
        m, k = f"{made[0] // 10}.{abs(made[0]) % 10}", made[1]
        if made[0] < 0:
            m = f"-{-made[0] // 10}.{-made[0] % 10}"
        return [f"{m} \\times 10^{{{k}}}", f"{m} \\cdot 10^{{{k}}}", f"{m}e{k}", f"{m}E{k}", tex(value(made)), f"{m}*10^{{{k}}}", f"{made[0]} \\times 10^{{{k - 1}}}",
                f"{m}\\times10^{{{k}}}", f"10^{{{k}}} \\times {m}", f"{m} × 10^{{{k}}}", f"{m}*10**({k})"] + ([f"{m} \\times 10^{k}"] if 0 <= k < 10 else [])
    return (mantissa, exponent), [(mantissa, exponent + 1), (mantissa, -exponent), (mantissa + 1, exponent), (-mantissa, exponent), (transposed(mantissa), exponent), (mantissa, 0)], spell, value


def percents(rng):
    value = Fraction(rng.randint(1, 4000), rng.choice([1, 2, 4, 10, 20]))
    spell = lambda v: [f"{float(v):g}\\%", f"{float(v):g}%", f"{float(v):g} \\%", tex(v) + "\\%", f"{float(v):.2f}\\%", f"{float(v):g}\\text{{ percent}}", f"{float(v):g}\\,\\%"]
    return value, [value + 1, value * 10, value / 10, -value, value + Fraction(1, 4), 100 - value], spell, lambda v: v


def currency(rng):
    cents = rng.randint(1, 999) * rng.choice([1, 100, 10_000])
    write = lambda c, comma=",": f"{c // 100:,}".replace(",", comma) + (f".{c % 100:02d}" if c % 100 else "")
    spell = lambda c: [f"\\${write(c)}", f"\\${write(c, '')}", f"\\$ {write(c)}", f"\\${c // 100}.{c % 100:02d}", f"{write(c, '')}\\text{{ dollars}}", f"{write(c)} dollars",
                       f"\\${write(c, '{,}')}", f"\\text{{\\$}}{write(c)}"]
    return cents, [cents + 1, cents * 10, cents * 100, cents + 100, transposed(cents)], spell, int


def mixed_numbers(rng):
    whole, part = rng.randint(1, 20), Fraction(rng.randint(1, 11), 12)

    def spell(made):
        sign, whole, part = made
        p, q, s = part.numerator, part.denominator, "-" if sign < 0 else ""
        value = sign * (whole + part)
        ways = [f"{s}{whole}\\frac{{{p}}}{{{q}}}", f"{s}{whole}\\dfrac{{{p}}}{{{q}}}", tex(value), f"{value.numerator}/{q}", f"{s}{whole} \\tfrac{{{p}}}{{{q}}}", f"{s}{whole}\\,\\frac{{{p}}}{{{q}}}"]
        ways += [f"{s}{whole} {p}/{q}"] if sign > 0 else [f"-({whole} + {p}/{q})"]
        return ways + ([f"{s}{whole}\\frac{p}{q}", f"{s}{whole}\\frac{p}{{{q}}}"] if p < 10 and q < 10 else [])
    sign = rng.choice([1, 1, -1])
    others = [(sign, whole + 1, part), (-sign, whole, part), (sign, whole, 1 - part), (sign, whole * 10, part)]
    return (sign, whole, part), others, spell, lambda made: made[0] * (made[1] + made[2])


def degrees(rng):
    n = rng.randint(2, 359)
    spell = lambda n: [f"{n}^\\circ", f"{n}^{{\\circ}}", f"{n}°", f"{n} ^\\circ", f"{n}\\degree", f"{n}\\text{{ degrees}}", f"{n}.0^\\circ", f"{n}^{{ \\circ }}"]
    return n, near(n) + [180 - n, 360 - n], spell, int


def fractions(rng):
    value = fraction(rng)
    return value, near_fraction(value), spell_fraction, lambda v: v


def big_fractions(rng):
    value = Fraction(rng.randint(10 ** 4, 10 ** 8) * 2 + 1, rng.choice([2 ** 10, 3 ** 9, 10 ** 6 + 3, 997 * 991]))
    return value, near_fraction(value) + [value + Fraction(1, value.denominator)], spell_fraction, lambda v: v


def nested_fractions(rng):
    made = (rng.randint(1, 9), rng.randint(1, 9), rng.randint(2, 9))
    value = lambda m: 1 / (m[0] + Fraction(m[1], m[2]))

    def spell(m):
        a, b, c = m
        return [f"\\frac{{1}}{{{a} + \\frac{{{b}}}{{{c}}}}}", tex(value(m)), f"1/({a} + {b}/{c})", f"\\cfrac{{1}}{{{a} + \\cfrac{{{b}}}{{{c}}}}}", f"({a} + {b}/{c})^{{-1}}",
                f"\\frac{{{c}}}{{{a * c + b}}}", f"\\dfrac{{\\frac{{1}}{{2}}}}{{\\frac{{{a * c + b}}}{{{2 * c}}}}}", f"\\left(\\frac{{{a * c + b}}}{{{c}}}\\right)^{{-1}}", f"\\frac{{1/{a * c + b}}}{{1/{c}}}"]
    a, b, c = made
    return made, [(a + 1, b, c), (a, c, b), (b, a, c), (a, b + 1, c), (c, b, a)], spell, value


def square_roots(rng):
    made = (rng.choice([-1, 1, 1]) * rng.randint(2, 12), rng.choice(PRIMES), rng.choice([1, 1, 2, 3, 5]))
    value = lambda m: sp.Rational(m[0], m[2]) * sp.sqrt(m[1])

    def spell(m):
        k, n, q = m
        s, a = ("-" if k < 0 else ""), abs(k)
        over = lambda text: text if q == 1 else f"\\frac{{{text}}}{{{q}}}"
        return [s + over(f"{a}\\sqrt{{{n}}}"), s + over(f"\\sqrt{{{a * a * n}}}"), f"{s}{tex(Fraction(a, q))}\\sqrt{{{n}}}", f"{s}\\frac{{{a * n}}}{{{q}\\sqrt{{{n}}}}}",
                f"{s}{a}\\cdot {n}^{{1/2}}/{q}", f"{s}{a}*sqrt({n})/{q}", f"{s}{a}√{n}/{q}", f"{s}\\sqrt{{\\frac{{{a * a * n}}}{{{q * q}}}}}", f"{s}{a}\\sqrt{n}/{q}" if n < 10 else f"{s}{a}\\sqrt {{{n}}}/{q}",
                f"{s}\\frac{{{a}}}{{{q}}} \\cdot {n}^{{\\frac12}}", f"{s}{a} \\times \\sqrt{{{n}}} \\div {q}"]
    k, n, q = made
    return made, [(k + 1 if k != -1 else 5, n, q), (-k, n, q), (k, n + 2, q), (n, abs(k), q), (k, n, q + 1), (1, abs(k) * n, q)], spell, value


def nth_roots(rng):
    made = (rng.choice([3, 4, 5, 6]), rng.randint(2, 5), rng.choice([2, 3, 5, 7]))
    value = lambda m: m[1] * sp.Integer(m[2]) ** sp.Rational(1, m[0])
    spell = lambda m: [f"\\sqrt[{m[0]}]{{{m[1] ** m[0] * m[2]}}}", f"{m[1]}\\sqrt[{m[0]}]{{{m[2]}}}", f"{m[1]} \\cdot {m[2]}^{{1/{m[0]}}}", f"{m[1]}\\cdot {m[2]}^{{\\frac{{1}}{{{m[0]}}}}}",
                       f"({m[1] ** m[0] * m[2]})^{{1/{m[0]}}}", f"\\frac{{{m[1] * m[2]}}}{{\\sqrt[{m[0]}]{{{m[2] ** (m[0] - 1)}}}}}", f"{m[1]}\\sqrt[{2 * m[0]}]{{{m[2] ** 2}}}"]
    n, k, p = made
    return made, [(n + 1, k, p), (2, k, p), (n, k + 1, p), (n, p, k), (n, -k, p) if n % 2 else (n, k + 2, p), (n, 1, k * p)], spell, value


def surds(rng):
    made = (rng.randint(1, 9), nonzero(rng, 6), rng.choice(PRIMES))
    value = lambda m: m[0] + m[1] * sp.sqrt(m[2])

    def spell(m):
        a, b, n = m
        root = f"\\sqrt{{{n}}}"
        ways = [f"{a} {signed(b, root)}", f"{term(b, root)} + {a}", f"\\frac{{{2 * a} {signed(2 * b, root)}}}{{2}}", f"{a} {'+' if b > 0 else '-'} \\sqrt{{{b * b * n}}}",
                f"-(-{a} {signed(-b, root)})", f"{a}\\left(1 {signed(b, root)}/{a}\\right)"]
        norm = a * a - b * b * n
        return ways + [f"\\frac{{{norm}}}{{{a} {signed(-b, root)}}}", f"\\frac{{{-norm}}}{{{term(b, root)} - {a}}}"] if norm else ways
    a, b, n = made
    return made, [(a, -b, n), (a + 1, b, n), (abs(b), a if b > 0 else -a, n), (a, b, n + 1), (a + b, 0, 2), (-a, b, n)], lambda m: spell(m) if m[1] and m[0] else [str(m[0])], value


def nested_radicals(rng):
    a, b = rng.sample(PRIMES, 2)
    made = (max(a, b), min(a, b), rng.choice([1, -1]))
    value = lambda m: sp.sqrt(m[0]) + m[2] * sp.sqrt(m[1])

    def spell(m):
        a, b, sign = m
        s = "+" if sign > 0 else "-"
        return [f"\\sqrt{{{a}}} {s} \\sqrt{{{b}}}", f"\\sqrt{{{a + b} {s} 2\\sqrt{{{a * b}}}}}", f"\\sqrt{{{a + b} {s} \\sqrt{{{4 * a * b}}}}}",
                f"\\frac{{{a - b}}}{{\\sqrt{{{a}}} {'-' if sign > 0 else '+'} \\sqrt{{{b}}}}}", f"\\sqrt{{{b}}}\\left(\\sqrt{{{a}/{b}}} {s} 1\\right)"]
    a, b, s = made
    return made, [(a, b, -s), (a + 1, b, s), (a + 1, b - 1, s), (a + b, 0, 1)], lambda m: spell(m) if m[1] else [f"\\sqrt{{{m[0]}}}"], value


def powers(rng):
    made = (rng.choice([-1, 1, 1]) * rng.randint(2, 9), rng.choice([-1, 1, 1]) * rng.randint(2, 9))
    value = lambda m: Fraction(m[0]) ** m[1]

    def spell(m):
        b, k = m
        base = f"({b})" if b < 0 else str(b)
        return [f"{base}^{{{k}}}", tex(value(m)), f"{base} \\cdot {base}^{{{k - 1}}}", f"\\frac{{1}}{{{base}^{{{-k}}}}}", f"\\left({b}\\right)^{{{k}}}", f"\\left(\\frac{{1}}{{{b}}}\\right)^{{{-k}}}",
                f"{base}**({k})", f"({b}^{{{2 * k}}})^{{1/2}}" if b > 0 else f"{base}^{{{k}}}", f"\\frac{{{base}^{{{k + 3}}}}}{{{base}^3}}"]
    b, k = made
    return made, [(b, k + 1), (b, -k), (-b, k), (abs(k) if abs(k) > 1 else 2, abs(b)), (b * 2, k), (b, 2 * k)], spell, value


def rational_powers(rng):
    made = (rng.choice([2, 3, 4, 5, 8, 9, 16, 27, 32]), rng.choice([-1, 1]) * rng.choice([1, 2, 3, 5]), rng.choice([2, 3, 4]))
    value = lambda m: sp.Integer(m[0]) ** sp.Rational(m[1], m[2])
    spell = lambda m: [f"{m[0]}^{{{m[1]}/{m[2]}}}", f"{m[0]}^{{{tex(Fraction(m[1], m[2]))}}}", f"\\left(\\sqrt[{m[2]}]{{{m[0]}}}\\right)^{{{m[1]}}}", f"{m[0]}**({m[1]}/{m[2]})",
                       f"\\sqrt[{m[2]}]{{{m[0] ** m[1]}}}" if m[1] > 0 else f"\\frac{{1}}{{\\sqrt[{m[2]}]{{{m[0] ** -m[1]}}}}}", f"({m[0]}^{{1/{m[2]}}})^{{{m[1]}}}"]
    b, p, q = made
    return made, [(b, -p, q), (b, p, q + 1), (b + 1, p, q), (b, p + 1 or 2, q), (b, q, abs(p))], spell, value


def huge_powers(rng):
    made = (rng.choice([2, 3, 5, 7]), rng.randint(50, 140), 0)
    spell = lambda m: [f"{m[0]}^{{{m[1]}}}{signed(m[2]) if m[2] else ''}", f"{m[0]}^{{{m[1] - 7}}} \\cdot {m[0]}^{{7}}{signed(m[2]) if m[2] else ''}", str(m[0] ** m[1] + m[2]),
                       f"\\frac{{{m[0]}^{{{m[1] + 9}}}}}{{{m[0]}^9}} {signed(m[2])}"]
    b, k, _ = made
    return made, [(b, k, 1), (b, k, -1), (b, k + 1, 0), (b, k - 1, 0), (b, 2 * k, 0)], spell, lambda m: m[0] ** m[1] + m[2]


def logarithms(rng):
    a, b = rng.sample(PRIMES, 2)
    value = lambda m: {"sum": lambda a, b: sp.log(a * b), "change": lambda a, b: sp.log(b) / sp.log(a), "power": lambda a, b: b * sp.log(a), "gap": lambda a, b: sp.log(sp.Rational(a, b))}[m[0]](*m[1:])

    def spell(m):
        kind, a, b = m
        return {"sum": [f"\\ln {a * b}", f"\\ln {a} + \\ln {b}", f"\\ln({a * b})", f"\\ln {b} + \\ln {a}", f"\\ln\\left({a} \\cdot {b}\\right)", f"-\\ln\\frac{{1}}{{{a * b}}}", f"\\log_e {a * b}"],
                "change": [f"\\log_{{{a}}} {b}", f"\\log_{{{a}}}({b})", f"\\frac{{\\ln {b}}}{{\\ln {a}}}", f"\\frac{{1}}{{\\log_{{{b}}} {a}}}", f"\\log_{{{a * a}}} {b * b}", f"\\frac{{\\log_2 {b}}}{{\\log_2 {a}}}", f"\\frac{{\\log_{{10}} {b}}}{{\\log_{{10}} {a}}}"],
                "power": [f"{b}\\ln {a}", f"\\ln {a ** b}", f"\\ln({a}^{{{b}}})", f"\\frac{{{b}}}{{2}} \\ln {a * a}", f"{2 * b}\\ln\\sqrt{{{a}}}"],
                "gap": [f"\\ln {a} - \\ln {b}", f"\\ln\\frac{{{a}}}{{{b}}}", f"\\ln\\left(\\frac{{{a}}}{{{b}}}\\right)", f"-\\ln\\frac{{{b}}}{{{a}}}", f"\\ln({a}/{b})"]}[kind]
    kind = rng.choice(["sum", "change", "power", "gap"])
    return (kind, a, b), [(kind, b, a), (kind, a, b + 1)] + [(k, a, b) for k in ("sum", "change", "power", "gap")], spell, value


def exact_logarithms(rng):
    made = (rng.choice([2, 3, 5, 7, 10]), rng.choice([-1, 1]) * rng.randint(1, 7), rng.choice([1, 2, 3]))
    value = lambda m: Fraction(m[1], m[2])
    spell = lambda m: [f"\\log_{{{m[0] ** m[2]}}} {tex(Fraction(m[0]) ** m[1])}", tex(value(m)), f"\\log_{{{m[0] ** m[2]}}}\\left({tex(Fraction(m[0]) ** m[1])}\\right)", f"\\frac{{\\ln {tex(Fraction(m[0]) ** m[1])}}}{{\\ln {m[0] ** m[2]}}}",
                       f"\\log_{{{m[0] ** m[2]}}} \\left({m[0]}^{{{m[1]}}}\\right)", f"\\ln e^{{{m[1]}/{m[2]}}}"]
    b, p, q = made
    return made, [(b, -p, q), (b, p + 1, q), (b, q, abs(p)), (b, 10 * p, q), (b, p, q + 1)], spell, value


def trigonometry(rng):
    made = (rng.choice(["sin", "cos", "tan"]), rng.choice([30, 45, 60, 120, 135, 150, 210, 225, 240, 300, 315, 330]))
    value = lambda m: getattr(sp, m[0])(sp.pi * sp.Rational(m[1], 180))

    def spell(m):
        name, angle = m
        turn = Fraction(angle, 180)
        p, q = turn.numerator, turn.denominator
        pi = f"\\frac{{{'' if p == 1 else p}\\pi}}{{{q}}}"
        return [f"\\{name} {pi}", f"\\{name}\\left({pi}\\right)", f"\\{name} {angle}^\\circ", f"\\{name}({angle}^{{\\circ}})", sp.latex(value(m)), f"\\{name}\\left({pi} + 2\\pi\\right)", f"\\{name}\\left({pi} - 2\\pi\\right)", f"{name}({p}*pi/{q})"]
    name, angle = made
    return made, [(name, 360 - angle), (name, (angle + 180) % 360), ("cos", angle), ("sin", angle), (name, angle + 15), (name, angle + 1)], lambda m: spell(m) if m[1] % 15 == 0 and m[1] % 30 * (m[1] % 45) == 0 else [f"\\{m[0]} {m[1]}^\\circ"], value


def inverse_trigonometry(rng):
    made = (rng.choice([1, 2, 3, 4, 6]), rng.choice([3, 4, 6]), rng.choice([1, -1]))
    tans = {3: "\\sqrt{3}", 4: "1", 6: "\\frac{\\sqrt{3}}{3}"}
    sins = {3: "\\frac{\\sqrt{3}}{2}", 4: "\\frac{\\sqrt{2}}{2}", 6: "\\frac{1}{2}"}
    value = lambda m: sp.pi * m[0] * m[2] / m[1]

    def spell(m):
        k, q, s = m
        sign, times = ("-" if s < 0 else ""), "" if k == 1 else str(k)
        part = Fraction(k, q)
        pi = f"{'' if part.numerator == 1 else part.numerator}\\pi" + (f"/{part.denominator}" if part.denominator > 1 else "")
        return [f"{sign}{times}\\arctan{tans[q]}" if q == 3 else f"{sign}{times}\\arctan\\left({tans[q]}\\right)", f"{sign}{times}\\tan^{{-1}}\\left({tans[q]}\\right)", f"{sign}{times}\\arcsin\\left({sins[q]}\\right)", f"{sign}{times}\\sin^{{-1}}\\left({sins[q]}\\right)", sign + pi,
                f"{sign}{times}\\frac{{\\pi}}{{{q}}}"]
    k, q, s = made
    return made, [(k, q, -s), (k + 1, q, s), (k, {3: 4, 4: 6, 6: 3}[q], s), (2 * k, q, s)], spell, value


def factorials(rng):
    made = (rng.randint(4, 14), 0)
    spell = lambda m: [f"{m[0]}!{signed(m[1]) if m[1] else ''}", str(math.factorial(m[0]) + m[1]), groups(math.factorial(m[0]) + m[1]), f"{m[0]} \\cdot {m[0] - 1}! {signed(m[1])}", f"\\frac{{{m[0] + 1}!}}{{{m[0] + 1}}} {signed(m[1])}",
                       f"({m[0]})! {signed(m[1])}", f"{m[0] - 1}! \\times {m[0]} {signed(m[1])}"]
    n = made[0]
    return made, [(n + 1, 0), (n - 1, 0), (n, 1), (n, -1), (n, n)], spell, lambda m: math.factorial(m[0]) + m[1]


def binomials(rng):
    n = rng.randint(5, 24)
    made = (n, rng.randint(2, n - 3))
    spell = lambda m: [f"\\binom{{{m[0]}}}{{{m[1]}}}", str(math.comb(*m)), f"\\dbinom{{{m[0]}}}{{{m[1]}}}", f"\\frac{{{m[0]}!}}{{{m[1]}! \\cdot {m[0] - m[1]}!}}", f"\\frac{{{m[0]}!}}{{{m[1]}!({m[0]}-{m[1]})!}}", f"\\binom{{{m[0]}}}{{{m[0] - m[1]}}}",
                       f"{{{m[0]} \\choose {m[1]}}}", f"\\tbinom{{{m[0]}}}{{{m[1]}}}", groups(math.comb(*m)), f"\\binom{{{m[0] - 1}}}{{{m[1]}}} + \\binom{{{m[0] - 1}}}{{{m[1] - 1}}}"]
    n, k = made
    return made, [(n + 1, k), (n, k + 1), (n - 1, k), (n, k - 1), (n + 1, k + 1)], spell, lambda m: math.comb(*m)


def constants(rng):
    made = (fraction(rng, -20, 20), rng.choice([1, 1, 2, -1]), rng.choice(["\\pi", "e"]))
    value = lambda m: rational(m[0]) * {"\\pi": sp.pi, "e": sp.E}[m[2]] ** m[1]

    def spell(m):
        part, k, name = m
        p, q, s = abs(part.numerator), part.denominator, "-" if part < 0 else ""
        power = name if k == 1 else f"{name}^{{{k}}}"
        ways = [f"{s}\\frac{{{p}}}{{{q}}}{power}", f"{s}\\frac{{{p}}}{{{q}}} \\cdot {power}", f"{s}{p}{power}/{q}", f"{s}\\frac{{{2 * p}{power}}}{{{2 * q}}}", f"{power} \\cdot {tex(part)}" if s == "" else f"{power} \\cdot ({tex(part)})", f"{s}\\dfrac{{{p} {power}}}{{{q}}}"]
        return ways + ([f"{s}\\frac{{{p}}}{{{q}{name}}}", f"{s}{p}/({q}{name})"] if k == -1 else [])
    part, k, name = made
    return made, [(part, k + 1 or 2, name), (-part, k, name), (1 / part, k, name), (part + 1, k, name), (part, k, "e" if name != "e" else "\\pi"), (part, -k, name)], spell, value


def mixed_constants(rng):
    made = (nonzero(rng, 12), nonzero(rng, 12), rng.choice([1, 2, 3]))
    value = lambda m: (m[0] + m[1] * sp.pi) / m[2]
    over = lambda text, q: text if q == 1 else f"\\frac{{{text}}}{{{q}}}"
    spell = lambda m: [over(f"{m[0]} {signed(m[1], chr(92) + 'pi')}", m[2]), over(term(m[1], "\\pi") + f" {signed(m[0])}", m[2]), f"{tex(Fraction(m[1], m[2]))}\\pi {'+' if m[0] > 0 else '-'} {tex(abs(Fraction(m[0], m[2])))}",
                       f"({m[0]} + {m[1]}π)/{m[2]}" if m[1] > 0 else f"({m[0]} - {-m[1]}π)/{m[2]}", f"-\\frac{{{-m[0]} {signed(-m[1])}\\pi}}{{{m[2]}}}"]
    a, b, q = made
    return made, [(b, a, q), (a, -b, q), (-a, b, q), (a + 1, b, q), (a, b, q + 1)], spell, value


def complex_numbers(rng):
    made = (nonzero(rng), nonzero(rng))
    value = lambda m: m[0] + m[1] * sp.I
    spell = lambda m: [f"{m[0]} {signed(m[1], 'i')}", f"{term(m[1], 'i')} {signed(m[0])}", f"{m[0]}{signed(m[1])}\\mathrm{{i}}", f"({m[0]} {signed(m[1], 'i')})", f"i({m[1]} {signed(-m[0], 'i')})", f"\\frac{{{m[0] ** 2 + m[1] ** 2}}}{{{m[0]} {signed(-m[1], 'i')}}}",
                       f"\\frac{{{2 * m[0]} {signed(2 * m[1], 'i')}}}{{2}}", f"{m[0]} {'+' if m[1] > 0 else '-'} i \\cdot {abs(m[1])}", f"\\overline{{{m[0]} {signed(-m[1], 'i')}}}", f"{m[0]} {'+' if m[1] > 0 else '-'} {abs(m[1])}\\sqrt{{-1}}"]
    a, b = made
    return made, [(a, -b), (b, a), (-a, b), (a + 1, b), (a, b + 1), (-a, -b)], lambda m: spell(m) if m[0] and m[1] else [f"{m[0]} + {m[1]}i"], value


def complex_fractions(rng):
    made = (nonzero(rng), nonzero(rng), rng.randint(2, 7))
    value = lambda m: (m[0] + m[1] * sp.I) / m[2]
    spell = lambda m: [f"\\frac{{{m[0]} {signed(m[1], 'i')}}}{{{m[2]}}}", f"{tex(Fraction(m[0], m[2]))} {'+' if m[1] > 0 else '-'} {tex(abs(Fraction(m[1], m[2])))}i", f"({m[0]} {signed(m[1], 'i')})/{m[2]}",
                       f"\\frac{{{m[0]}i {signed(-m[1])}}}{{{m[2]}i}}", f"\\frac{{1}}{{{m[2]}}}({m[0]} {signed(m[1], 'i')})", f"\\frac{{{m[0]}}}{{{m[2]}}} {'+' if m[1] > 0 else '-'} \\frac{{{abs(m[1])}i}}{{{m[2]}}}"]
    a, b, q = made
    return made, [(a, -b, q), (b, a, q), (a, b, q + 1), (-a, b, q), (a + 1, b, q)], spell, value


def polar_numbers(rng):
    made = (rng.choice([1, 2, 3, 5]), rng.choice([30, 45, 60, 90, 120, 135, 150]))
    value = lambda m: m[0] * sp.exp(sp.I * sp.pi * sp.Rational(m[1], 180))

    def spell(m):
        r, angle = m
        turn = Fraction(angle, 180)
        pi = f"{'' if turn.numerator == 1 else turn.numerator}\\pi"
        times = "" if r == 1 else str(r)
        return [f"{times}e^{{{pi} i/{turn.denominator}}}", f"{times}e^{{\\frac{{{pi}}}{{{turn.denominator}}}i}}", f"{r}\\left(\\cos\\frac{{{pi}}}{{{turn.denominator}}} + i\\sin\\frac{{{pi}}}{{{turn.denominator}}}\\right)", sp.latex(sp.expand(value(m), complex=True)),
                f"{times}e^{{i{pi}/{turn.denominator}}}", f"{times}e^{{i\\left(\\frac{{{pi}}}{{{turn.denominator}}} + 2\\pi\\right)}}"]
    r, angle = made
    return made, [(r, 180 - angle), (r + 1, angle), (r, 360 - angle), (r, 180 + angle)], spell, value


def absolute_values(rng):
    n, m = rng.sample(range(2, 99), 2)
    spell = lambda k: [f"|{k}|" if k >= 0 else str(k), f"\\left|{k}\\right|" if k >= 0 else f"-|{k}|", f"\\lvert {k} \\rvert" if k >= 0 else f"-\\lvert {-k} \\rvert", str(k), f"|{n} - {n + k}|" if k >= 0 else f"-|{n} - {n - k}|",
                       f"|{-k}|" if k >= 0 else f"-\\left|{k}\\right|", f"\\left|\\frac{{{-2 * k}}}{{2}}\\right|" if k >= 0 else f"-|2 \\cdot {-k}|/2", f"|3\\cdot {k}| - |{2 * k}|" if k >= 0 else f"|{k}| - 2|{k}|"]
    value = abs(n - m)
    return value, [-value, value + 1, n + m, value * 10], spell, int


def moduli(rng):
    made = rng.choice([(3, 4), (5, 12), (1, 1), (1, 2), (2, 3), (8, 15), (1, 3), (4, 6)])
    value = lambda m: sp.sqrt(m[0] ** 2 + m[1] ** 2)
    spell = lambda m: [f"|{m[0]} + {m[1]}i|", f"\\left|{m[0]} - {m[1]}i\\right|", f"\\sqrt{{{m[0] ** 2 + m[1] ** 2}}}", f"\\sqrt{{{m[0]}^2 + {m[1]}^2}}", f"|{m[1]} + {m[0]}i|", sp.latex(value(m)), f"\\lvert -{m[0]} + {m[1]}i \\rvert"]
    a, b = made
    return made, [(a + 1, b), (a, b + 1), (a + b, 0), (2 * a, 2 * b)], lambda m: spell(m) if m[1] else [str(m[0])], value


def floors(rng):
    made = fraction(rng, -99, 99)
    spell = lambda v: [f"\\lfloor {tex(v)} \\rfloor", str(math.floor(v)), f"\\left\\lfloor {tex(v)} \\right\\rfloor", f"\\lceil {tex(v)} \\rceil - 1", f"-\\lceil {tex(-v)} \\rceil", f"\\left\\lfloor {tex(v, 'dfrac')} \\right\\rfloor"]
    return made, [made + 1, made - 1, -made, made * 2, made * 10], lambda v: spell(v) if v.denominator > 1 else [str(v)], math.floor


def sums(rng):
    made = (rng.randint(0, 3), rng.randint(5, 25), rng.choice([1, 2, 3]))
    value = lambda m: sum(i ** m[2] for i in range(m[0], m[1] + 1))

    def spell(m):
        a, b, k = m
        power = "" if k == 1 else f"^{k}"
        return [f"\\sum_{{i={a}}}^{{{b}}} i{power}", f"\\sum_{{n={a}}}^{{{b}}} n{power}", str(value(m)), f"\\sum_{{k={a + 1}}}^{{{b + 1}}} (k-1){power}", f"\\sum\\limits_{{j={a}}}^{{{b}}} j{power}", f"\\sum_{{i={a}}}^{{{b - 1}}} i{power} + {b}{power}"]
    a, b, k = made
    return made, [(a, b + 1, k), (a, b, k + 1), (a + 2, b, k), (a, b - 1, k)], spell, value


def geometric_sums(rng):
    made = (rng.choice([2, 3, 4, 5]), rng.randint(3, 9))
    value = lambda m: sum(Fraction(1, m[0] ** i) for i in range(m[1] + 1))
    spell = lambda m: [f"\\sum_{{i=0}}^{{{m[1]}}} \\frac{{1}}{{{m[0]}^i}}", tex(value(m)), f"\\sum_{{k=0}}^{{{m[1]}}} \\left(\\frac{{1}}{{{m[0]}}}\\right)^k", f"\\frac{{1 - \\left(\\frac{{1}}{{{m[0]}}}\\right)^{{{m[1] + 1}}}}}{{1 - \\frac{{1}}{{{m[0]}}}}}",
                       f"\\sum_{{i=0}}^{{{m[1]}}} {m[0]}^{{-i}}"]
    b, n = made
    return made, [(b, n + 1), (b, n - 1), (b + 1, n)], lambda m: spell(m), value


def products(rng):
    made = (rng.randint(1, 3), rng.randint(4, 9), 0)
    value = lambda m: math.prod(range(m[0], m[1] + 1)) + m[2]
    tail = lambda m: f" {signed(m[2])}" if m[2] else ""
    spell = lambda m: [f"\\prod_{{i={m[0]}}}^{{{m[1]}}} i{tail(m)}", " \\cdot ".join(map(str, range(m[0], m[1] + 1))) + tail(m), str(value(m)), f"\\prod_{{k={m[0] - 1}}}^{{{m[1] - 1}}} (k+1){tail(m)}", " \\times ".join(map(str, range(m[1], m[0] - 1, -1))) + tail(m),
                       f"\\frac{{{m[1]}!}}{{{m[0] - 1}!}}{tail(m)}", "".join(f"({i})" for i in range(m[0], m[1] + 1)) + tail(m)]
    a, b, _ = made
    return made, [(a, b + 1, 0), (a + 2, b, 0), (a, b - 1, 0), (a, b, 1), (a, b, -1)], spell, value


# Algebra

def polynomials(rng):
    made = (rng.randint(1, 4), nonzero(rng), nonzero(rng), rng.choice("xytn"))
    value = lambda m: (m[3], sp.expand((m[0] * X + m[1]) * (X + m[2])))

    def spell(m):
        a, b, c, x = m
        s, p = a * c + b, b * c
        first = f"({term(a, x)} {signed(b)})"
        middle = f" {signed(s, x)}" if s else ""
        return [f"{first}({x} {signed(c)})", f"({x} {signed(c)}){first}", f"{term(a, x + '^2')}{middle} {signed(p)}", f"{p}{middle} + {term(a, x + '^{2}')}", f"{x}({term(a, x)} {signed(s)}) {signed(p)}", f"{first}{x} {signed(c)}{first}", f"{first}\\cdot({x} {signed(c)})",
                f"({-a}{x} {signed(-b)})({-c} - {x})", f"{a}*{x}**2 {signed(s)}*{x} {signed(p)}", f"{a}{x}² {signed(s)}{x} {signed(p)}", f"-({term(-a, x + '^2')} {signed(-s, x) if s else ''} {signed(-p)})"]
    a, b, c, x = made
    return made, [(a, -b, c, x), (a, b, -c, x), (a, -b, -c, x), (a + 1, b, c, x), (a, c, b, x), (a, b, c, "z")], spell, value


def cubics(rng):
    made = (nonzero(rng, 5), nonzero(rng, 5), nonzero(rng, 5))
    value = lambda m: sp.expand((X - m[0]) * (X - m[1]) * (X - m[2]))

    def spell(m):
        a, b, c = (sum(m), m[0] * m[1] + m[0] * m[2] + m[1] * m[2], m[0] * m[1] * m[2])
        factors = [f"(x {signed(-r)})" for r in m]
        return ["".join(factors), "".join(reversed(factors)), f"x^3 {signed(-a)}x^2 {signed(b)}x {signed(-c)}", f"{-c} {signed(b)}x {signed(-a)}x^2 + x^3", f"x(x(x {signed(-a)}) {signed(b)}) {signed(-c)}", f"{factors[0]}(x^2 {signed(-m[1] - m[2])}x {signed(m[1] * m[2])})", f"-({m[0]} - x){factors[1]}{factors[2]}"]
    a, b, c = made
    return made, [(-a, b, c), (-a, -b, -c), (a + 1 or 7, b, c), (a, a, c), (a, b, c + 1 or 8)], spell, value


def two_unknowns(rng):
    made = (rng.randint(1, 6), nonzero(rng, 6))
    value = lambda m: sp.expand((m[0] * X + m[1] * Y) ** 2)

    def spell(m):
        a, b = m
        return [f"({term(a, 'x')} {signed(b, 'y')})^2", f"{term(a * a, 'x^2')} {signed(2 * a * b)}xy {signed(b * b, 'y^2')}", f"{b * b}y^2 {signed(2 * a * b)}yx + {a * a}x^2", f"({-a}x {signed(-b)}y)^{{2}}", f"({term(a, 'x')} {signed(b, 'y')})({term(b, 'y')} {signed(a, 'x')})", f"{a * a}x^2 + {b * b}y^2 {signed(2 * a * b)} x \\cdot y",
                f"{term(a * a, 'x^2')} {signed(b, 'y')}({2 * a}x {signed(b, 'y')})"]
    a, b = made
    return made, [(a, -b), (a + 1, b), (abs(b), a if b > 0 else -a), (a, b + 1 or 2)], spell, value


def rational_expressions(rng):
    made = (rng.randint(1, 9), nonzero(rng), nonzero(rng))
    value = lambda m: m[0] / (X + m[1]) + 1 / (X + m[2])

    def spell(m):
        k, a, b = m
        top, low = f"{k + 1}x {signed(k * b + a)}", f"x^2 {signed(a + b)}x {signed(a * b)}"
        return [f"\\frac{{{k}}}{{x {signed(a)}}} + \\frac{{1}}{{x {signed(b)}}}", f"\\frac{{1}}{{x {signed(b)}}} + \\frac{{{k}}}{{x {signed(a)}}}", f"\\frac{{{top}}}{{(x {signed(a)})(x {signed(b)})}}", f"\\frac{{{top}}}{{{low}}}", f"({top})/({low})", f"\\frac{{-({top})}}{{-({low})}}",
                f"\\dfrac{{({top})(x + 20)}}{{({low})(x + 20)}}", f"({top})(x {signed(a)})^{{-1}}(x {signed(b)})^{{-1}}"]
    k, a, b = made
    return made, [(k, -a, b), (k + 1, a, b), (k, b, a), (k, a, b + 1 or 5), (k, -a, -b)], spell, value


def radical_expressions(rng):
    made = (rng.randint(2, 9), nonzero(rng), rng.choice([2, 3]))
    value = lambda m: m[0] * (X ** 2 + m[1] + 20) ** sp.Rational(1, m[2])
    root = lambda text, q: f"\\sqrt{{{text}}}" if q == 2 else f"\\sqrt[{q}]{{{text}}}"
    spell = lambda m: [f"{m[0]}{root(f'x^2 + {m[1] + 20}', m[2])}", f"{m[0]}({m[1] + 20} + x^2)^{{1/{m[2]}}}", root(f"{m[0] ** m[2]}x^2 + {m[0] ** m[2] * (m[1] + 20)}", m[2]), f"{root(f'x^2 + {m[1] + 20}', m[2])} \\cdot {m[0]}",
                       f"{m[0]}\\left(x^{{2}}+{m[1] + 20}\\right)^{{\\frac{{1}}{{{m[2]}}}}}"]
    k, a, q = made
    return made, [(k + 1, a, q), (k, a + 1, q), (k, a, 5 - q), (k, -a, q)], spell, value


def exponentials(rng):
    made = (rng.randint(2, 9), nonzero(rng), nonzero(rng))
    value = lambda m: m[0] * sp.exp(m[1] * X + m[2])
    spell = lambda m: [f"{m[0]}e^{{{term(m[1], 'x')} {signed(m[2])}}}", f"{m[0]}\\exp({term(m[1], 'x')} {signed(m[2])})", f"{m[0]}e^{{{m[2]}}}e^{{{term(m[1], 'x')}}}", f"e^{{{m[2]} {signed(m[1], 'x')}}} \\cdot {m[0]}", f"\\frac{{{m[0]}}}{{e^{{{term(-m[1], 'x')} {signed(-m[2])}}}}}", f"{m[0]}e^{{{m[2]}}}(e^x)^{{{m[1]}}}"]
    k, a, b = made
    return made, [(k + 1, a, b), (k, -a, b), (k, b, a), (k, a, b + 1), (k, a + 1, b)], spell, value


def trigonometric_identities(rng):
    made = (rng.choice(["sin2", "cos2", "one", "tan"]), rng.randint(1, 6))
    value = lambda m: m[1] * {"sin2": sp.sin(2 * X), "cos2": sp.cos(2 * X), "one": sp.Integer(1) + 0 * X, "tan": sp.tan(X)}[m[0]]

    def spell(m):
        kind, k = m
        t = "" if k == 1 else str(k)
        return {"sin2": [f"{t}\\sin 2x", f"{t}\\sin(2x)", f"{2 * k}\\sin x\\cos x", f"{2 * k}\\cos(x)\\sin(x)"], "cos2": [f"{t}\\cos 2x", f"{t}\\cos(2x)", f"{k}(1 - 2\\sin^2 x)", f"{k}(\\cos^2 x - \\sin^2 x)", f"{2 * k}\\cos^2 x - {k}", f"{2 * k}(\\cos x)^2 - {k}"],
                "one": [f"{t}\\sin^2 x + {t}\\cos^2 x", str(k), f"{k}(\\sin^2(x) + \\cos^2(x))"], "tan": [f"{t}\\tan x", f"\\frac{{{t}\\sin x}}{{\\cos x}}", f"{k}\\tan(x)", f"\\frac{{{k}}}{{\\cot x}}", f"{t}\\sin x\\sec x"]}[kind]
    kind, k = made
    return made, [(other, k) for other in ("sin2", "cos2", "one", "tan")] + [(kind, k + 1), (kind, -k)], spell, value


# Collections

def sets(rng):
    items = rng.sample(range(-20, 30), rng.randint(2, 5))
    join = lambda v: listed(sorted(v))
    spell = lambda v: [f"\\{{{join(v)}\\}}", f"\\{{{listed(reversed(sorted(v)))}\\}}", f"\\left\\{{{listed(sorted(v, key=abs), ',')}\\right\\}}", f"\\lbrace {join(v)} \\rbrace", f"\\{{ {listed(f'{i}.0' for i in sorted(v))} \\}}", f"\\{{{listed(list(v) + [max(v)])}\\}}", f"\\{{{listed(f'{chr(92)}frac{{{2 * i}}}{{2}}' for i in v)}\\}}"]
    return frozenset(items), [frozenset(items[1:]), frozenset(items + [77]), frozenset(items[1:] + [items[0] + 60]), frozenset(-i for i in items), frozenset([*items[:-1], items[-1] - 70])], lambda v: spell(v) if v else ["\\emptyset"], lambda v: v


def sets_of_fractions(rng):
    items = [fraction(rng, 1, 15) for _ in range(rng.randint(2, 3))]
    spell = lambda v: [f"\\{{{listed(map(tex, v))}\\}}", f"\\left\\{{{listed((tex(i, 'dfrac') for i in reversed(v)))}\\right\\}}", f"\\{{{listed(map(str, v))}\\}}", f"\\{{{listed(spell_fraction(i)[4] if i.denominator > 1 else i for i in v)}\\}}"]
    return tuple(items), [tuple(items[1:]), tuple([1 / items[0], *items[1:]]), tuple(-i for i in items), (*items, Fraction(99)), tuple([items[0] + 1, *items[1:]])], spell, frozenset


def tuples(rng):
    items = tuple(Fraction(n, 2) for n in rng.sample(range(-9, 10), rng.choice([2, 3, 4])))
    spell = lambda v: [f"({listed(map(tex, v))})", f"\\left({listed(tex(i, 'dfrac') for i in v)}\\right)", f"({listed(map(str, v), ' , ')})", f"\\left( {listed(map(float, v))} \\right)", f"\\bigl({listed(map(tex, v), ',')}\\bigr)", f"({listed(map(tex, v), ',~')})"]
    return items, [items[::-1], (*items[:-1], items[-1] + 1), (*items, Fraction(0)), tuple(-i for i in items), (items[1], items[0], *items[2:]), items[:-1] if len(items) > 2 else (items[0], 1 / Fraction(7))], spell, lambda v: v


def points(rng):
    made = (rng.randint(1, 9), rng.choice(PRIMES), rng.randint(2, 7))
    value = lambda m: (m[0] + sp.sqrt(m[1]), sp.pi / m[2])
    spell = lambda m: [f"({m[0]} + \\sqrt{{{m[1]}}}, \\frac{{\\pi}}{{{m[2]}}})", f"\\left(\\sqrt{{{m[1]}}} + {m[0]}, \\frac{{1}}{{{m[2]}}}\\pi\\right)", f"\\left({m[0]} + {m[1]}^{{1/2}}, \\pi/{m[2]}\\right)", f"({m[0]}+sqrt({m[1]}), pi/{m[2]})"]
    a, n, q = made
    return made, [(a + 1, n, q), (a, n + 1, q), (a, n, q + 1), (q, n, a)], spell, value


def vectors(rng):
    items = tuple(rng.sample(range(-9, 10), rng.choice([2, 3])))
    spell = lambda v: [env("pmatrix", [[i] for i in v]), env("bmatrix", [[i] for i in v]), env("pmatrix", [[i] for i in v]).replace(" ", ""), env("pmatrix", [[f"{i}.0"] for i in v]), "\\left(" + env("array", [[i] for i in v]).replace("{array}", "{array}{c}", 1) + "\\right)",
                       "\\left[" + env("matrix", [[i] for i in v]) + "\\right]", env("bmatrix", [[f"\\frac{{{2 * i}}}{{2}}"] for i in v])]
    return items, [items[::-1], items[1:] + items[:1], tuple(-i for i in items), (items[0] + 1, *items[1:]), (*items, 0)], spell, lambda v: v


def matrices(rng):
    rows, columns = rng.choice([(2, 2), (2, 3), (3, 3), (3, 2)])
    made = tuple(tuple(rng.randint(-9, 9) for _ in range(columns)) for _ in range(rows))
    array = lambda m: env("array", m).replace("{array}", f"{{array}}{{{'c' * len(m[0])}}}", 1)
    spell = lambda m: [env("pmatrix", m), env("bmatrix", m), f"\\left({array(m)}\\right)", f"\\left[{array(m)}\\right]", env("pmatrix", m).replace(" ", ""), env("bmatrix", [[f"\\frac{{{3 * i}}}{{3}}" for i in row] for row in m]), f"\\left(\\begin{{matrix}}{listed((listed(r, '&') for r in m), chr(92) * 2)}\\end{{matrix}}\\right)",
                       env("pmatrix", [[f"{i}.0" for i in row] for row in m]), env("pmatrix", m).replace(" \\end", " \\\\ \\end")]
    swapped = (made[1], made[0], *made[2:])
    return made, [tuple(zip(*made, strict=True)), swapped, tuple(tuple(-i for i in row) for row in made), made[:-1], ((made[0][0] + 1, *made[0][1:]), *made[1:]), tuple(row[::-1] for row in made)], spell, lambda m: m


def ends(rng):
    low = Fraction(rng.randint(-40, 20), rng.choice([1, 1, 2, 3]))
    return low, low + Fraction(rng.randint(1, 60), rng.choice([1, 1, 2, 5]))


def interval_neighbours(made):
    left, low, high, right = made
    flip = {"(": "[", "[": "(", ")": "]", "]": ")"}
    return [(flip[left], low, high, right), (left, low, high, flip[right]), (left, low - 1, high, right), (left, low, high + 1, right), (left, -high, -low, right), (left, low, high + Fraction(1, 10), right)]


def intervals(rng):
    low, high = ends(rng)
    left, right = rng.choice([("(", "]"), ("[", ")"), ("[", "]")])
    spell = lambda m: [f"{m[0]}{tex(m[1])}, {tex(m[2])}{m[3]}", f"\\left{m[0]}{tex(m[1], 'dfrac')}, {tex(m[2])}\\right{m[3]}", f"{m[0]}{m[1]},{m[2]}{m[3]}", f"x \\in {m[0]}{tex(m[1])}, {tex(m[2])}{m[3]}"]
    # An open interval looks like a pair: the neighbour is written as a relation.
    relation = lambda m: [f"{tex(m[1])} < x < {tex(m[2])}", f"x \\in ({tex(m[1])}, {tex(m[2])})"]
    return (left, low, high, right), interval_neighbours((left, low, high, right)), lambda m: relation(m) if m[0] + m[3] == "()" else spell(m), lambda m: m


def inequalities(rng):
    low, high = ends(rng)
    made = (*rng.choice([("(", ")"), ("(", "]"), ("[", "]"), ("[", ")")]),)
    made = (made[0], low, high, made[1])

    def spell(m):
        less, upto = ("\\le" if m[0] == "[" else "<"), ("\\le" if m[3] == "]" else "<")
        more, downto = less.replace("\\le", "\\ge").replace("<", ">"), upto.replace("\\le", "\\ge").replace("<", ">")
        a, b = tex(m[1]), tex(m[2])
        return [f"{a} {less} x {upto} {b}", f"{b} {downto} x {more} {a}", f"x \\in {m[0]}{a}, {b}{m[3]}", f"x {more} {a} \\text{{ and }} x {upto} {b}", f"{a} {less.replace('le', 'leq')} x {upto.replace('le', 'leq')} {b}", f"{a} {less.replace(chr(92) + 'le', '≤')} x {upto.replace(chr(92) + 'le', '≤')} {b}",
                f"{tex(2 * m[1])} {less.replace('le', 'leqslant')} 2x {upto} {tex(2 * m[2])}", f"{tex(-m[2])} {upto} -x {less} {tex(-m[1])}", f"{tex(m[1] + 1)} {less} x + 1 {upto} {tex(m[2] + 1)}"]
    return made, interval_neighbours(made), spell, lambda m: m


def rays(rng):
    made = (rng.choice([">", "<", "\\ge", "\\le"]), Fraction(rng.randint(-30, 30), rng.choice([1, 1, 2, 3])))
    flip = {">": "<", "<": ">", "\\ge": "\\le", "\\le": "\\ge"}

    def spell(m):
        relation, n = m
        ray = {">": f"({tex(n)}, \\infty)", "<": f"(-\\infty, {tex(n)})", "\\ge": f"[{tex(n)}, \\infty)", "\\le": f"(-\\infty, {tex(n)}]"}[relation]
        return [f"x {relation} {tex(n)}", f"{tex(n)} {flip[relation]} x", f"x \\in {ray}", ray, ray.replace(", \\infty", ", +\\infty"), f"-x {flip[relation]} {tex(-n)}", f"3x {relation} {tex(3 * n)}", f"x - {tex(n)} {relation} 0" if n >= 0 else f"x + {tex(-n)} {relation} 0",
                f"x {relation.replace('le', 'leq').replace('ge', 'geq')} {tex(n)}", f"\\{{x : x {relation} {tex(n)}\\}}", f"\\{{x \\mid x {relation} {tex(n)}\\}}"]
    relation, n = made
    strict = {">": "\\ge", "<": "\\le", "\\ge": ">", "\\le": "<"}
    return made, [(strict[relation], n), (flip[relation], n), (relation, n + 1), (relation, -n), (relation, n + Fraction(1, 10)), (flip[relation], -n)], spell, lambda m: m


def unions(rng):
    made = (*sorted(rng.sample(range(-20, 20), 3)), rng.choice("(["), rng.choice("])"))

    def spell(m):
        a, b, c, left, right = m
        upto, more, less = ("\\le" if right == "]" else "<"), ("\\ge" if left == "[" else ">"), ("\\le" if left == "[" else "<")
        return [f"(-\\infty, {a}) \\cup {left}{b}, {c}{right}", f"{left}{b}, {c}{right} \\cup (-\\infty, {a})", f"\\left(-\\infty, {a}\\right) \\cup \\left{left}{b}, {c}\\right{right}", f"x \\in (-\\infty,{a}) \\cup {left}{b},{c}{right}", f"x < {a} \\text{{ or }} {b} {less} x {upto} {c}",
                f"(-\\infty, {a})∪{left}{b}, {c}{right}"]
    a, b, c, left, right = made
    flip = {"(": "[", "[": "(", ")": "]", "]": ")"}
    return made, [(a, b, c, flip[left], right), (a, b, c, left, flip[right]), (a, b, c + 1, left, right), (a - 1, b, c, left, right), (-c, -b, -a, left, right)], spell, lambda m: m


def joined_inequalities(rng):
    """What lies outside two numbers; with "and" for "or", nothing does."""
    made = (*sorted(rng.sample(range(-20, 20), 2)), "or")

    def spell(m):
        a, b, word = m
        ways = [f"x < {a} \\text{{ {word} }} x > {b}", f"x > {b} \\text{{ {word} }} x < {a}", f"{a} > x \\text{{ {word} }} {b} < x", f"x < {a} {word} x > {b}"]
        return ways + ([f"(-\\infty, {a}) \\cup ({b}, \\infty)", f"x \\in ({b}, \\infty) \\cup (-\\infty, {a})", f"x < {a} \\lor x > {b}"] if word == "or" else [])
    a, b, _ = made
    return made, [(a, b, "and"), (a - 1, b, "or"), (a, b + 1, "or"), (-b, -a, "or")], spell, lambda m: m if m[2] == "or" else ()


def holes(rng):
    made = frozenset(rng.sample(range(-12, 13), rng.choice([1, 2])))

    def spell(m):
        cuts = sorted(m)
        edges = ["-\\infty", *map(str, cuts), "\\infty"]
        pieces = " \\cup ".join(f"({a}, {b})" for a, b in zip(edges, edges[1:]))
        return [pieces, f"\\mathbb{{R}} \\setminus \\{{{listed(cuts)}\\}}", f"x \\in {pieces}", f"\\mathbb{{R}} \\setminus \\{{{listed(reversed(cuts))}\\}}"] + ([f"x \\ne {cuts[0]}", f"x \\neq {cuts[0]}"] if len(cuts) == 1 else [])
    items = sorted(made)
    return made, [frozenset([*items[1:], 40]), frozenset([*items, 50]), frozenset([*items[:-1], items[-1] + 30])], spell, lambda m: m


# Relations

def assignments(rng):
    made = (rng.choice(["x", "y", "n", "\\theta", "x_1", "f(2)", "AB", "S_{10}", "\\angle ABC", "P(A)", "k", "a_{n}"]), Fraction(rng.randint(-99, 99), rng.choice([1, 1, 2, 3, 7])))
    spell = lambda m: [tex(m[1]), f"{m[0]} = {tex(m[1])}", f"{m[0]}={tex(m[1], 'dfrac')}", f"{m[0]} = {m[1]}", f"{m[0]} = {tex(m[1] + 1)} - 1 = {tex(m[1])}", f"{m[0]} = \\boxed{{{tex(m[1])}}}"[: len(m[0]) + 3] + tex(m[1])]
    x, v = made
    return made, [(x, o) for o in (v + 1, -v, v * 10, v + Fraction(1, 3), v - 1)], spell, lambda m: m[1]


def chains(rng):
    made = (rng.choice(["x", "A", "S", "\\cos\\theta", "V"]), rng.randint(2, 12), rng.randint(2, 30))
    spell = lambda m: [f"{m[0]} = {m[1]} \\cdot {m[2]} = {m[1] * m[2]}", f"{m[1]} \\cdot {m[2]} = {m[1] * m[2]}", str(m[1] * m[2]), f"{m[0]} = {m[1] * m[2]}", f"{m[1] * m[2] - 5} + 5 = {m[1] * m[2]}", f"{m[0]} = \\frac{{{2 * m[1] * m[2]}}}{{2}} = {m[1] * m[2]}"]
    x, a, b = made
    return made, [(x, a + 1, b), (x, a, b + 1), (x, a + 2, b), (x, 10 * a, b)], spell, lambda m: m[1] * m[2]


def lines(rng):
    made = (rng.randint(1, 9), nonzero(rng), rng.randint(-20, 20) or 5)
    value = lambda m: tuple(Fraction(i, m[0]) for i in m)

    def spell(m):
        a, b, c = m
        return [f"{term(a, 'x')} {signed(b, 'y')} = {c}", f"{term(b, 'y')} {signed(a, 'x')} = {c}", f"{c} = {term(a, 'x')} {signed(b, 'y')}", f"{term(a, 'x')} {signed(b, 'y')} {signed(-c)} = 0", f"{2 * a}x {signed(2 * b)}y = {2 * c}", f"{term(a, 'x')} = {c} {signed(-b, 'y')}", f"{term(-a, 'x')} {signed(-b, 'y')} = {-c}",
                f"y = {tex(Fraction(-a, b))}x {'+' if Fraction(c, b) > 0 else '-'} {tex(abs(Fraction(c, b)))}", f"\\frac{{x}}{{{b}}} + \\frac{{y}}{{{a}}} = \\frac{{{c}}}{{{a * b}}}"]
    a, b, c = made
    return made, [(a, -b, c), (a, b, -c), (a, b, c + 1 or 3), (a + 1, b, c), (abs(b), a, c)], spell, value


def circles(rng):
    made = (nonzero(rng), nonzero(rng), rng.randint(2, 9))

    def spell(m):
        h, k, r = m
        return [f"(x {signed(-h)})^2 + (y {signed(-k)})^2 = {r * r}", f"(y {signed(-k)})^2 + (x {signed(-h)})^2 = {r}^2", f"x^2 {signed(-2 * h)}x + y^2 {signed(-2 * k)}y {signed(h * h + k * k - r * r)} = 0", f"(x{signed(-h)})^{{2}}+(y{signed(-k)})^{{2}}={r * r}", f"{r * r} = ({h} - x)^2 + ({k} - y)^2", f"x^2 + y^2 {signed(-2 * h)}x {signed(-2 * k)}y = {r * r - h * h - k * k}",
                f"\\frac{{(x {signed(-h)})^2}}{{{r * r}}} + \\frac{{(y {signed(-k)})^2}}{{{r * r}}} = 1"]
    h, k, r = made
    return made, [(-h, k, r), (h, -k, r), (k, h, r), (h, k, r + 1), (h, k, r * r)], spell, lambda m: m


def formulas(rng):
    """An equation that is solved for its first letter."""
    made = (rng.choice(["y", "f(x)", "a_n", "g(t)"]), nonzero(rng), nonzero(rng))
    unknown = {"y": "x", "f(x)": "x", "a_n": "n", "g(t)": "t"}
    spell = lambda m: [f"{m[0]} = {term(m[1], unknown[m[0]])} {signed(m[2])}", f"{m[0]} = {m[2]} {signed(m[1], unknown[m[0]])}", f"{m[0]}={m[1]}\\left({unknown[m[0]]} {'+' if m[1] * m[2] > 0 else '-'} {tex(abs(Fraction(m[2], m[1])))}\\right)", f"{m[0]} = -({term(-m[1], unknown[m[0]])} {signed(-m[2])})"]
    x, a, b = made
    return made, [(x, -a, b), (x, a, -b), (x, b, a), (x, a + 1 or 3, b), (x, a, b + 1 or 4)], spell, lambda m: m


def plus_minus(rng):
    made = (rng.randint(1, 9), rng.choice(PRIMES), "both")
    value = lambda m: frozenset({"both": [m[0] + sp.sqrt(m[1]), m[0] - sp.sqrt(m[1])], "up": [m[0] + sp.sqrt(m[1])], "down": [m[0] - sp.sqrt(m[1])]}[m[2]])

    def spell(m):
        a, n, which = m
        up, down = f"{a} + \\sqrt{{{n}}}", f"{a} - \\sqrt{{{n}}}"
        return {"both": [f"{a} \\pm \\sqrt{{{n}}}", f"{up}, {down}", f"{down}, {up}", f"\\{{{down}, {up}\\}}", f"{down} \\text{{ and }} {up}", f"x = {a} \\pm \\sqrt{{{n}}}", f"\\frac{{{2 * a} \\pm \\sqrt{{{4 * n}}}}}{{2}}", f"{a} \\mp \\sqrt{{{n}}}", f"x = {up} \\text{{ or }} x = {down}", f"x_1 = {up}, x_2 = {down}", f"{a} ± \\sqrt{{{n}}}", f"\\{{{a} \\pm \\sqrt{{{n}}}\\}}"],
                "up": [up, f"x = {up}"], "down": [down, f"x = {down}"]}[which]
    a, n, _ = made
    return made, [(a, n, "up"), (a, n, "down"), (a + 1, n, "both"), (a, n + 1, "both"), (-a, n, "both"), (a, n * n, "both")], spell, value


def several_answers(rng):
    items = tuple(rng.sample(range(-20, 30), rng.choice([2, 3, 4])))

    def spell(v):
        text = list(map(str, v))
        ways = [listed(v), listed(reversed(v), ","), listed(f"x = {t}" for t in text), " \\text{ or } ".join(f"x = {t}" for t in text), listed(v, ",\\ "), listed(v, ",\\quad "), listed((f"x={t}" for t in text), " \\text{ or } "), f"x = {listed(v)}", listed(v, ", \\; "), listed(v, " \\text{ or } ")]
        return ways + ([f"{text[0]} \\text{{ and }} {text[1]}", f"{text[0]} and {text[1]}"] if len(v) == 2 else [listed(v[:-1]) + f", \\text{{ and }} {text[-1]}", listed(v[:-1]) + f" and {text[-1]}"])
    shifted = tuple(i + 57 for i in items)
    return items, [(*items, 99), (*items[:-1], items[-1] + 51), shifted, tuple(-i for i in items)] + ([items[:-1]] if len(items) > 2 else []), spell, frozenset


def systems(rng):
    made = tuple(rng.sample(range(-9, 10), 2))
    spell = lambda m: [f"x = {m[0]}, y = {m[1]}", f"y = {m[1]}, x = {m[0]}", f"x={m[0]} \\text{{ and }} y={m[1]}", f"x = {m[0]},\\ y = {m[1]}", f"x={m[0]}, \\quad y={m[1]}", f"x = {m[0]} and y = {m[1]}", f"y = \\frac{{{2 * m[1]}}}{{2}}, x = {m[0]}"]
    a, b = made
    return made, [(b, a), (a, b + 20), (a + 1, b), (-a, b), (a, -b)], spell, lambda m: m


# Words and signs around numbers

def units(rng):
    made = (rng.randint(2, 9000), rng.choice(["cm", "kg", "m", "km", "hours", "apples", "miles", "minutes", "m/s", "cm^2"]))
    spell = lambda m: [f"{m[0]}\\text{{ {m[1]}}}", f"{m[0]} \\text{{{m[1]}}}", f"{m[0]}\\ \\mathrm{{{m[1]}}}", f"{m[0]}.0\\text{{ {m[1]}}}", f"{m[0]}\\,\\text{{{m[1]}}}", f"{groups(m[0])}~\\text{{{m[1]}}}", f"\\frac{{{2 * m[0]}}}{{2}} \\text{{ {m[1]}}}", f"x = {m[0]}\\text{{ {m[1]}}}"]
    n, unit = made
    return made, [(o, unit) for o in near(n)], lambda m: [w.replace("cm^2}", "cm}^2") for w in spell(m)] + ([f"{m[0]} {m[1]}"] if m[1].isalpha() else []), lambda m: m[0]


def words(rng):
    names = ["Monday", "blue", "parabola", "Paris", "Alice", "north", "ellipse", "isosceles triangle", "hyperbola", "odd", "prime", "Tuesday"]
    made, other, third = rng.sample(names, 3)
    spell = lambda w: [f"\\text{{{w}}}", w, f"\\textbf{{{w}}}", w.lower(), f"\\text{{ {w} }}", f"\\mathrm{{{w}}}".replace(" ", "~"), f"\\text{{{w}.}}", f"\\textit{{{w}}}", w.upper()]
    return made, [other, third, f"not {made}", f"{made} and {other}", made[:-1]], spell, str


def truth_words(rng):
    made = (rng.choice([True, False]), rng.choice(["yes", "true"]))
    text = {(True, "yes"): "yes", (False, "yes"): "no", (True, "true"): "true", (False, "true"): "false"}
    spell = lambda m: [w for t in [text[m]] for w in (t, t.capitalize(), t.upper(), f"\\text{{{t}}}", f"\\text{{{t.capitalize()}}}", f"\\textbf{{{t.capitalize()}}}", f"{t.capitalize()}.", f"\\mathrm{{{t}}}", f"\\textbf{{{t}}}", f"\\text{{ {t} }}", f"\\textit{{{t}}}")]
    return made, [(not made[0], "yes"), (not made[0], "true")], spell, lambda m: str(m[0])


def ratios(rng):
    made = rng.choice([(1, 2), (2, 3), (3, 4), (5, 7), (3, 8), (1, 4), (1, 2, 3), (2, 3, 5), (3, 4, 5), (9, 4)])
    write = lambda m, k, sep: sep.join(str(k * i) for i in m)
    spell = lambda m: [write(m, 1, ":"), write(m, 1, " : "), write(m, 2, ":"), write(m, 3, " : "), write(m, 1, "\\colon "), write(m, 1, "{:}"), write(m, 10, ":")]
    value = lambda m: tuple(Fraction(i, m[0]) for i in m)
    return made, [made[::-1], (made[0], *made[1:-1], made[-1] + 1), tuple(i + 1 for i in made), (made[0] * 10, *made[1:])], spell, value


def number_bases(rng):
    base = rng.choice([2, 3, 4, 5, 6, 7, 8, 9])
    made = (rng.randint(base ** 2, base ** 6), base)
    names = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}

    def digits(n, base):
        return (digits(n // base, base) if n >= base else "") + str(n % base)
    spell = lambda m: [f"{digits(*m)}_{{{m[1]}}}", f"{digits(*m)}_{m[1]}", f"{digits(*m)}_{{\\text{{{names[m[1]]}}}}}", f"({digits(*m)})_{{{m[1]}}}", f"{digits(*m)}_{{({m[1]})}}", f"\\left({digits(*m)}\\right)_{m[1]}"]
    n, b = made
    return made, [(n + 1, b), (n * b, b), (n - 1, b), (n + b, b), (n + b ** 2, b)], spell, lambda m: m[0]


def dress(rng):
    made = (rng.randint(2, 9), nonzero(rng, 99))

    def spell(m):
        a, b = m
        core = f"{a}x {signed(b)}"
        return [core, core.replace(" ", ""), f"\\left({core}\\right)", f"\\displaystyle {core}", f"{a}x\\;{signed(b)[0]}\\;{abs(b)}", f"{a}\\cdot x {signed(b)}", f"{a}\\times x{signed(b)}", f"{{{a}}}{{x}} {signed(b)}", f"{core}.", f"\\bigl({core}\\bigr)", f"{a}\\,x {signed(b)}\\,", f"{a}\\mathit{{x}} {signed(b)}",
                f"\\mathbf{{{core}}}", f"{{\\color{{red}} {core}}}", f"\\quad {core}", f"\\Big({core}\\Big)", f"\\mathrm{{{a}x}} {signed(b)}", f"\\textstyle {core}", f"{a}\\!x {signed(b)}", f"{a}{{x}}{{}} {signed(b)}"]
    a, b = made
    return made, [(a, -b), (a + 1, b), (a, b + 1), (abs(b) if abs(b) > 1 else 7, a), (a * 10, b)], spell, lambda m: m[0] * X + m[1]


CATEGORIES = [integers, decimals, repeating_decimals, cut_decimals, long_decimals, scientific, percents, currency, mixed_numbers, degrees, fractions, big_fractions, nested_fractions,
              square_roots, nth_roots, surds, nested_radicals, powers, rational_powers, huge_powers, logarithms, exact_logarithms, trigonometry, inverse_trigonometry, factorials, binomials,
              constants, mixed_constants, complex_numbers, complex_fractions, polar_numbers, absolute_values, moduli, floors, sums, geometric_sums, products, polynomials, cubics,
              two_unknowns, rational_expressions, radical_expressions, exponentials, trigonometric_identities, sets, sets_of_fractions, tuples, points, vectors, matrices, intervals,
              inequalities, rays, unions, joined_inequalities, holes, assignments, chains, lines, circles, formulas, plus_minus, several_answers, systems, units, words, truth_words, ratios, number_bases, dress]

BOXES = ["So the result is $\\boxed{{{}}}$.", "\\boxed{{{}}}", "We get \\(\\boxed{{{}}}\\), as required.", "Therefore\n\\[\\boxed{{{}}}\\]", "**Answer:** $\\boxed{{ {} }}$"]
BARE = ["Hence the value is ${}$.", "The answer is ${}$.", "We find\n$${}$$", "Final answer: \\({}\\)"]


def frame(rng, text):
    """A response around an answer: most in a box. Plain words stay in a box."""
    bare = rng.random() < 0.25 and "$" not in text and not text.isalpha() and "text" not in text
    return rng.choice(BARE if bare else BOXES).format(text)


def pairs(category, rng, count):
    """As many pairs of a category as there are to be, none twice."""
    found = {}
    for attempt in range(60 * count):
        if len(found) == count:
            break
        made, others, spell, value = category(rng)
        equal = len(found) % 10 < EQUAL_IN_TEN
        gold = rng.choice(spell(made))
        if equal:
            choices = [text for text in spell(made) if text != gold]
        else:
            others = [other for other in others if not same(value(made), value(other))]
            choices = [text for text in spell(rng.choice(others)) if text != gold] if others else []
        if choices:
            found.setdefault((gold, rng.choice(choices)), equal)
    for (gold, response), equal in found.items():
        yield {"category": category.__name__, "answer": gold, "response": frame(rng, response), "equal": equal}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=20261125)
    parser.add_argument("--pairs", type=int, default=60, help="per category")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--spark", help="the binary that is to check them")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    rows = [row for category in CATEGORIES for row in pairs(category, rng, arguments.pairs)]
    arguments.out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    different = sum(not row["equal"] for row in rows)
    print(f"{len(rows)} pairs in {len(CATEGORIES)} categories, {different} different ({different / len(rows):.0%})")
    if arguments.spark:
        check(arguments.spark, rows)


def check(spark, rows):
    wrong = [(row, verdict) for row, verdict in zip(rows, verdicts(spark, rows), strict=True) if not agrees(verdict, row["equal"])]
    for row, verdict in wrong:
        print(f"{'missed' if row['equal'] else 'FALSE POSITIVE'}: {row} {verdict}")
    print(f"{len(wrong)} wrong, {sum(not row['equal'] for row, _ in wrong)} of them called equal")


if __name__ == "__main__":
    main()
