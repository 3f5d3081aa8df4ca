"""What `spark kernels` wrote, computed again in float64 by PyTorch: how far each operation's values and gradients are off.

    spark kernels --backend cuda --dtype bf16 --out runs/kernels
    python3 tests/oracle/kernels_float64.py runs/kernels [--device cuda] [--json F]

Prints a table on stderr and, last on stdout, one JSON object whose "off" is what `--kernels-off` takes. Exit code: the
number of operations that are beyond the tolerance or failed. Needs torch and nothing else.

A difference is told in three ways: the largest of any number (absolute), the same divided by the largest number that is
right (relative), and the length of all differences as a vector divided by that of what is right (norm). The tolerance is
for the last two. An operation that reads and writes bf16 is held to the rounding of its output and of a product's factors
in between, one that reads and writes f32 to that of sums in f32.
"""

import argparse
import json
import math
import pathlib
import struct
import sys

import torch

# (relative, norm) by type. A gradient of bf16 inputs is a sum that was rounded once or twice on its way.
TOLERANCES = {"f32": (1e-4, 3e-5), "bf16": (2e-2, 1e-2), "f16": (5e-3, 2e-3)}
TYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16, "I64": torch.int64}
# What a uniform number may be away from the interval of its token, of a total of 1.
SHARE_TOLERANCE = {"f32": 2e-5, "bf16": 2e-5, "f16": 2e-5}


def read_safetensors(path, device):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            flat = torch.frombuffer(bytearray(data[begin:end]), dtype=TYPES[entry["dtype"]])
            tensors[name] = flat.reshape(entry["shape"]).to(device)
    return tensors


def rotate(x, cos, sin):
    """x: [rows, heads, length, head_dim]; cos, sin: [rows or 1, 1, length, head_dim / 2]."""
    low, high = x.chunk(2, dim=-1)
    return torch.cat([low * cos - high * sin, high * cos + low * sin], dim=-1)


def heads(x, rows, count):
    """[rows · length, count · head_dim] to [rows, count, length, head_dim]."""
    return x.reshape(rows, x.shape[0] // rows, count, -1).transpose(1, 2)


def flat(x):
    return x.transpose(1, 2).reshape(x.shape[0] * x.shape[2], -1)


def attend(query, key, value, visible=None):
    """Grouped heads; `visible`: [.., queries, keys]."""
    group = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(group, 1), value.repeat_interleave(group, 1)
    scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[-1])
    if visible is not None:
        scores = scores.masked_fill(~visible, -math.inf)
    return torch.softmax(scores, -1) @ value


def rms_norm(x, p):
    scaled = x["x"] / (x["x"].square().mean(1, keepdim=True) + p["epsilon"]).sqrt()
    return scaled * x["weight"]


def project(x, p):
    return x["x"] @ x["weight"] + x.get("bias", 0)


def project_transposed(x, p):
    return x["x"] @ x["weight"].T


def gated_silu(x, p):
    return torch.nn.functional.silu(x["gate"]) * x["up"]


def self_attention(x, p):
    rows = p["rows"]
    query = rotate(heads(x["query"], rows, p["heads"]), x["cos"], x["sin"])
    key = rotate(heads(x["key"], rows, p["key_heads"]), x["cos"], x["sin"])
    return flat(attend(query, key, heads(x["value"], rows, p["key_heads"])))


def tree_attention(x, p):
    query = rotate(heads(x["query"], 1, p["heads"]), x["cos"], x["sin"])
    key = rotate(heads(x["key"], 1, p["key_heads"]), x["cos"], x["sin"])
    value = heads(x["value"], 1, p["key_heads"])
    outputs, start = [], 0
    for tree in p["trees"]:
        trunk = list(range(start, start + tree["trunk"]))
        outputs.append(attend_to(query, key, value, trunk, trunk))
        next_token = start + tree["trunk"]
        for length in tree["branches"]:
            branch = list(range(next_token, next_token + length))
            outputs.append(attend_to(query, key, value, branch, trunk + branch))
            next_token += length
        start = next_token
    return flat(torch.cat(outputs, 2))


