"""Conversations whose images stand anywhere among the text, as transformers renders them.

Writes tests/fixtures/interleaved_chats.json: rows of data as people write them, and the prompt that
`apply_chat_template` makes of the same parts in the same order, under two templates: that of models/tiny-vl, and one
that numbers the pictures, as Qwen2.5-VL's does on request. Needs `transformers jinja2`.

    python tests/oracle/interleaved_chats.py
"""

import json
from pathlib import Path

from transformers import AutoTokenizer

ROOT = Path(__file__).resolve().parents[2]
IMAGE = {"type": "image"}
NUMBERED = (
    "{% set count = namespace(value=0) %}{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}{% set count.value = count.value + 1 %}Picture {{ count.value }}: "
    "<|vision_start|><|image_pad|><|vision_end|>{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}"
    "{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def text(words):
    return {"type": "text", "text": words}


def user(*parts):
    return {"role": "user", "content": list(parts)}


def assistant(words):
    return {"role": "assistant", "content": words}


A, B = "a.png", "b.png"
SYSTEM = {"role": "system", "content": "Look well."}

# A row, and the messages that it means.
CASES = [
    ({"question": "What is it?", "images": [A]}, [user(IMAGE, text("What is it?"))]),
    ({"problem": "<image>\nWhat is it?", "image": A}, [user(IMAGE, text("\nWhat is it?"))]),
    (
        {"prompt": "Is <image> like <image>, or ‹é›?", "images": [A, B]},
        [user(text("Is "), IMAGE, text(" like "), IMAGE, text(", or ‹é›?"))],
    ),
    ({"question": "<image 2> or <image 1>", "images": [A, B]}, [user(IMAGE, text(" or "), IMAGE)]),
    (
        {"messages": [SYSTEM, user(text("First "), IMAGE, text(" then "), IMAGE, text("."))], "images": [A, B]},
        [SYSTEM, user(text("First "), IMAGE, text(" then "), IMAGE, text("."))],
    ),
    (
        {
            "prompt": [
                {"role": "user", "content": "<image>One?"},
                assistant("Yes."),
                {"role": "user", "content": "And <image><image>?"},
            ],
            "images": [A, B, A],
        },
        [user(IMAGE, text("One?")), assistant("Yes."), user(text("And "), IMAGE, IMAGE, text("?"))],
    ),
    (
        {"messages": [{"role": "user", "content": "One?"}, assistant("Yes."), {"role": "user", "content": "Two?"}]},
        [{"role": "user", "content": "One?"}, assistant("Yes."), {"role": "user", "content": "Two?"}],
    ),
]

# Which images are shown, in order.
SHOWN = [[A], [A], [A, B], [B, A], [A, B], [A, B, A], []]


def main():
    tokenizer = AutoTokenizer.from_pretrained(ROOT / "models/tiny-vl")
    own = tokenizer.chat_template

    def rendered(messages, template):
        return tokenizer.apply_chat_template(
            messages, chat_template=template, tokenize=False, add_generation_prompt=True
        )

    cases = [
        {"row": row, "images": images, "own": rendered(messages, own), "numbered": rendered(messages, NUMBERED)}
        for (row, messages), images in zip(CASES, SHOWN, strict=True)
    ]
    fixture = {"numbered_template": NUMBERED, "cases": cases}
    path = ROOT / "tests/fixtures/interleaved_chats.json"
    path.write_text(json.dumps(fixture, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
