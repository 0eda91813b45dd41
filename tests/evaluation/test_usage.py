"""Tokens and cost of rows: the task's own model calls, and nobody else's."""

from __future__ import annotations

import openai
import pytest

import assay
from assay.evaluation import evaluate
from assay.evaluation.usage import Usage
from assay.scorers import scorer
from assay.settings import configure
from support.openai_server import OpenAIServer, usage

pytestmark = pytest.mark.usefixtures("collector")


@pytest.fixture
def _autologged() -> object:
    assay.autolog("openai")
    yield
    assay.openai.autolog(disable=True)


@pytest.mark.usefixtures("_autologged")
def test_a_rows_tokens_are_those_of_its_task(openai_server: OpenAIServer) -> None:
    client = openai.OpenAI(base_url=openai_server.url, api_key="none")

    def answer(question: str) -> str | None:
        said = [
            client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": question}])
            for _ in range(2)
        ]
        return said[-1].choices[0].message.content

    @scorer
    def judged_by_hand(output: str) -> bool:
        client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": output}])
        return True

    for _ in range(3):
        openai_server.reply(text="x", usage=usage(input=100, output=10))
    with client:
        result = evaluate([{"input": "q"}], answer, scorers=[judged_by_hand], progress=False)
    (row,) = result.records
    assert row["status"] == "ok", row["error"]
    assert (row["input_tokens"], row["output_tokens"]) == (200, 20)
    assert len(openai_server.requests) == 3
    trace = assay.get_trace(row["trace_id"])
    assert (trace.input_tokens, trace.output_tokens) == (200, 20)
    assert row["cost_usd"] == trace.cost_usd


def call(model: str | None = "gpt-4o-mini", **tokens: int) -> dict[str, object]:
    attributes: dict[str, object] = {f"gen_ai.usage.{name}": count for name, count in tokens.items()}
    return {**attributes, "gen_ai.provider.name": "openai", **({"gen_ai.response.model": model} if model else {})}


def test_costs_add_up_and_one_unknown_price_makes_them_unknown() -> None:
    total = Usage()
    assert total.cost_usd is None
    total.add(call(input_tokens=1_000_000, output_tokens=0), 1_760_000_000 * 10**9)
    assert total.cost_usd == pytest.approx(0.15)
    total.add(call(input_tokens=1_000_000, output_tokens=0), 1_760_000_000 * 10**9)
    assert total.cost_usd == pytest.approx(0.30)
    total.add(call("my-own", input_tokens=5, output_tokens=5), 1_760_000_000 * 10**9)
    assert (total.cost_usd, total.unpriced) == (None, {"my-own"})
    total.add(call(input_tokens=1, output_tokens=1), 1_760_000_000 * 10**9)
    assert total.cost_usd is None
    assert (total.calls, total.input_tokens, total.output_tokens) == (4, 2_000_006, 6)


def test_calls_that_say_no_tokens_leave_them_unknown() -> None:
    total = Usage()
    total.add(call(), 0)
    assert (total.calls, total.input_tokens, total.output_tokens, total.cost_usd) == (1, None, None, None)


@pytest.mark.usefixtures("_autologged")
def test_without_tracing_rows_run_all_the_same(openai_server: OpenAIServer) -> None:
    configure(tracing=False)
    result = evaluate([{"input": "q"}], lambda q: q, scorers=[lambda output: True], progress=False)
    (row,) = result.records
    assert (row["status"], row["trace_id"], row["input_tokens"]) == ("ok", None, None)
