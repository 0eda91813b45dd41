"""Whole evaluations against a provider with limits: task and judge together, in threads and in coroutines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

import assay
from assay.collector.server import Server
from assay.evaluation.rates import forget_limiters, limiter_for
from assay.settings import configure
from support.rated_provider import RatedProvider, RatedServer, bucket_of

ROWS = 15
ITEMS = [{"id": str(number), "input": {"question": f"is {number} a number?"}} for number in range(ROWS)]


@pytest.fixture
def rated() -> Iterator[RatedServer]:
    """Lets 20 requests through at once, and 100 a second."""
    forget_limiters()
    with RatedServer(RatedProvider(requests=bucket_of(100, capacity=20))) as server:
        yield server


def in_threads(server: RatedServer) -> Callable[[str], str | None]:
    client = openai.OpenAI(base_url=server.url, api_key="k")
    done: list[str] = []

    def answer(question: str) -> str | None:
        chat = client.chat.completions.create(model="m", messages=[{"role": "user", "content": question}])
        done.append(question)
        if len(done) == ROWS:
            client.close()
        return chat.choices[0].message.content

    return answer


def in_coroutines(server: RatedServer) -> Callable[[str], Any]:
    client = openai.AsyncOpenAI(base_url=server.url, api_key="k")
    done: list[str] = []

    async def answer(question: str) -> str | None:
        chat = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": question}])
        done.append(question)
        if len(done) == ROWS:  # on the event loop that its connections belong to
            await client.close()
        return chat.choices[0].message.content

    return answer


@pytest.mark.parametrize(("make", "concurrency"), [(in_threads, 32), (in_coroutines, "auto")])
def test_task_and_judge_keep_to_one_limit_and_lose_nothing(
    collector: Server, rated: RatedServer, make: Callable[[RatedServer], Any], concurrency: Any
) -> None:
    configure(endpoint=collector.url, project="test", gateway="openai", gateway_url=rated.url, gateway_api_key="k")
    judge = assay.judge("short", instructions="Is it short?", choices=["yes", "no"], model="m")
    result = assay.evaluate(ITEMS, make(rated), scorers=[judge], concurrency=concurrency, progress=False)
    assert {row["status"] for row in result.records} == {"ok"}
    # the provider's answer is no verdict, so every judgement asks twice: its own failure, and not the rate's
    asked = rated.provider.let_through
    assert asked == ROWS * 3
    assert limiter_for((rated.url, "m"))._issued == asked + rated.provider.refused
    assert rated.provider.refused <= 32
