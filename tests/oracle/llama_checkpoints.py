"""Shapes, chat templates and tokenizers of the Llama checkpoints that checkpoints.py writes."""

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers
from transformers import PreTrainedTokenizerFast

HEADER_TOKENS = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
PIECE_TOKENS = ["<unk>", "<s>", "</s>"]

# In the manner of Llama 3's: the text begins with the bos token, a date is told, and turns have headers.
HEADER_TEMPLATE = """\
{{- bos_token }}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message + "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

# In the manner of SmolLM2's: a default system message, on one line of the file.
DEFAULT_SYSTEM_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nYou are a helpful AI assistant.<|im_end|>\\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

# In the manner of Llama 2's: the system message stands within the first turn, and every turn has a bos token.
INSTRUCTION_TEMPLATE = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}"
    "{% set system_message = false %}{% endif %}{% for message in loop_messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate user/assistant') }}{% endif %}"
    "{% if loop.index0 == 0 and system_message != false %}"
    "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}"
    "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
)


def text(hidden, layers, heads, groups, **more):
    """The shape's part of a config.json."""
    return {"hidden_size": hidden, "intermediate_size": hidden * 3 // 2, "num_hidden_layers": layers,
            "num_attention_heads": heads, "num_key_value_heads": groups, "rms_norm_eps": 1e-5} | more


def stretched(factor, context, low=1.0, high=4.0):
    """Rotary settings of the type llama3; without a context it is the longest one."""
    context = {} if context is None else {"original_max_position_embeddings": context}
    return {"rope_scaling": {"rope_type": "llama3", "factor": factor, "low_freq_factor": low,
                             "high_freq_factor": high} | context}


def headers(eos, **more):
    return {"type": "llama", "special": HEADER_TOKENS, "bos": "<|begin_of_text|>", "eos": eos, "end": "<|eot_id|>",
            "chat": HEADER_TEMPLATE, "template": "tokenizer_config.json", "cases": ["text only", "text turns"]} | more


# Contexts of 64 make wavelengths above 64, between 16 and 64, and below 16: with heads of 16 values and a base
# of 500,000 there are frequencies of all three kinds, and prompts longer than the context.
CHECKPOINTS = {
    "llama_smollm2": {
        "type": "llama", "text": text(36, 2, 9, 3, rope_theta=100000.0, rope_scaling=None, pretraining_tp=1),
        "head": "tied", "dtype": "bfloat16", "bos": "<|im_start|>", "eos": "<|im_end|>", "chat": DEFAULT_SYSTEM_TEMPLATE,
        "template": "tokenizer_config.json", "cases": ["text only", "text turns"],
    },
    "llama_stretched": headers(
        ["<|end_of_text|>", "<|eot_id|>"], text=text(48, 2, 6, 2, head_dim=16, rope_theta=500000.0, **stretched(8.0, 64)),
        head="untied", dtype="float32", shards="50KB"),
    "llama_transformers5": headers(
        "<|eot_id|>", layout="current", head="copied", dtype="float16", template="chat_template.jinja",
        text=text(32, 3, 2, 1, rope_theta=500000.0, **stretched(32.0, 48, 1.25, 6.0))),
    "llama_attention_bias": headers(
        "<|eot_id|>", text=text(32, 2, 4, 2, rope_theta=10000.0, attention_bias=True), head="tied", dtype="float32"),
    "llama_mlp_bias": headers(
        ["<|eot_id|>"], text=text(48, 2, 4, 4, head_dim=8, mlp_bias=True, rope_theta=50000.0), head="untied",
        dtype="bfloat16", shards="40KB", penalty=1.1),
    "llama_all_biases": headers(
        "<|eot_id|>", layout="current", head="other", dtype="float32", template="chat_template.jinja",
        text=text(32, 2, 8, 1, head_dim=12, attention_bias=True, mlp_bias=True, max_position_embeddings=320,
                  rope_theta=20000.0, **stretched(4.0, None))),
    "llama_pieces": {
        "type": "llama", "text": text(32, 2, 4, None, rms_norm_eps=1e-6), "head": "untied", "dtype": "float16",
        "pieces": True, "bos": "<s>", "eos": "</s>", "end": "</s>", "chat": INSTRUCTION_TEMPLATE, "frequencies": True,
        "template": "tokenizer_config.json", "cases": ["text only", "text turns"],
    },
}

MERGED_PIECES = ["▁the", "▁of", "▁answer", "▁What", "▁is", "INST", "ing", "er", "in", "▁▁", "</", "<<"]


def pieces_tokenizer(eos):
    """A tokenizer in the manner of Llama 2's: spaces are letters, and what has no letter is spelt in bytes."""
    letters = [chr(code) for code in range(33, 127)] + ["▁"]
    vocabulary = PIECE_TOKENS + [f"<0x{byte:02X}>" for byte in range(256)] + letters
    merges = []
    for word in MERGED_PIECES:
        for end in range(1, len(word)):
            pair = (word[:end], word[end])
            if pair not in merges:
                merges.append(pair)
                vocabulary += [word[:end + 1]] if word[:end + 1] not in vocabulary else []
    ids = {token: number for number, token in enumerate(vocabulary)}
    backend = Tokenizer(models.BPE(vocab=ids, merges=merges, byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    backend.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in PIECE_TOKENS])
    return PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<s>", eos_token=eos, unk_token="<unk>",
                                   pad_token="<unk>", model_max_length=4096, clean_up_tokenization_spaces=False)
