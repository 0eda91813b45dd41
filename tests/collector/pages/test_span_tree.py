"""Spans as rows of tree and waterfall."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.pages.traces.span_tree import SpanRow, SpanTree, heat
from assay.collector.pages.traces.trace_shape import trace_shape
from assay.collector.pages.traces.zoom import Window, window_of
from support.page_data import columns_of, moment


def span(
    span_id: str, parent: str | None = None, start_ms: int = 0, length_ms: int = 10, **fields: Any
) -> dict[str, Any]:
    start = timedelta(milliseconds=start_ms)
    return {
        "span_id": span_id,
        "parent_span_id": parent,
        "name": span_id,
        "start_time": moment(start),
        "end_time": moment(start + timedelta(milliseconds=length_ms)),
        "duration_ms": float(length_ms),
        **fields,
    }


def tree(spans: list[dict[str, Any]]) -> SpanTree:
    return SpanTree(trace_shape(columns_of(spans)))


def span_rows(spans: list[dict[str, Any]]) -> list[SpanRow]:
    return tree(spans).rows()


def shape(spans: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(row.span_id, row.depth) for row in span_rows(spans)]


def test_children_stand_below_their_parent_in_order_of_start() -> None:
    spans = [span("b", "root", 5), span("a", "root", 2), span("a1", "a", 3), span("root", None, 0, 20)]
    assert shape(spans) == [("root", 0), ("a", 1), ("a1", 2), ("b", 1)]


def test_a_span_whose_parent_is_missing_stands_at_the_top_and_says_so() -> None:
    rows = span_rows([span("root"), span("lost", "never-sent", 1)])
    assert [(row.span_id, row.depth, row.is_orphan) for row in rows] == [("root", 0, False), ("lost", 0, True)]


def test_spans_that_are_their_own_ancestors_are_shown_too() -> None:
    spans = [span("root"), span("x", "y", 1), span("y", "x", 2), span("self", "self", 3)]
    assert shape(spans) == [("root", 0), ("x", 0), ("y", 1), ("self", 0)]


def test_rows_know_how_many_are_below_them() -> None:
    rows = span_rows([span("root", None, 0), span("a", "root", 1), span("a1", "a", 2), span("b", "root", 3)])
    assert [(row.span_id, row.children, row.descendants) for row in rows] == [
        ("root", 2, 3),
        ("a", 1, 1),
        ("a1", 0, 0),
        ("b", 0, 0),
    ]


def test_bars_are_placed_in_the_time_of_the_trace() -> None:
    rows = span_rows([span("root", None, 0, 100), span("half", "root", 50, 25)])
    assert [(row.left, row.width) for row in rows] == [(0, 100), (50, 25)]


def test_a_span_of_no_length_is_still_seen() -> None:
    row = span_rows([span("root", None, 0, 100), span("point", "root", 100, 0)])[1]
    assert row.left is not None
    assert row.width is not None
    assert row.width > 0
    assert row.left + row.width <= 100


def test_a_thousand_levels_are_no_trouble() -> None:
    rows = span_rows([span(f"{n:04}", f"{n - 1:04}" if n else None, n) for n in range(1000)])
    assert (rows[-1].depth, rows[-1].indent) == (999, 12)


@st.composite
def forests(draw: st.DrawFn) -> list[dict[str, Any]]:
    size = draw(st.integers(1, 25))
    parents = st.none() | st.integers(0, size + 2).map("s{:02}".format)
    starts, lengths = st.integers(0, 50), st.integers(0, 20)
    return [span(f"s{n:02}", draw(parents), draw(starts), draw(lengths)) for n in range(size)]


@given(forests(), st.randoms(use_true_random=False))
def test_every_span_is_there_once_whatever_the_parents_and_the_order(spans: list[dict[str, Any]], chance: Any) -> None:
    rows = span_rows(spans)
    assert sorted(row.span_id for row in rows) == sorted(one["span_id"] for one in spans)
    shuffled = list(spans)
    chance.shuffle(shuffled)
    assert span_rows(shuffled) == rows
    for index, row in enumerate(rows):
        below = rows[index + 1 : index + 1 + row.descendants]
        assert all(inner.depth > row.depth for inner in below)
        assert row.left is not None
        assert row.width is not None
        assert row.left >= 0
        assert row.left + row.width <= 100.001


@pytest.mark.parametrize(
    ("length_ms", "labels"),
    [
        (2480, ["1.0 s", "2.0 s"]),
        (180, ["50 ms", "100 ms", "150 ms"]),
        (0.005, ["0.002 ms", "0.004 ms"]),
        (0, []),
    ],
)
def test_the_axis_has_round_marks(length_ms: float, labels: list[str]) -> None:
    assert [tick.label for tick in Window(0, int(length_ms * 1e6)).ticks()] == labels


def test_the_axis_of_a_part_counts_from_where_the_part_begins() -> None:
    ticks = window_of("40000-40180", 10**12).ticks()
    assert [tick.label for tick in ticks] == ["+50 ms", "+100 ms", "+150 ms"]


@given(st.integers(1, 10**17))
def test_the_axis_has_few_marks_whatever_its_length(length_ns: int) -> None:
    marks = Window(0, length_ns).ticks()
    assert len(marks) <= 5
    assert all(0 < mark.left < 95 for mark in marks)


@pytest.mark.parametrize("zoom", ["", "5", "9-1", "200-300", "-1-2", "1-2-3", "nan-inf", "1e3-2e3", "٣-٤", "0-0"])
def test_a_zoom_that_cannot_be_used_shows_the_whole_time(zoom: str) -> None:
    assert window_of(zoom, 100_000_000) == Window(0, 100_000_000)


def test_a_zoom_places_bars_in_its_part_of_the_time_and_leaves_out_the_others() -> None:
    window = window_of("50-1000", 150_000_000)
    assert (window.begin, window.end, window.is_whole) == (50_000_000, 150_000_000, False)
    assert window.bar(40_000_000, 20_000_000) == (0, 10)
    assert window.bar(0, 40_000_000) is None


def test_spans_without_a_duration_end_where_they_start() -> None:
    open_spans = [span("open", duration_ms=None), span("later", "open", 30, duration_ms=None)]
    assert trace_shape(columns_of(open_spans)).length_ns == 30_000_000
    assert trace_shape(columns_of([])).length_ns == 0


@pytest.mark.parametrize(("value", "level"), [(None, 0), (0, 0), (0.001, 1), (0.5, 3), (1.0, 5), (-1, 0)])
def test_heat_says_in_which_fifth_of_the_largest_a_value_is(value: float | None, level: int) -> None:
    assert heat(value, 1.0) == level


def test_spans_are_weighed_by_cost_and_where_no_cost_is_known_by_tokens() -> None:
    spans = [span("a", total_tokens=100), span("b", total_tokens=10, cost_usd=2.0), span("c", cost_usd=1.0)]
    assert [row.heat for row in tree(spans).rows()] == [0, 5, 3]
    assert [row.heat for row in tree([{**one, "cost_usd": None} for one in spans]).rows()] == [5, 1, 0]


def test_a_part_of_the_tree_is_the_same_as_that_part_of_the_whole() -> None:
    spans = [span("root"), *(span(f"s{n}", "root" if n % 3 else "s0", n) for n in range(1, 20)), span("s0", "root")]
    rows = span_rows(spans)
    assert tree(spans).rows(5, 7) == rows[5:12]
    assert tree(spans).rows(18, 7) == rows[18:]


@pytest.mark.parametrize(
    ("failing", "opened"),
    [
        pytest.param((), "root", id="the-root-where-nothing-failed"),
        pytest.param(("root", "a", "a1"), "a1", id="what-failed-by-itself-and-not-by-its-children"),
        pytest.param(("a1", "b"), "a1", id="the-first-of-several"),
    ],
)
def test_a_trace_opens_with_what_went_wrong(failing: tuple[str, ...], opened: str) -> None:
    spans = [span("root", None, 0, 30), span("a", "root", 1), span("a1", "a", 2), span("b", "root", 5)]
    assert tree(
        [{**one, "status": "error" if one["span_id"] in failing else "ok"} for one in spans]
    ).first_to_read() == (opened)
