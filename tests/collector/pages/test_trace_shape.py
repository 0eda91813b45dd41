"""The shape of a trace, and what is told from it alone: critical path, small picture, what goes to the script."""

from __future__ import annotations

import re
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.pages.traces import tree_payload
from assay.collector.pages.traces.critical_path import critical_path
from assay.collector.pages.traces.minimap import COLUMNS, LANES, minimap
from assay.collector.pages.traces.recent_shapes import AT_MOST, RecentShapes
from assay.collector.pages.traces.timeline import agents_of, lanes
from assay.collector.pages.traces.trace_shape import TraceShape, self_times, trace_shape

Given = tuple[str, str | None, int, int]  # id, parent, start and length in milliseconds


def shape_of(*spans: Given, **columns: list[Any]) -> TraceShape:
    ordered = sorted(spans, key=lambda one: (one[2], one[0]))
    ids, parents, starts, lengths = zip(*ordered, strict=True)
    empty: list[Any] = [None] * len(spans)
    given = {name: empty for name in ("name", "kind", "status", "total_tokens", "cost_usd", "model")}
    given |= {"span_id": ids, "parent_span_id": parents, **columns}
    return trace_shape(
        given | {"start_ns": [1_000 + start * 10**6 for start in starts], "duration_ms": [float(n) for n in lengths]}
    )


def path_of(*spans: Given) -> list[str]:
    shape = shape_of(*spans)
    ids = shape.column("span_id")
    return [ids[number] for number in critical_path(shape)]


@pytest.mark.parametrize(
    ("spans", "path"),
    [
        pytest.param([("root", None, 0, 100)], ["root"], id="a-span-alone"),
        pytest.param(
            [("root", None, 0, 100), ("a", "root", 0, 40), ("b", "root", 50, 40)],
            ["root", "a", "b"],
            id="one-after-the-other",
        ),
        pytest.param(
            [("root", None, 0, 100), ("a", "root", 0, 40), ("b", "root", 0, 90)],
            ["root", "b"],
            id="the-longer-of-two-beside-each-other",
        ),
        pytest.param(
            [
                ("root", None, 0, 100),
                ("a", "root", 0, 30),
                ("b", "root", 10, 10),
                ("c", "root", 40, 60),
                ("c1", "c", 50, 50),
            ],
            ["root", "a", "c", "c1"],
            id="in-a-child-of-a-child",
        ),
        pytest.param(
            [("root", None, 0, 50), ("left running", "root", 10, 500), ("a", "root", 0, 40)],
            ["root", "left running"],
            id="what-outlives-its-parent-counts-to-its-end",
        ),
        pytest.param([("x", None, 0, 20), ("y", None, 20, 30)], ["x", "y"], id="two-at-the-top"),
        pytest.param([("x", "y", 0, 20), ("y", "x", 0, 30)], ["x", "y"], id="a-circle"),
        pytest.param([("root", None, 0, 100), ("point", "root", 40, 0)], ["root", "point"], id="no-time-at-all"),
    ],
)
def test_the_critical_path_is_what_was_waited_for(spans: list[Given], path: list[str]) -> None:
    assert path_of(*spans) == path


@st.composite
def shapes(draw: st.DrawFn) -> TraceShape:
    size = draw(st.integers(1, 30))
    parents = st.none() | st.integers(0, size + 1).map("{:04}".format)
    times = st.integers(0, 40)
    spans = [(f"{n:04}", draw(parents), draw(times), draw(times)) for n in range(size)]
    some = {
        "name": st.sampled_from(["chat", "<b>", "é"]),
        "status": st.sampled_from(["ok", "error", "in_progress", None]),
        "total_tokens": st.none() | st.integers(0, 10**6),
        "cost_usd": st.none() | st.integers(0, 10**9).map(lambda n: n / 1e9),
    }
    return shape_of(*spans, **{name: [draw(values) for _ in spans] for name, values in some.items()})


@given(shapes())
def test_spans_on_the_path_do_not_run_beside_their_siblings_on_it(shape: TraceShape) -> None:
    path = critical_path(shape)
    assert len(set(path)) == len(path)
    assert path or not shape.length_ns
    for number in path:
        assert shape.parents[number] < 0 or shape.parents[number] in path
        ends = shape.begins[number] + shape.lengths[number]
        for other in path:
            if (
                other != number
                and shape.parents[other] == shape.parents[number]
                and shape.begins[other] >= shape.begins[number]
            ):
                parent = shape.parents[number]
                limit = shape.begins[parent] + shape.lengths[parent] if parent >= 0 else shape.length_ns
                assert min(ends, limit) <= shape.begins[other] or shape.begins[other] == shape.begins[number]


