"""Model calls through LiteLLM against a real server: what is sent, what is retried, what is told."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from assay.errors import GatewayError
from assay.evaluation.gateway import Completion, model_name
from assay.evaluation.gateway.choice import gateway_of
from assay.evaluation.gateway.client import GatewayClient
from assay.evaluation.rates import is_passing, retry_after_s, with_retries
from assay.settings import Settings
from support.openai_server import OpenAIServer, usage

MESSAGES = [{"role": "user", "content": "hello"}]
FORMAT = {"type": "json_schema", "json_schema": {"name": "v", "strict": True, "schema": {"type": "object"}}}


def gateway(server: OpenAIServer, **settings: Any) -> GatewayClient:
    return replace(gateway_of(Settings(gateway_url=server.url, **settings)), attempts=3)


async def ask(server: OpenAIServer, model: str = "openai/gpt-4o-mini", **settings: Any) -> Completion:
    return await gateway(server, **settings).complete(MESSAGES, model=model, response_format=FORMAT, temperature=0.0)


async def test_a_call_says_what_was_answered_by_whom_and_for_how_much(openai_server: OpenAIServer) -> None:
    openai_server.reply(text="hi", usage=usage(input=1000, output=100))
    answer = await ask(openai_server)
    assert (answer.text, answer.model, answer.finish_reason) == ("hi", "echo-2026-01-01", "stop")
    assert (answer.input_tokens, answer.output_tokens, answer.system_fingerprint) == (1000, 100, "fp_test")


async def test_the_request_is_openais(openai_server: OpenAIServer) -> None:
    await ask(openai_server, gateway_api_key="key", gateway_headers={"x-portkey-provider": "openai"})
    (request,) = openai_server.requests
    assert request.path == "/v1/chat/completions"
    assert request.body == {"model": "gpt-4o-mini", "messages": MESSAGES, "temperature": 0.0, "response_format": FORMAT}
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert (headers["authorization"], headers["x-portkey-provider"]) == ("Bearer key", "openai")


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("openai/gpt-4o-mini", "gpt-4o-mini"),
        ("openai:/gpt-4o-mini", "gpt-4o-mini"),
        ("my-model", "my-model"),
        ("anthropic/claude-x", "anthropic/claude-x"),
        ("@team/model", "@team/model"),
    ],
)
async def test_a_gateway_is_asked_for_models_by_its_own_names(
    openai_server: OpenAIServer, asked: str, sent: str
) -> None:
    await ask(openai_server, model=asked)
    assert openai_server.requests[0].body["model"] == sent


async def test_a_model_without_a_known_price_costs_an_unknown_amount(openai_server: OpenAIServer) -> None:
    assert (await ask(openai_server, model="my-own-model")).cost_usd is None


async def test_a_litellm_proxy_says_what_it_cost(openai_server: OpenAIServer) -> None:
    openai_server.reply(text="x", headers={"x-litellm-response-cost": "0.25"})
    assert (await ask(openai_server, model="my-own-model")).cost_usd == 0.25


async def test_overload_is_tried_again_after_as_long_as_was_asked_for(openai_server: OpenAIServer) -> None:
    openai_server.reply(status=429, error="slow down", headers={"retry-after-ms": "120"})
    openai_server.reply(status=503, error="busy", headers={"retry-after-ms": "1"})
    openai_server.reply(text="at last")
    started = time.monotonic()
    assert (await ask(openai_server)).text == "at last"
    assert time.monotonic() - started >= 0.12
    assert len(openai_server.requests) == 3


async def test_after_the_last_attempt_the_failure_is_told(
    openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.evaluation.rates.limiter.HOPELESS_S", 0.0)  # for so long refusals are no attempts
    for _ in range(3):
        openai_server.reply(status=429, error="slow down", headers={"retry-after-ms": "1"})
    with pytest.raises(GatewayError, match=r"slow down.*lower concurrency") as caught:
        await ask(openai_server)
    assert (caught.value.status, len(openai_server.requests)) == (429, 3)


@pytest.mark.parametrize(
    ("status", "advice"),
    [(400, "refused the request itself"), (401, "ASSAY_GATEWAY_API_KEY"), (403, "may not use"), (404, "name right")],
)
async def test_a_refused_request_is_not_tried_again(openai_server: OpenAIServer, status: int, advice: str) -> None:
    openai_server.reply(status=status, error="no")
    with pytest.raises(GatewayError, match=advice) as caught:
        await ask(openai_server)
    assert (caught.value.status, len(openai_server.requests)) == (status, 1)


async def test_a_missing_key_is_told_at_once() -> None:
    with pytest.raises(
        GatewayError, match=r"OPENAI_API_KEY, \.\.\.\) or, for a gateway, ASSAY_GATEWAY_API_KEY"
    ) as caught:
        # any second attempt would wait for as long as the test may take
        await asyncio.wait_for(replace(gateway_of(Settings()), attempts=1000).complete(MESSAGES, model="openai/x"), 60)
    assert caught.value.status == 401


async def test_nobody_there_is_a_gateway_error() -> None:
    settings = Settings(gateway_url="http://127.0.0.1:9/v1")
    with pytest.raises(GatewayError, match=r"Model 'openai/x' at http://127\.0\.0\.1:9/v1"):
        await replace(gateway_of(settings), attempts=1).complete(MESSAGES, model="openai/x")


@pytest.mark.parametrize(
    ("given", "name"),
    [("openai:/gpt", "openai/gpt"), ("openai/gpt", "openai/gpt"), ("gpt", "gpt"), ("bedrock/a:b/c", "bedrock/a:b/c")],
)
def test_models_are_named_as_litellm_names_them(given: str, name: str) -> None:
    assert model_name(given) == name


def failure(status: int | None, message: str = "", **headers: str) -> Exception:
    error = Exception(message)
    error.status_code = status  # type: ignore[attr-defined]
    error.response = SimpleNamespace(headers={name.replace("_", "-"): value for name, value in headers.items()})  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (failure(429), True),
        (failure(500), True),
        (failure(503), True),
        (failure(408), True),
        (failure(400), False),
        (failure(401), False),
        (failure(404), False),
        (failure(429, "insufficient_quota"), False),
        (failure(500, "OpenAIException - Missing credentials. Please pass an `api_key`"), False),
        (failure(500, "The api_key client option must be set either by passing api_key"), False),
        (failure(500, "litellm.APIConnectionError: Missing Gemini API key."), False),
        (failure(429, retry_after="3600"), False),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (ValueError(), False),
    ],
    ids=repr,
)
def test_what_passes_with_time(error: Exception, passing: bool) -> None:
    assert is_passing(error) is passing


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "2"}, 2.0),
        ({"retry_after_ms": "1500", "retry_after": "2"}, 1.5),
        ({"retry_after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"retry_after": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(failure(429, **headers)) == seconds


async def test_retries_end_with_the_attempts() -> None:
    calls = 0

    async def call() -> None:
        nonlocal calls
        calls += 1
        raise failure(503, "busy", retry_after_ms="1")

    with pytest.raises(Exception, match="busy"):
        await with_retries(call, attempts=4)
    assert calls == 4
