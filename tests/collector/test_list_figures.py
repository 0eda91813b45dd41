"""What stands beside a list, and what else its pages ask the store: figures, sessions in any order, attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from assay.collector import list_figures, queries
from assay.collector.list_figures import ListFigures, bar_width
from assay.collector.pages.formats import nanoseconds
from assay.collector.root_attributes import root_attributes
from assay.collector.service import Service
from assay.errors import InvalidRequest
from support.queried import SECOND, span, store_spans

HOUR = 3600 * SECOND
NOON = 1_795_262_400 * SECOND  # 2026-11-21 12:00 UTC
TRACES = 30


def trace(number: int) -> list[dict[str, Any]]:
    """One trace an hour, back from noon; every fifth fails, every third has another model and a long answer."""
    start = NOON - number * HOUR
    status = "error" if number % 5 == 0 else "ok"
    more = {"tags": ["beta", "web"] if number % 2 else [], "environment": "production", "user_id": f"u{number % 4}"}
    attributes = {"route": f"/r{number % 3}"} if number % 2 else {}
    call = {"kind": "llm", "request_model": "small" if number % 3 else "large", "total_tokens": number, "cost_usd": 0.5}
    session = {"session_id": f"s{number // 4}", "output": "word " * (1 if number % 3 else 300) + f"order {number}"}
    return [
        span(number, 0, start=start, lasts=2 * SECOND, name="answer", status=status, **session, **more),
        span(number, 1, start=start + SECOND, lasts=SECOND, parent=0, name="chat", attributes=attributes, **call),
    ]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("figures") / ".assay")
    store_spans(service, [one for number in range(TRACES) for one in trace(number)])
    scores = [
        {"id": f"{name}{number}", "project": "test", "name": name, "value": value, "source": "user",
         "status": "scored", "trace_id": f"{number:032x}", "created_at": 1}
        for number in range(10)
        for name, value in (("good", "true" if number % 2 else "false"), ("length", str(number)))
    ]  # fmt: skip
    service.append({"score_log": scores})
    yield service
    service.close()


def figures(service: Service, filter: str | None = None, of: Any = "traces", **times: int | None) -> ListFigures:
    bounds = {"start": None, "end": None, **times}
    return queries.list_figures(service.store, of, project="test", filter=filter, **bounds)


def counts(found: ListFigures, facet: str) -> dict[str, int]:
    return {f"{one.value}={one.part}" if one.part else one.value: one.count for one in found.facets[facet]}


def listed(service: Service, filter: str | None) -> int:
    return len(queries.list_traces(service.store, project="test", filter=filter, limit=1000).items)


@pytest.mark.parametrize(
    "filter",
    [
        None,
        "status = 'error'",
        "models = 'large' and status = 'ok'",
        "any(kind = 'llm')",
        "name = 'nothing'",
        "search('x')",
        "search('order 1')",
        "not search('order 1')",
    ],
)
@pytest.mark.parametrize("many", [1_000, 10], ids=["whole", "bounded"])
def test_the_bars_hold_as_many_as_the_list(
    service: Service, filter: str | None, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is too much to look at, those of the time that the figures are said to be of."""
    monkeypatch.setattr(list_figures, "MANY_SPANS", many)
    found = figures(service, filter)
    rows = queries.list_traces(service.store, project="test", filter=filter, limit=1000).items
    expected = [row for row in rows if nanoseconds(row["start_time"]) >= (found.bars_since or 0)]
    assert sum(bar.ok + bar.errors for bar in found.bars) == len(expected)
    assert sum(bar.errors for bar in found.bars) == sum(row["status"] == "error" for row in expected)


