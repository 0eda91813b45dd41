"""Streamed answers: pieces as they come, then the whole and what it took; failures before and after the first."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ConfigurationError, GatewayError
from assay.evaluation.budget import NOTHING, Budget, spending
from assay.evaluation.gateway import Completion
from assay.evaluation.gateway.choice import gateway_of, streaming_gateway
from assay.evaluation.gateway.chunks import StreamedAnswer, events
from assay.evaluation.gateway.protocol import Streaming
from assay.evaluation.limits import Limits
from assay.settings import Settings
from support.openai_server import OpenAIServer, usage

MESSAGES = [{"role": "user", "content": "hello big world"}]
MODEL = "openai/gpt-4o-mini"


def gateway(server: OpenAIServer, **more: Any) -> Streaming:
    return replace(gateway_of(Settings(gateway_url=server.url, **more)), attempts=3)


async def heard(gateway: Streaming, model: str = MODEL, **parameters: Any) -> tuple[list[str], Completion]:
    *texts, whole = [piece async for piece in gateway.stream(MESSAGES, model=model, **parameters)]
    assert all(isinstance(text, str) for text in texts)
    assert isinstance(whole, Completion)
    return [str(text) for text in texts], whole


async def test_an_answer_comes_in_pieces_and_then_whole_with_what_it_took(openai_server: OpenAIServer) -> None:
    openai_server.reply(text="Paris is big", usage=usage(input=1000, output=100, cached=40))
    texts, whole = await heard(gateway(openai_server))
    assert texts == ["Paris", " is", " big"]
    assert (whole.text, whole.model, whole.finish_reason) == ("Paris is big", "echo-2026-01-01", "stop")
    assert (whole.input_tokens, whole.output_tokens, whole.cache_read_tokens) == (1000, 100, 40)
    assert whole.cost_usd == pytest.approx((960 * 0.15 + 40 * 0.075 + 100 * 0.6) / 1e6)
    assert whole.first_text_ms is not None
    assert whole.duration_ms is not None
    assert 0 < whole.first_text_ms <= whole.duration_ms


async def test_the_request_asks_for_a_stream_with_usage_and_any_parameters(openai_server: OpenAIServer) -> None:
    await heard(gateway(openai_server), temperature=0.5, top_p=0.9, stop=["."], seed=None)
    assert openai_server.requests[0].body == {
        "model": "gpt-4o-mini",
        "messages": MESSAGES,
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["."],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_the_first_piece_is_there_before_the_last_was_sent(openai_server: OpenAIServer) -> None:
    rest = threading.Event()
    openai_server.reply(text="a b c", hold=rest, hold_after=2)
    stream = gateway(openai_server).stream(MESSAGES, model=MODEL)
    assert await anext(stream) == "a"
    rest.set()
    assert [piece async for piece in stream][-1].text == "a b c"  # type: ignore[union-attr]


async def test_calls_of_tools_are_put_together(openai_server: OpenAIServer) -> None:
    openai_server.reply(tool_calls=[("call_1", "search", {"query": "x"}), ("call_2", "look", {"at": [1]})])
    texts, whole = await heard(gateway(openai_server))
    assert (texts, whole.text, whole.finish_reason) == ([], None, "tool_calls")
    named = [
        (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])) for call in whole.tool_calls
    ]
    assert named == [("call_1", "search", {"query": "x"}), ("call_2", "look", {"at": [1]})]


async def test_what_fails_before_the_first_piece_is_tried_again(openai_server: OpenAIServer) -> None:
    openai_server.reply(status=503, error="busy", headers={"retry-after-ms": "1", "retry-after": "0"})
    openai_server.reply(text="hi")
    texts, whole = await heard(gateway(openai_server))
    assert (texts, whole.attempts) == (["hi"], 2)


async def test_what_breaks_off_is_an_error_and_never_begins_anew(openai_server: OpenAIServer) -> None:
    openai_server.reply(text="a b c d e", cut_after=3)
    stream = gateway(openai_server).stream(MESSAGES, model=MODEL)
    assert [await anext(stream), await anext(stream)] == ["a", " b"]
    with pytest.raises(GatewayError, match="the answer had begun"):
        await anext(stream)
    assert len(openai_server.requests) == 1


async def test_a_stream_without_an_end_is_an_error(openai_server: OpenAIServer) -> None:
    chunk = {"choices": [{"index": 0, "delta": {"content": "half"}}]}
    openai_server.reply(lines=[f"data: {json.dumps(chunk)}"])
    with pytest.raises(GatewayError, match="broke off after 4 characters"):
        await heard(gateway(openai_server))


async def test_an_error_in_the_stream_is_told_in_its_words(openai_server: OpenAIServer) -> None:
    openai_server.reply(lines=['data: {"error": {"message": "out of memory", "code": 400}}'])
    with pytest.raises(GatewayError, match="out of memory"):
        await heard(gateway(openai_server))


async def test_a_refused_key_says_which_to_set(openai_server: OpenAIServer) -> None:
    openai_server.reply(status=401, error="bad key")
    with pytest.raises(GatewayError, match=r"bad key.*OPENAI_API_KEY"):
        await heard(gateway(openai_server))


async def test_nobody_there_is_told_as_such() -> None:
    nowhere = replace(gateway_of(Settings(gateway_url="http://127.0.0.1:9/v1")), attempts=1)
    with pytest.raises(GatewayError, match="Is the gateway running"):
        await heard(nowhere)


async def test_silence_ends_at_the_timeout(openai_server: OpenAIServer) -> None:
    never = threading.Event()
    openai_server.reply(text="a b c", hold=never, hold_after=2)
    with pytest.raises(GatewayError, match="no answer within"):
        await heard(gateway(openai_server, gateway_timeout_s=0.2))
    never.set()


async def test_a_server_that_streams_nothing_is_heard_whole(openai_server: OpenAIServer) -> None:
    whole = {"model": "m", "choices": [{"message": {"content": "all at once"}, "finish_reason": "stop"}]}
    openai_server.reply(raw=whole)
    assert (await heard(gateway(openai_server)))[0] == ["all at once"]


async def test_an_older_server_is_asked_without_usage(openai_server: OpenAIServer) -> None:
    openai_server.reply(status=400, error="unknown field stream_options")
    openai_server.reply(text="hi", usage={})
    texts, whole = await heard(gateway(openai_server))
    assert (texts, whole.input_tokens, whole.cost_usd) == (["hi"], None, None)
    assert "stream_options" not in openai_server.requests[1].body


async def test_closing_the_stream_hangs_up(openai_server: OpenAIServer) -> None:
    rest = threading.Event()
    openai_server.reply(text="a b c", hold=rest, hold_after=2)
    stream = gateway(openai_server).stream(MESSAGES, model=MODEL)
    await anext(stream)
    await asyncio.wait_for(stream.aclose(), 30)  # type: ignore[attr-defined]  # a generator
    rest.set()
    assert (await heard(gateway(openai_server)))[1].text == "echo: hello big world"  # the client is as good as new


async def test_what_is_streamed_is_paid_from_the_rows_budget(openai_server: OpenAIServer) -> None:
    openai_server.reply(text="hi", usage=usage(input=1000, output=100))
    budget = Budget(Limits(max_cost_usd=1.0))
    with spending(budget.reserve(NOTHING)):
        await heard(gateway(openai_server))
    assert (budget.spent.tokens, budget.spent.calls) == (1100, 1)


# Pydantic's, on LiteLLM's types, and on how it reads them
of_litellm = pytest.mark.filterwarnings("ignore:Item '.*' on TypedDict class", "ignore:Accessing the 'model_")


@of_litellm
async def test_litellm_in_process_streams_alike(openai_server: OpenAIServer) -> None:
    openai_server.reply(text="Paris is big", usage=usage(input=1000, output=100, cached=40))
    texts, whole = await heard(gateway(openai_server, gateway="litellm", gateway_api_key="key-of-litellm"))
    assert texts == ["Paris", " is", " big"]
    assert (whole.text, whole.input_tokens, whole.output_tokens) == ("Paris is big", 1000, 100)
    assert whole.cost_usd == pytest.approx((960 * 0.15 + 40 * 0.075 + 100 * 0.6) / 1e6)


@of_litellm
async def test_litellm_in_process_tells_what_broke_off(openai_server: OpenAIServer) -> None:
    openai_server.reply(text="a b c d e", cut_after=2)
    with pytest.raises(GatewayError, match="the answer had begun"):
        await heard(gateway(openai_server, gateway="litellm", gateway_api_key="key-of-litellm"))


# Without a provider ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("echo/last", "hello big world"),
        ("echo:/last", "hello big world"),
        ("echo/conversation", "user: hello big world"),
    ],
)
async def test_an_echo_answers_offline(model: str, text: str) -> None:
    texts, whole = await heard(streaming_gateway(model), model)
    assert ("".join(texts), whole.text, whole.cost_usd, whole.input_tokens) == (text, text, 0.0, 3)


async def test_an_echo_refuses_where_it_is_asked_to() -> None:
    with pytest.raises(GatewayError, match="refuses"):
        await heard(streaming_gateway("echo/error"), "echo/error")


async def test_an_unknown_echo_names_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match="echo/last"):
        await heard(streaming_gateway("echo/nothing"), "echo/nothing")


# Bytes into events ----------------------------------------------------------------------------------------------------


async def _cut(body: bytes, sizes: list[int]) -> AsyncIterator[bytes]:
    start = 0
    for size in sizes:
        yield body[start : start + size]
        start += size
    yield body[start:]


@settings(max_examples=50)
@given(
    st.lists(st.text(max_size=20), max_size=5),
    st.lists(st.integers(0, 9), max_size=30),
    st.sampled_from(["\n", "\r\n"]),
)
def test_events_are_the_same_however_the_bytes_are_cut(texts: list[str], sizes: list[int], end: str) -> None:
    said = [json.dumps(text, ensure_ascii=False) for text in texts]  # U+2028 and others stand as they are
    body = "".join(f": comment{end}event: x{end}data: {line}{end}{end}" for line in said).encode("utf-8", "replace")

    async def read() -> list[str]:
        return [event async for event in events(_cut(body, sizes))]

    assert asyncio.run(read()) == [line.encode("utf-8", "replace").decode() for line in said]


NAMES = st.sampled_from(["choices", "delta", "content", "tool_calls", "function", "index", "usage", "name", "id"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=50)
@given(st.dictionaries(NAMES, VALUES))
def test_no_chunk_whatever_its_form_is_an_accident(chunk: dict[str, Any]) -> None:
    answer = StreamedAnswer()
    assert isinstance(answer.add(chunk), str)
    assert isinstance(answer.reply({}, done=True).body["choices"], list)
