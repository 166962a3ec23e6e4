"""The official Anthropic client, as its documentation uses it."""

import anthropic

from cases import case, main

ASK = {"model": "base", "max_tokens": 64, "messages": [{"role": "user", "content": "Will it rain?"}]}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
TOOLS = {"tools": [{"name": "get_weather", "input_schema": SCHEMA}], "tool_choice": {"type": "any"}}


def connect(url):
    return anthropic.Anthropic(base_url=url, api_key="none", max_retries=0)


@case
def message(url):
    """anthropic: message"""
    answer = connect(url).messages.create(**ASK, system="Be brief.")
    assert answer.content[0].type == "text" and answer.content[0].text
    assert answer.stop_reason in ("end_turn", "max_tokens")
    assert answer.usage.input_tokens > 0 and answer.usage.output_tokens > 0


@case
def raw_stream(url):
    """anthropic: streamed message, event by event"""
    events = list(connect(url).messages.create(**ASK, stream=True))
    assert (events[0].type, events[-1].type) == ("message_start", "message_stop")
    assert events[0].message.usage.input_tokens + events[0].message.usage.cache_read_input_tokens > 0
    assert events[-2].usage.output_tokens > 0


@case
def stream_helper(url):
    """anthropic: streamed message by the client's helper"""
    client = connect(url)
    whole = client.messages.create(**ASK)
    with client.messages.stream(**ASK) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == whole.content[0].text == final.content[0].text
    assert final.stop_reason == whole.stop_reason
    assert final.usage.output_tokens == whole.usage.output_tokens


@case
def tool_use(url):
    """anthropic: tool use, and its result given back"""
    client = connect(url)
    answer = client.messages.create(**ASK, **TOOLS)
    assert answer.stop_reason == "tool_use"
    [block] = answer.content
    assert (block.type, block.name) == ("tool_use", "get_weather")
    assert isinstance(block.input["days"], int)
    result = {"type": "tool_result", "tool_use_id": block.id, "content": "sun"}
    turns = [*ASK["messages"], {"role": "assistant", "content": answer.content}, {"role": "user", "content": [result]}]
    after = client.messages.create(model="base", max_tokens=8, messages=turns, tools=TOOLS["tools"])
    assert after.content[0].type == "text"


@case
def streamed_tool_use(url):
    """anthropic: streamed tool use"""
    with connect(url).messages.stream(**ASK, **TOOLS) as stream:
        final = stream.get_final_message()
    assert final.stop_reason == "tool_use"
    assert isinstance(final.content[0].input["city"], str)


main()
