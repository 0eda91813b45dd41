"""Chat completions with the OpenAI SDK: streams, raw answers, and calls that go wrong."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import json
import pickle
import threading
from collections.abc import Iterable
from typing import Any

import openai

from support.matrix import Call, Case, message, said, tool_call
from support.matrix_openai_chat import CALLED, FUNCTION
from support.openai_clients import (
    ANSWERED,
    COUNTED,
    HELLO,
    REPLY,
    TOKENS,
    TWO_CALLS,
    USER,
    VERSIONS,
    City,
    Clients,
)

# what a disconnect in the middle of a stream comes out as
DISCONNECTED = "openai.APIConnectionError" if openai.VERSION.startswith("3.") else "httpx.RemoteProtocolError"
WORDS: dict[str, Any] = {"text": "one two three four", "usage": COUNTED}
FIRST_TWO = Call(input=[USER], output=[said("assistant", "one two")], response_model="echo-2026-01-01")
WITH_USAGE = {"stream": True, "stream_options": {"include_usage": True}}
UNREAD = Call(input=[USER], response_model=None)
RETRY = {"status": 429, "error": "slow down", "error_code": "rate_limit_exceeded", "headers": {"retry-after-ms": "1"}}


def streamed(call: Call, **fields: Any) -> Call:
    more = {"gen_ai.request.stream": True, **fields.pop("more", {})}
    return dataclasses.replace(call, more=more, **fields)


def read(stream: Iterable[Any]) -> list[Any]:
    assert isinstance(stream, openai.Stream)
    return list(stream)


def without_usage(on: Clients) -> None:
    chunks = read(on.chat(stream=True))
    assert all(chunk.choices for chunk in chunks)  # nothing was added to what the application sees
    assert "stream_options" not in on.server.requests[-1].body


def closed_early(on: Clients) -> None:
    stream = on.chat(stream=True)
    for _ in range(3):
        next(stream)
    stream.close()


def left_by_break(on: Clients) -> None:
    with on.chat(stream=True) as stream:
        for number, _ in enumerate(stream, 1):
            if number == 3:
                break


def dropped(on: Clients) -> None:
    stream = on.chat(stream=True)
    for number, _ in enumerate(stream, 1):
        if number == 3:
            break
    stream.response.close  # noqa: B018  (an attribute of the stream, as without us)
    del stream
    gc.collect()


def never_read(on: Clients) -> None:
    on.chat(stream=True)
    gc.collect()


def consumer_fails(on: Clients) -> None:
    with on.chat(stream=True) as stream:
        for number, _ in enumerate(stream, 1):
            if number == 3:
                raise LookupError("of the application")


def helper(on: Clients) -> None:
    with on.client.chat.completions.stream(model="gpt-x", messages=HELLO) as stream:
        assert stream.get_final_completion().choices[0].message.content == "hi there"


def helper_parses(on: Clients) -> None:
    with on.client.chat.completions.stream(model="gpt-x", messages=HELLO, response_format=City) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == City(name="Paris")


def helper_left(on: Clients) -> None:
    with on.client.chat.completions.stream(model="gpt-x", messages=HELLO) as stream:
        for event in stream:
            if event.type == "content.delta" and event.delta == " two":
                break


async def async_read(on: Clients) -> None:
    stream = await on.async_chat(**WITH_USAGE)
    assert isinstance(stream, openai.AsyncStream)
    async for _ in stream:
        pass


async def async_closed(on: Clients) -> None:
    stream = await on.async_chat(stream=True)
    for _ in range(3):
        await stream.__anext__()
    await stream.close()


async def async_block(on: Clients) -> None:
    async with await on.async_chat(stream=True) as stream:
        for _ in range(3):
            await stream.__anext__()


async def async_helper(on: Clients) -> None:
    async with on.async_client.chat.completions.stream(model="gpt-x", messages=HELLO) as stream:
        await stream.get_final_completion()


async def cancelled(on: Clients) -> None:
    hold = on.server.reply(hold=threading.Event()).hold
    seen = len(on.server.requests)
    call = asyncio.create_task(on.async_chat())
    while len(on.server.requests) == seen:
        await asyncio.sleep(0.002)
    call.cancel()
    try:
        await call
    finally:
        assert hold is not None
        hold.set()


async def cancelled_in_stream(on: Clients) -> None:
    hold = on.server.reply(**WORDS, hold=threading.Event(), hold_after=3).hold
    stream = await on.async_chat(stream=True)
    for _ in range(3):
        await stream.__anext__()
    reading = asyncio.ensure_future(stream.__anext__())
    await asyncio.sleep(0)
    reading.cancel()
    try:
        await reading
    finally:
        assert hold is not None
        hold.set()


def raw(on: Clients) -> None:
    answer = on.client.chat.completions.with_raw_response.create(model="gpt-x", messages=HELLO)
    assert answer.headers["x-request-id"] == "req_test"
    assert answer.parse().choices[0].message.content == "hi there"
    assert vars(answer).keys().isdisjoint({"parse", "close"})
    assert pickle.loads(pickle.dumps(answer.http_response)).content == answer.content


def raw_stream(on: Clients) -> None:
    answer = on.client.chat.completions.with_raw_response.create(model="gpt-x", messages=HELLO, **WITH_USAGE)
    assert answer.parse() is answer.parse()
    read(answer.parse())


def raw_lines(on: Clients) -> None:
    answer = on.client.chat.completions.with_raw_response.create(model="gpt-x", messages=HELLO, **WITH_USAGE)
    assert "data: [DONE]" in list(answer.http_response.iter_lines())


def streaming_parsed(on: Clients) -> None:
    with on.client.chat.completions.with_streaming_response.create(model="gpt-x", messages=HELLO) as answer:
        assert answer.parse().choices[0].message.content == "hi there"


def streaming_json(on: Clients) -> None:
    with on.client.chat.completions.with_streaming_response.create(model="gpt-x", messages=HELLO) as answer:
        assert json.loads(answer.read())["choices"]


def streaming_lines(on: Clients) -> None:
    with on.client.chat.completions.with_streaming_response.create(
        model="gpt-x", messages=HELLO, **WITH_USAGE
    ) as answer:
        assert any("[DONE]" in line for line in answer.iter_lines())


def streaming_unread(on: Clients) -> None:
    with on.client.chat.completions.with_streaming_response.create(model="gpt-x", messages=HELLO) as answer:
        assert answer.status_code == 200


async def async_streaming(on: Clients) -> None:
    create = on.async_client.chat.completions.with_streaming_response.create
    async with create(model="gpt-x", messages=HELLO) as answer:
        assert (await answer.parse()).choices[0].message.content == "hi there"


def retried(on: Clients) -> None:
    on.client.with_options(max_retries=2).chat.completions.create(model="gpt-x", messages=HELLO)


async def async_retried(on: Clients) -> None:
    await on.async_client.with_options(max_retries=2).chat.completions.create(model="gpt-x", messages=HELLO)


def timed_out(on: Clients) -> None:
    hold = on.server.reply(hold=threading.Event()).hold
    try:
        on.chat(timeout=0.02)
    finally:
        assert hold is not None
        hold.set()


def refused_connection(on: Clients) -> None:
    with openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="k", max_retries=0) as client:
        client.chat.completions.create(model="gpt-x", messages=HELLO)


def case(group: str, form: str, run: Any, call: Call, *replies: dict[str, Any], **fields: Any) -> Case:
    return Case(group=group, form=form, run=run, replies=replies, calls=(call,), versions=VERSIONS, **fields)


def stream(form: str, run: Any, call: Call, *replies: dict[str, Any], **fields: Any) -> Case:
    return case("Streams of chats", form, run, streamed(call), *replies, **fields)


NO_TOKENS = dataclasses.replace(ANSWERED, tokens=None)
STREAMS = (
    stream("read to its end", without_usage, NO_TOKENS, REPLY, note="tokens only if the request asks for them"),
    stream("with `include_usage`", lambda on: read(on.chat(**WITH_USAGE)), ANSWERED, REPLY),
    stream("usage in each chunk", lambda on: read(on.chat(stream=True)), ANSWERED, {**REPLY, "usage_in_each": True}),
    stream(
        "tool calls",
        lambda on: read(on.chat(**WITH_USAGE, tools=[FUNCTION])),
        Call(
            output=CALLED,
            tokens=TOKENS,
            finish=["tool_calls"],
            tools=["search"],
            called=["search", "search"],
        ),
        {"tool_calls": TWO_CALLS, "usage": COUNTED},
    ),
    stream(
        "functions, their older form",
        lambda on: read(on.chat(**WITH_USAGE)),
        Call(
            output=[message("assistant", tool_call(None, "search", {"q": "x"}), finish_reason="function_call")],
            tokens=TOKENS,
            finish=["function_call"],
            called=["search"],
        ),
        {"function_call": ("search", {"q": "x"}), "usage": COUNTED},
    ),
    stream(
        "several choices",
        lambda on: read(on.chat(**WITH_USAGE, n=2)),
        dataclasses.replace(
            ANSWERED,
            output=[said("assistant", "one two", "stop"), said("assistant", "three", "stop")],
            finish=["stop", "stop"],
        ),
        {"choices": ["one two", "three"], "usage": COUNTED},
    ),
    stream(
        "refusal",
        lambda on: read(on.chat(**WITH_USAGE)),
        dataclasses.replace(
            ANSWERED, output=[message("assistant", {"type": "refusal", "content": "No."}, finish_reason="stop")]
        ),
        {"refusal": "No.", "usage": COUNTED},
    ),
    stream(
        "sound",
        lambda on: read(on.chat(**WITH_USAGE)),
        dataclasses.replace(
            ANSWERED,
            output=[
                message(
                    "assistant",
                    {"type": "blob", "modality": "audio", "content": "c291bmQ=", "transcript": "hi"},
                    finish_reason="stop",
                )
            ],
        ),
        {"audio": {"id": "a1", "data": "c291bmQ=", "transcript": "hi"}, "usage": COUNTED},
    ),
    stream("log probabilities", lambda on: read(on.chat(**WITH_USAGE)), ANSWERED, {**REPLY, "logprobs": True}),
    stream("closed early", closed_early, FIRST_TWO, WORDS),
    stream("left by `break` in a `with` block", left_by_break, FIRST_TWO, WORDS),
    stream("left by `break` and dropped", dropped, FIRST_TWO, WORDS),
    stream("never read", never_read, UNREAD, WORDS),
    stream("the consumer raises", consumer_fails, FIRST_TWO, WORDS, raises="LookupError"),
    stream("the helper `stream()`", helper, NO_TOKENS, REPLY),
    stream(
        "the helper `stream()`, parsed",
        helper_parses,
        dataclasses.replace(NO_TOKENS, output=[said("assistant", '{"name": "Paris"}', "stop")]),
        {"text": '{"name": "Paris"}'},
    ),
    stream("the helper `stream()`, left early", helper_left, FIRST_TWO, WORDS),
    stream("async", async_read, ANSWERED, REPLY),
    stream("async, closed early", async_closed, FIRST_TWO, WORDS),
    stream("async, block left early", async_block, FIRST_TWO, WORDS),
    stream("async, the helper `stream()`", async_helper, NO_TOKENS, REPLY),
    stream(
        "cut off by the server",
        lambda on: read(on.chat(stream=True)),
        dataclasses.replace(FIRST_TWO, error=DISCONNECTED),
        {**WORDS, "cut_after": 3},
        raises=DISCONNECTED.rpartition(".")[-1],
    ),
    stream(
        "an error among the chunks",
        lambda on: read(on.chat(stream=True)),
        dataclasses.replace(UNREAD, error="openai.APIError"),
        {"events": [{"error": {"message": "overloaded", "type": "server_error", "code": "overloaded"}}]},
        raises="APIError",
    ),
    stream(
        "a chunk that is no JSON",
        lambda on: read(on.chat(stream=True)),
        dataclasses.replace(UNREAD, error="json.decoder.JSONDecodeError"),
        {"lines": ["data: {half\n\n"]},
        raises="JSONDecodeError",
    ),
    stream(
        "async, cancelled while reading",
        cancelled_in_stream,
        dataclasses.replace(FIRST_TWO, error="asyncio.exceptions.CancelledError"),
        raises="CancelledError",
    ),
)

RAW = tuple(
    case("Raw answers", form, run, call, REPLY)
    for form, run, call in (
        ("`with_raw_response`", raw, ANSWERED),
        ("`with_raw_response`, a stream, parsed", raw_stream, streamed(ANSWERED)),
        ("`with_raw_response`, a stream, its lines", raw_lines, streamed(ANSWERED)),
        ("`with_streaming_response`, parsed", streaming_parsed, ANSWERED),
        ("`with_streaming_response`, read", streaming_json, ANSWERED),
        ("`with_streaming_response`, a stream, its lines", streaming_lines, streamed(ANSWERED)),
        ("`with_streaming_response`, unread", streaming_unread, UNREAD),
        ("`with_streaming_response`, async", async_streaming, ANSWERED),
    )
)

ERRORS = (
    case(
        "Errors",
        "429, tried again and answered",
        retried,
        dataclasses.replace(ANSWERED, events=["assay.retry"], more={"http.request.resend_count": 1}),
        RETRY,
        REPLY,
    ),
    case(
        "Errors",
        "500 twice, tried again and answered, async",
        async_retried,
        dataclasses.replace(ANSWERED, events=["assay.retry"] * 2, more={"http.request.resend_count": 2}),
        {**RETRY, "status": 500},
        {**RETRY, "status": 500},
        REPLY,
    ),
    case(
        "Errors",
        "429 to the last",
        retried,
        dataclasses.replace(
            UNREAD,
            error="openai.RateLimitError",
            events=["assay.retry"] * 2,
            more={
                "http.response.status_code": 429,
                "assay.error.code": "rate_limit_exceeded",
                "assay.error.type": "test",
                "http.response.header.x-request-id": ["req_test"],
            },
        ),
        *([RETRY] * 3),
        raises="RateLimitError",
    ),
    *(
        case(
            "Errors",
            f"{status}",
            lambda on: on.chat(),
            dataclasses.replace(UNREAD, error=f"openai.{name}", more={"http.response.status_code": status}),
            {"status": status, "error": "no"},
            raises=name,
        )
        for status, name in ((400, "BadRequestError"), (401, "AuthenticationError"), (500, "InternalServerError"))
    ),
    case(
        "Errors",
        "timeout",
        timed_out,
        dataclasses.replace(UNREAD, error="openai.APITimeoutError"),
        raises="APITimeoutError",
    ),
    case(
        "Errors",
        "nobody listens",
        refused_connection,
        dataclasses.replace(UNREAD, error="openai.APIConnectionError"),
        raises="APIConnectionError",
    ),
    case(
        "Errors",
        "async, cancelled",
        cancelled,
        dataclasses.replace(UNREAD, error="asyncio.exceptions.CancelledError"),
        raises="CancelledError",
    ),
)
