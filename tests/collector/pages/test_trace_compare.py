"""Two traces compared: whatever their spans are, each is there once, beside its counterpart where it has one."""

from __future__ import annotations

import time
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.pages import formats, urls
from assay.collector.pages.traces.alignment import Pair, align, step_name
from assay.collector.pages.traces.trace_compare import compare, output_runs, shown, signed
from support.html_parts import parts_of
from support.page_data import FakeSource, span, trace_of
from support.page_times import PROJECT

Spans = list[dict[str, Any]]


def plain_span(number: int, parent: int | None, name: str, start: int = 0, **more: Any) -> dict[str, Any]:
    parent_id = None if parent is None else f"{parent:x}"
    return {
        "span_id": f"{number:x}",
        "parent_span_id": parent_id,
        "name": name,
        "kind": None,
        "start_time": start,
        **more,
    }


@st.composite
def traces(draw: st.DrawFn) -> Spans:
    """Any spans: several roots, parents that are not there, circles of parents, names that repeat."""
    number = draw(st.integers(0, 12))
    parents = st.none() | st.integers(0, number + 2)
    names, starts = st.sampled_from("abc"), st.integers(0, 5)
    return [plain_span(n, draw(parents), draw(names), draw(starts)) for n in range(number)]


def ids(pairs: list[Pair], side: str) -> list[str]:
    return sorted(one["span_id"] for pair in pairs if (one := getattr(pair, side)) is not None)


@given(traces(), traces())
def test_every_span_of_both_is_there_once(a: Spans, b: Spans) -> None:
    pairs = align(a, b)
    assert ids(pairs, "a") == sorted(one["span_id"] for one in a)
    assert ids(pairs, "b") == sorted(one["span_id"] for one in b)


@given(traces(), traces())
def test_aligned_spans_have_the_same_name_and_aligned_parents(a: Spans, b: Spans) -> None:
    met = {pair.a["span_id"]: pair.b["span_id"] for pair in align(a, b) if pair.a is not None and pair.b is not None}
    for pair in align(a, b):
        if pair.a is None or pair.b is None or pair.depth == 0:
            continue
        assert pair.a["name"] == pair.b["name"]
        assert met[pair.a["parent_span_id"]] == pair.b["parent_span_id"]


@given(traces())
def test_a_trace_is_aligned_with_itself_span_by_span(a: Spans) -> None:
    assert all(pair.a is pair.b for pair in align(a, a))


@given(traces(), traces(), st.randoms())
def test_neither_order_nor_side_matters(a: Spans, b: Spans, random: Any) -> None:
    def met(pairs: list[Pair], one: str, other: str) -> set[tuple[Any, Any]]:
        return {tuple((getattr(pair, side) or {}).get("span_id") for side in (one, other)) for pair in pairs}  # type: ignore[misc]

    shuffled = random.sample(a, len(a))
    assert met(align(a, b), "a", "b") == met(align(shuffled, b), "a", "b") == met(align(b, a), "b", "a")


def test_the_same_step_with_another_model_is_the_same_step() -> None:
    old = plain_span(1, None, "chat gpt-4o", request_model="gpt-4o", response_model=None)
    new = plain_span(1, None, "chat gpt-4o-mini", request_model="gpt-4o-mini", response_model=None)
    assert step_name(old) == step_name(new) == "chat"
    assert len(align([plain_span(0, None, "root"), {**old, "parent_span_id": "0"}], [
        plain_span(0, None, "renamed root"), {**new, "parent_span_id": "0"}
    ])) == 2  # fmt: skip


def test_a_chain_of_thousands_is_no_deep_recursion() -> None:
    chain = [plain_span(n, n - 1 if n else None, "step", n) for n in range(5000)]
    pairs = align(chain, chain[:4000])
    assert [pair.depth for pair in pairs] == list(range(5000))
    assert sum(pair.b is None for pair in pairs) == 1000


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (1000, 1500, "+500 ms (+50 %)"),
        (2000, 1000, "−1.0 s (−50 %)"),
        (5, 5, "the same"),
        (None, 5, "–"),
        (0, 3, "+3 ms"),
    ],
)
def test_differences_are_signed_and_unknown_stays_unknown(a: float | None, b: float | None, said: str) -> None:
    assert signed(a, b, formats.duration) == said


