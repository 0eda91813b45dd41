from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pytest
from opentelemetry.trace import StatusCode

import assay
from assay.errors import ConfigurationError
from assay.tracing.autolog import openai_chat
from support.openai_server import MODEL, OpenAIServer, usage
from support.spans import Caught, catch_spans

HELLO: list[Any] = [{"role": "user", "content": "hello there"}]
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": "search", "description": "find", "parameters": {"type": "object"}}}
]


@pytest.fixture(autouse=True)
def _autolog() -> Iterator[None]:
    assay.openai.autolog()
    yield
    assay.openai.autolog(disable=True)


@pytest.fixture
def client(openai_server: OpenAIServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=openai_server.url, api_key="sk-test", max_retries=0) as client:
        yield client


@pytest.fixture
async def async_client(openai_server: OpenAIServer) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=openai_server.url, api_key="sk-test", max_retries=0) as client:
        yield client


def text(role: str, content: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": content}], **more}


def test_a_chat_is_a_span_with_all_that_is_known(
    client: openai.OpenAI, openai_server: OpenAIServer, spans: Caught
) -> None:
    openai_server.reply(text="hi", usage=usage(input=10, output=7, cached=4, reasoning=5))
    client.chat.completions.create(
        model="gpt-x", messages=HELLO, temperature=0.5, top_p=0.9, max_completion_tokens=50, seed=7, stop="END"
    )
    assert spans.one().name == "chat gpt-x"
    assert spans.attributes() == {
        "gen_ai.operation.name": "chat",
        "openinference.span.kind": "LLM",
        "gen_ai.provider.name": "openai",
        "server.address": "127.0.0.1",
        "server.port": openai_server.port,
        "gen_ai.request.model": "gpt-x",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.max_tokens": 50,
        "gen_ai.request.seed": 7,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.input.messages": [text("user", "hello there")],
        "gen_ai.output.messages": [text("assistant", "hi", finish_reason="stop")],
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": MODEL,
        "gen_ai.response.finish_reasons": ["stop"],
        "openai.response.system_fingerprint": "fp_test",
        "http.response.header.x-request-id": ["req_test"],
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 7,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 5,
    }


def test_a_tool_call_and_its_answer_are_parts_of_messages(
    client: openai.OpenAI, openai_server: OpenAIServer, spans: Caught
) -> None:
    openai_server.reply(tool_calls=[("c1", "search", {"q": "x"}), ("c2", "search", {"q": "y"})])
    messages: list[Any] = [
        {"role": "system", "content": "Be brief."},
        *HELLO,
        {
            "role": "assistant",
            "tool_calls": [{"id": "c0", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c0", "content": "found"},
    ]
    client.chat.completions.create(model="m", messages=messages, tools=TOOLS)
    found = spans.attributes()
    assert found["gen_ai.input.messages"][2:] == [
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "c0", "name": "f", "arguments": {}}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c0", "response": "found"}]},
    ]
    assert [part["arguments"] for part in found["gen_ai.output.messages"][0]["parts"]] == [{"q": "x"}, {"q": "y"}]
    assert found["gen_ai.response.finish_reasons"] == ["tool_calls"]
    assert found["gen_ai.tool.definitions"] == [
        {"type": "function", "name": "search", "description": "find", "parameters": {"type": "object"}}
    ]


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param({"text": "one two three"}, id="text"),
        pytest.param({"choices": ["one two", "three"]}, id="choices"),
        pytest.param({"tool_calls": [("c1", "f", {"a": 1}), ("c2", "g", {"b": [2]})]}, id="tools"),
        pytest.param({"refusal": "I will not."}, id="refusal"),
        pytest.param({"text": "so", "reasoning": "because"}, id="reasoning"),
    ],
)
def test_a_stream_is_recorded_as_the_same_answer_in_one_piece(
    reply: dict[str, Any], client: openai.OpenAI, openai_server: OpenAIServer, spans: Caught
) -> None:
    openai_server.reply(**reply)
    client.chat.completions.create(model="m", messages=HELLO)
    openai_server.reply(**reply)
    for _ in client.chat.completions.create(
        model="m", messages=HELLO, stream=True, stream_options={"include_usage": True}
    ):
        pass
    whole, streamed = (dict(span.attributes or {}) for span in spans.all())
    assert streamed.pop("gen_ai.response.time_to_first_chunk") >= 0  # type: ignore[operator]
    assert streamed.pop("gen_ai.request.stream") is True
    assert streamed == whole


def test_a_stream_that_tells_no_usage_leaves_the_tokens_out(client: openai.OpenAI, spans: Caught) -> None:
    chunks = list(client.chat.completions.create(model="m", messages=HELLO, stream=True))
    assert all(chunk.choices for chunk in chunks)  # nothing was added to what the application sees
    assert not [name for name in spans.attributes() if name.startswith("gen_ai.usage")]


def test_closing_a_stream_early_keeps_what_came_and_is_no_error(
    client: openai.OpenAI, openai_server: OpenAIServer, spans: Caught
) -> None:
    openai_server.reply(text="one two three four")
    with client.chat.completions.create(model="m", messages=HELLO, stream=True) as stream:
        next(stream), next(stream), next(stream)
    assert spans.attributes()["gen_ai.output.messages"] == [text("assistant", "one two")]
    assert spans.one().status.status_code is StatusCode.UNSET


def test_a_stream_that_is_dropped_unread_ends_its_span(client: openai.OpenAI, spans: Caught) -> None:
    stream = client.chat.completions.create(model="m", messages=HELLO, stream=True)
    stream.response.close()
    del stream
    gc.collect()
    assert spans.one().status.status_code is StatusCode.UNSET


def test_a_stream_that_breaks_is_an_error_and_raises_as_without_us(
    client: openai.OpenAI, openai_server: OpenAIServer, spans: Caught
) -> None:
    openai_server.reply(text="one two three four", cut_after=3)
    with pytest.raises(openai.APIConnectionError):
        list(client.chat.completions.create(model="m", messages=HELLO, stream=True))
    assert spans.one().status.status_code is StatusCode.ERROR
    assert spans.attributes()["gen_ai.output.messages"] == [text("assistant", "one two")]


def test_the_stream_helper_ends_its_span_when_its_block_ends(client: openai.OpenAI, spans: Caught) -> None:
    with client.chat.completions.stream(model="m", messages=HELLO) as stream:
        for event in stream:
            if event.type == "content.delta" and event.delta:
                break
    assert spans.attributes()["gen_ai.output.messages"] == [text("assistant", "echo:")]


async def test_async_calls_and_streams_are_recorded(async_client: openai.AsyncOpenAI, spans: Caught) -> None:
    await async_client.chat.completions.create(model="m", messages=HELLO)
    async for _ in await async_client.chat.completions.create(model="m", messages=HELLO, stream=True):
        pass
    stream = await async_client.chat.completions.create(model="m", messages=HELLO, stream=True)
    await stream.__anext__()
    await stream.__anext__()
    await stream.close()
    answers = [dict(span.attributes or {})["gen_ai.output.messages"] for span in spans.all()]
    assert answers[0] == answers[1]
    assert "echo:" in str(answers[2])
    assert "there" not in str(answers[2])


async def test_a_cancelled_call_ends_its_span_as_an_error(
    async_client: openai.AsyncOpenAI, openai_server: OpenAIServer, spans: Caught
) -> None:
    release = openai_server.reply(hold=threading.Event()).hold
    assert release is not None
    call = asyncio.create_task(async_client.chat.completions.create(model="m", messages=HELLO))
    while not openai_server.requests:
        await asyncio.sleep(0.005)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    release.set()
    assert spans.attributes()["error.type"] == "asyncio.exceptions.CancelledError"


def test_an_http_error_is_recorded_and_raised(
    client: openai.OpenAI, openai_server: OpenAIServer, spans: Caught
) -> None:
    openai_server.reply(status=429, error="slow down")
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="m", messages=HELLO)
    span, found = spans.one(), spans.attributes()
    assert (found["error.type"], found["http.response.status_code"]) == ("openai.RateLimitError", 429)
    assert span.status.status_code is StatusCode.ERROR
    assert "slow down" in str(span.status.description)
    assert [event.name for event in span.events] == ["exception"]


