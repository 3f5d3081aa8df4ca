"""Advantages, policy terms, divergences, corrections and length normalisations, from the papers' formulas.

Writes tests/fixtures/objectives.json: random inputs, and for every case the value and, where there is one,
the gradient with respect to the log-probabilities (for the entropy: to the scores). Knows nothing of the Rust
code; works on padded matrices and a mask where that lays tokens flat. Seeded, so a second run writes the same
file. Run with torch and numpy installed:

    python tests/oracle/objectives.py
"""

import json
import pathlib

import torch

OUT = pathlib.Path(__file__).parent.parent / "fixtures" / "objectives.json"
EPSILON = 1e-4
LENGTHS = [5, 3, 7, 1, 4]
MOST = 9
KINDS = ["reason", "pointwise", "reason", "pairwise", "pointwise"]
KIND_WEIGHTS = {"reason": 3.0, "pointwise": 0.5, "pairwise": 1.0}
COEFFICIENT = 0.3
DOUBLE = torch.float64


def rounded(values):
    return [float(f"{value:.9g}") for value in values.flatten().tolist()]


# --- advantages: rewards as a list of groups, each a tensor --------------------------------------------------


def per_scope(groups, kinds, scope, function):
    """function(pool of values) -> (shift, scale), applied to every group of the pool."""
    keys = {"group": range(len(groups)), "kind": kinds, "batch": [0] * len(groups)}[scope]
    out = []
    for key, group in zip(keys, groups):
        pool = torch.cat([other for other_key, other in zip(keys, groups) if other_key == key])
        shift, scale = function(pool)
        out.append((group - shift) * scale)
    return out


def group_norm(groups, kinds, scope):
    centred = [group - group.mean() for group in groups]
    keys = {"group": range(len(groups)), "kind": kinds, "batch": [0] * len(groups)}[scope]
    out = []
    for key, value in zip(keys, centred):
        pool = torch.cat([group for other_key, group in zip(keys, groups) if other_key == key])
        out.append(value / (pool.std() + EPSILON))
    return out


def rloo(groups):
    """Every reward against the mean of the others, one by one."""
    def one(group):
        others = [torch.cat([group[:index], group[index + 1:]]) for index in range(len(group))]
        return torch.stack([reward - rest.mean() for reward, rest in zip(group, others)])
    return [one(group) for group in groups]


def reward_components(groups):
    """Name, weight and values of what the rewards of a group consist of; seeded apart, so that nothing else moves."""
    generator = torch.Generator().manual_seed(4)
    out = []
    for index, group in enumerate(groups):
        right = torch.randint(0, 2, (len(group),), generator=generator).to(DOUBLE)
        long = -0.1 * torch.rand(len(group), generator=generator, dtype=DOUBLE)
        alike = torch.full_like(long, -0.5)
        out.append([("math", 0.75, right), ("style", 0.25, group), ("length", 1.0, long), ("format", 1.0, alike)]
                   if index % 2 == 0 else [("reward", 1.0, group)])
    return out


def decoupled(groups):
    """GDPO, first half: every component against the others of its group, then their weighted sum."""
    def one(weight, values):
        return weight * (values - values.mean()) / (values.std() + EPSILON)
    return [sum(one(weight, values) for _, weight, values in components) for components in groups]


def standardised(pool):
    return pool.mean(), 1 / (pool.std() + EPSILON)


def advantage_cases(generator):
    sizes, kinds = [4, 4, 6, 3, 4], ["reason", "pointwise", "reason", "pairwise", "pointwise"]
    groups = [torch.rand(size, generator=generator, dtype=DOUBLE) for size in sizes]
    centred = [group - group.mean() for group in groups]
    cases = [{"advantage": "mean", "expected": centred}, {"advantage": "rloo", "expected": rloo(groups)}]
    components = reward_components(groups)
    for scope in ("group", "kind", "batch"):
        cases += [
            {"advantage": "group_norm", "scope": scope, "expected": group_norm(groups, kinds, scope)},
            {"advantage": "reinforce_plus_plus", "scope": scope,
             "expected": per_scope(centred, kinds, scope, standardised)},
            {"advantage": "gdpo", "scope": scope,
             "expected": per_scope(decoupled(components), kinds, scope, standardised)},
            {"advantage": "batch_norm", "scope": scope, "expected": per_scope(groups, kinds, scope, standardised)},
        ]
    for case in cases:
        case["expected"] = [rounded(values) for values in case["expected"]]
    written = [[{"name": name, "weight": weight, "values": rounded(values)} for name, weight, values in group]
               for group in components]
    return {"epsilon": EPSILON, "kinds": kinds, "rewards": [rounded(group) for group in groups],
            "components": written, "cases": cases}


# --- losses: [completions, tokens] with a mask -----------------------------------------------------------