@pytest.mark.parametrize("of", ["traces", "spans"])
@pytest.mark.parametrize("filter", [None, "status = 'error'", "name = 'nothing'"])
def test_few_rows_are_counted_as_the_database_counts_many(
    service: Service, of: str, filter: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> ListFigures:
        return queries.list_figures(service.store, of, project="test", filter=filter, start=None, end=None)

    counted_here = found()
    monkeypatch.setattr(list_figures, "FEW_ROWS", 0)
    assert found() == counted_here


def test_facets_count_traces(service: Service) -> None:
    found = figures(service)
    assert counts(found, "status") == {"ok": 24, "error": 6}
    assert counts(found, "model") == {"small": 20, "large": 10}
    assert counts(found, "tag") == {"beta": 15, "web": 15}
    assert counts(found, "score") == {"good=false": 5, "good=true": 5, "length": 10}
    assert (found.bars_since, found.facets_since, found.by_roots) == (None, None, False)


def test_every_value_of_a_facet_leads_to_as_many_as_it_counts(service: Service) -> None:
    for facet, field in (("status", "status"), ("model", "models"), ("tag", "tags"), ("user", "user_id")):
        for one in figures(service).facets[facet]:
            assert listed(service, f"{field} = '{one.value}'") == one.count


def test_the_newest_are_counted_where_there_are_many(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_figures, "MANY_SPANS", 10)
    monkeypatch.setattr(list_figures, "FEW_MATCHES", 0)
    found = figures(service)
    assert counts(found, "status") == {"ok": 4, "error": 1}
    assert found.facets_since == NOON - 4 * HOUR
    assert found.by_roots
    assert sum(bar.ok for bar in found.bars) == 24  # without a filter, the bars are of all
    assert figures(service, "status = 'ok'").bars_since == NOON - 4 * HOUR


def test_few_matches_are_counted_wherever_they_are(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_figures, "MANY_SPANS", 10)
    found = figures(service, "user_id = 'u1'")
    assert found.bars_since is None
    assert counts(found, "user") == {"u1": 8}


def test_only_what_starts_within_the_time_is_counted(service: Service) -> None:
    found = figures(service, start=NOON - 3 * HOUR, end=NOON)
    assert counts(found, "status") == {"ok": 3}
    assert figures(service, start=NOON + HOUR).bars == []


def test_spans_have_bars_and_facets_of_their_own(service: Service) -> None:
    found = figures(service, "duration_ms >= 1000", of="spans")
    assert counts(found, "kind") == {"llm": 30}
    assert counts(found, "name") == {"answer": 30, "chat": 30}
    assert sum(bar.ok + bar.errors for bar in found.bars) == 60


@pytest.mark.parametrize(("length", "width_s"), [(0, 1), (30, 1), (3599, 60), (86_400, 1800), (40 * 86_400, 86_400)])
def test_bars_are_as_wide_as_a_person_would_draw_them(length: int, width_s: int) -> None:
    assert bar_width(0, length * SECOND) == width_s * SECOND


def test_bars_of_centuries_are_wide_enough() -> None:
    assert 2**62 // bar_width(0, 2**62) <= list_figures.MOST_BARS


# Sessions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "order_by", ["total_tokens desc", "trace_count asc", "start_time asc", "last asc", "cost_usd desc"]
)
def test_sessions_in_another_order_come_each_once(service: Service, order_by: str) -> None:
    found, cursor = [], None
    while True:
        page = queries.list_sessions(service.store, project="test", order_by=order_by, limit=3, cursor=cursor)
        found += page.items
        if (cursor := page.next_cursor) is None:
            break
    field, _, direction = order_by.partition(" ")
    values = [row["start_time" if field == "last" else field] for row in found]
    assert values == sorted(values, reverse=direction == "desc")
    assert sorted(row["session_id"] for row in found) == [f"s{number}" for number in range(8)]


def test_an_order_that_sessions_do_not_have_is_refused(service: Service) -> None:
    with pytest.raises(InvalidRequest, match="cannot be used"):
        queries.list_sessions(service.store, project="test", order_by="input asc")


# Attributes -------------------------------------------------------------------------------------------------------


def test_an_attribute_of_a_trace_is_that_of_the_first_span_that_has_it(service: Service) -> None:
    ids = [f"{number:032x}" for number in (1, 2)]
    assert root_attributes(service.store, "test", ids, ["route", "none"]) == {ids[0]: {"route": "/r1"}, ids[1]: {}}
    assert root_attributes(service.store, "other", ids, ["route"]) == {}
