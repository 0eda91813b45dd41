"""Kept answers, through the gateway: what is asked once, what again, and what the second time costs."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from assay.errors import ConfigurationError, GatewayError
from assay.evaluation.gateway import Completion, answering, default_gateway
from assay.settings import configure
from support.openai_server import OpenAIServer, usage

MESSAGES = [{"role": "user", "content": "hello"}]


@pytest.fixture(autouse=True)
def _gateway(openai_server: OpenAIServer) -> None:
    configure(gateway_url=openai_server.url, gateway_api_key="key-of-the-gateway")


async def ask(content: str = "hello", model: str = "openai/gpt-4o-mini", **more: Any) -> Completion:
    return await default_gateway().complete([{"role": "user", "content": content}], model=model, **more)


async def test_nothing_is_kept_unless_it_is_wanted(openai_server: OpenAIServer, tmp_path: Path) -> None:
    first, second = await ask(), await ask()
    assert (len(openai_server.requests), first.cached, second.cached, second.cache_key) == (2, False, False, None)
    assert not (tmp_path / ".assay" / "cache").exists()


async def test_a_kept_answer_is_the_same_and_costs_nothing_now(openai_server: OpenAIServer) -> None:
    logprobs = [{"token": "hi", "logprob": -0.5, "top_logprobs": []}]
    openai_server.reply(text="hi", usage=usage(input=1000, output=100, cached=10), logprobs=True)
    with answering("reuse") as tally:
        first, second = await ask(temperature=0.5), await ask(temperature=0.5)
    assert len(openai_server.requests) == 1
    assert (tally.hits, tally.misses) == (1, 1)
    assert first.cost_usd == pytest.approx((990 * 0.15 + 10 * 0.075 + 100 * 0.6) / 1e6)
    assert (first.cached, first.attempts, first.original_cost_usd) == (False, 1, None)
    assert (second.cached, second.attempts, second.cost_usd) == (True, 0, 0.0)
    assert second.original_cost_usd == first.cost_usd
    assert first.cache_key == second.cache_key is not None
    same = ("text", "model", "finish_reason", "input_tokens", "output_tokens", "cache_read_tokens", "logprobs")
    assert [getattr(first, name) for name in same] == [getattr(second, name) for name in same]
    assert len(logprobs) <= len(second.logprobs or ())


async def test_an_unknown_price_stays_unknown(openai_server: OpenAIServer) -> None:
    with answering("reuse"):
        first, second = await ask(model="my-own-model"), await ask(model="my-own-model")
    assert (first.cost_usd, second.cost_usd, second.original_cost_usd) == (None, 0.0, None)


async def test_refreshing_asks_again_and_keeps_the_newer(openai_server: OpenAIServer) -> None:
    openai_server.reply(text="old")
    openai_server.reply(text="new")
    with answering("reuse"):
        await ask()
    with answering("refresh"):
        assert (await ask()).text == "new"
    with answering("reuse"):
        assert (await ask()).text == "new"
    assert len(openai_server.requests) == 2


async def test_repeats_and_namespaces_are_asked_for_themselves(openai_server: OpenAIServer) -> None:
    with answering("reuse"):
        for _ in range(2):
            for repeat in (0, 1):
                with answering(repeat=repeat):
                    await ask()
                    with answering(namespace="vote-1"):
                        await ask()
    assert len(openai_server.requests) == 4


async def test_another_parameter_is_another_request(openai_server: OpenAIServer) -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"temperature": 0.1},
        {"max_tokens": 5},
        {"seed": 1},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]},
        {"logprobs": 0},
        {"logprobs": 2},
        {"response_format": {"type": "json_object"}},
        {"model": "openai/other"},
        {"content": "bye"},
    ]
    with answering("reuse"):
        for _ in range(2):
            for change in changes:
                await ask(**change)
    assert len(openai_server.requests) == len(changes)


async def test_another_gateway_is_another_answer(openai_server: OpenAIServer) -> None:
    with answering("reuse"):
        await ask()
        configure(gateway_headers={"x-portkey-config": "pc-1"})
        await ask()
        configure(gateway_headers={"x-portkey-config": "pc-1", "x-request-id": "7"}, gateway_api_key="a-newer-key")
        await ask()
        configure(gateway="litellm_proxy")
        await ask()
    assert len(openai_server.requests) == 3


@pytest.mark.parametrize(
    "reply",
    [
        {"status": 400, "error": "no"},
        {"text": "cut of", "finish_reason": "length"},
        {"text": "...", "finish_reason": "content_filter"},
        {"text": "?", "finish_reason": "never heard of"},
        {"refusal": "I will not"},
        {"raw": {"choices": []}},
        {"raw": {"choices": [{"message": {"content": None}, "finish_reason": "stop"}]}},
    ],
    ids=str,
)
async def test_what_is_no_whole_answer_is_not_kept(openai_server: OpenAIServer, reply: dict[str, Any]) -> None:
    openai_server.reply(**reply)
    with answering("reuse"):
        first = (await asyncio.gather(ask(), return_exceptions=True))[0]
        second = await ask()
    assert isinstance(first, GatewayError) or first.text != second.text
    assert (second.text, len(openai_server.requests)) == ("echo: hello", 2)


async def test_calls_of_tools_are_kept(openai_server: OpenAIServer) -> None:
    openai_server.reply(tool_calls=[("c1", "search", {"q": "x"})])
    with answering("reuse"):
        first, second = await ask(), await ask()
    assert first.tool_calls == second.tool_calls
    assert second.tool_calls[0]["function"] == {"name": "search", "arguments": '{"q": "x"}'}
    assert (second.cached, second.finish_reason) == (True, "tool_calls")


async def test_the_same_request_in_flight_is_one_call(openai_server: OpenAIServer) -> None:
    release = threading.Event()
    openai_server.reply(text="shared", usage=usage(input=1000, output=100), hold=release)
    with answering("reuse") as tally:
        asking = [asyncio.create_task(ask()) for _ in range(20)]
        while not openai_server.requests:
            await asyncio.sleep(0.005)
        release.set()
        answers = await asyncio.gather(*asking)
    assert ({answer.text for answer in answers}, len(openai_server.requests)) == ({"shared"}, 1)
    assert (tally.hits, tally.misses) == (19, 1)
    assert sorted(answer.cached for answer in answers) == [False] + [True] * 19
    assert sum(answer.cost_usd or 0 for answer in answers) == pytest.approx((1000 * 0.15 + 100 * 0.6) / 1e6)


async def test_who_leaves_does_not_take_the_answer_of_the_others_along(openai_server: OpenAIServer) -> None:
    release = threading.Event()
    openai_server.reply(text="shared", hold=release)
    with answering("reuse"):
        leaves, stays = asyncio.create_task(ask()), asyncio.create_task(ask())
        while not openai_server.requests:
            await asyncio.sleep(0.005)
        leaves.cancel()
        await asyncio.gather(leaves, return_exceptions=True)
        release.set()
        assert (await stays).text == "shared"
    assert leaves.cancelled()


async def test_a_failure_in_flight_is_everybodys(openai_server: OpenAIServer) -> None:
    release = threading.Event()
    openai_server.reply(status=400, error="no", hold=release)
    with answering("reuse"):
        asking = [asyncio.create_task(ask()) for _ in range(3)]
        while not openai_server.requests:
            await asyncio.sleep(0.005)
        release.set()
        found = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(error) for error in found] == [GatewayError] * 3
    assert len(openai_server.requests) == 1


async def test_embeddings_are_kept_as_well(openai_server: OpenAIServer) -> None:
    with answering("reuse"):
        first, second = [await default_gateway().embed(["a", "b"], model="openai/e") for _ in range(2)]
        await default_gateway().embed(["a", "b"], model="openai/e", dimensions=2)
    assert (first.vectors, first.cached, second.vectors, second.cached) == (second.vectors, False, first.vectors, True)
    assert len(openai_server.requests) == 2


async def test_the_file_holds_no_keys(openai_server: OpenAIServer, tmp_path: Path) -> None:
    configure(gateway_headers={"authorization": "Bearer another-key"})
    with answering("reuse"):
        await ask()
    with closing(sqlite3.connect(tmp_path / ".assay" / "cache" / "answers.db")) as db:
        rows = db.execute("SELECT * FROM answers").fetchall()
    assert len(rows) == 1
    assert not any(secret in str(rows) for secret in ("key-of-the-gateway", "another-key", "Bearer"))


async def test_a_damaged_file_costs_a_call_and_no_run(openai_server: OpenAIServer, tmp_path: Path) -> None:
    (tmp_path / ".assay" / "cache").mkdir(parents=True)
    (tmp_path / ".assay" / "cache" / "answers.db").write_text("no database " * 1000)
    with answering("reuse"):
        answers = [await ask(), await ask()]
    assert [answer.cached for answer in answers] == [False, True]


def test_a_policy_is_one_of_three() -> None:
    with pytest.raises(ConfigurationError, match="reuse, refresh, off"), answering("always"):  # type: ignore[arg-type]
        pass


def test_what_is_not_said_stays_as_it_is_outside() -> None:
    from assay.evaluation.gateway.answering import answering_here

    with answering("reuse", repeat=2, namespace="a") as outer, answering(namespace="b") as inner:
        here = answering_here()
        assert (here.policy, here.repeat, here.namespace) == ("reuse", 2, "a/b")
        assert inner is outer
    assert answering_here().policy == "off"
