"""Checkpoints of many shapes, and what transformers computes with them.

Writes tests/fixtures/checkpoints/: small random models as complete Hugging Face directories, the images
that their prompts show (images/), and an expected.json in each directory: prompt ids (run-length
encoded), image grids, positions, log-probabilities of a completion, and greedy continuations. Those of Qwen3-VL
have their gradients in tests/fixtures/qwen3_vl_gradients/: of the completion's mean negative log-probability in
the first case, with respect to every parameter. Everything is seeded, so a second run writes the same files. The
Llamas' shapes are in llama_checkpoints.py, those of Qwen3-VL in qwen3_vl_checkpoints.py. Run with torch,
torchvision, transformers 5 and pillow installed; names choose some of the checkpoints:

    python tests/oracle/checkpoints.py [NAME...]
"""

import copy
import json
import shutil
import sys
from itertools import groupby
from pathlib import Path

import llama_checkpoints
import numpy as np
import qwen3_vl_checkpoints
import torch
from image_processor import decoded
from PIL import Image, ImageDraw
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    PreTrainedTokenizerFast,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
    Qwen2_5_VLProcessor,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
    logging,
)

OUT = Path(__file__).resolve().parent.parent / "fixtures" / "checkpoints"
GRADIENTS = OUT.parent / "qwen3_vl_gradients"
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
           "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"]
# Each word's pairs are merged from left to right: "the" takes the merges t+h and th+e.
MERGED_WORDS = ["user", "system", "assistant", "the", "Ġthe", "Ġof", "Ġand", "in", "er", "Ġan", "ĠĠ", "Ċ", "ing",
                "image", "answer", "Ã©", "ä¸"]
WORDS = "|".join([r"(?i:'s|'t|'re|'ve|'m|'ll|'d)", r"[^\r\n\p{L}\p{N}]?\p{L}+", r"\p{N}", r" ?[^\s\p{L}\p{N}]+[\r\n]*",
                  r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])
GREEDY_TOKENS = 16

# Chat templates in the manner of Qwen's. The first numbers images when it is asked to.
VISION_TEMPLATE = """\
{% set images = namespace(count=0) %}
{% for message in messages %}
{% if loop.first and message['role'] != 'system' %}
<|im_start|>system
You are a helpful assistant.<|im_end|>
{% endif %}
<|im_start|>{{ message['role'] }}
{% if message['content'] is string %}
{{ message['content'] }}<|im_end|>
{% else %}
{% for part in message['content'] %}
{%- if part['type'] == 'image' or 'image' in part or 'image_url' in part -%}
{% set images.count = images.count + 1 %}
{%- if add_vision_id %}Picture {{ images.count }}: {% endif -%}
<|vision_start|><|image_pad|><|vision_end|>
{%- elif 'text' in part -%}
{{ part['text'] }}
{%- endif -%}
{% endfor %}
<|im_end|>
{% endif %}
{% endfor %}
{% if add_generation_prompt %}
<|im_start|>assistant
{% endif %}
"""

# No message of its own; everything on one line of the file.
SHORT_VISION_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' }}"
    "{% if message.content is string %}{{ message.content }}{% else %}{% for part in message.content %}"
    "{% if part.type == 'image' %}{{ '<|vision_start|><|image_pad|><|vision_end|>' }}"
    "{% elif part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}{% endif %}"
    "{{ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