def attend_to(query, key, value, queries, keys):
    """Tokens that each see the keys up to themselves; the queries are the last of the keys."""
    visible = torch.ones(len(queries), len(keys), dtype=torch.bool, device=query.device)
    visible = visible.tril(len(keys) - len(queries))
    return attend(query[:, :, queries], key[:, :, keys], value[:, :, keys], visible)


def target_logprobs(x, p):
    logs = torch.log_softmax(x["scores"] / p["temperature"], 1)
    targets = torch.tensor(p["targets"], device=logs.device)
    return logs.gather(1, targets[:, None])


def entropy(x, p):
    logs = torch.log_softmax(x["scores"] / p["temperature"], 1)
    return -(logs.exp() * logs).sum(1)


def cached_attention(x, p):
    """Every position of every row over all that it may see, without a cache; what lies before a start is left out."""
    rows, length, _ = x["query"].shape
    of = lambda name, count: x[name].reshape(rows, length, count, -1).transpose(1, 2)
    query = rotate(of("query", p["heads"]), x["cos"], x["sin"])
    key = rotate(of("key", p["key_heads"]), x["cos"], x["sin"])
    starts = torch.tensor(p["starts"], device=query.device)
    at = torch.arange(length, device=query.device)
    seen = (at[None, :] <= at[:, None])[None] & (at[None, None, :] >= starts[:, None, None])
    # A position before the start sees itself here, so that no row of scores is empty.
    seen = seen | torch.eye(length, dtype=torch.bool, device=query.device)
    output = attend(query, key, of("value", p["key_heads"]), seen[:, None])
    return output.transpose(1, 2).reshape(rows, length, -1)


FUNCTIONS = {
    "rms_norm": (rms_norm, ["x", "weight"]),
    "project": (project, ["x", "weight", "bias"]),
    "project_transposed": (project_transposed, ["x", "weight"]),
    "gated_silu": (gated_silu, ["gate", "up"]),
    "self_attention": (self_attention, ["query", "key", "value"]),
    "tree_attention": (tree_attention, ["query", "key", "value"]),
    "target_logprobs": (target_logprobs, ["scores"]),
}


OPERATIONS = [*FUNCTIONS, "cached_attention", "draw_tokens", "adamw"]


class Difference:
    """The largest differences seen of one kind of figure."""

    def __init__(self, absolute=0.0, relative=0.0, norm=0.0):
        self.absolute, self.relative, self.norm = absolute, relative, norm

    @staticmethod
    def between(ours, right):
        ours, right = ours.double(), right.double()
        if not torch.isfinite(ours).all():
            return Difference(math.inf, math.inf, math.inf)
        apart = ours - right
        largest, length = right.abs().max().item(), right.norm().item()
        absolute = apart.abs().max().item()
        # Numbers that are all 0 in exact arithmetic, such as gradients through a softmax over one key.
        return Difference(absolute, absolute / max(largest, 1e-2), apart.norm().item() / max(length, 1e-2))

    def joined(self, other):
        return Difference(*(max(pair) for pair in zip(self.figures(), other.figures())))

    def figures(self):
        return self.absolute, self.relative, self.norm

    def within(self, dtype):
        relative, norm = TOLERANCES[dtype]
        return self.relative <= relative and self.norm <= norm


def differences_of_function(name, tensors, parameters):
    function, inputs = FUNCTIONS[name]
    inputs = [name for name in inputs if name in tensors]
    exact = {name: tensor.double() for name, tensor in tensors.items() if tensor.is_floating_point()}
    for leaf in inputs:
        exact[leaf] = exact[leaf].requires_grad_()
    output = function(exact, parameters)
    output.backward(exact["direction"])
    found = {
        "value": Difference.between(tensors["output"], output.detach()),
        "value, plain": Difference.between(tensors["output.plain"], output.detach()),
    }
    for leaf in inputs:
        found[f"gradient of {leaf}"] = Difference.between(tensors[f"gradient.{leaf}"], exact[leaf].grad)
    if name == "target_logprobs":
        right = entropy({"scores": tensors["scores"].double()}, parameters)
        found["entropy"] = Difference.between(tensors["entropy"], right)
    return found


def differences_of_cache(tensors, parameters):
    right = cached_attention({name: tensor.double() for name, tensor in tensors.items()}, parameters)
    starts = torch.tensor(parameters["starts"], device=right.device)
    counts = torch.arange(right.shape[1], device=right.device)[None] >= starts[:, None]
    return {"value": Difference.between(tensors["output"][counts], right[counts])}


