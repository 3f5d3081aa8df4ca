"""PyTorch and transformers on a text model of a given shape with random weights: what `spark bench` on a card stands beside.

    python3 benches/peers/card.py CONFIG.json --work update --rows 8 --tokens 576 --dtype bf16 --device cuda

update: forward and backward pass, clipping by the global norm and fused AdamW, layers computed twice. `bf16` has weights
and moments in bf16, which is the fastest that PyTorch does; `--master` keeps both in f32 and computes in bf16 by autocast,
which is what spark does.
generate: transformers' `generate`, static cache, not compiled.
graph: the same decoding written out in plain PyTorch, its static cache written in place, a token step replayed as one CUDA
graph; without a card it runs step by step.

Prints one JSON object. The vision tower of a vision-language model is left out. Needs torch, and transformers but for graph.
"""

import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("config")
parser.add_argument("--work", choices=["update", "generate", "graph"], required=True)
parser.add_argument("--rows", type=int, default=8)
parser.add_argument("--tokens", type=int, default=576, help="of a row to learn from, or of a prompt")
parser.add_argument("--new-tokens", type=int, default=128)
parser.add_argument("--dtype", choices=["f32", "bf16"], default="bf16")
parser.add_argument("--master", action="store_true")
parser.add_argument("--device", default="cuda")
parser.add_argument("--repeats", type=int, default=3)
arguments = parser.parse_args()

with open(arguments.config) as file:
    CONFIG = json.load(file)
CONFIG = {**CONFIG, **(CONFIG.get("text_config") or {})}
DTYPE = {"f32": torch.float32, "bf16": torch.bfloat16}[arguments.dtype]
DEVICE = torch.device(arguments.device)
HIDDEN, LAYERS, VOCABULARY = CONFIG["hidden_size"], CONFIG["num_hidden_layers"], CONFIG["vocab_size"]
HEADS = CONFIG["num_attention_heads"]
KEY_HEADS = CONFIG.get("num_key_value_heads", HEADS)
HEAD_DIM = CONFIG.get("head_dim") or HIDDEN // HEADS
torch.manual_seed(1)


def wait():
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def seconds(work):
    """The first run, which warms up, and the median of the others."""
    taken = []
    for _ in range(arguments.repeats + 1):
        wait()
        started = time.perf_counter()
        work()
        wait()
        taken.append(time.perf_counter() - started)
    return taken[0], statistics.median(taken[1:])


def released_model(dtype):
    """transformers' Qwen2 of this shape."""
    from transformers import Qwen2Config, Qwen2ForCausalLM
    from small_model import KEPT

    ends = dict(bos_token_id=None, eos_token_id=None, pad_token_id=0)
    config = Qwen2Config(**{name: CONFIG[name] for name in KEPT if name in CONFIG}, **ends)
    with torch.device(DEVICE):
        torch.set_default_dtype(dtype)
        model = Qwen2ForCausalLM(config)
        torch.set_default_dtype(torch.float32)
    return model.to(dtype)


def update():
    dtype = torch.float32 if arguments.master else DTYPE
    model = released_model(dtype)
    model.gradient_checkpointing_enable()
    model.config.use_cache = False
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, betas=(0.9, 0.95), fused=DEVICE.type == "cuda")
    ids = torch.randint(1, VOCABULARY, (arguments.rows, arguments.tokens), device=DEVICE)
    autocast = arguments.master and arguments.dtype != "f32"

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(DEVICE.type, dtype=DTYPE, enabled=autocast):
            loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    first, median = seconds(step)
    return first, median, arguments.rows * arguments.tokens


def generate():
    model = released_model(DTYPE).eval()
    options = dict(
        do_sample=True, temperature=1.0, top_k=0, top_p=1.0, max_new_tokens=arguments.new_tokens,
        min_new_tokens=arguments.new_tokens, cache_implementation="static", disable_compile=True,
    )
    ids = torch.randint(1, VOCABULARY, (arguments.rows, arguments.tokens), device=DEVICE)

    @torch.no_grad()
    def run():
        out = model.generate(ids, attention_mask=torch.ones_like(ids), **options)
        assert out.shape == (arguments.rows, arguments.tokens + arguments.new_tokens), out.shape

    first, median = seconds(run)
    return first, median, arguments.rows * arguments.new_tokens