def normalised(per_token, mask, normalization):
    """The loss of the batch from that of its tokens."""
    lengths = mask.sum(1)
    if normalization == "token":
        return (per_token * mask).sum() / mask.sum()
    if normalization == "sequence":
        return ((per_token * mask).sum(1) / lengths).mean()
    return (per_token * mask).sum() / (len(mask) * MOST)


def of_kinds(per_token, mask, normalization):
    """The sum of the kinds' losses, each over its own completions, by their weights."""
    losses = []
    for kind, weight in KIND_WEIGHTS.items():
        rows = [index for index, other in enumerate(KINDS) if other == kind]
        losses.append(weight * normalised(per_token[rows], mask[rows], normalization))
    return sum(losses)


def ppo(new, old, advantage, mask, low, high, dual):
    ratio = torch.exp(new - old)
    value = torch.minimum(ratio * advantage, torch.clip(ratio, 1 - low, 1 + high) * advantage)
    return torch.where(advantage < 0, torch.maximum(value, dual * advantage), value) if dual else value


def gspo(new, old, advantage, mask, low, high, dual):
    """One ratio per completion, spread over its tokens."""
    ratio = torch.exp(((new - old) * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True))
    value = torch.minimum(ratio * advantage, torch.clip(ratio, 1 - low, 1 + high) * advantage)
    return value.expand_as(new)


def cispo(new, old, advantage, mask, low, high, dual):
    weight = torch.clip(torch.exp(new - old), 1 - low, 1 + high).detach()
    return weight * advantage * new


def divergence(kind, new, reference):
    ratio = torch.exp(reference - new)
    return {"k1": -torch.log(ratio), "k2": torch.log(ratio) ** 2 / 2, "k3": ratio - 1 - torch.log(ratio)}[kind]


def correction(kind, trainer, sampler, mask, low, high):
    weight = torch.exp(trainer - sampler)
    if kind == "truncated_sequence":
        weight = torch.where(mask > 0, weight, torch.ones_like(weight)).prod(1, keepdim=True).expand_as(weight)
    if kind.startswith("truncated"):
        return torch.minimum(weight, torch.tensor(high, dtype=DOUBLE))
    return torch.where((weight >= low) & (weight <= high), weight, torch.zeros_like(weight))


def check_bounds(inputs):
    """Both sides of every bound occur, and none is so close that rounding decides."""
    ratio = torch.exp(inputs["new"] - inputs["old"])[inputs["mask"] > 0]
    mean = torch.exp(((inputs["new"] - inputs["old"]) * inputs["mask"]).sum(1) / inputs["mask"].sum(1))
    gap = torch.exp(inputs["old"] - inputs["sampler"])[inputs["mask"] > 0]
    for values, bounds in ((ratio, (0.8, 1.28, 1.4)), (mean, (0.95, 1.05)), (gap, (0.8, 1.25))):
        for bound in bounds:
            assert (values - bound).abs().min() > 1e-3, (values, bound)
            assert (values < bound).any() and (values > bound).any(), (values, bound)
    return inputs


def random_inputs(generator):
    def normal(scale, shift=0.0):
        return torch.randn(len(LENGTHS), max(LENGTHS), generator=generator, dtype=DOUBLE) * scale + shift
    mask = (torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]).to(DOUBLE)
    old = -normal(0.7, 1.5).abs()
    return check_bounds({
        "mask": mask, "old": old, "new": old + normal(0.35), "reference": old + normal(0.4),
        "sampler": old + normal(0.25),
        "advantages": torch.tensor([1.3, -0.8, 0.4, -1.1, 0.9], dtype=DOUBLE)[:, None],
    })


def loss_case(inputs, settings):
    new, mask = inputs["new"].clone().requires_grad_(), inputs["mask"]
    objective = {"ppo": ppo, "gspo": gspo, "cispo": cispo}[settings["loss"]]
    bounds = settings["clip_low"], settings["clip_high"], settings["dual_clip"]
    per_token = objective(new, inputs["old"], inputs["advantages"], mask, *bounds)
    if settings["importance"] != "none":
        limits = settings["importance_low"], settings["importance_high"]
        per_token = per_token * correction(settings["importance"], inputs["old"], inputs["sampler"], mask, *limits)
    per_token = -per_token
    if settings["kl"] is not None:
        per_token = per_token + COEFFICIENT * divergence(settings["kl"], new, inputs["reference"])
    if settings["normalization_scope"] == "batch":
        loss = normalised(per_token, mask, settings["normalization"])
    else:
        loss = of_kinds(per_token, mask, settings["normalization"])
    loss.backward()
    return settings | {"value": rounded(loss)[0], "gradient": rounded(new.grad[mask > 0])}


