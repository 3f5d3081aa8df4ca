"""The published test cases of Math-Verify, and how far `spark verify` agrees with them.

Runs Math-Verify's own tests with its parse and verify wrapped, so that each comparison is recorded with its
texts, its settings, the published expectation and what the installed Math-Verify answers. Writes them as JSON
lines to --out (not a file of this repository: they are Math-Verify's). A case that tests what `spark verify`
does not have, a time limit say, or that rests on a setting other than the default, carries the reason under
"not_applicable". Run with math-verify 0.9.0 and pytest installed; without --sdist it downloads the sources:

    python tests/oracle/math_verify_published.py [--sdist DIR] [--out FILE] [--spark PATH]

With --spark it fails where agreement is below 97 %, or where the disagreements are not those that
math_verify_disagreements.json explains.
"""

import argparse
import importlib
import inspect
import json
import logging
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import math_verify
import math_verify.grader
import math_verify.parser
from spark_verify import agrees, verdicts, write_lines

DISAGREEMENTS = Path(__file__).with_name("math_verify_disagreements.json")
ENOUGH = 0.97
# Files and tests that have no pair of texts to compare.
WITHOUT_PAIRS = {
    "test_timeout.py": "a time limit",
    "test_raise_on_error.py": "raising or swallowing an exception",
    "test_configs.py": "an option of parse; no reference answer",
    "test_gamma_func.py": "the sympy object that parse returns; no reference answer",
    "sympy_expr_eq": "sympy objects at a rounding given by hand",
}

parse, verify, expr_eq = math_verify.parse, math_verify.verify, math_verify.grader.sympy_expr_eq
DEFAULTS = {name: parameter.default for name, parameter in inspect.signature(verify).parameters.items()}


class Parsed(list):
    """What parse returned, with the text that it came from."""

    def __init__(self, values, text, config):
        super().__init__(values)
        self.text, self.config = text, config


class Recorder:
    """Stands in for Math-Verify's functions and notes what the tests ask of them."""

    def __init__(self):
        self.parsed, self.compared, self.objects = [], [], 0

    def parse(self, text, extraction_config=None, **options):
        if extraction_config is not None:
            options["extraction_config"] = extraction_config
        parsed = Parsed(parse(text, **options), text, extraction_config)
        self.parsed.append(parsed)
        return parsed

    def verify(self, gold, target, **options):
        answer = verify(gold, target, **options)
        self.compared.append((gold, target, options, answer))
        return answer

    def expr_eq(self, *arguments, **options):
        self.objects += inspect.stack()[1].frame.f_globals["__name__"].startswith("tests.")
        return expr_eq(*arguments, **options)

    def install(self):
        math_verify.parse = math_verify.parser.parse = self.parse
        math_verify.verify = math_verify.grader.verify = self.verify
        math_verify.grader.sympy_expr_eq = self.expr_eq


def sources(folder):
    """Math-Verify's sources, of the version that is installed."""
    name = f"math-verify=={version('math-verify')}"
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", name, "--no-deps", "--no-binary", ":all:",
                    "-d", folder], check=True)
    [archive] = Path(folder).glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return archive.with_name(archive.name.removesuffix(".tar.gz"))


def test_runs(module):
    """Each test of a module with each of its sets of arguments."""
    for name, function in vars(module).items():
        if not name.startswith("test_") or not callable(function):
            continue
        marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
        if not marks:
            yield name, function, {}
            continue
        [mark] = marks
        names = [name.strip() for name in mark.args[0].split(",")]
        for values in mark.args[1]:
            yield name, function, dict(zip(names, values, strict=True))


def described(config):
    """An extraction config as JSON: the kinds of extraction and what they set."""
    if config is None:
        return "default"
    return [{"kind": type(part).__name__, **asdict(part)} for part in config]


def settings_of(gold, options):
    changed = {name: value for name, value in options.items() if value != DEFAULTS[name]}
    config = described(gold.config)
    for part in config:
        if isinstance(part, dict):
            part.pop("normalization_config", None)
    return changed | {"extraction": config}


def compared_case(gold, target, options, answer, expected):
    """A comparison of two texts. Where Math-Verify answers differently with its default settings, the published
    expectation is about those settings."""
    case = {"gold": gold.text, "response": target.text, "verifier": "math", "expected": expected,
            "math_verify": answer, "settings": settings_of(gold, options)}
    case["math_verify_default"] = verify(parse(gold.text), parse(target.text))
    if case["math_verify_default"] != answer:
        kinds = [part["kind"] for part in case["settings"]["extraction"] if isinstance(part, dict)]
        changed = [f"{name}={value}" for name, value in case["settings"].items() if name != "extraction"]
        case["not_applicable"] = f"rests on {', '.join(changed or ['extraction by ' + ' and '.join(kinds)])}"
    return case


