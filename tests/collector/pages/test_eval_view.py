"""Experiments as the page shows them: failures apart, pairs by item, worst first."""

from __future__ import annotations

from typing import Any

import pytest

from assay.collector.pages.experiments import compare_view, eval_view
from support.page_data import BASE_ID, OTHER_ID, experiment_rows, experiments

OTHER, BASE = experiments()


def row(item: str, value: Any = None, *, output: str | None = "x", status: str = "ok", **fields: Any) -> dict[str, Any]:
    scores = [{"name": "s", "value": value, "status": "scored", "source": "code"}] if value is not None else []
    return {"item_id": item, "repeat": 0, "status": status, "output": output, "scores": scores, **fields}


EXPERIMENT: dict[str, Any] = {"scorers": [{"name": "s"}], "summary": None}


def pairs(base: list[dict[str, Any]], other: list[dict[str, Any]]) -> list[compare_view.Pair]:
    return compare_view.pairs(EXPERIMENT, base, EXPERIMENT, other)


def test_a_running_experiment_is_summarised_from_its_rows() -> None:
    lines = eval_view.summary_lines(EXPERIMENT, [row("a", True), row("b", False), row("c", status="task_error")])
    assert [(line.row["scorer"], line.row["mean"], line.row["n"]) for line in lines] == [("s", 0.5, 2)]


def test_a_finished_experiment_shows_what_it_stored() -> None:
    stored = [{"scorer": "s", "mean": 0.25, "ci_low": 0.2, "ci_high": 0.3}]
    assert eval_view.summary_lines({**EXPERIMENT, "summary": stored}, [])[0].row == stored[0]


def test_an_experiment_is_compared_with_its_baseline_else_with_the_run_before_over_the_same_data() -> None:
    def run(identity: str, data: str | None, baseline: str | None = None) -> dict[str, Any]:
        return {"id": identity, "dataset": {"name": data}, "baseline_id": baseline}

    newest_first = [run("e", "qa", "a"), run("d", "qa"), run("c", "other"), run("b", None), run("a", "qa")]
    assert [base for base, _ in eval_view.bases(newest_first)] == ["a", "a", None, None, None]


def test_a_row_has_failed_when_its_task_or_one_of_its_scorers_has() -> None:
    judged = row("a", 1.0)
    judged["scores"][0] |= {"status": "scorer_error", "value": None}
    assert [eval_view.failed(one) for one in (row("a", 0.0), judged, row("a", status="timeout"))] == [False, True, True]


def test_pairs_keep_the_order_of_the_newer_run_and_end_with_what_only_the_base_has() -> None:
    found = pairs([row("gone", 1.0), row("a", 1.0)], [row("b", 1.0), row("a", 0.5)])
    assert [(pair.item_id, pair.base is None, pair.other is None) for pair in found] == [
        ("b", True, False),
        ("a", False, False),
        ("gone", False, True),
    ]


def test_the_worst_change_comes_first() -> None:
    found = pairs([row("a", 1.0), row("b", 1.0), row("c", 0.0)], [row("a", 0.9), row("b", 0.1), row("c", 1.0)])
    assert [pair.item_id for pair in compare_view.select(found, "worse")] == ["b", "a"]
    assert [pair.item_id for pair in compare_view.select(found, "better")] == ["c"]


def test_where_lower_is_better_a_rise_is_worse() -> None:
    lower = {"scorers": [{"name": "s", "direction": "lower"}], "summary": None}
    found = compare_view.pairs(lower, [row("a", 1.0)], lower, [row("a", 2.0)])
    assert [pair.item_id for pair in compare_view.select(found, "worse")] == ["a"]


def test_a_failure_is_neither_worse_nor_another_output() -> None:
    found = pairs([row("a", 1.0)], [row("a", output=None, status="task_error")])
    assert [len(compare_view.select(found, only)) for only in ("worse", "changed", "error")] == [0, 0, 1]


def test_another_output_is_found_whatever_the_scores_say() -> None:
    found = pairs([row("a", 1.0, output="x"), row("b", 1.0)], [row("a", 1.0, output="y"), row("b", 1.0)])
    assert [pair.item_id for pair in compare_view.select(found, "changed")] == ["a"]
    assert [pair.is_same for pair in found] == [False, True]


def test_a_scorer_may_be_singled_out() -> None:
    rows = experiment_rows(BASE_ID), experiment_rows(OTHER_ID)
    found = compare_view.pairs(BASE, rows[0], OTHER, rows[1])
    by_any, by_one = compare_view.select(found, "better"), compare_view.select(found, "better", "exact_match")
    assert 0 < len(by_one) < len(by_any)
    assert compare_view.select(found, "better", "no_such_scorer") == []


def test_the_figure_agrees_with_the_verdict() -> None:
    [lines] = compare_view.compared(BASE, experiment_rows(BASE_ID), [(OTHER, experiment_rows(OTHER_ID))])
    assert [(line.row.outcome, line.shape.tone) for line in lines] == [("improved", "good"), ("improved", "good")]
    shape = lines[0].shape
    assert shape.left is not None
    assert shape.zero is not None
    assert shape.left > shape.zero  # the interval excludes 0, and so does the picture


@pytest.mark.parametrize(("field", "sum_of"), [("cost_usd", 0.3), ("input_tokens", None)])
def test_a_total_of_nothing_known_is_unknown(field: str, sum_of: float | None) -> None:
    rows = [{"cost_usd": 0.1, "input_tokens": None}, {"cost_usd": 0.2}, {"cost_usd": None}]
    total = eval_view.total(rows, field)
    assert total == (pytest.approx(sum_of) if sum_of is not None else None)


def test_an_experiment_that_runs_has_not_taken_any_time_yet() -> None:
    assert eval_view.running_ms({"created_at": "2026-11-21T12:00:00Z", "finished_at": None}) is None
    assert eval_view.running_ms({"created_at": "2026-11-21T12:00:00Z", "finished_at": "2026-11-21T12:00:48Z"}) == 48_000


def test_rows_stand_in_the_order_of_the_data_whenever_they_came() -> None:
    rows = [
        {"item_id": item, "repeat": repeat, "started_at": f"2026-01-01T00:00:0{begun}Z"}
        for item, repeat, begun in (("new", 0, 1), ("b", 1, 5), ("a", 0, 6), ("b", 0, 2))
    ]
    found = [(row["item_id"], row["repeat"]) for row in eval_view.in_data_order(rows, ["a", "b"])]
    assert found == [("a", 0), ("b", 0), ("b", 1), ("new", 0)]


def test_rows_are_sorted_by_latency_with_the_slowest_first() -> None:
    rows = [{"item_id": str(ms), "duration_ms": ms, "scores": []} for ms in (2.0, None, 7.5)]
    found = eval_view.chosen_rows(rows, "", eval_view.LATENCY, {"duration_ms": "lower"})
    assert [row["duration_ms"] for row in found] == [7.5, 2.0, None]
