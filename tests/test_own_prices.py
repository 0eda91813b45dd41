"""Prices of one's own come before the price list's."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assay.errors import ConfigurationError
from assay.own_prices import read_own_prices
from assay.prices import cost_usd, forget_own_prices
from assay.settings import configure

FILE = """
[[price]]
model = "acme-*"
input = 2.0
output = 8.0
cache_read = 0.5

[[price]]
model = "acme-*"
input = 1.0
output = 4.0
since = 2026-06-01

[[price]]
model = "acme-*"
input = 3.0
output = 12.0
since = 2026-06-01
above_input_tokens = 1000

[[price]]
model = "gpt-4o-mini"
provider = "openai"
input = 0.0
output = 0.0
"""


@pytest.fixture(autouse=True)
def _forget() -> None:
    forget_own_prices()


def priced(model: str, input: int, output: int = 0, *, provider: str | None = None, **more: int) -> float | None:
    at = datetime(more.pop("year", 2026), more.pop("month", 11), 1, tzinfo=UTC)
    counts = {"cache_read_tokens": 0, "cache_write_tokens": 0, **more}
    return cost_usd(
        provider=provider,
        models=(None, model),
        at=int(at.timestamp()) * 10**9,
        input_tokens=input,
        output_tokens=output,
        **counts,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text(FILE, encoding="utf-8")
    configure(prices=path)
    return path


@pytest.mark.usefixtures("file")
def test_a_model_that_no_list_knows_has_a_price() -> None:
    assert priced("acme-large", 100, 10, year=2025) == pytest.approx((100 * 2 + 10 * 8) / 1e6)


@pytest.mark.usefixtures("file")
def test_cached_tokens_have_their_own_price_or_that_of_the_input() -> None:
    assert priced("acme-large", 100, cache_read_tokens=80, year=2025) == pytest.approx((20 * 2 + 80 * 0.5) / 1e6)
    assert priced("acme-large", 100, cache_write_tokens=80, year=2025) == pytest.approx(100 * 2 / 1e6)


@pytest.mark.usefixtures("file")
def test_the_price_of_the_day_and_of_the_length_is_taken() -> None:
    assert priced("acme-large", 1000, month=5) == pytest.approx(1000 * 2 / 1e6)
    assert priced("acme-large", 1000, month=6) == pytest.approx(1000 * 1 / 1e6)
    assert priced("acme-large", 1001, month=6) == pytest.approx(1001 * 3 / 1e6)


@pytest.mark.usefixtures("file")
def test_own_prices_come_before_the_list_and_may_be_nothing() -> None:
    assert priced("gpt-4o-mini", 100, 10, provider="openai") == 0
    assert (priced("gpt-4o-mini", 100, 10, provider="azure.ai.openai") or 0) > 0
    assert (priced("gpt-4o", 100, 10, provider="openai") or 0) > 0


def test_a_changed_file_counts_once_it_is_read_again(file: Path) -> None:
    before = priced("acme-large", 100)
    file.write_text(FILE.replace("1.0", "10.0"), encoding="utf-8")
    assert priced("acme-large", 100) == before
    forget_own_prices()
    assert priced("acme-large", 100) == pytest.approx(10 * (before or 0))


def test_the_file_may_be_json(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({"price": [{"model": "m", "input": 1, "output": 2}]}), encoding="utf-8")
    assert [price.model for price in read_own_prices(path)] == ["m"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[[price]]\nmodel = 'm'\n", "price.0.input: Field required"),
        ("[[price]]\nmodel = 'm'\ninput = -1\noutput = 1\n", "greater than or equal to 0"),
        ("[[price]]\nmodel = 'm'\ninput = 1\noutput = 1\nin = 2\n", "price.0.in: Extra inputs"),
        ("[[price]\n", "Expected"),
        (None, "No such file"),
    ],
)
def test_a_mistake_in_the_file_is_told_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str | None, problem: str
) -> None:
    path = tmp_path / "prices.toml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=problem):
        read_own_prices(path)
    configure(prices=path)
    with caplog.at_level(logging.ERROR, "assay"):
        assert (priced("gpt-4o-mini", 100, 10, provider="openai") or 0) > 0
    assert problem in caplog.text
