"""Calls reward functions for spark.

The first line of stdin names the functions; every further line is a batch for one of them, and is answered with one
line. Both are JSON. What the functions print goes to stderr, whatever way they print it.
"""

import sys

# The interpreter puts the working directory first, where a file such as math.py would take the place of the library's.
sys.path[:] = [entry for entry in sys.path if entry != ""]

import faulthandler
import inspect
import json
import math
import os
import traceback
import types

# Characters of a message, at most.
LONGEST = 6000


class Refused(Exception):
    """Something that a function may not do; its text is shown without a traceback."""


def make_importable(folder):
    """Files of a folder come after the standard library, which they must not replace, and before what is installed."""
    if folder not in sys.path:
        installed = [os.path.basename(entry) in ("site-packages", "dist-packages") for entry in sys.path]
        sys.path.insert(installed.index(True) if True in installed else len(sys.path), folder)


def load(file, modules):
    """The module of a file, run once however many functions it has."""
    path = os.path.abspath(file)
    if path not in modules:
        make_importable(os.path.dirname(path))
        name = os.path.splitext(os.path.basename(path))[0]
        while name in sys.modules or name in getattr(sys, "stdlib_module_names", ()):
            name += "_"
        module = types.ModuleType(name)
        module.__file__ = path
        with open(path, "rb") as source:
            code = compile(source.read(), path, "exec")
        sys.modules[name] = module
        exec(code, module.__dict__)
        modules[path] = module
    return modules[path]


def find(file, name, modules):
    module = load(file, modules)
    function = getattr(module, name, None)
    if callable(function):
        return function
    own = [key for key, value in vars(module).items() if inspect.isfunction(value) and not key.startswith("_")]
    raise Refused(f"the file has no function {name!r}; its functions are: {', '.join(own) or 'none'}")


def arguments(function, given):
    """What a function takes of what there is: all of it with **kwargs, otherwise what it names."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return given
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    missing = [p.name for p in named if p.default is p.empty and p.name not in given]
    if missing:
        raise Refused(
            f"the function takes {', '.join(missing)}, which the data does not have (it has {', '.join(given)}); "
            "give the rows such a field, or the parameter a default"
        )
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return given
    return {p.name: given[p.name] for p in named if p.name in given}


def printable(text):
    """The text without halves of characters, which JSON of other languages does not have."""
    return text.encode("utf-8", "replace").decode()


def shown(value):
    try:
        text = repr(value)
    except Exception:
        text = "something"
    return f"{printable(text[:80])} ({type(value).__name__})"


def reward(value):
    """A number, None, or an object that says why it is neither."""
    if value is None:
        return None
    try:
        number = math.nan if isinstance(value, (str, bytes, bytearray)) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if math.isfinite(number):
        return number
    return {"error": f"it returned {shown(value)} for a completion, where a finite number or None is expected"}


def rewards(result, expected):
    wanted = f"where a list of {expected} numbers, one for each completion, is expected"
    unordered = (str, bytes, bytearray, dict, set, frozenset)
    try:
        values = None if isinstance(result, unordered) else iter(result)
    except TypeError:
        values = None
    if values is None:
        raise Refused(f"it returned {shown(result)}, {wanted}")
    values = list(values)
    if len(values) != expected:
        raise Refused(f"it returned {len(values)} values, {wanted}")
    return [reward(value) for value in values]


async def awaited(result):
    return await result


class Caller:
    """Calls functions; those that are asynchronous all in one event loop, which their clients may keep."""

    def __init__(self):
        self.loop = None

    def call(self, function, given):
        result = function(**arguments(function, given))
        if inspect.isawaitable(result):
            import asyncio

            self.loop = self.loop or asyncio.new_event_loop()
            result = self.loop.run_until_complete(awaited(result))
        return result


def described(error, file):
    """An exception with the part of its traceback that is the user's."""
    if isinstance(error, Refused):
        return printable(str(error))
    path, frames = os.path.abspath(file), error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != path:
        frames = frames.tb_next
    text = "".join(traceback.format_exception(type(error), error, frames)).rstrip()
    if isinstance(error, TypeError) and "string indices" in str(error):
        text += "\n(a function that reads chat messages needs verify.python_messages = true)"
    return printable(text if len(text) <= LONGEST else "…" + text[-LONGEST:])


def main():
    # The protocol keeps stdin and stdout to itself: whatever else reads finds an end, and what prints goes to stderr.
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdin, sys.stdout = open(os.devnull), sys.stderr
    faulthandler.enable()

    def say(answer):
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()

    start = json.loads(questions.readline())
    faulthandler.dump_traceback_later(start["patience"])
    make_importable(os.getcwd())
    functions, modules = [], {}
    for file, name in start["functions"]:
        try:
            functions.append((find(file, name, modules), file))
        except BaseException as error:
            return say({"error": f'verify.python = "{file}:{name}": {described(error, file)}'})
    faulthandler.cancel_dump_traceback_later()
    say({"ready": True})
    caller = Caller()
    for line in questions:
        batch = json.loads(line)
        function, file = functions[batch["function"]]
        given = {**batch["columns"], "prompts": batch["prompts"], "completions": batch["completions"]}
        faulthandler.dump_traceback_later(start["patience"])
        try:
            result = caller.call(function, given)
            answer = {"rewards": rewards(result, len(batch["completions"]))}
        except BaseException as error:
            answer = {"error": described(error, file)}
        faulthandler.cancel_dump_traceback_later()
        say(answer)


main()
