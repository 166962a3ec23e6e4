"""The official OpenAI client, as its documentation uses it."""

import base64
import json
import math

import openai

from cases import case, main

MESSAGES = [{"role": "user", "content": "Will it rain?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}]
NAMED = {"type": "function", "function": {"name": "get_weather"}}


def connect(url):
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)


def check_arguments(text):
    arguments = json.loads(text)
    assert isinstance(arguments["city"], str) and isinstance(arguments["days"], int), arguments


@case
def models(url):
    """openai: models"""
    assert [model.id for model in connect(url).models.list()] == ["base"]


@case
def chat(url):
    """openai: chat"""
    answer = connect(url).chat.completions.create(model="base", messages=MESSAGES, max_tokens=8)
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason in ("stop", "length")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


@case
def streamed_chat(url):
    """openai: streamed chat, with its usage at the end"""
    client = connect(url)
    whole = client.chat.completions.create(model="base", messages=MESSAGES, max_tokens=8)
    options = {"include_usage": True}
    chunks = list(
        client.chat.completions.create(
            model="base", messages=MESSAGES, max_tokens=8, stream=True, stream_options=options
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content, text
    assert chunks[-1].usage == whole.usage and not chunks[-1].choices
    assert all(chunk.usage is None for chunk in chunks[:-1])
    without = list(client.chat.completions.create(model="base", messages=MESSAGES, max_tokens=8, stream=True))
    assert all(chunk.usage is None for chunk in without)


@case
def stream_helper(url):
    """openai: streamed chat by the client's helper"""
    # An answer that reaches its limit is an error to the helper: this prompt's does not.
    messages = [{"role": "user", "content": "Is it cold?"}]
    with connect(url).chat.completions.stream(model="base", messages=messages, max_tokens=64) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert deltas and "".join(deltas) == final.choices[0].message.content


@case
def tool_call(url):
    """openai: tool call, and its result given back"""
    client = connect(url)
    answer = client.chat.completions.create(model="base", messages=MESSAGES, tools=TOOLS, tool_choice=NAMED)
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls"
    [call] = choice.message.tool_calls
    assert call.function.name == "get_weather"
    check_arguments(call.function.arguments)
    result = {"role": "tool", "tool_call_id": call.id, "content": "sun"}
    after = client.chat.completions.create(model="base", messages=[*MESSAGES, choice.message, result], tools=TOOLS)
    assert after.choices[0].message.content


@case
def streamed_tool_call(url):
    """openai: streamed tool call"""
    stream = connect(url).chat.completions.create(
        model="base", messages=MESSAGES, tools=TOOLS, tool_choice="required", stream=True
    )
    chunks = list(stream)
    calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert calls[0].function.name == "get_weather" and calls[0].id
    check_arguments("".join(call.function.arguments for call in calls))
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


@case
def completions(url):
    """openai: completions, whole and streamed"""
    client = connect(url)
    whole = client.completions.create(model="base", prompt=["once", "twice"], max_tokens=6)
    assert len(whole.choices) == 2
    chunks = list(client.completions.create(model="base", prompt="once", max_tokens=6, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text
    counted = client.completions.create(
        model="base", prompt="once", max_tokens=6, stream=True, stream_options={"include_usage": True}
    )
    assert list(counted)[-1].usage.completion_tokens == len(chunks)


@case
def embeddings(url):
    """openai: embeddings, in both encodings"""
    client = connect(url)
    # The client asks for base64 unless told, and decodes it.
    implied = client.embeddings.create(model="base", input=["one", "two"])
    assert [item.index for item in implied.data] == [0, 1]
    plain = client.embeddings.create(model="base", input=["one", "two"], encoding_format="float")
    for left, right in zip(implied.data, plain.data, strict=True):
        assert math.dist(left.embedding, right.embedding) < 1e-6
    assert implied.usage.prompt_tokens == 2


@case
def responses(url):
    """openai: responses, whole and streamed"""
    client = connect(url)
    ask = {"model": "base", "input": "Will it rain?", "instructions": "Be brief."}
    whole = client.responses.create(**ask)
    assert whole.output_text
    assert whole.usage.total_tokens == whole.usage.input_tokens + whole.usage.output_tokens
    events = list(client.responses.create(**ask, stream=True))
    assert events[0].type == "response.created"
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == whole.output_text == events[-1].response.output_text
    assert events[-1].type in ("response.completed", "response.incomplete")
    assert events[-1].response.usage == whole.usage


@case
def response_tools(url):
    """openai: responses that call a tool, whole and streamed"""
    client = connect(url)
    tools = [{"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": False}]
    ask = {"model": "base", "input": "Will it rain?", "tools": tools, "tool_choice": "required"}
    [item] = client.responses.create(**ask).output
    assert (item.type, item.name) == ("function_call", "get_weather")
    check_arguments(item.arguments)
    with client.responses.stream(**ask) as stream:
        final = stream.get_final_response()
    check_arguments(final.output[0].arguments)


@case
def audio(url):
    """openai: audio transcription, a form with the file"""
    client = connect(url)
    # Longer than what is read of a connection at once.
    recording = b"RIFF" + bytes(range(256)) * 1024
    [first, again, other] = [
        client.audio.transcriptions.create(model="base", file=("speech.wav", data, "audio/wav")).text
        for data in (recording, recording, recording[::-1])
    ]
    assert first and first == again and first != other, (first, again, other)


@case
def image(url):
    """openai: image generation"""
    answer = connect(url).images.generate(model="base", prompt="a rainbow")
    assert base64.b64decode(answer.data[0].b64_json).startswith(b"\x89PNG")


main()
