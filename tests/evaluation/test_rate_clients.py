"""The clients that tasks use, held to the pace of their rows: real SDKs against a real server."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import httpx2
import openai
import pytest

from assay.evaluation.rates import Pacing, forget_limiters, limiter_for, paced
from assay.evaluation.rates.requests import read_request, used_tokens
from support.openai_server import OpenAIServer

MESSAGES: list[Any] = [{"role": "user", "content": "hello"}]
SOON = {"retry-after-ms": "1"}
SENDS = [httpx.Client, httpx.AsyncClient, httpx2.Client, httpx2.AsyncClient]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    before = [kind.send for kind in SENDS]
    forget_limiters()
    yield
    assert [kind.send for kind in SENDS] == before  # nothing stays behind


@pytest.fixture
def client(openai_server: OpenAIServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=openai_server.url, api_key="sk-test") as client:
        yield client


@pytest.fixture
async def async_client(openai_server: OpenAIServer) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=openai_server.url, api_key="sk-test") as client:
        yield client


def refuse(server: OpenAIServer, times: int, *, status: int = 429, error: str = "slow down", **headers: str) -> None:
    for _ in range(times):
        server.reply(status=status, error=error, headers=headers or SOON)


def limiter_of(server: OpenAIServer, model: str) -> Any:
    return limiter_for((server.url, model))


def test_a_refused_chat_is_sent_again_by_us_and_not_by_the_sdk(
    client: openai.OpenAI, openai_server: OpenAIServer
) -> None:
    refuse(openai_server, 2)
    with paced() as pacing, pacing.row():
        answer = client.chat.completions.create(model="m", messages=MESSAGES)
    assert answer.choices[0].message.content == "echo: hello"
    counts = [request.headers.get("x-stainless-retry-count") for request in openai_server.requests]
    assert counts == ["0", "0", "0"]


def test_a_stream_is_handed_on_unread(client: openai.OpenAI, openai_server: OpenAIServer) -> None:
    refuse(openai_server, 1)
    go = threading.Event()
    openai_server.reply(text="one two three", hold=go, hold_after=2)
    with paced() as pacing, pacing.row():
        stream = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        first = next(iter(stream))  # the rest is held until we have it
        go.set()
        rest = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    assert first.choices[0].delta.role == "assistant"
    assert "three" in "".join(rest)


async def test_coroutines_are_paced_alike(async_client: openai.AsyncOpenAI, openai_server: OpenAIServer) -> None:
    refuse(openai_server, 1)
    refuse(openai_server, 1, status=503, error="busy")
    with paced() as pacing, pacing.row():
        answer = await async_client.chat.completions.create(model="m", messages=MESSAGES)
        refuse(openai_server, 1)
        stream = await async_client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        parts = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
    assert (answer.choices[0].message.content, "".join(parts)) == ("echo: hello", "echo: hello")
    assert len(openai_server.requests) == 5


async def test_litellm_is_paced_through_the_clients_that_it_uses(openai_server: OpenAIServer) -> None:
    import litellm

    refuse(openai_server, 2)
    with paced() as pacing, pacing.row():
        answer = await litellm.acompletion(
            model="openai/m", messages=MESSAGES, api_base=openai_server.url, api_key="sk-test", num_retries=0
        )
    assert answer.choices[0].message.content == "echo: hello"
    assert len(openai_server.requests) == 3


@pytest.mark.parametrize("status", [500, 503, 408])
def test_giving_up_tells_the_sdk_to_give_up_too(
    client: openai.OpenAI, openai_server: OpenAIServer, status: int
) -> None:
    refuse(openai_server, 9, status=status, error="broken")
    with paced(attempts=3) as pacing, pacing.row(), pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="m", messages=MESSAGES)
    assert caught.value.status_code == status
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert len(openai_server.requests) == 3


@pytest.mark.parametrize(
    ("status", "error"), [(400, "bad"), (401, "key"), (403, "no"), (404, "none"), (429, "insufficient_quota")]
)
def test_what_no_waiting_cures_is_sent_once(
    client: openai.OpenAI, openai_server: OpenAIServer, status: int, error: str
) -> None:
    refuse(openai_server, 3, status=status, error=error)
    with paced() as pacing, pacing.row(), pytest.raises(openai.APIStatusError, match=error):
        client.chat.completions.create(model="m", messages=MESSAGES)
    assert len(openai_server.requests) == 1


class Unreachable(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Loses every connection, and counts them."""

    def __init__(self) -> None:
        self.asked = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        raise httpx2.ConnectError("gone")

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return self.handle_request(request)


