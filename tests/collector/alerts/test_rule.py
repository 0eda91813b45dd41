"""When an alert fires and is resolved: once each, whatever the figure does around its line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.collector.alerts.rule import Rule, beyond, figure, is_clear, query_of, turn
from assay.errors import InvalidRequest


def rule(**given: Any) -> dict[str, Any]:
    return Rule(**{"measure": "error_rate", "min_n": 5, **given}).checked()


def turns(checked: dict[str, Any], figures: list[tuple[float | None, int]]) -> list[str]:
    state, told = "ok", []
    for value, n in figures:
        if kind := turn(checked, state, value, n):
            state = "firing" if kind == "fired" else "ok"
            told.append(f"{kind} at {value:g}")
    return told


def test_a_figure_that_wavers_around_its_line_is_told_once() -> None:
    wavering = [(value, 10) for value in (0.05, 0.11, 0.095, 0.11, 0.095, 0.12)]
    assert turns(rule(above=0.1), wavering) == ["fired at 0.11"]
    assert turns(rule(above=0.1), [*wavering, (0.09, 10), (0.2, 10)]) == [
        "fired at 0.11",
        "resolved at 0.09",
        "fired at 0.2",
    ]


def test_below_is_the_mirror_of_above() -> None:
    figures = [(0.9, 10), (0.79, 10), (0.85, 10), (0.88, 10)]
    assert turns(rule(measure="scores.helpful", below=0.8), figures) == ["fired at 0.79", "resolved at 0.88"]


def test_where_it_is_resolved_can_be_said() -> None:
    checked = rule(above=0.1, clears_at=0.02)
    assert turns(checked, [(0.2, 9), (0.03, 9), (0.02, 9)]) == ["fired at 0.2", "resolved at 0.02"]
    with pytest.raises(ValidationError, match="good side"):
        rule(above=0.1, clears_at=0.3)


def test_too_few_decide_nothing_either_way() -> None:
    assert turns(rule(above=0.1), [(1.0, 4), (None, 0), (1.0, 5), (0.0, 4), (None, 0)]) == ["fired at 1"]


def test_a_count_of_nothing_is_a_figure() -> None:
    checked = rule(measure="count", below=1, min_n=5)
    assert figure(checked, []) == (0.0, 0)
    assert turns(checked, [(0.0, 0), (20.0, 20)]) == ["fired at 0", "resolved at 20"]


@given(line=st.floats(-1e6, 1e6), above=st.booleans(), values=st.lists(st.floats(-1e7, 1e7), max_size=30))
def test_it_fires_and_is_resolved_in_turn(line: float, above: bool, values: list[float]) -> None:
    checked = rule(**{"above" if above else "below": line})
    told = [each.partition(" ")[0] for each in turns(checked, [(value, 9) for value in values])]
    assert told == ["fired", "resolved"] * (len(told) // 2) + ["fired"] * (len(told) % 2)
    assert not any(beyond(checked, value) and is_clear(checked, value) for value in values)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"measure": "happiness", "above": 1}, id="measure"),
        pytest.param({"measure": "scores.", "above": 1}, id="score-without-a-name"),
        pytest.param({"measure": "count", "above": 1, "filter": "status ="}, id="filter"),
        pytest.param({"measure": "spans", "of": "spans", "above": 1}, id="not-of-spans"),
    ],
)
def test_what_cannot_be_measured_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        Rule(**given).checked()


def test_exactly_one_line_is_asked_for() -> None:
    for lines in ({}, {"above": 1, "below": 0}):
        with pytest.raises(ValidationError, match="either"):
            Rule(measure="count", **lines)


def test_the_window_ends_now_and_the_number_is_asked_for_too() -> None:
    query = query_of(rule(measure="latency_p95_ms", above=2000, window_s=600), "p", 10**18)
    assert (query.start, query.end, query.measures) == (10**18 - 600 * 10**9, 10**18, ("count", "latency_p95_ms"))


def test_of_a_score_its_mean_and_its_own_number_count() -> None:
    rows = [{"count": 50, "scores.kind": {"n": 7, "mean": 0.4, "ci_low": 0.1, "ci_high": 0.8}}]
    assert figure(rule(measure="scores.kind", below=0.5), rows) == (0.4, 7)
    assert figure(rule(measure="scores.kind", below=0.5), [{"count": 50, "scores.kind": None}]) == (None, 0)
