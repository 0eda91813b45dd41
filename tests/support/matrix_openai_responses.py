"""The Responses API with the OpenAI SDK."""

from __future__ import annotations

import dataclasses
import gc
from typing import Any

from support.matrix import Call, Case, message, said, tool_call
from support.matrix_openai_chat import TWO_CALLS
from support.openai_clients import ANSWERED, COUNTED, FROM_2, REPLY, SEARCH, TOKENS, VERSIONS, City, Clients

FUNCTION: dict[str, Any] = {"type": "function", "strict": False, **SEARCH}
TURNS: list[Any] = [
    {"role": "user", "content": "hello"},
    {"type": "reasoning", "id": "rs_0", "summary": [{"type": "summary_text", "text": "hm"}]},
    {"type": "function_call", "call_id": "c0", "name": "search", "arguments": '{"q": "x"}'},
    {"type": "function_call_output", "call_id": "c0", "output": '{"found": 2}'},
]
CALLED = [
    message(
        "assistant",
        tool_call("c1", "search", {"q": "x"}),
        tool_call("c2", "search", {"q": "y"}),
        finish_reason="tool_calls",
    )
]
TOOLS_CALLED = Call(output=CALLED, tokens=TOKENS, finish=["tool_calls"], tools=["search"], called=["search", "search"])
SERVER_ITEMS: list[Any] = [
    {
        "type": "web_search_call",
        "id": "ws_1",
        "status": "completed",
        "action": {"type": "search", "query": "weather", "queries": ["weather"]},
    },
    {
        "type": "code_interpreter_call",
        "id": "ci_1",
        "status": "completed",
        "container_id": "cn_1",
        "code": "1 + 1",
        "outputs": [{"type": "logs", "logs": "2"}],
    },
    {
        "type": "mcp_call",
        "id": "mcp_1",
        "server_label": "docs",
        "name": "look_up",
        "arguments": '{"k": 1}',
        "output": "an entry",
        "status": "completed",
    },
    {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "cGljdHVyZQ=="},
]


def served(item_id: str, name: str, call: dict[str, Any], answer: Any = None) -> list[dict[str, Any]]:
    parts = [{"type": "server_tool_call", "id": item_id, "name": name, "server_tool_call": call}]
    if answer is not None:
        parts.append({"type": "server_tool_call_response", "id": item_id, "server_tool_call_response": answer})
    return parts


SERVER_PARTS = [
    *served(
        "ws_1",
        "web_search",
        {"type": "web_search", "action": {"type": "search", "query": "weather", "queries": ["weather"]}},
    ),
    *served(
        "ci_1",
        "code_interpreter",
        {"type": "code_interpreter", "container_id": "cn_1", "code": "1 + 1"},
        [{"type": "logs", "logs": "2"}],
    ),
    *served("mcp_1", "look_up", {"type": "mcp", "server_label": "docs", "arguments": {"k": 1}}, "an entry"),
    *served("ig_1", "image_generation", {"type": "image_generation"}),
    {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "cGljdHVyZQ=="},
    {"type": "text", "content": "hi there"},
]
THOUGHT = message(
    "assistant",
    {"type": "reasoning", "content": "because"},
    {"type": "text", "content": "hi there"},
    finish_reason="stop",
)


def parse(on: Clients) -> None:
    answer = on.client.responses.parse(model="gpt-x", input="hello", text_format=City)
    assert answer.output_parsed == City(name="Paris")


def read(on: Clients, **more: Any) -> None:
    list(on.respond(stream=True, **more))


def closed_early(on: Clients) -> None:
    with on.respond(stream=True) as stream:
        for event in stream:
            if event.type == "response.output_text.delta" and event.delta == " two":
                break


def helper(on: Clients) -> None:
    with on.client.responses.stream(model="gpt-x", input="hello") as stream:
        assert stream.get_final_response().output_text == "hi there"


def helper_left(on: Clients) -> None:
    with on.client.responses.stream(model="gpt-x", input="hello") as stream:
        for event in stream:
            if event.type == "response.output_text.delta" and event.delta == " two":
                break


def dropped_while_calling(on: Clients) -> None:
    stream = on.respond(stream=True, tools=[FUNCTION])
    for event in stream:
        if event.type == "response.function_call_arguments.done":
            break
    del stream
    gc.collect()