def test_the_retries_of_the_sdk_are_one_span(client: openai.OpenAI, openai_server: OpenAIServer, spans: Caught) -> None:
    openai_server.reply(status=500, headers={"retry-after-ms": "1"})
    client.with_options(max_retries=1).chat.completions.create(model="m", messages=HELLO)
    assert len(openai_server.requests) == 2
    assert spans.one().status.status_code is StatusCode.UNSET


def test_an_iterator_of_messages_reaches_the_server_whole(
    client: openai.OpenAI, openai_server: OpenAIServer, spans: Caught
) -> None:
    client.chat.completions.create(model="m", messages=iter(HELLO))
    assert openai_server.requests[0].body["messages"] == HELLO
    assert spans.attributes()["gen_ai.input.messages"] == [text("user", "hello there")]


@pytest.mark.parametrize("stream", [False, True])
def test_raw_responses_are_recorded(stream: bool, client: openai.OpenAI, spans: Caught) -> None:
    raw = client.chat.completions.with_raw_response.create(model="m", messages=HELLO, stream=stream)
    answer: Any = raw.parse()
    if stream:
        list(answer)
    assert spans.attributes()["gen_ai.output.messages"] == [
        text("assistant", "echo: hello there", finish_reason="stop")
    ]


def test_streaming_responses_are_recorded_when_parsed(client: openai.OpenAI, spans: Caught) -> None:
    with client.chat.completions.with_streaming_response.create(model="m", messages=HELLO) as response:
        response.parse()
    assert spans.attributes()["gen_ai.usage.output_tokens"] == 3


def test_azure_is_a_provider_of_its_own(openai_server: OpenAIServer, spans: Caught) -> None:
    base = openai_server.url.removesuffix("/v1")
    with openai.AzureOpenAI(azure_endpoint=base, api_key="k", api_version="2024-10-21") as client:
        client.chat.completions.create(model="deployed", messages=HELLO)
    found = spans.attributes()
    assert (found["gen_ai.provider.name"], found["gen_ai.request.model"]) == ("azure.ai.openai", "deployed")