def test_outputs_are_compared_word_by_word() -> None:
    assert output_runs("same", "same") is None
    assert output_runs("Refunds take 14 days.", "Refunds take 30 days.") == [
        *(("equal", "Refunds take "), ("delete", "14"), ("insert", "30"), ("equal", " days.")),
    ]


def pair_of_traces() -> tuple[dict[str, Any], dict[str, Any]]:
    def spans(trace: str, answer: str, *more: dict[str, Any]) -> Spans:
        root = span(trace, 1, name="answer", output=answer, duration_ms=900.0)
        call = span(trace, 2, name="chat m1", kind="llm", parent_span_id=f"{1:016x}", request_model="m1", start_ms=5)
        return [root, call, *more]

    slow = {"name": "chat m2", "request_model": "m2", "duration_ms": 800.0, "output": "longer", "status": "error"}
    new = spans("b" * 32, "No refunds.", span("b" * 32, 3, name="search", parent_span_id=f"{1:016x}", start_ms=9))
    new[1] = {**new[1], **slow}
    return trace_of(spans("a" * 32, "No.")), trace_of(new)


def test_what_changed_is_named_for_each_span() -> None:
    comparison = compare(*pair_of_traces())
    assert [(line.name, line.changes) for line in comparison.lines] == [
        ("answer", ("output",)),
        ("chat m1", ("status ok → error", "model m1 → m2", "output", "slower")),
        ("search", ("only in B",)),
    ]
    assert (comparison.changed, comparison.only_a, comparison.only_b) == (2, 0, 1)
    assert [line.name for line in shown(comparison.lines, "alone")] == ["search"]
    assert "2 spans changed, 0 are in A only, 1 in B only." in comparison.words


def test_the_page_shows_totals_words_and_links(client: TestClient, source: FakeSource) -> None:
    a, b = (row["trace_id"] for row in source.traces(PROJECT, filter=None, limit=2, cursor=None).items)
    answer = client.get(urls.compare_traces(PROJECT, a=a, b=b))
    assert answer.status_code == 200
    found = parts_of(answer.text)
    links = {link["href"] for link in found.named("a")}
    assert {urls.compare_traces(PROJECT, a=b, b=a), urls.trace(PROJECT, a), urls.trace(PROJECT, b)} <= links
    assert "B − A" in found.text
    same = client.get(urls.compare_traces(PROJECT, a=a, b=a))
    assert "Both went the same way" in parts_of(same.text).text
    document = client.get(urls.compare_traces(PROJECT, a=a, b=b).replace("?", ".json?")).json()
    assert (document["a"]["trace_id"], document["b"]["trace_id"]) == (a, b)
    assert len(document["spans"]) >= document["a"]["span_count"]


def test_ids_are_asked_for_and_unknown_ones_are_said(client: TestClient) -> None:
    asked = client.get(urls.compare_traces(PROJECT))
    assert {"a", "b"} <= {one["name"] for one in parts_of(asked.text).named("input")}
    assert client.get(urls.compare_traces(PROJECT, a="f" * 32, b="e" * 32)).status_code == 404
    assert client.get(urls.compare_traces(PROJECT).replace("compare", "compare.json")).status_code == 400


def test_thousands_of_spans_are_compared_quickly() -> None:
    trace = "a" * 32
    spans = [
        span(trace, n, name=f"step {n % 50}", parent_span_id=f"{n // 10:016x}" if n else None) for n in range(5000)
    ]
    row = trace_of(spans)
    started = time.process_time()
    assert len(compare(row, row).lines) == 5000
    assert time.process_time() - started < 5
