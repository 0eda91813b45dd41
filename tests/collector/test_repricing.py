"""History is priced again by today's knowledge of what the prices were; what spans report themselves stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assay.cli import app
from assay.collector import queries
from assay.collector.dialects import DIALECTS
from assay.collector.repricing import cost_names
from assay.collector.server import Server
from assay.prices import forget_own_prices
from assay.settings import configure
from support.otlp import one_span

CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "acme-large",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 10,
}
PRICE = '[[price]]\nmodel = "acme-*"\ninput = 2.0\noutput = 8.0\n'
COST = (100 * 2 + 10 * 8) / 1e6


@pytest.fixture
def prices(collector: Server, tmp_path: Path) -> Iterator[Path]:
    """A store of spans without a price, and the file that then names one."""
    sent: dict[str, dict[str, Any]] = {
        "unknown": CHAT,
        "told": {**CHAT, "llm.cost.total": 0.5},
        "told in parts": {**CHAT, "llm.cost.prompt": 0.25},
        "zero is no price": {**CHAT, "gen_ai.usage.cost": 0},
        "kept answer": {**CHAT, "llm.cost.total": 0.0, "assay.cache_hit": True},
        "agent": {**CHAT, "gen_ai.operation.name": "invoke_agent"},
    }
    for name, attributes in sent.items():
        collector.service.ingest(one_span(name, attributes, service__name="test")).result()
    collector.service.ingest(one_span("elsewhere", CHAT, service__name="other")).result()
    path = tmp_path / "prices.toml"
    path.write_text(PRICE, encoding="utf-8")
    configure(prices=path)
    yield path
    forget_own_prices()


def costs(collector: Server) -> dict[str, float | None]:
    return {span["name"]: span["cost_usd"] for span in queries.list_spans(collector.service.store, project=None).items}


def reprice(*options: str) -> str:
    done = CliRunner().invoke(app, ["reprice", *options])
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


@pytest.mark.usefixtures("prices")
def test_unknown_costs_become_known_and_told_ones_stay(collector: Server) -> None:
    assert reprice() == "3 costs changed."
    assert costs(collector) == {
        "unknown": pytest.approx(COST),
        "told": 0.5,
        "told in parts": 0.25,
        "zero is no price": pytest.approx(COST),
        "kept answer": 0.0,
        "agent": None,
        "elsewhere": pytest.approx(COST),
    }
    assert reprice() == "0 costs changed."


def test_a_price_that_is_gone_leaves_the_cost_unknown(collector: Server, prices: Path) -> None:
    reprice()
    prices.write_text("price = []", encoding="utf-8")
    assert reprice() == "3 costs changed."
    assert costs(collector)["unknown"] is None


@pytest.mark.usefixtures("prices")
def test_one_project_and_one_time_can_be_chosen(collector: Server) -> None:
    assert reprice("--since", "2100-01-01") == "0 costs changed."
    assert reprice("--project", "other") == "1 costs changed."
    assert costs(collector)["unknown"] is None


def test_every_dialect_says_in_which_attributes_a_cost_stands() -> None:
    functions = [function for dialect in DIALECTS for function in dialect.functions_of("cost_usd")]
    assert functions
    assert all(getattr(function, "needs", ()) for function in functions)
    assert all("'" not in name for name in cost_names())