def test_the_time_of_a_span_by_itself_is_what_none_of_its_children_ran_in() -> None:
    shape = shape_of(("root", None, 0, 100), ("a", "root", 10, 30), ("b", "root", 20, 30), ("late", "root", 90, 50))
    assert [time // 10**6 for time in self_times(shape)] == [50, 30, 30, 50]


@given(shapes())
def test_nobody_is_alone_for_longer_than_they_ran(shape: TraceShape) -> None:
    assert all(0 <= alone <= length for alone, length in zip(self_times(shape), shape.lengths, strict=True))


@given(shapes())
def test_the_small_picture_has_a_box_wherever_a_span_ran(shape: TraceShape) -> None:
    picture = minimap(shape, [])
    assert picture.critical == ""
    assert bool(picture.failed) == ("error" in shape.columns["status"])
    boxes = [tuple(map(int, box)) for box in re.findall(r"M(\d+) (\d+)h(\d+)v3h-\d+z", picture.ran)]
    assert all(0 <= left < left + width <= COLUMNS and top + 3 <= picture.height for left, top, width in boxes)
    for number, depth in enumerate(shape.depths):
        column = min(shape.begins[number] * COLUMNS // max(shape.length_ns, 1), COLUMNS - 1)
        lane = min(depth, LANES - 1) * 4
        assert any(left <= column < left + width and top == lane for left, top, width in boxes)


@pytest.mark.parametrize("longer", [1, 10**11])  # 35 ms, and 110 years
def test_a_span_begins_in_its_own_column_of_the_small_picture(longer: int) -> None:
    shape = shape_of(("first", None, 0, 0), ("second", None, 14 * longer, 0), ("last", None, 15 * longer, 20 * longer))
    assert minimap(shape, []).ran == "M0 0h1v3h-1zM240 0h1v3h-1zM257 0h343v3h-343z"


@given(shapes(), st.integers(1, 7))
def test_what_the_script_gets_says_all_of_the_tree_again(shape: TraceShape, size: int) -> None:
    chunks = list(tree_payload.chunks(shape, critical_path(shape), size))
    assert tree_payload.head(shape)["count"] == sum(len(chunk["kind"]) for chunk in chunks)
    kinds = [kind for chunk in chunks for kind in chunk["kinds"]]
    assert [kinds[at][0] for chunk in chunks for at in chunk["kind"]] == shape.column("name")
    assert list(accumulate(step for chunk in chunks for step in chunk["parent"])) == shape.parents
    unit = tree_payload.head(shape)["unit_ns"]
    assert list(accumulate(step for chunk in chunks for step in chunk["start"])) == [n // unit for n in shape.begins]
    ids = [chunk["ids"][at : at + 4] for chunk in chunks for at in range(0, len(chunk["ids"]), 4)]
    assert ids == shape.column("span_id")
    failed = [at + number * size for number, chunk in enumerate(chunks) for at in chunk["error"]]
    assert failed == [number for number, status in enumerate(shape.column("status")) if status == "error"]
    assert [cost for chunk in chunks for cost in chunk["cost"]] == [
        None if cost is None else round(cost * 1e9) for cost in shape.column("cost_usd")
    ]


def test_ids_of_different_sizes_are_told_one_by_one() -> None:
    [chunk] = tree_payload.chunks(shape_of(("a", None, 0, 1), ("bcd", "a", 0, 1)), [])
    assert (chunk["id_size"], chunk["ids"]) == (0, ["a", "bcd"])


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20))))
def test_no_two_in_a_lane_run_at_the_same_time(times: list[tuple[int, int]]) -> None:
    spans = sorted((begin, begin + length) for begin, length in times)
    placed = lanes(spans)
    for lane in set(placed):
        inside = [span for span, of in zip(spans, placed, strict=True) if of == lane]
        assert all(before[1] <= after[0] for before, after in pairwise(inside))


def test_what_an_agent_does_is_in_its_band_and_what_its_own_agents_do_in_theirs() -> None:
    spans = [
        ("root", None, 0, 9),
        ("a", "root", 1, 8),
        ("b", "root", 2, 7),
        ("a tool", "a", 3, 1),
        ("chat", "root", 4, 1),
    ]
    shape = shape_of(*spans, kind=["chain", "agent", "agent", "tool", "llm"])
    ids = shape.column("span_id")
    bands = dict(zip(ids, (ids[agent] for agent in agents_of(shape)), strict=True))
    assert bands == {"root": "root", "a": "a", "b": "b", "a tool": "a", "chat": "root"}


def test_few_shapes_are_kept_and_each_is_given_once() -> None:
    recent, shape = RecentShapes(), shape_of(("a", None, 0, 1))
    states = [recent.keep("p", "t", shape, [0]) for _ in range(AT_MOST + 1)]
    assert recent.take("p", "t", states[0]) is None
    assert recent.take("other", "t", states[-1]) is None
    assert recent.take("p", "t", states[-1]) == (shape, [0])
    assert recent.take("p", "t", states[-1]) is None
