"""Model calls through LiteLLM in this process: the requests are its own, what comes of them is told as everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from assay.errors import GatewayError
from assay.evaluation.gateway import Completion, answering, structured
from assay.evaluation.gateway.choice import gateway_of
from assay.evaluation.gateway.client import GatewayClient
from assay.settings import Settings
from support.openai_server import OpenAIServer, usage

MESSAGES = [{"role": "user", "content": "hello"}]
FORMAT = {"type": "json_schema", "json_schema": {"name": "v", "strict": True, "schema": {"type": "object"}}}


@pytest.fixture(autouse=True)
def _nothing_learnt() -> Iterator[None]:
    yield
    structured.forget()


def gateway(server: OpenAIServer, **settings: Any) -> GatewayClient:
    given = {"gateway": "litellm", "gateway_url": server.url, "gateway_api_key": "key-of-litellm", **settings}
    return replace(gateway_of(Settings(**given)), attempts=2)


async def ask(server: OpenAIServer, model: str = "openai/gpt-4o-mini", **more: Any) -> Completion:
    return await gateway(server).complete(MESSAGES, model=model, **more)


async def test_an_answer_is_read_as_from_any_gateway(openai_server: OpenAIServer) -> None:
    openai_server.reply(text="hi", usage=usage(input=1000, output=100, cached=40, reasoning=7))
    answer = await ask(openai_server, temperature=0.0, max_tokens=200, seed=3, logprobs=1)
    body = {name: openai_server.requests[0].body[name] for name in ("model", "temperature", "seed", "top_logprobs")}
    assert body == {"model": "gpt-4o-mini", "temperature": 0.0, "seed": 3, "top_logprobs": 1}
    assert (answer.text, answer.model, answer.finish_reason) == ("hi", "echo-2026-01-01", "stop")
    assert (answer.input_tokens, answer.output_tokens, answer.cache_read_tokens, answer.reasoning_tokens) == (
        1000,
        100,
        40,
        7,
    )
    assert answer.cost_usd == pytest.approx((960 * 0.15 + 40 * 0.075 + 100 * 0.6) / 1e6)


async def test_an_unknown_price_is_unknown(openai_server: OpenAIServer) -> None:
    assert (await ask(openai_server, model="openai/my-own-model")).cost_usd is None


async def test_a_schema_that_is_refused_is_asked_for_otherwise(openai_server: OpenAIServer) -> None:
    openai_server.reply(status=400, error="'response_format' of type 'json_schema' is not supported with this model.")
    answer = await ask(openai_server, response_format=FORMAT)
    assert (answer.asked_for, answer.attempts, len(openai_server.requests)) == ("json_object", 2, 2)


async def test_a_failure_has_its_status_and_no_key(openai_server: OpenAIServer) -> None:
    openai_server.reply(status=401, error="Incorrect API key provided: key-of-litellm")
    with pytest.raises(GatewayError, match="Incorrect API key") as caught:
        await ask(openai_server)
    assert (caught.value.status, len(openai_server.requests)) == (401, 1)
    assert "key-of-litellm" not in str(caught.value)


async def test_only_one_place_retries(openai_server: OpenAIServer) -> None:
    for _ in range(2):
        openai_server.reply(status=503, error="busy", headers={"retry-after-ms": "1"})
    with pytest.raises(GatewayError, match="busy"):
        await ask(openai_server)
    assert len(openai_server.requests) == 2


async def test_texts_are_embedded(openai_server: OpenAIServer) -> None:
    found = await gateway(openai_server).embed(["a", "b"], model="openai/text-embedding-3-small")
    assert (len(found.vectors), found.model, found.input_tokens) == (2, "echo-2026-01-01", 2)


async def test_an_answer_is_kept(openai_server: OpenAIServer) -> None:
    with answering("reuse"):
        first, second = await ask(openai_server), await ask(openai_server)
    assert (first.cached, second.cached, len(openai_server.requests)) == (False, True, 1)


async def test_a_missing_key_is_told_at_once() -> None:
    advice = r"OPENAI_API_KEY, \.\.\.\) or, for a gateway, ASSAY_GATEWAY_API_KEY"
    with pytest.raises(GatewayError, match=advice) as caught:
        # any second attempt would wait for as long as the test may take
        await asyncio.wait_for(replace(gateway_of(Settings()), attempts=1000).complete(MESSAGES, model="openai/x"), 60)
    assert caught.value.status == 401