def test_embeddings_keep_the_texts_and_drop_the_vectors(client: openai.OpenAI, spans: Caught) -> None:
    client.embeddings.create(model="e", input=["a b", "c"], dimensions=2)
    assert spans.one().name == "embeddings e"
    found = spans.attributes()
    assert found["input.value"] == ["a b", "c"]
    assert found["gen_ai.usage.input_tokens"] == 3
    assert found["gen_ai.embeddings.dimension.count"] == 2
    assert "0.25" not in str(found)


RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": MODEL,
    "status": "completed",
    "output": [
        {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "thought"}]},
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Paris", "annotations": []}],
        },
    ],
    "usage": {
        "input_tokens": 9,
        "output_tokens": 5,
        "total_tokens": 14,
        "input_tokens_details": {"cached_tokens": 2},
        "output_tokens_details": {"reasoning_tokens": 3},
    },
}
RESPONSE_ANSWER = [
    {
        "role": "assistant",
        "parts": [{"type": "reasoning", "content": "thought"}, {"type": "text", "content": "Paris"}],
        "finish_reason": "stop",
    }
]


def test_the_responses_api_is_recorded(client: openai.OpenAI, openai_server: OpenAIServer, spans: Caught) -> None:
    openai_server.reply(raw=RESPONSE)
    client.responses.create(model="m", instructions="Be brief.", input="Capital of France?", max_output_tokens=50)
    found = spans.attributes()
    assert found["gen_ai.system_instructions"] == [{"type": "text", "content": "Be brief."}]
    assert found["gen_ai.input.messages"] == [text("user", "Capital of France?")]
    assert found["gen_ai.output.messages"] == RESPONSE_ANSWER
    assert found["gen_ai.usage.cache_read.input_tokens"] == 2
    assert found["gen_ai.usage.reasoning.output_tokens"] == 3


def test_a_stream_of_the_responses_api_is_recorded_whole(
    client: openai.OpenAI, openai_server: OpenAIServer, spans: Caught
) -> None:
    started = {**RESPONSE, "status": "in_progress", "output": [], "usage": None}
    openai_server.reply(
        events=[
            {"type": "response.created", "sequence_number": 0, "response": started},
            {"type": "response.output_text.delta", "sequence_number": 1, "delta": "Paris", "item_id": "m",
             "output_index": 0, "content_index": 0, "logprobs": []},
            {"type": "response.completed", "sequence_number": 2, "response": RESPONSE},
        ]
    )  # fmt: skip
    list(client.responses.create(model="m", input="Capital of France?", stream=True))
    assert spans.attributes()["gen_ai.output.messages"] == RESPONSE_ANSWER


def test_an_error_event_in_a_stream_of_responses_is_an_error(
    client: openai.OpenAI, openai_server: OpenAIServer, spans: Caught
) -> None:
    openai_server.reply(
        events=[{"type": "error", "sequence_number": 0, "code": "server_error", "message": "broken", "param": None}]
    )
    list(client.responses.create(model="m", input="hi", stream=True))
    assert spans.one().status.description == "server_error: broken"


def test_without_content_names_and_counts_stay(client: openai.OpenAI, openai_server: OpenAIServer) -> None:
    with catch_spans(capture_content=False) as spans:
        client.chat.completions.create(model="m", messages=HELLO)
        list(client.chat.completions.create(model="m", messages=HELLO, stream=True))
        for span in spans.all():
            assert "hello" not in str(span.attributes)
            assert dict(span.attributes or {})["gen_ai.response.finish_reasons"] == ("stop",)


def test_the_call_is_a_child_of_the_function_around_it(client: openai.OpenAI, spans: Caught) -> None:
    @assay.trace
    def answer() -> None:
        for _ in client.chat.completions.create(model="m", messages=HELLO, stream=True):
            with assay.start_span("between chunks"):
                return

    answer()
    gc.collect()
    names = {span.name for span in spans.all() if span.parent}
    assert names >= {"between chunks"}
    assert spans.tree()["between chunks"] is not None
    assert spans.tree()["between chunks"].endswith("answer")  # type: ignore[union-attr]


def test_asking_twice_makes_one_span_and_disabling_makes_none(client: openai.OpenAI, spans: Caught) -> None:
    assay.autolog()
    assay.autolog("openai")
    client.chat.completions.create(model="m", messages=HELLO)
    assert len(spans.all()) == 1
    assay.autolog(disable=True)
    client.chat.completions.create(model="m", messages=HELLO)
    assert len(spans.all()) == 1


def test_a_library_without_an_autologger_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="no autologger for 'leftpad'"):
        assay.autolog("leftpad")


def test_our_own_failure_does_not_reach_the_program(
    client: openai.OpenAI, spans: Caught, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("ours")

    monkeypatch.setattr(openai_chat, "input_messages", broken)
    monkeypatch.setattr(openai_chat, "output_message", broken)
    answer = client.chat.completions.create(model="m", messages=HELLO)
    assert answer.choices[0].message.content == "echo: hello there"
    assert spans.one().name == "chat m"