def loss_cases(generator):
    inputs = random_inputs(generator)
    base = {"loss": "ppo", "clip_low": 0.2, "clip_high": 0.28, "dual_clip": 0.0, "normalization": "token",
            "normalization_scope": "batch",
            "kl": None, "importance": "none", "importance_low": 0.8, "importance_high": 1.25}
    variants = [{}, {"dual_clip": 1.4}]
    variants += [{"loss": "gspo", "clip_low": 0.05, "clip_high": 0.05}]
    variants += [{"loss": "cispo"}, {"loss": "cispo", "clip_low": 1.0}]
    variants += [{"kl": kl} for kl in ("k1", "k2", "k3")]
    variants += [{"importance": importance} for importance in ("truncated", "masked", "truncated_sequence")]
    settings = [base | variant | {"normalization": normalization}
                for variant in variants + [{"normalization_scope": "kind", "kl": "k3"}]
                for normalization in ("token", "sequence", "constant")]
    kept = inputs["mask"] > 0
    flat = {name: rounded(inputs[name][kept]) for name in ("new", "old", "reference", "sampler")}
    return flat | {"lengths": LENGTHS, "kinds": KINDS, "kind_weights": [KIND_WEIGHTS[kind] for kind in KINDS],
                   "most": MOST, "kl_coefficient": COEFFICIENT,
                   "advantages": rounded(inputs["advantages"]),
                   "cases": [loss_case(inputs, case) for case in settings]}


def entropy_case(generator):
    """Exact over the vocabulary, at a temperature; a weighted sum, so that every row's gradient shows."""
    scores = torch.randn(4, 7, generator=generator, dtype=DOUBLE, requires_grad=True)
    weights = torch.tensor([0.1, 0.4, 0.2, 0.3], dtype=DOUBLE)
    entropy = torch.distributions.Categorical(logits=scores / 0.7).entropy()
    (entropy * weights).sum().backward()
    return {"temperature": 0.7, "scores": rounded(scores), "weights": rounded(weights), "value": rounded(entropy),
            "gradient": rounded(scores.grad)}


def consistency_case(generator):
    """Verdicts of pairs (A, B) and of single answers (Yes, No twice): [triples, 6]. A mean over triples."""
    logprobs = torch.randn(5, 6, generator=generator, dtype=DOUBLE).mul(1.5).requires_grad_()
    pair = logprobs[:, :2].softmax(dim=1)[:, 0]
    first, second = logprobs[:, 2:4].softmax(dim=1)[:, 0], logprobs[:, 4:].softmax(dim=1)[:, 0]
    only_first, only_second = first * (1 - second), second * (1 - first)
    implied = only_first / (only_first + only_second)
    differences = (pair - implied) ** 2
    differences.mean().backward()
    return {"logprobs": rounded(logprobs), "value": rounded(differences), "gradient": rounded(logprobs.grad)}


def verdict_odds_case(generator):
    """A true verdict against a false one, [prompts, 2]: the cross-entropy over the two, a mean over prompts."""
    logprobs = torch.randn(7, 2, generator=generator, dtype=DOUBLE).mul(2).sub(3).requires_grad_()
    losses = torch.nn.functional.cross_entropy(logprobs, torch.zeros(7, dtype=torch.long), reduction="none")
    losses.mean().backward()
    return {"logprobs": rounded(logprobs), "value": rounded(-losses), "gradient": rounded(logprobs.grad)}


def self_reward_case(generator):
    """LaSeR: the reward that one token's log-probability stands for, against the verifier's; a mean over answers."""
    scale, offset, weight, lengths = 0.1, -23.0, 0.5, [3, 1, 2]
    logprobs = (torch.randn(sum(lengths), generator=generator, dtype=DOUBLE) - 14).requires_grad_()
    rewards = torch.tensor([1.0, 0.0, 1.0], dtype=DOUBLE)
    last = torch.tensor(lengths).cumsum(0) - 1
    own = scale * (logprobs[last] - offset)
    loss = weight * torch.nn.functional.mse_loss(own, rewards)
    loss.backward()
    return {"scale": scale, "offset": offset, "weight": weight, "lengths": lengths, "logprobs": rounded(logprobs),
            "rewards": rounded(rewards), "own": rounded(own), "value": rounded(loss)[0],
            "gradient": rounded(logprobs.grad)}


def refinement_case(generator):
    """Critique-GRPO's shaping of refinements by their probability under the original prompt; a mean over tokens."""
    gamma, weight, lengths = 0.1, 0.5, [3, 1, 2]
    logprobs = (-3 * torch.rand(sum(lengths), generator=generator, dtype=DOUBLE)).requires_grad_()
    probabilities = torch.exp(logprobs)
    loss = -weight * (probabilities / (probabilities + gamma)).mean()
    loss.backward()
    return {"gamma": gamma, "weight": weight, "lengths": lengths, "logprobs": rounded(logprobs),
            "value": rounded(loss)[0], "gradient": rounded(logprobs.grad)}


def main():
    generator = torch.Generator().manual_seed(3)
    cases = {"advantages": advantage_cases(generator), "losses": loss_cases(generator),
             "entropy": entropy_case(generator), "consistency": consistency_case(generator),
             "self_reward": self_reward_case(generator), "refinement": refinement_case(generator),
             "verdict_odds": verdict_odds_case(generator)}
    OUT.write_text(json.dumps(cases, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