def letter_case(parsed, expected):
    """A test of which letter is read from a text: that letter is the reference answer. Where none is, no
    reference answer may match."""
    config = asdict(parsed.config[0])
    gold = expected[0].upper() if expected else config["strings"][0]
    return {"gold": gold, "response": parsed.text, "verifier": "choice", "expected": bool(expected),
            "math_verify": bool(parsed) and parsed[0].upper() == gold,
            "settings": {"extraction": described(parsed.config)}}


def cases_of_run(recorder, file, test, function, arguments):
    """The cases of one run of one test, each with its place."""
    recorder.parsed, recorder.compared, recorder.objects = [], [], 0
    try:
        function(**arguments)
        passed = True
    except AssertionError:
        passed = False
    place = {"file": file, "test": test}
    reason = WITHOUT_PAIRS.get(file)
    if reason:
        return [place | {"passed": passed, "not_applicable": reason}]
    expected = arguments.get("expected", arguments.get("result"))
    cases = [place | {"passed": passed, "not_applicable": WITHOUT_PAIRS["sympy_expr_eq"]}] * recorder.objects
    for gold, target, options, answer in recorder.compared:
        # A test without an argument for it asserts what it expects, so if it passes that is the answer.
        wanted = bool(expected) if expected is not None else answer == passed
        cases.append(place | compared_case(gold, target, options, answer, wanted))
    if not recorder.compared and isinstance(expected, list):
        cases += [place | letter_case(parsed, expected) for parsed in recorder.parsed]
    assert cases, (file, test)
    return cases


def collect(sdist):
    recorder = Recorder()
    recorder.install()
    sys.path.insert(0, str(sdist))
    cases = []
    for path in sorted(Path(sdist).glob("tests/test_*.py")):
        module = importlib.import_module(f"tests.{path.stem}")
        for test, function, arguments in test_runs(module):
            if function.__module__ == module.__name__:
                cases += cases_of_run(recorder, path.name, test, function, arguments)
    return cases


def summary(cases):
    applicable = [case for case in cases if "not_applicable" not in case]
    print(f"{len(cases)} published cases, {len(applicable)} of them applicable")
    reasons = Counter(case["not_applicable"] for case in cases if "not_applicable" in case)
    for reason, count in sorted(reasons.items()):
        print(f"  not applicable: {count:3} {reason}")
    right = sum(case["math_verify"] == case["expected"] for case in applicable)
    print(f"Math-Verify {version('math-verify')} agrees with {right} of {len(applicable)} ({right / len(applicable):.1%})")
    for case in applicable:
        if case["math_verify"] != case["expected"]:
            print(f"  {case['file']} {case['test']}: {shown(case['gold'])} | {shown(case['response'])} | "
                  f"expected {case['expected']}")
    return applicable


def shown(text, limit=300):
    """A text for one line of output; of a long one, the end, where its answer is."""
    text = repr(text)
    return text if len(text) <= limit else "…" + text[-limit:]


def compare(spark, cases):
    """Whether spark agrees with enough cases, and disagrees with exactly those that are explained."""
    pairs = [{"answer": case["gold"], "response": case["response"], "verifier": case["verifier"]} for case in cases]
    explained = {(row["gold"], row["response"]): row for row in json.loads(DISAGREEMENTS.read_text())}
    found = {}
    for case, verdict in zip(cases, verdicts(spark, pairs), strict=True):
        if not agrees(verdict, case["expected"]):
            found[case["gold"], case["response"]] = (case, verdict)
    agreeing = len(cases) - sum((case["gold"], case["response"]) in found for case in cases)
    print(f"spark agrees with {agreeing} of {len(cases)} ({agreeing / len(cases):.1%})")
    for pair, (case, verdict) in found.items():
        print(f"  {case['file']} {case['test']}: expected {case['expected']}, spark {verdict['reward']} "
              f"({verdict['reason']}; extracted {verdict['extracted']!r})")
        print(f"    gold     {shown(case['gold'])}\n    response {shown(case['response'])}")
        row = explained.get(pair)
        print(f"    right: {row['right']}: {row['why']}" if row else "    not explained")
    gone = [pair for pair in explained if pair not in found]
    for gold, response in gone:
        print(f"  explained but no disagreement: {shown(gold)} | {shown(response)}")
    return agreeing / len(cases) >= ENOUGH and not gone and all(pair in explained for pair in found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sdist", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--spark", type=Path)
    arguments = parser.parse_args()
    logging.getLogger("math_verify").setLevel(logging.ERROR)
    out = arguments.out or Path(tempfile.mkdtemp()) / "math_verify_published.jsonl"
    with tempfile.TemporaryDirectory() as folder:
        cases = collect(arguments.sdist or sources(folder))
    write_lines(out, cases)
    print(f"wrote {out}")
    applicable = summary(cases)
    if arguments.spark and not compare(arguments.spark, applicable):
        sys.exit(1)


if __name__ == "__main__":
    main()
