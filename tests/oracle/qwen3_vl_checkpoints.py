"""Shapes and a chat template of the Qwen3-VL checkpoints that checkpoints.py writes."""

# In the manner of Qwen3-VL's: no system message of its own, tools, pictures and videos numbered on request, and texts
# and parts in every turn.
TEMPLATE = """\
{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {%- if messages[0].content is string %}
            {{- messages[0].content }}
        {%- else %}
            {%- for part in messages[0].content %}{%- if 'text' in part %}{{- part.text }}{%- endif %}{%- endfor %}
        {%- endif %}
        {{- '\\n\\n' }}
    {%- endif %}
    {{- "You may call these tools:" }}
    {%- for tool in tools %}{{- "\\n" }}{{- tool | tojson }}{%- endfor %}
    {{- '<|im_end|>\\n' }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].content is string %}
        {{- messages[0].content }}
    {%- else %}
        {%- for part in messages[0].content %}{%- if 'text' in part %}{{- part.text }}{%- endif %}{%- endfor %}
    {%- endif %}
    {{- '<|im_end|>\\n' }}
{%- endif %}
{%- set pictures = namespace(value=0) %}
{%- set videos = namespace(value=0) %}
{%- for message in messages %}
    {%- if message.role == "user" %}
        {{- '<|im_start|>' + message.role + '\\n' }}
        {%- if message.content is string %}
            {{- message.content }}
        {%- else %}
            {%- for part in message.content %}
                {%- if part.type == 'image' or 'image' in part or 'image_url' in part %}
                    {%- set pictures.value = pictures.value + 1 %}
                    {%- if add_vision_id %}Picture {{ pictures.value }}: {% endif -%}
                    <|vision_start|><|image_pad|><|vision_end|>
                {%- elif part.type == 'video' or 'video' in part %}
                    {%- set videos.value = videos.value + 1 %}
                    {%- if add_vision_id %}Video {{ videos.value }}: {% endif -%}
                    <|vision_start|><|video_pad|><|vision_end|>
                {%- elif 'text' in part %}
                    {{- part.text }}
                {%- endif %}
            {%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role + '\\n' }}
        {%- if message.content is string %}
            {{- message.content }}
        {%- else %}
            {%- for part in message.content %}{%- if 'text' in part %}{{- part.text }}{%- endif %}{%- endfor %}
        {%- endif %}
        {%- for call in message.tool_calls or [] %}
            {{- '\\n' }}{{- call.function | tojson }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""


def text(hidden, layers, heads, groups, head_dim, section, **more):
    """The language model's part of a config.json; a section of None is left to the default."""
    section = {} if section is None else {"mrope_interleaved": True, "mrope_section": section}
    return {"hidden_size": hidden, "intermediate_size": hidden * 3 // 2, "num_hidden_layers": layers,
            "num_attention_heads": heads, "num_key_value_heads": groups, "head_dim": head_dim,
            "attention_bias": False, "rope_theta": 5000000, "rope_scaling": {"rope_type": "default"} | section} | more


def vision(patch, depth, deepstack, hidden, heads, positions):
    """The vision tower's part of a config.json."""
    return {"patch_size": patch, "depth": depth, "deepstack_visual_indexes": deepstack, "hidden_size": hidden,
            "num_heads": heads, "intermediate_size": hidden * 3 // 2, "num_position_embeddings": positions}


def checkpoint(pixels, **more):
    return {"type": "qwen3_vl", "layout": "nested", "chat": TEMPLATE, "template": "chat_template.json", "bounds": "edges",
            "pixels": pixels, "eos": ["<|im_end|>", "<|endoftext|>"]} | more


# As in checkpoints.py. Released files have the text's settings nested, and transformers' names for tensors.
CHECKPOINTS = {
    # The patches of the released models; small otherwise.
    "vl3_released_2b": checkpoint(
        (32 * 32, 32 * 32 * 320), text=text(16, 3, 2, 1, 16, [4, 2, 2]), head="tied", dtype="bfloat16",
        vision=vision(16, 4, [0, 1, 3], 8, 1, 16), cases=["small png", "jpeg", "turns", "text only"]),
    "vl3_released_8b": checkpoint(
        (8 * 8 * 4, 8 * 8 * 400), text=text(16, 3, 4, 2, 12, [2, 2, 2]), head="untied", dtype="bfloat16", shards="30KB",
        vision=vision(4, 3, [0, 2], 8, 2, 36), penalty=1.05, cases=["wide and tall", "own bounds"]),
    "vl3_transformers5": checkpoint(
        (256, 64 * 340), layout="current", template="chat_template.jinja", bounds="processor", dtype="float32",
        text=text(16, 4, 2, 2, 14, [3, 2, 2]), head="untied", vision=vision(4, 4, [1, 2, 3], 8, 1, 49),
        eos="<|im_end|>", cases=["three formats", "between"]),
    # One block, whose output is taken twice: for the first layer and for the prompt.
    "vl3_single_block": checkpoint(
        (144 * 4, 144 * 300), text=text(16, 1, 3, 1, 8, [1, 1, 2]), head="tied", dtype="float16",
        vision=vision(6, 1, [0], 12, 3, 4), template="chat_template.jinja", eos="<|im_end|>",
        cases=["between", "small png"]),
    "vl3_no_deepstack": checkpoint(
        (256, 64 * 300), text=text(16, 2, 4, 1, 8, [2, 1, 1], attention_bias=True), head="copied", dtype="float32",
        vision=vision(4, 2, [], 16, 1, 25), template="tokenizer_config.json", cases=["wide and tall", "turns"]),
    # Features reach the layers in the order of their blocks, by mergers in the order of the list.
    "vl3_unsorted_blocks": checkpoint(
        (64, 64 * 360), text=text(16, 3, 4, 4, 10, [2, 2, 1]), head="untied", dtype="float16", shards="20KB",
        vision=vision(4, 4, [3, 0, 2], 16, 4, 16), eos=["<|im_end|>"], cases=["three formats", "own bounds"]),
    # Seven rows and columns, and entries that no image reaches.
    "vl3_odd_grid": checkpoint(
        (256, 256 * 350), text=text(24, 2, 3, 3, 18, [5, 3, 1], rope_theta=10000.0), head="other", dtype="float32",
        vision=vision(8, 3, [1], 8, 2, 60), bounds="pixels", template="chat_template.jinja", eos="<|im_end|>",
        cases=["wide and tall", "jpeg", "text only"]),
    "vl3_tied_below": checkpoint(
        (64, 64 * 330), tied_below=True, text=text(16, 2, 2, 1, 24, [6, 3, 3]), head="tied", dtype="bfloat16",
        vision=vision(4, 5, [4, 1], 8, 2, 400), penalty=1.1, cases=["three formats", "small png"]),
    "vl3_default_sections": checkpoint(
        (256, 64 * 320), text=text(12, 2, 1, 1, 128, None, rms_norm_eps=1e-5), head="untied", dtype="float32",
        vision=vision(4, 2, [0, 1], 12, 1, 9), layout="current", bounds="processor", template="chat_template.jinja",
        eos="<|im_end|>", cases=["own bounds", "turns"]),
}