def differences_of_adamw(tensors, parameters):
    (beta1, beta2), weights = parameters["betas"], tensors["weights"].double()
    first = second = torch.zeros_like(weights)
    rate = parameters["learning_rate"]
    for number in range(parameters["updates"]):
        gradient = tensors[f"update.{number}"].double() * parameters["scale"]
        first = beta1 * first + (1 - beta1) * gradient
        second = beta2 * second + (1 - beta2) * gradient.square()
        direction = first / (1 - beta1 ** (number + 1))
        direction = direction / ((second / (1 - beta2 ** (number + 1))).sqrt() + parameters["epsilon"])
        weights = weights * (1 - rate * parameters["weight_decay"]) - rate * direction
    names = {"value": weights, "first": first, "second": second}
    return {
        name: Difference.between(tensors["output" if name == "value" else name], right)
        for name, right in names.items()
    }


def kept_sets(probabilities, draw):
    """What top-k and top-p may leave, for borders that rounding or equal scores make uncertain: masks over tokens."""
    order = torch.sort(probabilities, descending=True, stable=True).indices
    sorted_ = probabilities[order]
    for slack in [-1e-5, 0.0, 1e-5]:
        count = len(order) if draw["top_k"] == 0 else min(draw["top_k"], len(order))
        if draw["top_p"] < 1:
            reached = (sorted_[:count].cumsum(0) >= draw["top_p"] + slack).nonzero()
            count = min(count, reached[0].item() + 1) if len(reached) else count
        first_of_equals = torch.zeros_like(probabilities, dtype=torch.bool)
        first_of_equals[order[:count]] = True
        yield first_of_equals
        yield probabilities >= sorted_[count - 1]


def share_missed(probabilities, draw, chosen):
    """How far the uniform number is from the interval of the token that was drawn, tokens in the order of their ids, at
    the best of all that may be kept."""
    best = math.inf
    for kept in kept_sets(probabilities, draw):
        if kept[chosen]:
            weights = probabilities * kept
            ends = (weights / weights.sum()).cumsum(0)
            begin, end = ends[chosen - 1].item() if chosen else 0.0, ends[chosen].item()
            best = min(best, max(begin - draw["uniform"], draw["uniform"] - end, 0.0))
    return best


def differences_of_draws(tensors, parameters):
    """Log-probabilities as numbers; tokens by how far each uniform number is from where its token lies."""
    rights, missed = [], Difference()
    for row, draw in enumerate(parameters["draws"]):
        scores = tensors["scores"][draw["scores"]].double()
        chosen = tensors["ids"][row].item()
        if not 0 <= chosen < len(scores):
            return {"token": Difference(math.inf, math.inf, math.inf)}
        greedy = draw["temperature"] == 0
        temperature = 1.0 if greedy else draw["temperature"]
        rights.append(torch.log_softmax(scores / temperature, 0)[chosen])
        if draw["repetition_penalty"] != 1:
            seen = torch.tensor(draw["seen"], device=scores.device)
            old, penalty = scores[seen], draw["repetition_penalty"]
            scores = scores.index_put((seen,), torch.where(old < 0, old * penalty, old / penalty))
        if greedy:
            # Of equals the first; two scores that f32 cannot tell apart count as equal.
            below = scores.max().item() - scores[chosen].item()
            miss = below if below > 1e-6 * scores.abs().max().item() else 0.0
            if miss == 0.0 and draw["repetition_penalty"] == 1 and scores.argmax().item() != chosen:
                miss = 1.0
        else:
            miss = share_missed(torch.softmax(scores / temperature, 0), draw, chosen)
        missed = missed.joined(Difference(miss, miss, miss))
    return {"logprob": Difference.between(tensors["logprobs"], torch.stack(rights)), "token": missed}


def differences(line, directory, device):
    tensors = read_safetensors(directory / line["file"], device)
    name, parameters = line["operation"], line["parameters"]
    if name == "cached_attention":
        return differences_of_cache(tensors, parameters)
    if name == "adamw":
        return differences_of_adamw(tensors, parameters)
    if name == "draw_tokens":
        return differences_of_draws(tensors, parameters)
    return differences_of_function(name, tensors, parameters)


