"""Model calls to a real server: what is sent, what is read, what is retried, what is told."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from assay.errors import GatewayError
from assay.evaluation.budget import NOTHING, Budget, spending
from assay.evaluation.gateway import Completion, answering, model_name
from assay.evaluation.gateway.choice import gateway_of
from assay.evaluation.gateway.client import GatewayClient
from assay.evaluation.limits import Limits
from assay.evaluation.rates import Pacing
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


@pytest.mark.parametrize(
    "said",
    [
        "gpt-4o-mini is not a valid model ID",
        "You passed in model=gpt-4o-mini. There are no healthy deployments for this model",
        "The model `gpt-4o-mini` does not exist or you do not have access to it.",
    ],
)
async def test_a_gateway_that_names_models_with_their_provider_is_asked_so(
    openai_server: OpenAIServer, said: str
) -> None:
    for _ in range(2):
        if not openai_server.requests:
            openai_server.reply(status=400, error=said)
        assert (await ask(openai_server)).text == "echo: hello"
    sent = [request.body["model"] for request in openai_server.requests]
    assert sent == ["gpt-4o-mini", "openai/gpt-4o-mini", "openai/gpt-4o-mini"]


async def test_a_model_that_is_not_there_by_any_name_is_told(openai_server: OpenAIServer) -> None:
    for _ in range(3):
        openai_server.reply(status=404, error="The model does not exist")
    with pytest.raises(GatewayError, match="does not exist"):
        await ask(openai_server)
    with pytest.raises(GatewayError, match="does not exist"):  # a name without a provider has no other
        await ask(openai_server, model="mine")
    assert [request.body["model"] for request in openai_server.requests] == [
        "gpt-4o-mini",
        "openai/gpt-4o-mini",
        "mine",
    ]


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


async def test_overload_under_the_status_200_is_overload(openai_server: OpenAIServer) -> None:
    openai_server.reply(raw={"error": {"message": "busy", "code": 503}}, headers={"retry-after-ms": "1"})
    assert (await ask(openai_server)).text == "echo: hello"


async def test_after_the_last_attempt_the_failure_is_told(
    openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.evaluation.rates.limiter.HOPELESS_S", 0.0)  # for so long refusals are no attempts
    for _ in range(3):
        openai_server.reply(status=429, error="slow down", headers={"retry-after-ms": "1"})
    with pytest.raises(GatewayError, match=r"slow down.*lower concurrency") as caught:
        await ask(openai_server)
    assert (caught.value.status, len(openai_server.requests)) == (429, 3)
    assert (caught.value.model, caught.value.address) == ("openai/gpt-4o-mini", openai_server.url)


async def test_in_an_evaluation_its_limits_say_how_often(openai_server: OpenAIServer) -> None:
    for _ in range(2):
        openai_server.reply(status=503, error="busy", headers={"retry-after-ms": "1"})
    with Pacing(attempts=2).row(), pytest.raises(GatewayError, match="busy"):
        await ask(openai_server)
    assert len(openai_server.requests) == 2


@pytest.mark.parametrize(
    ("status", "advice"),
    [(400, "refused the request itself"), (401, "ASSAY_GATEWAY_API_KEY"), (403, "may not use"), (404, "name right")],
)
async def test_a_refused_request_is_not_tried_again(openai_server: OpenAIServer, status: int, advice: str) -> None:
    openai_server.reply(status=status, error="no")
    with pytest.raises(GatewayError, match=advice) as caught:
        await ask(openai_server)
    assert (caught.value.status, len(openai_server.requests)) == (status, 1)


async def test_nobody_there_is_a_gateway_error() -> None:
    settings = Settings(gateway_url="http://127.0.0.1:9/v1")
    with pytest.raises(GatewayError, match=r"Model 'openai/x' at http://127\.0\.0\.1:9/v1.*gateway running") as caught:
        await replace(gateway_of(settings), attempts=1).complete(MESSAGES, model="openai/x")
    assert caught.value.status is None


async def test_a_lost_connection_is_tried_again(openai_server: OpenAIServer) -> None:
    port = openai_server.port
    openai_server.stop()
    with pytest.raises(GatewayError):
        await replace(gateway(openai_server), attempts=2).complete(MESSAGES, model="openai/x")
    assert openai_server.port == port


async def test_an_answer_that_takes_too_long_is_given_up(openai_server: OpenAIServer) -> None:
    release = threading.Event()
    openai_server.reply(hold=release)
    settings = Settings(gateway_url=openai_server.url, gateway_timeout_s=0.2)
    with pytest.raises(GatewayError, match=r"no answer within 0\.2 s.*ASSAY_GATEWAY_TIMEOUT_S") as caught:
        await replace(gateway_of(settings), attempts=1).complete(MESSAGES, model="openai/x")
    release.set()
    assert caught.value.status == 408


async def test_parameters_are_sent_when_they_are_given(openai_server: OpenAIServer) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    given = {"temperature": 0.5, "max_tokens": 9, "seed": 0, "tools": [tool]}
    await gateway(openai_server).complete(MESSAGES, model="openai/m", logprobs=2, **given)
    assert openai_server.requests[0].body == {
        "model": "m",
        "messages": MESSAGES,
        "logprobs": True,
        "top_logprobs": 2,
        **given,
    }
    await gateway(openai_server).complete(MESSAGES, model="openai/m", logprobs=0)
    assert openai_server.requests[1].body == {"model": "m", "messages": MESSAGES, "logprobs": True}


async def test_an_answer_has_its_tool_calls_tokens_and_log_probabilities(openai_server: OpenAIServer) -> None:
    openai_server.reply(tool_calls=[("c", "search", {"q": 1})], usage=usage(input=9, cached=4, output=7, reasoning=5))
    answer = await ask(openai_server)
    assert (answer.text or "", answer.finish_reason) == ("", "tool_calls")
    assert answer.tool_calls[0]["function"]["name"] == "search"
    assert (answer.cache_read_tokens, answer.reasoning_tokens) == (4, 5)
    openai_server.reply(text="hi", logprobs=True)
    assert (await ask(openai_server)).logprobs is not None


async def test_texts_are_embedded_in_their_order(openai_server: OpenAIServer) -> None:
    rows = [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]
    openai_server.reply(raw={"data": rows, "model": "e-1", "usage": {"prompt_tokens": 1000}})
    found = await gateway(openai_server).embed(["a", "b"], model="openai/text-embedding-3-small", dimensions=1)
    assert openai_server.requests[0].path == "/v1/embeddings"
    assert openai_server.requests[0].body == {
        "model": "text-embedding-3-small",
        "input": ["a", "b"],
        "dimensions": 1,
    }
    assert (found.vectors, found.model, found.input_tokens) == ([[1.0], [2.0]], "e-1", 1000)
    assert found.cost_usd == pytest.approx(1000 * 0.02 / 1e6)


async def test_nothing_to_embed_is_no_call(openai_server: OpenAIServer) -> None:
    assert (await gateway(openai_server).embed([], model="openai/e")).vectors == []
    assert openai_server.requests == []


@pytest.mark.parametrize(
    "reply",
    [
        {"status": 401, "error": "Incorrect API key: SECRET"},
        {"status": 400, "error": "headers were {'authorization': 'Bearer SECRET', 'x-team-key': 'OTHER-SECRET'}"},
        {"raw": {"error": {"message": "no SECRET here"}}},
        {"raw": {"echo": "SECRET"}},
    ],
    ids=str,
)
async def test_no_key_gets_into_a_message(openai_server: OpenAIServer, reply: dict[str, Any]) -> None:
    keys = {"SECRET": "zq-9f8e7d6c5b4a", "OTHER-SECRET": "t0psecret-of-the-team"}
    openai_server.reply(**json.loads(re.sub("OTHER-SECRET|SECRET", lambda found: keys[found[0]], json.dumps(reply))))
    with pytest.raises(GatewayError) as caught:
        await ask(openai_server, gateway_api_key=keys["SECRET"], gateway_headers={"x-team-key": keys["OTHER-SECRET"]})
    told = "".join(traceback.format_exception(caught.value))
    assert [key for key in keys.values() if key in told] == []
    assert f"127.0.0.1:{openai_server.port}" in told


async def test_a_server_that_answers_with_a_page_is_told_shortly(openai_server: OpenAIServer) -> None:
    openai_server.reply(status=400, error="<html>" + "x" * 100_000)
    with pytest.raises(GatewayError) as caught:
        await ask(openai_server)
    assert len(str(caught.value)) < 3000


async def test_what_cannot_be_sent_is_a_gateway_error(openai_server: OpenAIServer) -> None:
    messages = [{"role": "user", "content": object()}]
    with pytest.raises(GatewayError, match="could not be made"), answering("reuse"):
        await gateway(openai_server).complete(messages, model="openai/x")


async def test_calls_wait_for_the_limit_that_answers_tell_of(openai_server: OpenAIServer) -> None:
    hour = {
        "x-ratelimit-limit-requests": "1",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1h",
    }
    openai_server.reply(text="first", headers=hour)
    await ask(openai_server, model="openai/limited")
    waits = asyncio.create_task(ask(openai_server, model="openai/limited"))
    assert (await ask(openai_server, model="openai/another")).text == "echo: hello"
    assert [request.body["model"] for request in openai_server.requests] == ["limited", "another"]
    waits.cancel()
    await asyncio.gather(waits, return_exceptions=True)
    assert waits.cancelled()


@pytest.mark.parametrize(
    ("limits", "asked"), [({"max_calls": 1}, 1), ({"max_tokens": 3}, 0), ({"max_cost_usd": 1.0}, 2)], ids=str
)
async def test_a_call_without_room_in_the_budget_is_not_made(
    openai_server: OpenAIServer, limits: dict[str, Any], asked: int
) -> None:
    budget = Budget(Limits(**limits))
    row = budget.reserve(NOTHING)
    with spending(row):
        found = [
            (await asyncio.gather(ask(openai_server, model="openai/gpt-4o-mini"), return_exceptions=True))[0]
            for _ in range(2)
        ]
    assert len(openai_server.requests) == asked
    assert sum(isinstance(answer, Completion) for answer in found) == asked
    assert all("budget has no room" in str(error) for error in found if isinstance(error, GatewayError))
    assert budget.spent.calls == asked


async def test_a_failed_call_books_nothing(openai_server: OpenAIServer) -> None:
    openai_server.reply(status=400, error="no")
    budget = Budget(Limits(max_calls=1))
    with spending(budget.reserve(NOTHING)), pytest.raises(GatewayError):
        await ask(openai_server)
    assert budget.spent == NOTHING


async def test_one_loop_serves_callers_on_many(openai_server: OpenAIServer) -> None:
    def from_a_thread(number: int) -> str | None:
        return asyncio.run(ask(openai_server)).text

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(from_a_thread, range(8))) == ["echo: hello"] * 8


@pytest.mark.parametrize(
    ("given", "name"),
    [("openai:/gpt", "openai/gpt"), ("openai/gpt", "openai/gpt"), ("gpt", "gpt"), ("bedrock/a:b/c", "bedrock/a:b/c")],
)
def test_models_are_named_as_litellm_names_them(given: str, name: str) -> None:
    assert model_name(given) == name