async def async_one(on: Clients) -> None:
    await on.async_client.responses.create(model="gpt-x", input="hello")


async def async_read(on: Clients) -> None:
    async for _ in await on.async_client.responses.create(model="gpt-x", input="hello", stream=True):
        pass


async def async_helper(on: Clients) -> None:
    async with on.async_client.responses.stream(model="gpt-x", input="hello") as stream:
        await stream.get_final_response()


def raw(on: Clients) -> None:
    on.client.responses.with_raw_response.create(model="gpt-x", input="hello").parse()


def raw_stream(on: Clients) -> None:
    answer: Any = on.client.responses.with_raw_response.create(model="gpt-x", input="hello", stream=True)
    list(answer.parse())


def compact(on: Clients) -> None:
    on.client.responses.compact(model="gpt-x", input="hello")


def background(response_id: str, status: str, **more: Any) -> dict[str, Any]:
    return {**REPLY, "more": {"id": response_id, "status": status, "background": True, **more}}


def asked_for_later(on: Clients) -> None:
    started = on.respond(background=True)
    assert on.client.responses.retrieve(started.id).status == "in_progress"
    assert on.client.responses.retrieve(started.id).output_text == "hi there"
    assert on.client.responses.retrieve(started.id).output_text == "hi there"


def stream_asked_for(on: Clients) -> None:
    list(on.client.responses.retrieve("resp_streamed", stream=True))
    on.client.responses.retrieve("resp_streamed")


def case(form: str, run: Any, call: Call, *replies: dict[str, Any], **fields: Any) -> Case:
    fields.setdefault("versions", VERSIONS)
    return Case(group="Responses", form=form, run=run, replies=replies or (REPLY,), calls=(call,), **fields)


def stream(form: str, run: Any, call: Call, *replies: dict[str, Any], **fields: Any) -> Case:
    call = dataclasses.replace(call, more={"gen_ai.request.stream": True, **call.more})
    return dataclasses.replace(case(form, run, call, *replies, **fields), group="Streams of responses")


SERVER = {"reasoning": None, "items": SERVER_ITEMS, **REPLY}
TWO_WORDS = Call(output=[said("assistant", "one two")])
WORDS = {"text": "one two three four", "usage": COUNTED}
STARTED = Call(output=None, finish=None, tokens=None, more={"assay.request.background": True})

