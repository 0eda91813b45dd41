"""Lists without a server: their columns, their addresses, what stands beside them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from assay.collector.filter import compile_trace_filter
from assay.collector.list_figures import Bar, ListFigures, Value
from assay.collector.pages import time_range
from assay.collector.pages.traces import filters, list_columns
from assay.collector.pages.traces.list_address import ListAddress
from assay.collector.pages.traces.list_columns import COLUMNS, USUAL, View, chosen, next_sort, order_by
from assay.collector.pages.traces.list_view import heads, list_row, overview
from assay.collector.paging import order_of
from assay.collector.sessions import ORDERS
from assay.errors import InvalidRequest
from support.hostile import STRINGS

HOUR_NS = 3600 * 10**9
DAY = time_range.parse("-1d", "", lambda: datetime(2026, 11, 22, tzinfo=UTC))


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.mark.parametrize("view", list(COLUMNS))
def test_every_usual_column_there_is(view: View) -> None:
    assert [one.key for one in chosen(view, "")] == list(USUAL[view])


@pytest.mark.parametrize("view", ["traces", "spans"])
def test_every_order_of_a_column_is_one_of_the_query(view: Any) -> None:
    for one in COLUMNS[view]:
        if one.sort:
            order_of(order_by(view, f"-{one.key}"), view)


def test_sessions_have_orders_of_their_own() -> None:
    assert {one.sort for one in COLUMNS["sessions"] if one.sort} <= {"last", *ORDERS}


def test_columns_come_in_the_order_of_the_address_each_once() -> None:
    found = chosen("traces", "cost, name,cost,scores.helpful,metadata.plan,attributes.http.route")
    assert [(one.key, one.field, one.part) for one in found] == [
        ("cost", "cost_usd", None),
        ("name", "name", None),
        ("scores.helpful", "scores", "helpful"),
        ("metadata.plan", "metadata", "plan"),
        ("attributes.http.route", "attributes", "http.route"),
    ]


@pytest.mark.parametrize(
    "cols", ["price", "scores.", "resource.x", "attributes." + "k" * 999, ",".join(map(str, range(99)))]
)
def test_a_column_that_there_is_not_is_refused(cols: str) -> None:
    with pytest.raises(InvalidRequest, match="column"):
        chosen("traces", cols)


def test_a_click_sorts_down_then_up_then_as_before() -> None:
    latency = list_columns.column("traces", "latency")
    assert [next_sort(latency, sort) for sort in ("", "-latency", "latency")] == ["-latency", "latency", ""]
    with pytest.raises(InvalidRequest, match="cannot be sorted"):
        order_by("traces", "input")


def test_heads_say_how_the_list_is_sorted() -> None:
    address = ListAddress("shop", "traces", sort="-cost", times=DAY)
    [name, cost] = heads(address, chosen("traces", "name,cost"))
    assert (name.url, name.order) == (None, None)
    assert cost.order == "descending"
    assert query_of(cost.url or "") == {"sort": "cost", "from": "-1d"}


def test_links_keep_the_rest_of_the_address_but_not_the_place() -> None:
    address = ListAddress("a/b", "spans", q="kind = 'llm'", cols="name", after="xyz", times=DAY)
    assert address.url(sort="-cost").startswith("/p/a%252Fb/traces?")
    assert query_of(address.url(sort="-cost")) == {
        "view": "spans",
        "q": "kind = 'llm'",
        "cols": "name",
        "from": "-1d",
        "sort": "-cost",
    }
    assert urlsplit(address.url("/export", format="csv")).path.endswith("/traces/export")


def test_chips_take_one_condition_out() -> None:
    address = ListAddress("shop", "traces", q="status = 'error' and cost_usd > 1")
    assert [(chip.label, query_of(chip.url)) for chip in address.chips()] == [
        ("status = 'error'", {"q": "cost_usd > 1"}),
        ("cost_usd > 1", {"q": "status = 'error'"}),
    ]
    assert [chip.label for chip in ListAddress("shop", "traces", q="two words and more").chips()] == [
        "two words and more"
    ]


@pytest.mark.parametrize("q", ["", "refund", '"two words"', "a = 'x' or name = 'y'", "name = 'x' -- said"])
def test_what_was_typed_and_the_time_are_one_filter(q: str) -> None:
    address = ListAddress("shop", "traces", q=q.replace("a =", "name ="), times=DAY)
    compiled = compile_trace_filter(address.filter)
    assert compiled.earliest


def test_words_stay_a_search_when_a_facet_joins_them() -> None:
    address = ListAddress("shop", "traces", q="refund")
    q = query_of(address.with_condition("status = 'ok'"))["q"]
    assert q == "search('refund') and status = 'ok'"
    compile_trace_filter(q)


@pytest.mark.parametrize("text", STRINGS)
def test_a_facet_narrows_to_its_value_whatever_it_is(text: str) -> None:
    figures = ListFigures(
        facets={"name": [Value(text, 3)], "model": [Value(text, 2)], "score": [Value(text, 1, "true"), Value(text, 1)]}
    )
    for facet in overview(ListAddress("shop", "traces"), figures).facets:
        for one in facet.values:
            typed = query_of(one.url)["q"]
            parameters = compile_trace_filter(filters.to_filter(typed)).condition.parameters
            assert text in parameters or text in str(compile_trace_filter(typed))


def test_a_bar_narrows_the_time_and_its_errors_the_status() -> None:
    bars = [Bar(number * HOUR_NS, HOUR_NS, 10, number) for number in range(2)]
    shown = overview(ListAddress("shop", "traces", q="refund"), ListFigures(bars, facets_since=HOUR_NS))
    assert shown.strip is not None
    assert query_of(shown.strip.columns[1].href or "") == {
        "q": "refund",
        "from": "1970-01-01T01:00:00Z",
        "to": "1970-01-01T02:00:00Z",
    }
    [_, _, failed] = shown.strip.spots
    assert query_of(failed.href or "")["q"] == "search('refund') and status = 'error'"
    assert shown.facets_note == "Of the newest only, since 1970-01-01 01:00:00 UTC."


def test_a_chosen_value_is_marked() -> None:
    figures = ListFigures(facets={"status": [Value("ok", 3), Value("error", 2)]})
    [facet] = overview(ListAddress("shop", "traces", q="status = 'ok' and cost_usd > 1"), figures).facets
    assert [one.is_chosen for one in facet.values] == [True, False]


def test_rows_are_named_by_what_forms_send_of_them() -> None:
    row = {"project": "shop", "trace_id": "t1", "span_id": "s1", "session_id": "x/y", "name": "answer"}
    found = {view: list_row(ListAddress("shop", view), [], row, {}) for view in COLUMNS}
    assert {view: one.ref for view, one in found.items()} == {"traces": "t1", "spans": "t1/s1", "sessions": None}
    assert found["sessions"].url.endswith("/sessions/x%252Fy")


def test_cells_are_read_by_key() -> None:
    row = {"project": "shop", "trace_id": "t1", "scores": {"b": 1, "a": True}, "metadata": {"plan": "pro"}}
    columns = chosen("traces", "scores,scores.a,metadata.plan,metadata.none,attributes.route")
    line = list_row(ListAddress("shop", "traces"), columns, row, {"t1": {"route": "/ask"}})
    assert line.values == [[("a", True), ("b", 1)], True, "pro", None, "/ask"]
