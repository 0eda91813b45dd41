"""Rows failing in every way: what is counted, what is averaged, and what is invented (nothing)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.evaluation.summary import SummaryRow, summarise_rows
from support.evaluation_rows import FAILED, row


def only(rows: list[dict[str, Any]], **options: Any) -> SummaryRow:
    (summary,) = summarise_rows(rows, **options)
    return summary


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            [row("a", x=True), row("b", x=False)],
            {"n": 2, "n_scored": 2, "failed": 0, "mean": 0.5, "method": "Wilson", "bound_low": None},
            id="all-scored",
        ),
        pytest.param(
            [row("a", x=True), row("b", status="task_error"), row("c", x=FAILED), row("d", x=None)],
            {"n": 1, "n_rows": 4, "failed": 2, "n_task_error": 1, "n_scorer_error": 1, "n_na": 1, "mean": 1.0}
            | {"bound_low": 1 / 3, "bound_high": 1.0},
            id="one-of-each",
        ),
        pytest.param(
            [row("a", status="timeout"), row("b", x=FAILED)],
            {"n": 0, "failed": 2, "mean": None, "ci_low": None, "reason": "nothing was scored", "bound_low": None},
            id="nothing-scored",
        ),
        pytest.param(
            [row("a", x=None), row("b", x=None)],
            {"n": 0, "failed": 0, "n_na": 2, "mean": None},
            id="applies-to-none",
        ),
        pytest.param(
            [row("a", 0, x=True), row("a", 1, x=FAILED), row("b", 0, x=False), row("b", 1, x=False)],
            {"n": 2, "n_rows": 4, "n_scored": 3, "n_scorer_error": 1, "mean": 0.5, "method": "Wilson, repeats"},
            id="item-is-the-unit-of-repeats",
        ),
        pytest.param(
            [row("a", x="good"), row("b", x="bad"), row("c", x="good")],
            {"dtype": "category", "mean": None, "reason": "labels have no mean"},
            id="labels",
        ),
        pytest.param(
            [row("a", x=1.5), row("b", x=2.5)],
            {"dtype": "number", "mean": 2.0, "method": "t", "sd": pytest.approx(0.7071, abs=1e-4)},
            id="numbers",
        ),
        pytest.param(
            [row(str(i), cluster=str(i // 2), x=i / 10) for i in range(8)],
            {"method": "t, 4 clusters", "n": 8},
            id="clusters",
        ),
        pytest.param([row("a", x=True), row("a", x=False)], {"n_rows": 1, "mean": 0.0}, id="latest-of-a-row-wins"),
    ],
)
def test_summary_counts_failures_apart(rows: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    summary = only(rows, scorers=["x"]).to_dict()
    assert {key: summary[key] for key in expected} == pytest.approx(expected, nan_ok=False)


def test_labels_are_counted() -> None:
    assert only([row("a", x="good"), row("b", x="bad"), row("c", x="good")]).counts == {"good": 2, "bad": 1}


def test_a_scorer_of_several_keys_that_fails_fails_all_of_them() -> None:
    rows = [row("a", f__p=1.0, f__r=0.5), row("b", f=FAILED), row("c", f__p=0.0)]
    p, r = summarise_rows(rows)
    assert (p.scorer, p.n_scored, p.n_scorer_error, p.n_na) == ("f/p", 2, 1, 0)
    assert (r.scorer, r.n_scored, r.n_scorer_error, r.n_na) == ("f/r", 1, 1, 1)


def test_a_declared_range_bounds_what_failed_rows_could_have_changed() -> None:
    summary = only([row("a", x=4.0), row("b", x=FAILED)], ranges={"x": (1, 5)})
    assert (summary.bound_low, summary.bound_high) == (2.5, 4.5)


def test_judges_are_called_judges() -> None:
    rows = [row("a", x=True)]
    rows[0]["scores"][0]["source"] = "llm"
    assert only(rows).kind == "judge"


outcomes = st.sampled_from([True, False, None, FAILED, "task_error"])


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 2), outcomes), max_size=30))
def test_every_row_is_counted_once_and_the_mean_is_that_of_the_items(drawn: list[tuple[str, int, Any]]) -> None:
    rows = [row(i, r, status=o) if o == "task_error" else row(i, r, x=o) for i, r, o in drawn]
    summary = only(rows, scorers=["x"])
    assert summary.n_scored + summary.failed + summary.n_na == summary.n_rows == len({(i, r) for i, r, _ in drawn})
    latest = {(i, r): o for i, r, o in drawn}
    scored = [(i, o) for (i, _), o in latest.items() if isinstance(o, bool)]
    means = [
        sum(o for j, o in scored if j == item) / sum(j == item for j, _ in scored)
        for item in dict.fromkeys(i for i, _ in scored)
    ]
    assert summary.mean == (pytest.approx(sum(means) / len(means)) if means else None)


def test_a_score_outside_the_range_is_counted_and_not_averaged() -> None:
    rows = [row("a", x=4.0), row("b", x=2.0)]
    rows[1]["scores"][0] |= {"status": "invalid", "value": None}
    summary = only(rows, ranges={"x": (1, 5)})
    assert (summary.n, summary.n_invalid, summary.failed, summary.mean) == (1, 1, 1, 4.0)
    assert (summary.bound_low, summary.bound_high) == (2.5, 4.5)


def test_repeats_are_split_into_what_differs_between_and_within_items() -> None:
    rows = [row(f"i{i}", r, x=float(i + (-1) ** r)) for i in range(10) for r in range(2)]
    summary = only(rows)
    assert (summary.repeats, summary.within_sd) == (2.0, pytest.approx(2**0.5))
    assert summary.stderr_infinite < summary.stderr < summary.stderr_one  # type: ignore[operator]
    assert summary.advice == "more items help, repeats hardly: 89% of the variance is between items"
    assert only([row("a", x=1.0), row("b", x=2.0)]).advice is None


def test_clusters_are_counted() -> None:
    assert only([row(str(i), cluster=str(i // 2), x=i / 10) for i in range(8)]).clusters == 4
    assert only([row(str(i), x=i / 10) for i in range(8)]).clusters is None


def test_scores_of_a_known_range_have_an_interval_within_it() -> None:
    values = [5.0] * 27 + [4.0, 2.0, 1.0]
    bounded = only([row(str(i), x=v) for i, v in enumerate(values)], ranges={"x": (1, 5)})
    free = only([row(str(i), x=v) for i, v in enumerate(values)])
    assert (bounded.method or "").startswith("bootstrap-t")
    assert free.method == "t"
    assert 1 <= bounded.ci_low < free.ci_low  # type: ignore[operator]
    assert bounded.ci_high <= 5 < free.ci_high + 0.2  # type: ignore[operator]


@pytest.mark.parametrize(("declared", "share"), [(None, True), ((0, 1), True), ((0, 100), False), ((-1, 1), False)])
def test_zeros_and_ones_of_a_wider_range_are_numbers(declared: tuple[float, float] | None, share: bool) -> None:
    rows = [row(f"i{n}", x=n % 2) for n in range(20)]
    found = only(rows, ranges={"x": declared} if declared else {})
    assert (found.method == "Wilson") == share
    assert found.ci_high is not None
