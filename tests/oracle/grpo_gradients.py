"""The gradient of the GRPO loss with respect to every parameter of a vision-language model.

Writes tests/fixtures/grpo_gradients/ for the model of tests/fixtures/tiny_qwen2_5_vl: inputs.json (one
prompt with the image of the case "one image" in its cases.json, completions of it with their advantages,
old and reference log-probabilities, the model's own, and the loss) and gradients.safetensors under the
names of a released checkpoint. Seeded, so a second run writes the same files. Run with torch and
transformers 5 installed:

    python tests/oracle/grpo_gradients.py
"""

import json

import torch
from qwen2_5_vl import FIXTURES, MODEL, model_inputs, logprobs_of, released_name, rounded, write
from safetensors.torch import save_file
from transformers import AutoModelForImageTextToText

OUT = FIXTURES / "grpo_gradients"
LENGTHS = [6, 3, 8]
ADVANTAGES = [1.1, -0.9, -0.4]
CLIP, KL = 0.2, 0.04


def grpo_loss(new, old, reference, advantages):
    """Clipped objective and k3 divergence per token; the mean over all tokens of all completions."""
    ratio = (new - old).exp()
    objective = torch.min(ratio * advantages, ratio.clamp(1 - CLIP, 1 + CLIP) * advantages)
    divergence = (reference - new).exp() - (reference - new) - 1
    return (KL * divergence - objective).mean()


def check_ratios(ratio, advantages):
    """Some tokens are clipped at either edge, some are not, and none is so close that rounding decides."""
    clipped_above, clipped_below = ratio[advantages > 0] > 1 + CLIP, ratio[advantages < 0] < 1 - CLIP
    for clipped in (clipped_above, clipped_below):
        assert clipped.any() and not clipped.all(), ratio
    distance = torch.minimum((ratio - 1 + CLIP).abs(), (ratio - 1 - CLIP).abs())
    assert distance.min() > 1e-3, distance


def main():
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(11)
    model = AutoModelForImageTextToText.from_pretrained(MODEL, dtype=torch.float32, attn_implementation="eager").eval()
    cases = json.loads((MODEL / "cases.json").read_text())["cases"]
    case = next(case for case in cases if case["name"] == "one image")
    prompt, pixels = case["input_ids"], torch.tensor(case["pixel_values"])
    completions = [torch.randint(0, 89, [length], generator=generator).tolist() for length in LENGTHS]

    new = torch.cat([logprobs_of(model, model_inputs(prompt + completion, case["grid_thw"], pixels))[-len(completion):]
                     for completion in completions])
    noise = torch.randn(2, sum(LENGTHS), generator=generator) * 0.3
    old, reference = torch.tensor(rounded(new + noise[0])), torch.tensor(rounded(new + noise[1]))
    advantages = torch.cat([torch.full([length], value) for length, value in zip(LENGTHS, ADVANTAGES)])
    check_ratios((new - old).exp().detach(), advantages)
    loss = grpo_loss(new, old, reference, advantages)
    loss.backward()

    def per_completion(values):
        return [rounded(part) for part in values.split(LENGTHS)]

    OUT.mkdir(exist_ok=True)
    write(OUT / "inputs.json", {
        "case": "one image", "prompt_ids": prompt, "grid_thw": case["grid_thw"], "completions": completions,
        "advantages": ADVANTAGES, "clip_low": CLIP, "clip_high": CLIP, "kl_coefficient": KL,
        "logprobs": per_completion(new), "old_logprobs": per_completion(old),
        "reference_logprobs": per_completion(reference), "loss": rounded(loss),
    })
    save_file({released_name(name): parameter.grad.contiguous() for name, parameter in model.named_parameters()},
              OUT / "gradients.safetensors")


if __name__ == "__main__":
    main()