async def test_lost_connections_are_not_multiplied_by_the_sdks_own_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.evaluation.rates.sending.jitter_s", lambda attempt: 0.0)
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.0)
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.0)
    blocking, awaited = Unreachable(), Unreachable()
    client = openai.OpenAI(api_key="k", http_client=httpx2.Client(transport=blocking))
    async_client = openai.AsyncOpenAI(api_key="k", http_client=httpx2.AsyncClient(transport=awaited))
    with paced(attempts=4) as pacing, pacing.row():
        with pytest.raises(openai.APIConnectionError):
            client.chat.completions.create(model="m", messages=MESSAGES)
        with pytest.raises(openai.APIConnectionError):
            await async_client.chat.completions.create(model="m", messages=[*MESSAGES, *MESSAGES])
    assert (blocking.asked, awaited.asked) == (4, 4)


def answering(*statuses: int, module: Any = httpx) -> tuple[Any, list[Any]]:
    """A client whose server answers with these statuses, one after the other, and the requests that it got."""
    left, seen = list(statuses), []

    def answer(request: Any) -> Any:
        request.read()
        seen.append(request)
        return module.Response(left.pop(0), headers={**SOON, "content-type": "application/json"}, json={})

    return module.Client(transport=module.MockTransport(answer), base_url="https://search.example"), seen


@pytest.mark.parametrize("module", [httpx, httpx2])
def test_other_requests_are_sent_again_only_when_they_were_refused(module: Any) -> None:
    client, seen = answering(429, 200, 503, module=module)
    with paced() as pacing, pacing.row():
        assert client.get("/find").status_code == 200
        failed = client.get("/find")
    assert (failed.status_code, len(seen)) == (503, 3)
    assert "x-should-retry" not in failed.headers


def test_a_body_that_can_be_read_only_once_is_sent_once() -> None:
    client, seen = answering(429, 200)
    with paced() as pacing, pacing.row():
        response = client.post("/v1/chat/completions", content=iter([b"{}"]))
    assert (response.status_code, len(seen)) == (429, 1)


def test_outside_of_rows_nothing_is_touched(client: openai.OpenAI, openai_server: OpenAIServer) -> None:
    refuse(openai_server, 1)
    plain, _ = answering(429)
    with paced():
        client.chat.completions.create(model="m", messages=MESSAGES)
        assert plain.get("/find").status_code == 429
    assert openai_server.requests[1].headers["x-stainless-retry-count"] == "1"  # the SDK's own doing
    assert limiter_of(openai_server, "m")._issued == 0


def test_a_program_that_evaluates_nothing_keeps_its_clients() -> None:
    before = [kind.send for kind in SENDS]
    with paced(), paced():
        assert all(kind.send is not own for kind, own in zip(SENDS, before, strict=True))
        with paced():
            pass
        assert all(kind.send is not own for kind, own in zip(SENDS, before, strict=True))
    assert [kind.send for kind in SENDS] == before


def test_who_wraps_the_clients_after_us_stays() -> None:
    own = httpx.Client.send
    with paced():
        ours = httpx.Client.send
        theirs = lambda self, request, **more: ours(self, request, **more)  # noqa: E731
        httpx.Client.send = theirs  # type: ignore[method-assign, assignment]
    assert httpx.Client.send is theirs
    client, _ = answering(200)
    assert client.get("/").status_code == 200
    httpx.Client.send = own  # type: ignore[method-assign]


async def test_evaluations_at_once_keep_to_their_own_attempts(openai_server: OpenAIServer) -> None:
    async def one(pacing: Pacing, model: str) -> int:
        with pacing.row(), pytest.raises(openai.InternalServerError):
            async with openai.AsyncOpenAI(base_url=openai_server.url, api_key="k") as client:
                await client.chat.completions.create(model=model, messages=MESSAGES)
        return sum(request.body["model"] == model for request in openai_server.requests)

    refuse(openai_server, 9, status=500, error="broken")
    with paced(attempts=2) as two, paced(attempts=4) as four:
        assert await asyncio.gather(one(two, "a"), one(four, "b")) == [2, 4]


async def test_who_has_no_turn_before_the_time_is_up_is_told(openai_server: OpenAIServer) -> None:
    refuse(openai_server, 9, **{"retry-after": "100"})
    plain = httpx.Client(base_url=openai_server.url)
    body = {"model": "m", "messages": MESSAGES}
    with paced(until=time.monotonic() + 0.2) as pacing, pacing.row():
        with pytest.raises(TimeoutError, match="the rate limit left no room for the call in time"):
            plain.post("/chat/completions", json=body)
        async with httpx.AsyncClient(base_url=openai_server.url) as awaited:
            with pytest.raises(TimeoutError, match="the rate limit left no room for the call in time"):
                await awaited.post("/chat/completions", json=body)
    plain.close()
    assert len(openai_server.requests) == 1


