"""Figures put together from sums that are remembered are those that one look at everything gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from assay.collector import stats
from assay.collector.deletions import Selection
from assay.collector.queries import StatsQuery
from assay.collector.service import Service
from assay.collector.summed_parts import SummedParts, added, largest_first
from assay.collector.trace_blocks import TraceBlocks
from support.queried import SECOND, span, store_spans

START = 1_795_262_400 * SECOND
DAY = 86_400 * SECOND


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Calls of three models over twelve days, a fifth of them with errors, some without tokens; parts of seven rows."""
    service = Service(tmp_path_factory.mktemp("parts") / ".assay")
    service.store.summed_parts = SummedParts(TraceBlocks(), part_rows=7)
    store_spans(service, [call(number) for number in range(60)])
    yield service
    service.close()


def call(number: int) -> dict[str, Any]:
    return span(
        number // 3,
        number % 3,
        start=START + number * DAY // 5,
        kind="llm" if number % 3 else None,
        request_model=f"model {number % 4}" if number % 4 else None,
        total_tokens=number if number % 6 else None,
        cost_usd=number / 1000 if number % 2 else None,
        status="error" if number % 5 == 0 else "ok",
    )


QUESTIONS = [
    pytest.param({}, id="everything"),
    pytest.param({"group_by": ("model",)}, id="by model"),
    pytest.param({"group_by": ("model",), "bucket": "1d"}, id="by model by day"),
    pytest.param({"bucket": "1w"}, id="by week"),
    pytest.param({"group_by": ("model", "status"), "bucket": "1d", "limit": 2}, id="the largest two"),
    pytest.param({"group_by": ("model",), "start": START + 3 * DAY + 1, "end": START + 8 * DAY}, id="some days"),
    pytest.param({"group_by": ("kind",), "filter": "status = 'error'"}, id="errors"),
    pytest.param({"start": START + 90 * DAY}, id="of a time with nothing"),
]
MEASURES = [
    ("total_tokens", "count"),
    ("cost_usd", "model_calls", "unpriced_calls"),
    ("error_rate",),
    ("count", "error_rate", "error_count", "root_count"),
]


def asked(service: Service, monkeypatch: pytest.MonkeyPatch, query: StatsQuery) -> tuple[list[Any], list[Any]]:
    """The rows as they are answered, and as they are without what is remembered."""
    found = stats.stats(service.store, query)
    with monkeypatch.context() as without:
        without.setattr(stats, "_from_parts", lambda db, store, query: None)
        return found, stats.stats(service.store, query)


@pytest.mark.parametrize("measures", MEASURES, ids=lambda measures: measures[0])
@pytest.mark.parametrize("query", QUESTIONS)
def test_remembered_sums_are_those_of_one_look_at_everything(
    service: Service, monkeypatch: pytest.MonkeyPatch, query: dict[str, Any], measures: tuple[str, ...]
) -> None:
    for _ in range(2):  # the second time all of it is remembered
        found, expected = asked(service, monkeypatch, StatsQuery(project="test", measures=measures, **query))
        assert [list(row) for row in found] == [list(row) for row in expected]
        for row, other in zip(found, expected, strict=True):
            assert row == pytest.approx(other)


def test_what_is_remembered_is_not_asked_again_and_holds_until_something_is_deleted(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(tmp_path / ".assay")
    service.store.summed_parts = SummedParts(TraceBlocks(), part_rows=10)
    try:
        store_spans(service, [call(number) for number in range(35)])
        parts = list[str]()
        source = stats._source
        monkeypatch.setattr(stats, "_source", lambda *given: parts.append(given[3]) or source(*given))

        def count() -> int:
            [row] = stats.stats(service.store, StatsQuery(project="test"))
            return int(row["count"])

        assert count() == 35
        assert len(parts) == 4
        store_spans(service, [call(number) for number in range(35, 40)])
        parts.clear()
        assert count() == 40
        assert len(parts) == 2  # the part that has become full, and what is newer
        service.delete(Selection("test", trace_ids=(f"{0:032x}",)))
        assert count() == 37
    finally:
        service.close()


def test_of_too_many_groups_nothing_is_remembered(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.collector.summed_parts.MOST_GROUPS", 2)
    query = StatsQuery(project="test", group_by=("model", "status", "kind"))
    found, expected = asked(service, monkeypatch, query)
    assert found == expected
    assert len(found) > 2


def test_sums_of_parts_are_added_group_by_group() -> None:
    assert added([{("a",): (1, None)}, {("a",): (2, None), ("b",): (None, 3)}]) == {
        ("a",): (3, None),
        ("b",): (None, 3),
    }
    assert largest_first({("b",): (1,), ("a",): (1,), ("c",): (5,), (None,): (1,), ("n",): (None,)}) == [
        ("c",), ("a",), ("b",), (None,), ("n",),
    ]  # fmt: skip
