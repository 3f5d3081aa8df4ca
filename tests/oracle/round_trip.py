"""Whether transformers scores completions as `spark score` did, with a model directory that spark wrote.

    python tests/oracle/round_trip.py MODEL_DIR SCORED.jsonl INPUT.jsonl [--adapter DIR]

INPUT.jsonl has a row {"messages", "images", "completion"} per completion, image paths relative to the file;
an image part without a path takes the next of "images", and where there are no image parts, the images
stand before the text of the last message. SCORED.jsonl is what `spark score` printed for it:
{"prompt_tokens", "token_ids", "logprobs"} per row. Prints the largest difference; exits with 1 when it is
above 2e-4 or when ids differ. Run with torch, torchvision, transformers 5, pillow and, for adapters, peft
installed.
"""

import argparse
import json
import warnings
from pathlib import Path

import torch
from checkpoints import Checkpoint, image_parts, words
from transformers import logging

TOLERANCE = 2e-4


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def messages_with_images(row, directory):
    """The row's messages with an absolute path in every image part."""
    messages, images = row["messages"], list(row.get("images") or [])
    if images and not image_parts(messages):
        content = messages[-1]["content"]
        parts = [words(content)] if isinstance(content, str) else content
        messages[-1]["content"] = [{"type": "image"} for _ in images] + parts
    for part in image_parts(messages):
        if "image" not in part:
            image = images.pop(0)
            part |= image if isinstance(image, dict) else {"image": image}
        part["image"] = str((directory / part["image"].removeprefix("file://")).resolve())
    return messages


def difference(checkpoint, row, scored, directory):
    """The largest difference between log-probabilities; ids must be the same."""
    inputs = checkpoint.prompt(messages_with_images(row, directory))
    prompt_tokens = inputs["input_ids"].shape[1]
    ids = checkpoint.tokenizer(row["completion"], add_special_tokens=False)["input_ids"]
    if prompt_tokens != scored["prompt_tokens"] or ids != scored["token_ids"]:
        raise SystemExit(f"other ids: prompt of {scored['prompt_tokens']} and {scored['token_ids']}, "
                         f"expected {prompt_tokens} and {ids}")
    expected = checkpoint.logprobs(inputs, ids)
    if len(expected) != len(scored["logprobs"]):
        raise SystemExit(f"{len(scored['logprobs'])} log-probabilities, expected {len(expected)}")
    return max((abs(a - b) for a, b in zip(expected, scored["logprobs"])), default=0.0)


def load(model_dir, adapter):
    checkpoint = Checkpoint(model_dir)
    if adapter:
        from peft import PeftModel
        warnings.filterwarnings("error", message=".*missing adapter keys.*")
        PeftModel.from_pretrained(checkpoint.model, adapter)  # changes the model in place
    return checkpoint


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("model_dir", "scored", "input"):
        parser.add_argument(name, type=Path, metavar=name.upper())
    parser.add_argument("--adapter", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()

    inputs, scored = rows(arguments.input), rows(arguments.scored)
    if len(inputs) != len(scored) or not inputs:
        raise SystemExit(f"{len(scored)} scored rows for {len(inputs)} rows of input")
    checkpoint = load(arguments.model_dir, arguments.adapter)
    differences = [difference(checkpoint, *pair, arguments.input.resolve().parent) for pair in zip(inputs, scored)]
    largest = max(differences, key=lambda value: float("inf") if value != value else value)
    print(f"{len(inputs)} rows, largest difference {largest:.3g}")
    if not largest <= TOLERANCE:  # a NaN fails, too
        raise SystemExit(1)


if __name__ == "__main__":
    main()