# Tools and a default system message, as Qwen2.5 has them.
TOOL_TEMPLATE = """\
{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {{- messages[0]['content'] if messages[0]['role'] == 'system' else 'You may call tools.' }}
    {%- for tool in tools %}{{- '\\n' + (tool | tojson) }}{%- endfor %}
    {{- '<|im_end|>\\n' }}
{%- elif messages[0]['role'] != 'system' %}
    {{- '<|im_start|>system\\nYou are Qwen, a helpful assistant.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role not in ['system', 'user', 'assistant'] %}
        {{- raise_exception('unknown role ' + message.role) }}
    {%- endif %}
    {%- if not (tools and loop.first and message.role == 'system') %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

# Qwen3's way: thoughts of earlier turns are left out, and thinking can be turned off.
THINKING_TEMPLATE = """\
{%- set last = namespace(user=-1) %}
{%- for message in messages[::-1] %}
    {%- if last.user < 0 and message.role == 'user' and message.content is string %}
        {%- set last.user = messages | length - 1 - loop.index0 %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if message.role == 'assistant' %}
        {%- if '</think>' in content and loop.index0 < last.user %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {{- '<|im_start|>assistant\\n' + content.strip() }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + content }}
    {%- endif %}
    {{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""


def text(hidden, layers, heads, groups, **more):
    """The language model's part of a config.json."""
    return {"hidden_size": hidden, "intermediate_size": hidden * 3 // 2, "num_hidden_layers": layers,
            "num_attention_heads": heads, "num_key_value_heads": groups, "rope_theta": 1000000.0} | more


def vision(patch, window, depth, full, hidden, heads, **more):
    """The vision tower's part of a config.json."""
    return {"patch_size": patch, "window_size": window, "depth": depth, "fullatt_block_indexes": full,
            "hidden_size": hidden, "num_heads": heads, "intermediate_size": hidden * 3 // 2} | more


def mrope(*section):
    return {"rope_scaling": {"type": "mrope", "mrope_section": list(section)}}


def default_mrope(*section):
    return {"rope_scaling": {"type": "default", "rope_type": "default", "mrope_section": list(section)}}


# Per checkpoint. Layout of config.json: "flat" (text fields at the top), "nested" (below text_config, with
# rope_scaling) or "current" (as transformers 5 writes it). Tensor names: "released" or "current". An image
# processor's bounds: "pixels" (min_pixels, max_pixels), "edges" (size) or "processor" (the latter in
# processor_config.json, as transformers 5 writes it). Head: "tied", "untied", "copied" (tied, but the file
# has an equal head), "other" (tied says config.json, but the file has another head, which counts).
CHECKPOINTS = {
    "vl_released_3b": {
        "type": "qwen2_5_vl", "text": text(32, 2, 4, 2, **mrope(1, 1, 2)), "head": "tied",
        "vision": vision(14, 112, 2, [1], 16, 2), "dtype": "bfloat16", "template": "chat_template.json",
        "bounds": "pixels", "pixels": (56 * 56, 28 * 28 * 600), "eos": ["<|im_end|>", "<|endoftext|>"],
        "penalty": 1.05, "cases": ["small png", "jpeg", "turns"],
    },
    "vl_released_7b": {
        "type": "qwen2_5_vl", "text": text(32, 2, 4, 1, **default_mrope(1, 1, 2)), "head": "untied",
        "vision": vision(14, 56, 3, [1], 16, 2, tokens_per_second=2), "dtype": "bfloat16", "shards": "60KB",
        "template": "chat_template.json", "bounds": "pixels", "pixels": (28 * 28 * 4, 28 * 28 * 400),
        "eos": ["<|im_end|>", "<|endoftext|>"], "cases": ["wide and tall", "own bounds"],
    },
    "vl_transformers5": {
        "type": "qwen2_5_vl", "layout": "current", "names": "current",
        "text": text(32, 2, 4, 2, **mrope(2, 1, 1)), "head": "untied",
        "vision": vision(4, 16, 3, [1], 24, 2), "dtype": "float32", "template": "chat_template.jinja",
        "bounds": "processor", "pixels": (256, 64 * 340), "eos": "<|im_end|>",
        "cases": ["between", "three formats"],
    },
    "vl_multi_head": {
        "type": "qwen2_5_vl", "text": text(48, 1, 6, 6, rope_theta=10000.0, **mrope(2, 1, 1)), "head": "tied",
        "vision": vision(6, 48, 3, [0, 2], 24, 3), "dtype": "float32", "template": "tokenizer_config.json",
        "short_template": True, "bounds": "edges", "pixels": (1024, 144 * 650), "eos": "<|im_end|>",
        "cases": ["wide and tall", "turns", "text only"],
    },
    "vl_one_key_head": {
        "type": "qwen2_5_vl", "names": "current", "text": text(32, 3, 4, 1, **default_mrope(2, 1, 1)),
        "head": "untied", "vision": vision(8, 32, 2, [0], 16, 1), "dtype": "float16",
        "template": "chat_template.jinja", "bounds": "edges", "pixels": (16 * 16, 256 * 300),
        "eos": ["<|im_end|>"], "penalty": 1.05, "cases": ["three formats", "own bounds"],
    },
    "vl_all_blocks_full": {
        "type": "qwen2_5_vl", "layout": "nested", "text": text(32, 1, 2, 2, **mrope(2, 3, 3)), "head": "copied",
        "vision": vision(8, 32, 2, [0, 1], 24, 2), "dtype": "float32", "template": "chat_template.jinja",
        "bounds": "pixels", "pixels": (1024, 256 * 500), "eos": "<|im_end|>",
        "cases": ["small png", "between"],
    },
    "vl_smallest_windows": {
        "type": "qwen2_5_vl", "layout": "nested",
        "text": text(48, 2, 3, 1, rope_theta=500000.0, **default_mrope(4, 2, 2)), "head": "untied",
        "vision": vision(4, 8, 2, [1], 16, 2), "dtype": "float32", "shards": "50KB",
        "template": "tokenizer_config.json", "bounds": "processor", "pixels": (64, 64 * 330),
        "eos": "<|im_end|>", "cases": ["wide and tall", "turns"],
    },
    "vl_uneven_windows": {
        "type": "qwen2_5_vl", "layout": "current", "text": text(32, 2, 8, 4, **mrope(1, 1, 0)),
        "head": "tied", "vision": vision(4, 44, 4, [2], 16, 2, tokens_per_second=4), "dtype": "float16",
        "shards": "40KB", "template": "chat_template.json", "bounds": "edges", "pixels": (256, 64 * 360),
        "eos": ["<|im_end|>", "<|endoftext|>"], "cases": ["three formats", "jpeg", "text only"],
    },
    "vl_tied_below": {
        "type": "qwen2_5_vl", "layout": "nested", "names": "current", "tied_below": True,
        "text": text(32, 1, 4, 2, **mrope(1, 1, 2)), "head": "tied", "vision": vision(6, 24, 2, [], 16, 2),
        "dtype": "bfloat16", "template": "chat_template.jinja", "bounds": "pixels",
        "pixels": (144 * 4, 144 * 300), "eos": "<|im_end|>", "cases": ["between", "small png"],
    },
    "vl_other_head": {
        "type": "qwen2_5_vl", "text": text(32, 1, 4, 4, **mrope(2, 1, 1)), "head": "other",
        "vision": vision(4, 32, 2, [1], 16, 4), "dtype": "float32", "template": "chat_template.jinja",
        "bounds": "pixels", "pixels": (256, 64 * 300), "eos": "<|im_end|>", "cases": ["small png", "own bounds"],
    },
    "qwen2_multi_head": {
        "type": "qwen2", "text": text(32, 2, 4, 4), "head": "tied", "dtype": "float32",
        "template": "tokenizer_config.json", "eos": "<|im_end|>", "cases": ["text only", "text turns"],
    },
    "qwen2_sharded": {
        "type": "qwen2", "text": text(48, 2, 6, 2, rms_norm_eps=1e-5), "head": "untied", "dtype": "bfloat16",
        "shards": "50KB", "template": "tokenizer_config.json", "eos": ["<|im_end|>", "<|endoftext|>"], "penalty": 1.05,
        "cases": ["text only", "text turns"],
    },
    "qwen2_transformers5": {
        "type": "qwen2", "layout": "current", "text": text(32, 3, 4, 1, rope_theta=10000.0), "head": "copied",
        "dtype": "float16", "template": "chat_template.jinja", "eos": "<|endoftext|>",
        "cases": ["text only", "text turns"],
    },
    "qwen3_wide_heads": {
        "type": "qwen3", "text": text(32, 2, 4, 2, head_dim=16), "head": "tied", "dtype": "float32",
        "template": "tokenizer_config.json", "eos": ["<|im_end|>", "<|endoftext|>"],
        "cases": ["text only", "thoughts"],
    },
    "qwen3_narrow_heads": {
        "type": "qwen3", "text": text(48, 2, 4, 4, head_dim=8), "head": "untied", "dtype": "bfloat16",
        "shards": "50KB", "template": "chat_template.jinja", "eos": "<|im_end|>",
        "cases": ["text only", "text turns", "thoughts"],
    },
    "qwen3_transformers5": {
        "type": "qwen3", "layout": "current", "text": text(32, 2, 4, 1, head_dim=24, attention_bias=True),
        "head": "untied", "dtype": "float16", "template": "chat_template.jinja", "eos": "<|im_end|>",
        "penalty": 1.05, "cases": ["text only", "thoughts"],
    },
}


CHECKPOINTS |= llama_checkpoints.CHECKPOINTS | qwen3_vl_checkpoints.CHECKPOINTS
VISION = ("qwen2_5_vl", "qwen3_vl")
ARCHITECTURES = {"qwen2_5_vl": "Qwen2_5_VLForConditionalGeneration", "qwen2": "Qwen2ForCausalLM",
                 "qwen3": "Qwen3ForCausalLM", "llama": "LlamaForCausalLM",
                 "qwen3_vl": "Qwen3VLForConditionalGeneration"}


def image(name, **more):
    return {"type": "image", "image": f"../images/{name}"} | more


def words(content):
    return {"type": "text", "text": content}


def user(*parts):
    return {"role": "user", "content": parts[0] if isinstance(parts[0], str) else list(parts)}


def turn(role, content):
    return {"role": role, "content": content}


CASES = {
    "text only": ([user("What is 12 + 30? Cafe\u0301, naïve, 中文, 🦀 — “quoted”.")],
                  "The answer is \\boxed{42}.<|im_end|>"),
    "text turns": ([turn("system", "You answer in one word."), user("the first of 3?"),
                    turn("assistant", "  Yes.\n\nIt is. "), user("And\tthe second?\r\n\n  Don't guess.")],
                   "No.\n\nIt's \\frac{1}{2}.<|im_end|>"),
    "thoughts": ([turn("system", "Think first."), user("2 and 2?"),
                  turn("assistant", "<think>\nTwo and two.\n</think>\n\n4"), user("And 3 more?")],
                 "<think>\n4 and 3.\n</think>\n\n7<|im_end|>"),
    "small png": ([user(image("tiny.png"), words("What colour is this image?"))], "Red and blue.<|im_end|>"),
    "jpeg": ([user(image("large.jpg"), words("Describe the image."))], "A smooth gradient<|im_end|>"),
    "turns": ([turn("system", "You see images of shapes."), user(image("shapes.webp"), words("How many circles?")),
               turn("assistant", "Three."), user(words("And the squares? Ünïcödé ✓"))],
              "Two, in the image.<|im_end|>"),
    "wide and tall": ([user(image("wide.png"), image("tall.png"), words("Which of the images is wide?"))],
                      "The first, \\boxed{1}<|im_end|>\n"),
    "own bounds": ([user(image("shapes.webp", max_pixels=6272), image("tiny.png"), words("the same?"))],
                   "No<|im_end|>"),
    "between": ([user(words("First, before: "), image("steps.gif"), words(" then, between, "), image("palette.png"),
                      words("after it: 変わったか?"))], "変わった。<|im_end|>"),
    "three formats": ([user(image("steps.gif"), image("shapes.webp"), image("palette.png"), words("answer:"))],
                      "1, 2 and 3<|endoftext|>"),
}


def gradient(width, height):
    y, x = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack(
        [x * 255 // width, y * 255 // height, 255 - x * 255 // width], -1).astype(np.uint8))


def shapes(width, height):
    picture = Image.new("RGB", (width, height), "ivory")
    draw = ImageDraw.Draw(picture)
    for index, colour in enumerate(["crimson", "teal", "navy"]):
        left, top = width * index // 3, height * index // 5
        draw.ellipse([left, top, left + width // 4, top + height // 2], fill=colour)
        draw.rectangle([width - left - width // 6, height * 3 // 4, width - left - 4, height - 1], fill=colour)
    return picture


def write_images():
    folder = OUT / "images"
    folder.mkdir(parents=True, exist_ok=True)
    gradient(28, 28).save(folder / "tiny.png")
    shapes(1500, 28).save(folder / "wide.png")
    shapes(40, 1200).save(folder / "tall.png")
    gradient(1500, 1000).save(folder / "large.jpg", quality=70)
    shapes(320, 240).save(folder / "shapes.webp", lossless=True)
    frames = [shapes(97, 61), shapes(61, 97).resize((97, 61))]
    frames[0].save(folder / "steps.gif", save_all=True, append_images=frames[1:], duration=100)
    shapes(90, 130).quantize(16).save(folder / "palette.png", transparency=3)


def byte_characters():
    """GPT-2's printable stand-ins for the 256 bytes, in the order of the bytes."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def tokenizer(shape):
    eos = eos_tokens(shape)[0]
    if shape.get("pieces"):
        return llama_checkpoints.pieces_tokenizer(eos)
    special = shape.get("special", SPECIAL)
    vocabulary = {character: number for number, character in enumerate(sorted(byte_characters()))}
    merges = []
    for word in MERGED_WORDS:
        for end in range(1, len(word)):
            pair = (word[:end], word[end])
            if pair not in merges:
                merges.append(pair)
                vocabulary.setdefault("".join(pair), len(vocabulary))
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    backend.normalizer = normalizers.NFC()
    backend.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(WORDS), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    pad = "<|endoftext|>" if special is SPECIAL else "<|end_of_text|>"
    bos = {"bos_token": shape["bos"]} if "bos" in shape else {}
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token=eos, pad_token=pad, **bos,
                                   model_max_length=4096, clean_up_tokenization_spaces=False)


def eos_tokens(shape):
    return shape["eos"] if isinstance(shape["eos"], list) else [shape["eos"]]


def released_config(shape, tokens):
    """A config.json with the fields and the layout that released checkpoints have."""
    ids = tokens.convert_tokens_to_ids
    fields = {
        "attention_dropout": 0.0, "bos_token_id": ids(shape.get("bos", "<|endoftext|>")),
        "eos_token_id": ids(eos_tokens(shape)[0]), "hidden_act": "silu", "initializer_range": 0.02,
        "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "use_cache": True,
        "vocab_size": (len(tokens) + 7) // 8 * 8,
    } | shape["text"]
    if shape["type"] not in ("llama", "qwen3_vl"):
        fields |= {"max_window_layers": 28, "sliding_window": 4096, "use_sliding_window": False}
    tied = shape["head"] != "untied"
    config = {"architectures": [ARCHITECTURES[shape["type"]]], "model_type": shape["type"], "torch_dtype": shape["dtype"],
              "tie_word_embeddings": tied, "transformers_version": "4.49.0"}
    if shape["type"] == "qwen3_vl":
        config |= {
            "image_token_id": ids("<|image_pad|>"), "video_token_id": ids("<|video_pad|>"),
            "vision_start_token_id": ids("<|vision_start|>"), "vision_end_token_id": ids("<|vision_end|>"),
            "vision_config": {"model_type": "qwen3_vl", "hidden_act": "gelu_pytorch_tanh", "in_channels": 3,
                              "initializer_range": 0.02, "out_hidden_size": fields["hidden_size"],
                              "spatial_merge_size": 2, "temporal_patch_size": 2} | shape["vision"],
        }
    if shape["type"] == "qwen2_5_vl":
        side = shape["vision"]["patch_size"]
        config |= {
            "image_token_id": ids("<|image_pad|>"), "video_token_id": ids("<|video_pad|>"),
            "vision_start_token_id": ids("<|vision_start|>"), "vision_end_token_id": ids("<|vision_end|>"),
            "vision_token_id": ids("<|vision_pad|>"),
            "vision_config": {"hidden_act": "silu", "in_chans": 3, "out_hidden_size": fields["hidden_size"],
                              "spatial_merge_size": 2, "spatial_patch_size": side, "temporal_patch_size": 2,
                              "tokens_per_second": 2} | shape["vision"],
        }
    if shape.get("layout") != "nested" and shape["type"] != "qwen3_vl":
        return fields | config
    config["text_config"] = fields | {"model_type": shape["type"] + "_text"}
    if shape.get("tied_below"):
        config["text_config"]["tie_word_embeddings"] = config.pop("tie_word_embeddings")
    return config


def random_model(config, seed):
    torch.manual_seed(seed)
    kind = AutoModelForImageTextToText if config.model_type in VISION else AutoModelForCausalLM
    model = kind.from_config(config).float().eval()
    for name, parameter in model.named_parameters():
        is_norm = parameter.ndim == 1 and not name.endswith("bias")
        torch.nn.init.normal_(parameter, float(is_norm), 0.2)
    return model


def save_model(folder, shape, config, seed, tokens):
    """config.json, generation_config.json and the weights, as transformers writes them."""
    model = random_model(AutoConfig.for_model(**copy.deepcopy(config)), seed).to(getattr(torch, shape["dtype"]))
    ids = tokens.convert_tokens_to_ids(eos_tokens(shape))
    generation = model.generation_config
    generation._from_model_config = False
    generation.eos_token_id = ids if isinstance(shape["eos"], list) else ids[0]
    generation.pad_token_id = tokens.pad_token_id
    generation.bos_token_id = tokens.convert_tokens_to_ids(shape.get("bos", "<|endoftext|>"))
    if "penalty" in shape:
        generation.update(repetition_penalty=shape["penalty"], do_sample=True, temperature=0.7, top_p=0.8, top_k=20)
    model.save_pretrained(folder, max_shard_size=shape.get("shards", "1GB"),
                          save_original_format=shape.get("names", "released") == "released")
    add_head(folder / "model.safetensors", shape["head"])
    if shape.get("frequencies"):
        add_frequencies(folder / "model.safetensors", model.config)
    if shape.get("layout") != "current":
        write(folder / "config.json", config, indent=2)


def add_head(path, head):
    """An output head in the file of a model whose config.json says that it is tied."""
    if head not in ("copied", "other"):
        return
    weights = load_file(path)
    embedding = next(value for name, value in weights.items() if name.endswith("embed_tokens.weight"))
    weights["lm_head.weight"] = embedding.clone() if head == "copied" else torch.randn_like(embedding) * 0.2
    save_file(weights, path, metadata={"format": "pt"})


def add_frequencies(path, config):
    """What old files of Llama 2 hold besides the weights, and nobody reads: here, nonsense."""
    weights = load_file(path)
    for layer in range(config.num_hidden_layers):
        weights[f"model.layers.{layer}.self_attn.rotary_emb.inv_freq"] = torch.ones(config.head_dim // 2)
    save_file(weights, path, metadata={"format": "pt"})


def chat_template(shape):
    if "chat" in shape:
        return shape["chat"]
    if shape["type"] == "qwen2_5_vl":
        return SHORT_VISION_TEMPLATE if shape.get("short_template") else VISION_TEMPLATE
    return THINKING_TEMPLATE if shape["type"] == "qwen3" else TOOL_TEMPLATE


def save_processor(folder, shape, tokens):
    """Tokenizer, image processor and chat template, each in the file that this checkpoint has it in."""
    template = chat_template(shape)
    if shape["type"] in VISION:
        settings = {"patch_size": shape["vision"]["patch_size"], "temporal_patch_size": 2, "merge_size": 2}
        low, high = shape["pixels"]
        bounds = {"shortest_edge": low, "longest_edge": high}
        kind, video = Qwen2_5_VLProcessor, Qwen2VLVideoProcessor
        if shape["type"] == "qwen3_vl":
            kind, video = Qwen3VLProcessor, Qwen3VLVideoProcessor
            settings |= {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
        processor = kind(Qwen2VLImageProcessor(size=bounds, **settings), tokens, video(size=bounds, **settings),
                         chat_template=template)
        processor.save_pretrained(folder)
        if shape["bounds"] != "processor":
            (folder / "processor_config.json").unlink()
            bounds = {"min_pixels": low, "max_pixels": high} if shape["bounds"] == "pixels" else {"size": bounds}
            image_processor = Qwen2VLImageProcessor()
            write(folder / "preprocessor_config.json", bounds | settings | {
                name: settings.get(name, getattr(image_processor, name)) for name in ("image_mean", "image_std")
            } | {"image_processor_type": "Qwen2VLImageProcessor", "processor_class": kind.__name__}, indent=2)
    else:
        tokens.chat_template = template
        tokens.save_pretrained(folder)
    if shape["template"] != "chat_template.jinja":
        (folder / "chat_template.jinja").unlink()
        path = folder / shape["template"]
        content = json.loads(path.read_text()) if path.exists() else {}
        write(path, content | {"chat_template": template}, indent=2)


def image_parts(messages):
    parts = [part for message in messages if isinstance(message["content"], list) for part in message["content"]]
    return [part for part in parts if part["type"] == "image"]


class Checkpoint:
    """A directory as transformers reads it."""

    def __init__(self, folder, dtype=torch.float32):
        self.folder = folder
        config = AutoConfig.from_pretrained(folder)
        self.is_vision = config.model_type in VISION
        self.processor = (AutoProcessor if self.is_vision else AutoTokenizer).from_pretrained(folder)
        self.tokenizer = self.processor.tokenizer if self.is_vision else self.processor
        if self.processor.chat_template is None:  # AutoProcessor does not look in tokenizer_config.json
            self.processor.chat_template = self.tokenizer.chat_template
        kind = AutoModelForImageTextToText if self.is_vision else AutoModelForCausalLM
        self.model, report = kind.from_pretrained(
            folder, dtype=dtype, attn_implementation="eager", output_loading_info=True)
        assert not any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), report
        self.model.eval()

    def picture(self, part):
        return decoded(self.folder / part["image"])

    def patches(self, part):
        """One image's pixel values and grid, within its own bounds where it has some."""
        processor = self.processor.image_processor
        bounds = {"shortest_edge": part.get("min_pixels", processor.size["shortest_edge"]),
                  "longest_edge": part.get("max_pixels", processor.size["longest_edge"])}
        result = processor(images=[self.picture(part)], size=bounds, return_tensors="pt")
        return result["pixel_values"], result["image_grid_thw"]

    def prompt(self, messages):
        """The inputs of the model for the messages, up to where its answer begins."""
        rendered = self.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        parts = image_parts(messages)
        images = [self.patches(part) for part in parts]
        pieces = rendered.split("<|image_pad|>")
        assert len(pieces) == len(images) + 1
        pads = ["<|image_pad|>" * (int(grid.prod()) // 4) for _, grid in images]
        expanded = "".join(piece + pad for piece, pad in zip(pieces, pads + [""]))
        ids = self.tokenizer(expanded, add_special_tokens=False)["input_ids"]
        if not any("max_pixels" in part for part in parts):
            assert ids == self.templated_ids(messages)
        inputs = {"input_ids": torch.tensor([ids])}
        if images:
            inputs |= {"pixel_values": torch.cat([pixels for pixels, _ in images]),
                       "image_grid_thw": torch.cat([grid for _, grid in images])}
        return self.completed(inputs, [])

    def templated_ids(self, messages):
        """What apply_chat_template makes of the messages; the processor expands the images itself."""
        messages = copy.deepcopy(messages)
        for part in image_parts(messages):
            part["image"] = self.picture(part)
        ids = self.processor.apply_chat_template(
            messages, tokenize=True, add_generation_prompt=True, return_dict=True)["input_ids"]
        return ids[0] if self.is_vision else ids

    def completed(self, inputs, completion):
        """The inputs with a completion after the prompt."""
        ids = torch.cat([inputs["input_ids"], torch.tensor([completion], dtype=torch.long)], 1)
        inputs = inputs | {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if self.is_vision:
            inputs["mm_token_type_ids"] = (ids == self.model.config.image_token_id).int()
        return inputs

    def logprobs(self, inputs, completion):
        """The log-probability of each token of the completion, given the prompt and those before."""
        with torch.no_grad():
            logits = self.model(**self.completed(inputs, completion)).logits[0].float()
        logprobs = logits.log_softmax(-1)[-len(completion) - 1 : -1]
        return rounded(logprobs.gather(-1, torch.tensor(completion)[:, None]).squeeze(-1))

    def gradients(self, inputs, completion):
        """The gradient of the completion's mean negative log-probability, by our names of the parameters."""
        logits = self.model(**self.completed(inputs, completion)).logits[0, -len(completion) - 1 : -1]
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor(completion))
        self.model.zero_grad()
        loss.backward()
        shorter = {"model.language_model.": "model.", "model.visual.": "visual."}
        found = {}
        for name, parameter in self.model.named_parameters():
            for now, ours in shorter.items():
                name = ours + name.removeprefix(now) if name.startswith(now) else name
            found[name] = parameter.grad.contiguous()
        return found

    def positions(self, inputs):
        """Time, height and width of each token of the prompt."""
        axes, _ = self.model.model.get_rope_index(
            inputs["input_ids"], inputs["mm_token_type_ids"], inputs.get("image_grid_thw"))
        return axes[:, 0].long().tolist()

    def greedy(self, inputs, least_gap):
        """The greedy continuation; a doubtful one is refused."""
        result = self.model.generate(**inputs, max_new_tokens=GREEDY_TOKENS, do_sample=False,
                                     output_scores=True, return_dict_in_generate=True)
        found = result.sequences[0, inputs["input_ids"].shape[1]:].tolist()
        eos = self.model.generation_config.eos_token_id
        forbidden = {token for token, added in self.tokenizer.added_tokens_decoder.items() if added.special}
        forbidden -= set(eos if isinstance(eos, list) else [eos])
        for token, scores in zip(found, result.scores):
            best, second = scores[0].topk(2).values.tolist()
            if best - second < least_gap or token in forbidden or token >= len(self.tokenizer):
                raise Doubtful(f"token {token}, gap {best - second}")
        return found


class Doubtful(Exception):
    """A continuation that other arithmetic could change, or with a token that no text has."""


def rounded(values):
    return [float(f"{value:.7g}") for value in values.tolist()]


def case(checkpoint, name, native, end):
    messages, completion = copy.deepcopy(CASES[name])
    completion = completion.replace("<|im_end|>", end)
    inputs = checkpoint.prompt(messages)
    prompt_ids = inputs["input_ids"][0].tolist()
    completion_ids = checkpoint.tokenizer(completion, add_special_tokens=False)["input_ids"]
    result = {
        "name": name, "messages": messages, "completion": completion,
        "prompt_ids": [[token, len(list(run))] for token, run in groupby(prompt_ids)],
        "grid_thw": inputs["image_grid_thw"].tolist() if "image_grid_thw" in inputs else [],
    }
    if checkpoint.is_vision:
        result["position_ids"] = checkpoint.positions(inputs)
    # JPEG decoders differ by a level here and there.
    least_gap = 3e-2 if name == "jpeg" else 1e-3
    result |= {"completion_ids": completion_ids, "logprobs": checkpoint.logprobs(inputs, completion_ids),
               "greedy": checkpoint.greedy(inputs, least_gap)}
    assert min(result["logprobs"]) > -20 and len(prompt_ids) < 1500
    if native:
        result["logprobs_native"] = native.logprobs(inputs, completion_ids)
    return result


def write(path, value, **options):
    path.write_text(json.dumps(value, ensure_ascii=False, **options) + "\n")


def write_checkpoint(name, shape, seed):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tokens = tokenizer(shape)
    save_model(folder, shape, released_config(shape, tokens), seed, tokens)
    save_processor(folder, shape, tokens)
    checkpoint = Checkpoint(folder)
    native = None if shape["dtype"] == "float32" else Checkpoint(folder, "auto")
    assert native is None or native.model.dtype == getattr(torch, shape["dtype"])
    parameters = sum(parameter.numel() for parameter in checkpoint.model.parameters())
    end = shape.get("end", "<|im_end|>")
    if shape["type"] == "qwen3_vl":
        write_gradients(checkpoint, name, shape["cases"][0])
    cases = [case(checkpoint, case_name, native, end) for case_name in shape["cases"]]
    write(folder / "expected.json", {"dtype": shape["dtype"], "parameters": parameters, "cases": cases},
          separators=(",", ":"))


def write_gradients(checkpoint, name, case_name):
    messages, completion = copy.deepcopy(CASES[case_name])
    completion = checkpoint.tokenizer(completion, add_special_tokens=False)["input_ids"]
    GRADIENTS.mkdir(exist_ok=True)
    save_file(checkpoint.gradients(checkpoint.prompt(messages), completion), GRADIENTS / f"{name}.safetensors")


def main():
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    write_images()
    for number, (name, shape) in enumerate(CHECKPOINTS.items()):
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        for seed in range(number * 100, number * 100 + 100):
            try:
                write_checkpoint(name, shape, seed)
                break
            except Doubtful as doubt:
                print(f"{name}, seed {seed}: {doubt}")
        else:
            raise SystemExit(f"no seed will do for {name}")


if __name__ == "__main__":
    main()