def test_limits_are_learned_from_the_tasks_own_answers(client: openai.OpenAI, openai_server: OpenAIServer) -> None:
    told = {
        "x-ratelimit-limit-requests": "100",
        "x-ratelimit-remaining-requests": "41",
        "x-ratelimit-limit-tokens": "9000",
        "x-ratelimit-remaining-tokens": "8000",
    }
    openai_server.reply(text="hi", headers=told)
    with paced() as pacing, pacing.row():
        client.chat.completions.create(model="gpt-x", messages=MESSAGES)
    buckets = limiter_of(openai_server, "gpt-x")._buckets
    assert {name: bucket.capacity for name, bucket in buckets.items()} == {"requests": 100, "tokens": 9000}
    assert buckets["requests"].level == pytest.approx(41, abs=1)


def test_rows_that_are_refused_narrow_the_window_and_others_widen_it(
    client: openai.OpenAI, openai_server: OpenAIServer
) -> None:
    with paced() as pacing:
        assert pacing.rows == 20
        with pacing.row():
            refuse(openai_server, 1)
            client.chat.completions.create(model="m", messages=MESSAGES)
        assert pacing.rows == 16


def test_many_rows_that_get_through_widen_the_window() -> None:
    with paced() as pacing:
        for _ in range(20):
            rows = [pacing.row() for _ in range(21)]
            for row in rows:
                row.__enter__()
            for row in reversed(rows):
                row.__exit__(None, None, None)
        assert pacing.rows == 21


# What is read from a request ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "body", "key", "to_model", "tokens", "output_tokens"),
    [
        (
            "https://api.openai.com/v1/chat/completions",
            {"model": "gpt-x", "messages": [{"content": "a" * 400}], "max_tokens": 50},
            ("openai", "gpt-x"),
            True,
            151.25,
            50,
        ),
        (
            "https://api.openai.com/v1/embeddings",
            {"model": "e", "input": [[1, 2, 3], [4]]},
            ("openai", "e"),
            True,
            4.25,
            0,
        ),
        (
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-x:generateContent",
            {"contents": [{"parts": [{"text": "abcd"}]}], "generationConfig": {"maxOutputTokens": 10}},
            ("gemini", "gemini-x"),
            True,
            11,
            10,
        ),
        (
            "https://me.openai.azure.com/openai/deployments/mine/chat/completions?api-version=1",
            {"messages": [{"content": "abcdefgh"}]},
            ("me.openai.azure.com", "mine"),
            True,
            2,
            0,
        ),
        (
            "https://api.anthropic.com/v1/messages",
            {"model": "c", "max_tokens": 8, "messages": [{"content": [{"source": {"data": "A" * 9999}}]}]},
            ("anthropic", "c"),
            True,
            8.25,
            8,
        ),
        ("http://localhost:9000/find", {"query": "a" * 100}, ("localhost:9000", ""), False, 0, 0),
    ],
)
def test_a_request_says_whose_limit_it_counts_to_and_for_how_much(
    url: str, body: Any, key: Any, to_model: bool, tokens: float, output_tokens: float
) -> None:
    call = read_request(httpx.Request("POST", url, json=body))
    assert (call.key, call.to_model, call.repeatable) == (key, to_model, True)
    assert (call.tokens, call.output_tokens) == (tokens, output_tokens)


@pytest.mark.parametrize("content", [b"", b"[1]", b"\xff", b'{"model": 3, "max_tokens": "x", "messages": {"a": null}}'])
def test_no_body_is_too_strange(content: bytes) -> None:
    call = read_request(httpx.Request("POST", "http://h/v1/chat/completions", content=content))
    assert call.key == ("h", "")


@pytest.mark.parametrize(
    ("answer", "tokens"),
    [
        (b'{"usage": {"total_tokens": 12, "prompt_tokens": 10}}', 12),
        (b'{"usage": {"input_tokens": 10, "output_tokens": 5}}', 15),
        (b'{"usageMetadata": {"totalTokenCount": 9}}', 9),
        (b'{"usage": null}', None),
        (b'{"usage": {"input_tokens": null}}', None),
        (b"data: {}", None),
    ],
)
def test_tokens_are_read_from_answers_in_every_form(answer: bytes, tokens: int | None) -> None:
    assert used_tokens(answer) == tokens
