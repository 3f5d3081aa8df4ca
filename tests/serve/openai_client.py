"""Asks a server by OpenAI's own client, as scripts of the field do: 256 requests at once with images whose data URLs have no
subtype and repetition_penalty at top level, a stream, token ids, and mistakes. Prints what it has done; any other outcome
is an exception.

    python openai_client.py http://127.0.0.1:8000/v1 MODEL IMAGE
"""

import base64
import sys
from concurrent.futures import ThreadPoolExecutor

import openai

REQUESTS = 256


def main(base_url, model, image):
    client = openai.OpenAI(base_url=base_url, api_key="EMPTY")
    assert [served.id for served in client.models.list()] == [model]
    with open(image, "rb") as file:
        url = "data:image;base64," + base64.b64encode(file.read()).decode()

    def ask(number, **more):
        content = [
            {"type": "image_url", "image_url": {"url": url}},
            {"type": "text", "text": f"What number is written? ({number % 8})"},
        ]
        messages = [{"role": "system", "content": "Answer in one line."}, {"role": "user", "content": content}]
        return client.chat.completions.create(
            model=model, messages=messages, temperature=0.0, max_tokens=24,
            extra_body={"repetition_penalty": 1.05}, **more,
        )

    with ThreadPoolExecutor(REQUESTS) as pool:
        replies = list(pool.map(ask, range(REQUESTS)))
    texts = [reply.choices[0].message.content for reply in replies]
    assert all(isinstance(text, str) for text in texts)
    assert all(text == texts[place % 8] for place, text in enumerate(texts)), "equal questions, other answers"

    pieces = list(ask(0, stream=True, stream_options={"include_usage": True}))
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices) == texts[0]
    assert pieces[-1].usage.completion_tokens == replies[0].usage.completion_tokens

    several = client.completions.create(
        model=model, prompt=["1 + 1 =", "2 + 2 ="], n=2, max_tokens=5, seed=1, logprobs=0,
        extra_body={"return_token_ids": True},
    )
    assert [choice.index for choice in several.choices] == [0, 1, 2, 3]
    for choice in several.choices:
        assert len(choice.token_ids) == len(choice.logprobs.token_logprobs)

    for mistake, refused in [
        ({"model": "another"}, openai.NotFoundError),
        ({"temperature": -1}, openai.BadRequestError),
        ({"frequency_penalty": 1}, openai.BadRequestError),
    ]:
        asked = {"model": model, "messages": [{"role": "user", "content": "Hi"}]} | mistake
        try:
            client.chat.completions.create(**asked)
        except refused:
            continue
        raise AssertionError(f"{mistake} was answered")
    print(f"{REQUESTS} requests answered, {sum(reply.usage.completion_tokens for reply in replies)} tokens")


main(*sys.argv[1:])