RESPONSES = (
    case(
        "one answer",
        lambda on: on.respond(max_output_tokens=50),
        dataclasses.replace(ANSWERED, more={"gen_ai.request.max_tokens": 50, "gen_ai.response.id": "resp_1"}),
    ),
    case("async", async_one, ANSWERED),
    case(
        "instructions, and items of earlier turns",
        lambda on: on.respond(instructions="Be brief.", input=TURNS),
        dataclasses.replace(
            ANSWERED,
            input=[
                said("user", "hello"),
                message("assistant", {"type": "reasoning", "content": "hm"}, tool_call("c0", "search", {"q": "x"})),
                message("tool", {"type": "tool_call_response", "id": "c0", "response": {"found": 2}}),
            ],
            more={"gen_ai.system_instructions": [{"type": "text", "content": "Be brief."}]},
        ),
    ),
    case(
        "parallel tool calls",
        lambda on: on.respond(tools=[FUNCTION]),
        TOOLS_CALLED,
        {"tool_calls": TWO_CALLS, "usage": COUNTED},
    ),
    case(
        "tools of the server",
        lambda on: on.respond(tools=[{"type": "web_search_preview"}]),
        Call(
            output=[message("assistant", *SERVER_PARTS, finish_reason="stop")],
            tokens=TOKENS,
            finish=["stop"],
            tools=["web_search_preview"],
        ),
        SERVER,
    ),
    case(
        "reasoning",
        lambda on: on.respond(reasoning={"effort": "low", "summary": "auto"}),
        dataclasses.replace(ANSWERED, output=[THOUGHT], more={"gen_ai.request.reasoning.level": "low"}),
        {**REPLY, "reasoning": "because"},
    ),
    case(
        "refusal",
        lambda on: on.respond(),
        dataclasses.replace(
            ANSWERED, output=[message("assistant", {"type": "refusal", "content": "No."}, finish_reason="stop")]
        ),
        {"refusal": "No.", "usage": COUNTED},
    ),
    case(
        "`parse`: structured output",
        parse,
        dataclasses.replace(
            ANSWERED,
            output=[said("assistant", '{"name": "Paris"}', "stop")],
            more={"gen_ai.output.type": "json"},
        ),
        {"text": '{"name": "Paris"}', "usage": COUNTED},
    ),
    case(
        "after a response before",
        lambda on: on.respond(previous_response_id="resp_0"),
        dataclasses.replace(ANSWERED, more={"gen_ai.request.previous_response.id": "resp_0"}),
    ),
    case(
        "in a conversation",
        lambda on: on.respond(conversation="conv_1"),
        dataclasses.replace(ANSWERED, more={"gen_ai.conversation.id": "conv_1"}),
    ),
    case(
        "cut at its limit",
        lambda on: on.respond(),
        dataclasses.replace(ANSWERED, output=[said("assistant", "hi there", "length")], finish=["length"]),
        {**REPLY, "more": {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}},
    ),
    case(
        "failed, with an answer",
        lambda on: on.respond(),
        Call(output=None, tokens=None, finish=["failed"], error="server_error: broken"),
        {
            "more": {
                "status": "failed",
                "error": {"code": "server_error", "message": "broken"},
                "output": [],
                "usage": None,
            }
        },
    ),
    case(
        "compacted",
        compact,
        dataclasses.replace(
            ANSWERED, output=[message("assistant", {"type": "compaction", "id": "cmp_1"})], finish=None
        ),
        {
            "usage": COUNTED,
            "more": {
                "object": "response.compaction",
                "status": None,
                "output": [{"type": "compaction", "id": "cmp_1", "encrypted_content": "x"}],
            },
        },
        versions=FROM_2,
    ),
    dataclasses.replace(
        case(
            "in the background, asked for until done",
            asked_for_later,
            STARTED,
            background("resp_b", "queued", output=[], usage=None),
            background("resp_b", "in_progress", output=[], usage=None),
            background("resp_b", "completed"),
            background("resp_b", "completed"),
            note="tokens and answer are on the first call that finds it done",
        ),
        calls=(STARTED, dataclasses.replace(ANSWERED, input=[], request_model="echo-2026-01-01")),
    ),
)
RESPONSE_STREAMS = (
    stream("read to its end", read, ANSWERED),
    stream(
        "tool calls",
        lambda on: read(on, tools=[FUNCTION]),
        TOOLS_CALLED,
        {"tool_calls": TWO_CALLS, "usage": COUNTED},
    ),
    stream(
        "tools of the server, reasoning",
        read,
        dataclasses.replace(
            ANSWERED,
            output=[
                message("assistant", {"type": "reasoning", "content": "because"}, *SERVER_PARTS, finish_reason="stop")
            ],
        ),
        {**SERVER, "reasoning": "because"},
    ),
    stream("closed early", closed_early, TWO_WORDS, WORDS),
    stream(
        "dropped while a tool is called",
        dropped_while_calling,
        Call(
            output=[message("assistant", tool_call("c1", "search", {"q": "x"}))],
            tools=["search"],
            called=["search"],
        ),
        {"tool_calls": TWO_CALLS},
    ),
    stream("the helper `stream()`", helper, ANSWERED),
    stream("the helper `stream()`, left early", helper_left, TWO_WORDS, WORDS),
    stream("async", async_read, ANSWERED),
    stream("async, the helper `stream()`", async_helper, ANSWERED),
    stream(
        "an event that tells an error",
        read,
        Call(response_model=None, error="server_error: broken"),
        {"events": [{"type": "error", "sequence_number": 0, "code": "server_error", "message": "broken"}]},
    ),
    stream(
        "failed",
        read,
        Call(output=None, tokens=None, finish=["failed"], error="server_error: broken"),
        {
            "more": {
                "status": "failed",
                "error": {"code": "server_error", "message": "broken"},
                "output": [],
                "usage": None,
            }
        },
    ),
    stream("`with_raw_response`, parsed", raw_stream, ANSWERED),
    stream(
        "made in the background, asked for as a stream",
        stream_asked_for,
        dataclasses.replace(ANSWERED, input=[], request_model=None),
        background("resp_streamed", "completed"),
        background("resp_streamed", "completed"),
    ),
    dataclasses.replace(case("`with_raw_response`", raw, ANSWERED), group="Responses"),
)