class Decoder:
    """A Qwen2 without training: weights, a cache of fixed length, and a step for any number of tokens per row."""

    def __init__(self, rows, capacity):
        random = lambda *shape: (torch.randn(shape, device=DEVICE, dtype=torch.float32) * 0.02).to(DTYPE)
        ones = lambda: torch.ones(HIDDEN, device=DEVICE, dtype=DTYPE)
        inner, width = CONFIG["intermediate_size"], (HEADS + 2 * KEY_HEADS) * HEAD_DIM
        self.embedding = random(VOCABULARY, HIDDEN)
        self.layers = [
            dict(before=ones(), qkv=random(width, HIDDEN), bias=random(width), out=random(HIDDEN, HEADS * HEAD_DIM),
                 after=ones(), up=random(2 * inner, HIDDEN), down=random(HIDDEN, inner))
            for _ in range(LAYERS)
        ]
        self.norm = ones()
        empty = lambda: torch.zeros(rows, KEY_HEADS, capacity, HEAD_DIM, device=DEVICE, dtype=DTYPE)
        self.cache = [(empty(), empty()) for _ in range(LAYERS)]
        frequencies = 1e6 ** (-torch.arange(0, HEAD_DIM, 2, device=DEVICE) / HEAD_DIM)
        angles = torch.arange(capacity, device=DEVICE)[:, None] * frequencies
        self.cos, self.sin = angles.cos().to(DTYPE), angles.sin().to(DTYPE)
        self.places = torch.arange(capacity, device=DEVICE)

    def rotate(self, x, cos, sin):
        low, high = x.chunk(2, -1)
        return torch.cat([low * cos - high * sin, high * cos + low * sin], -1)

    def attention(self, layer, cache, x, at):
        rows, new, _ = x.shape
        qkv = F.linear(x, layer["qkv"], layer["bias"]).view(rows, new, -1, HEAD_DIM).transpose(1, 2)
        query, key, value = qkv.split([HEADS, KEY_HEADS, KEY_HEADS], 1)
        cos, sin = self.cos[at], self.sin[at]
        query, key = self.rotate(query, cos, sin), self.rotate(key, cos, sin)
        cache[0].index_copy_(2, at, key)
        cache[1].index_copy_(2, at, value)
        if new == 1:
            # The query heads of a key head as so many positions, so that no key is copied for each of them.
            grouped = query.view(rows, KEY_HEADS, -1, HEAD_DIM)
            out = F.scaled_dot_product_attention(grouped, *cache, attn_mask=self.places[None] <= at[:, None])
            return F.linear(out.reshape(rows, 1, -1), layer["out"])
        out = F.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
        return F.linear(out.transpose(1, 2).reshape(rows, new, -1), layer["out"])

    def step(self, ids, at):
        """Scores of each row's last token; `ids`: [rows, new], `at`: [new]."""
        norm = lambda x, weight: F.rms_norm(x, (HIDDEN,), weight, 1e-6)
        x = F.embedding(ids, self.embedding)
        for layer, cache in zip(self.layers, self.cache):
            x = x + self.attention(layer, cache, norm(x, layer["before"]), at)
            gate, up = F.linear(norm(x, layer["after"]), layer["up"]).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, layer["down"])
        return F.linear(norm(x[:, -1], self.norm), self.embedding)

    def draw(self, scores):
        """By Gumbel noise, with the log-probability, as a rollout needs it."""
        logs = torch.log_softmax(scores.float(), -1)
        ids = (logs - torch.empty_like(logs).exponential_().log()).argmax(-1, keepdim=True)
        return ids, logs.gather(1, ids)


@torch.no_grad()
def graph():
    rows, prompt, new = arguments.rows, arguments.tokens, arguments.new_tokens
    decoder = Decoder(rows, prompt + new)
    ids = torch.randint(1, VOCABULARY, (rows, prompt), device=DEVICE)
    token, at = ids[:, -1:].clone(), torch.tensor([prompt], device=DEVICE)

    def one():
        drawn, _ = decoder.draw(decoder.step(token, at))
        token.copy_(drawn)
        at.add_(1)

    replay = one
    if DEVICE.type == "cuda":
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):
            one()
        torch.cuda.current_stream().wait_stream(side)
        captured = torch.cuda.CUDAGraph()
        with torch.cuda.graph(captured):
            one()
        replay = captured.replay

    def run():
        token.copy_(decoder.draw(decoder.step(ids, torch.arange(prompt, device=DEVICE)))[0])
        at.fill_(prompt)
        for _ in range(new - 1):
            replay()

    first, median = seconds(run)
    return first, median, rows * new


first, median, count = {"update": update, "generate": generate, "graph": graph}[arguments.work]()
on_card = DEVICE.type == "cuda"
print(json.dumps({
    "work": arguments.work,
    "torch": torch.__version__,
    "device": torch.cuda.get_device_name() if on_card else "cpu",
    "dtype": "f32 weights, " * arguments.master + arguments.dtype,
    "rows": arguments.rows,
    "first_step_seconds": first,
    "seconds": median,
    "tokens_per_second": count / median,
    "peak_memory_bytes": torch.cuda.max_memory_allocated() if on_card else None,
    "peak_reserved_bytes": torch.cuda.max_memory_reserved() if on_card else None,
}))
