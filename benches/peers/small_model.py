"""The text model of 5.4 million parameters that `spark bench` has by default, with random weights, in PyTorch; and
prompts for it and for others."""

import json
import pathlib
import random

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

SHAPE = pathlib.Path(__file__).parents[2] / "src/bench/small.json"
KEPT = [
    "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
    "num_key_value_heads", "rms_norm_eps", "tie_word_embeddings",
]


def small_model():
    config = json.loads(SHAPE.read_text())
    torch.manual_seed(1)
    # Token 0 pads; nothing ends a completion.
    ends = dict(bos_token_id=None, eos_token_id=None, pad_token_id=0)
    return Qwen2ForCausalLM(Qwen2Config(**{name: config[name] for name in KEPT}, **ends)).float()


def model_of(directory, dtype):
    """The model of a directory with weights in `dtype`, or the small one where there is no directory."""
    if not directory:
        return small_model()
    dtype = torch.bfloat16 if dtype == "bf16" else torch.float32
    return AutoModelForCausalLM.from_pretrained(directory, dtype=dtype)


def random_ids(rows, tokens):
    """Without the token that pads."""
    return torch.randint(1, json.loads(SHAPE.read_text())["vocab_size"], (rows, tokens))


def small_tokenizer():
    """A word per token: `w7` is token 7."""
    size = json.loads(SHAPE.read_text())["vocab_size"]
    tokenizer = Tokenizer(models.WordLevel({f"w{index}": index for index in range(size)}, unk_token="w0"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    # TRL needs a token that ends; `min_new_tokens` keeps it from being drawn.
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="w0", eos_token="w1", unk_token="w0")


def random_prompts(tokenizer, count, tokens):
    """Texts of so many tokens: words that are a token each, in random order."""
    words = sorted(piece[1:] for piece in tokenizer.get_vocab() if piece[:1] == "Ġ" and piece[1:].isascii() and piece[1:].isalpha())
    generator = random.Random(1)
    texts = [" " + " ".join(generator.choices(words, k=tokens)) for _ in range(count)]
    assert all(len(ids) == tokens for ids in tokenizer(texts)["input_ids"]), "a word is more than a token"
    return texts
