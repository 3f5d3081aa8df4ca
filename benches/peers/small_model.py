"""The text model of 5.4 million parameters that `spark bench` has by default, with random weights, in PyTorch."""

import json
import pathlib

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

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


def random_ids(rows, tokens):
    """Without the token that pads."""
    return torch.randint(1, json.loads(SHAPE.read_text())["vocab_size"], (rows, tokens))
