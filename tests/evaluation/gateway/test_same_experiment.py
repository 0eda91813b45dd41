"""A judge behind a plain OpenAI-compatible address, a Portkey-style gateway, Azure's paths and a real LiteLLM proxy:
the same experiment, by changing settings alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

import assay
from assay.client import current_client
from assay.collector.server import Server
from assay.evaluation.gateway import answering, default_gateway
from assay.settings import configure
from support.gateway_servers import PROXY_KEY, Judging, LikePortkey, litellm_proxy, serving
from support.openai_server import OpenAIServer

PROXY = os.environ.get("LITELLM_PROXY")
needs_proxy = pytest.mark.skipif(not PROXY, reason="no LiteLLM proxy is installed beside: make gateway-proxy")

ITEMS = [{"id": str(n), "input": f"question {n}", "expected": f"answer {n}"} for n in range(8)]


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAIServer]:
    with serving(Judging) as server:
        yield server


@pytest.fixture(scope="module")
def portkey() -> Iterator[OpenAIServer]:
    with serving(LikePortkey, Judging) as server:
        yield server


@pytest.fixture(scope="module")
def proxy(model: OpenAIServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("proxy")
    with litellm_proxy(str(PROXY), model, ["gpt-4o-mini", "text-embedding-3-small", "own-model"], folder) as url:
        yield url


def judged(**settings: Any) -> list[tuple[Any, ...]]:
    """What an experiment with this gateway finds out, row by row."""
    configure(judge_model="openai/gpt-4o-mini", **settings)
    judge = assay.judge("tone", "Is the answer friendly?", choices=["yes", "no"])
    result = assay.evaluate(data=ITEMS, task=lambda input: f"the {input}", scorers=[judge], concurrency=4, name="same")
    assert result.status == "completed"
    return sorted(found(row, score) for row in result.records for score in row["scores"])


def found(row: Any, score: Any) -> tuple[Any, ...]:
    told = [score["metadata"][name] for name in ("model", "label", "input_tokens", "output_tokens", "prompt_hash")]
    cost_usd = round(score["metadata"]["cost_usd"], 12)
    return (row["item_id"], row["output"], score["value"], score["explanation"], cost_usd, *told)


@pytest.fixture
def plainly(collector: Server, model: OpenAIServer) -> list[tuple[Any, ...]]:
    rows = judged(gateway_url=model.url, gateway_api_key="none")
    assert {row[2] for row in rows} == {True, False}
    return rows


def test_behind_a_gateway_like_portkeys(plainly: list[tuple[Any, ...]], portkey: OpenAIServer) -> None:
    assert judged(gateway="portkey", gateway_url=portkey.url, gateway_api_key="sk-of-the-provider") == plainly
    said = {name.lower(): value for name, value in portkey.requests[-1].headers.items()}
    assert (said["x-portkey-provider"], said["authorization"]) == ("openai", "Bearer sk-of-the-provider")


def test_behind_azures_paths(plainly: list[tuple[Any, ...]], model: OpenAIServer) -> None:
    endpoint = model.url.removesuffix("/v1")
    deployments = {"gpt-4o-mini": "judges"}
    assert judged(gateway="azure", gateway_url=endpoint, gateway_api_key="k", azure_deployments=deployments) == plainly
    assert model.requests[-1].path == "/openai/deployments/judges/chat/completions"
    assert {name.lower(): value for name, value in model.requests[-1].headers.items()}["api-key"] == "k"


async def test_a_judges_span_costs_what_the_gateway_says_and_a_kept_answer_nothing(
    collector: Server, model: OpenAIServer
) -> None:
    model.reply(headers={"x-litellm-response-cost": "0.25"})
    configure(gateway_url=model.url)
    judge = assay.judge("tone", "Is the answer friendly?", choices=["yes", "no"])
    with answering("reuse"):
        scores = [await judge("q", "a") for _ in range(2)]
    assay.flush()
    spans = current_client().pages("/spans", filter="kind = 'llm'")
    assert sorted(span["cost_usd"] for span in spans) == [0.0, 0.25]
    assert [score.metadata["cost_usd"] for score in scores if score] == [0.25, 0.0]


@needs_proxy
def test_behind_a_litellm_proxy(plainly: list[tuple[Any, ...]], proxy: str) -> None:
    assert judged(gateway="litellm_proxy", gateway_url=proxy, gateway_api_key=PROXY_KEY) == plainly
    assert judged(gateway="openai", gateway_url=f"{proxy}/v1", gateway_api_key=PROXY_KEY) == plainly


@needs_proxy
async def test_a_proxy_says_what_a_call_cost_and_who_answered(proxy: str) -> None:
    gateway = assay_gateway(gateway="litellm_proxy", gateway_url=proxy, gateway_api_key=PROXY_KEY)
    messages = [{"role": "user", "content": "hello there"}]
    known = await gateway.complete(messages, model="openai/gpt-4o-mini")
    assert known.cost_usd == pytest.approx((2 * 0.15 + 3 * 0.6) / 1e6)
    assert (known.model, known.text) == ("openai/gpt-4o-mini", "echo: hello there")
    assert (await gateway.complete(messages, model="own-model")).cost_usd is None
    embedded = await gateway.embed(["a", "b"], model="openai/text-embedding-3-small")
    assert (embedded.vectors, embedded.cost_usd) == ([[0.25, -0.5]] * 2, pytest.approx(4e-8))


@needs_proxy
@pytest.mark.parametrize(
    ("key", "asked"), [(PROXY_KEY, "openai/no-such-model"), ("sk-wrong-key-of-mine", "gpt-4o-mini")]
)
async def test_a_proxys_refusal_is_told_without_keys(proxy: str, key: str, asked: str) -> None:
    gateway = assay_gateway(gateway="litellm_proxy", gateway_url=proxy, gateway_api_key=key)
    with pytest.raises(assay.errors.GatewayError) as caught:
        await gateway.complete([{"role": "user", "content": "hi"}], model=asked)
    assert caught.value.status == 400
    assert key not in str(caught.value)


def assay_gateway(**settings: Any) -> Any:
    configure(**settings)
    return default_gateway()