def is_within(kind, difference, line):
    if kind == "token":
        return difference.absolute <= SHARE_TOLERANCE[line["dtype"]]
    always_f32 = line["operation"] in ("adamw", "draw_tokens", "target_logprobs") and kind != "gradient of scores"
    return difference.within("f32" if always_f32 else line["dtype"])


def read_lines(directories):
    """The lines of every operation with the directory that they are from: of several, the last that has it."""
    found = {}
    for directory in directories:
        here = {}
        path = directory / "cases.jsonl"
        for text in path.read_text().splitlines() if path.exists() else []:
            try:
                line = json.loads(text)
            except json.JSONDecodeError:
                continue  # cut off when the process was ended
            here.setdefault(line["operation"], []).append((line, directory))
        found.update(here)
    return [pair for pairs in found.values() for pair in pairs]


def check(lines, device):
    """Per operation: the largest differences by kind, what is beyond the tolerance, what failed."""
    operations = {}
    for line, directory in lines:
        operation = operations.setdefault(
            line["operation"],
            {"cases": 0, "of": line["cases"], "differences": {}, "beyond": [], "errors": [], "generic": line["generic"]},
        )
        operation["cases"] += 1
        if "error" in line:
            operation["errors"].append(f"case {line['case']}: {line['error']}")
            continue
        for kind, difference in differences(line, directory, device).items():
            before = operation["differences"].get(kind, Difference())
            operation["differences"][kind] = before.joined(difference)
            if not is_within(kind, difference, line):
                figures = "absolute {:.1e}, relative {:.1e}, norm {:.1e}".format(*difference.figures())
                operation["beyond"].append(f"case {line['case']} ({line['parameters'].get('layout', '')}): {kind}: {figures}")
    for operation in operations.values():
        if operation["cases"] < operation.pop("of"):
            operation["errors"].append("the process ended before its last case")
    return operations


def table(operations, dtype, print_):
    relative, norm = TOLERANCES[dtype]
    print_(f"Tolerance in {dtype}: relative {relative:.0e}, norm {norm:.0e}.\n")
    print_("| operation | cases | figure | absolute | relative | norm | right |")
    print_("|---|---|---|---|---|---|---|")
    for name, operation in operations.items():
        wrong = operation["errors"] or operation["beyond"]
        for kind, difference in operation["differences"].items():
            figures = " | ".join(f"{figure:.1e}" for figure in difference.figures())
            print_(f"| {name} | {operation['cases']} | {kind} | {figures} | {'**no**' if wrong else 'yes'} |")
        for what in operation["errors"] + operation["beyond"]:
            print_(f"| {name} | | **{what}** | | | | |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "directories", type=pathlib.Path, nargs="+", help="of several, an operation is taken from the last that has it"
    )
    parser.add_argument("--all", action="store_true", help="an operation without a case is wrong")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=pathlib.Path, help="where to write the JSON object, too")
    arguments = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    lines = read_lines(arguments.directories)
    if not lines:
        sys.exit(f"no cases in {', '.join(map(str, arguments.directories))}")
    head = lines[0][0]
    operations = check(lines, arguments.device)
    for name in OPERATIONS if arguments.all else []:
        nothing = {"cases": 0, "differences": {}, "beyond": [], "errors": ["the process ended before it"], "generic": False}
        operations.setdefault(name, nothing)
    table(operations, head["dtype"], lambda text: print(text, file=sys.stderr))
    off = sorted(name for name, operation in operations.items() if operation["errors"] or operation["beyond"])
    for operation in operations.values():
        operation["right"] = not (operation["errors"] or operation["beyond"])
        kinds = operation["differences"].items()
        operation["differences"] = {
            kind: dict(zip(["absolute", "relative", "norm"], difference.figures())) for kind, difference in kinds
        }
    summary = {
        "backend": head["backend"], "dtype": head["dtype"], "torch": torch.__version__, "off": ",".join(off),
        "tolerance": dict(zip(["relative", "norm"], TOLERANCES[head["dtype"]])), "operations": operations,
    }
    text = json.dumps(summary)
    if arguments.json:
        arguments.json.write_text(json.dumps(summary, indent=1) + "\n")
    print(text)
    sys.exit(len(off))


if __name__ == "__main__":
    main()
