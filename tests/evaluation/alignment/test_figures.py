"""Figures of agreement: every row is counted once, and the figures are those of the statistics on the right rows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.evaluation.alignment.figures import confusion, figures
from assay.evaluation.alignment.pair import Outcome, Pair, kind_of
from assay.evaluation.statistics import cohen_kappa, proportion_interval, rank_correlation


def pairs(rows: list[tuple[Any, Any]], clusters: list[str] | None = None) -> list[Pair]:
    return [
        Pair(id=str(n), label=label, verdict=verdict, cluster=clusters[n] if clusters else None)
        for n, (label, verdict) in enumerate(rows)
    ]


def unjudged(outcome: Outcome) -> Pair:
    return Pair(id=outcome, label=True, outcome=outcome)


bools = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)


@settings(max_examples=20)
@given(bools)
def test_the_matrix_holds_every_row_once_and_the_figures_follow_from_it(rows: list[tuple[bool, bool]]) -> None:
    found = figures(pairs(rows))
    assert sum(map(sum, found.confusion)) == found.n == len(rows)
    alike = sum(found.confusion[i][i] for i in range(len(found.labels)))
    assert found.agreement.value == pytest.approx(alike / len(rows))
    assert found.calibration is not None
    counts = found.calibration
    assert counts["positives"] + counts["negatives"] == len(rows)
    assert counts["true_positives"] + counts["true_negatives"] == alike
    assert found.kappa == cohen_kappa([v for _, v in rows], [label for label, _ in rows])
    assert found.difference is not None
    assert found.difference.value == pytest.approx(sum(v - label for label, v in rows) / len(rows))


def test_a_failed_judge_is_counted_and_in_no_figure() -> None:
    rows = pairs([(True, True), (False, True)])
    found = figures([*rows, unjudged("failed"), unjudged("not_applicable"), unjudged("failed")])
    assert (found.n, found.failed, found.not_applicable) == (2, 2, 1)
    assert found.agreement == figures(rows).agreement


def test_nothing_judged_is_undefined_and_not_zero() -> None:
    found = figures([unjudged("failed")])
    assert [e.value for e in (found.agreement, found.kappa, found.ac1)] == [None, None, None]
    assert all(e.reason for e in (found.kappa, found.ac1))
    assert (found.prevalence, found.confusion) == ({}, [])


def test_zero_and_one_are_no_and_yes() -> None:
    assert figures(pairs([(1, True), (0.0, 1), (0, False)])).labels == ["yes", "no"]


def test_a_kind_without_one_of_its_classes_has_a_reason() -> None:
    found = figures(pairs([(True, True), (True, False)]))
    assert found.specificity is not None
    assert (found.specificity.value, found.specificity.reason) == (None, "no item is negative by human label")


def test_numbers_are_compared_by_their_distance() -> None:
    rows = [(0, 0), (0.5, 1), (1, 1), (1, 0.5), (0, 0.5), (0.5, 0.5), (1, 1)]
    found = figures(pairs(rows))
    labels, verdicts = [float(a) for a, _ in rows], [float(b) for _, b in rows]
    assert found.kind == "number"
    assert found.kappa == cohen_kappa(verdicts, labels, weights="quadratic")
    assert found.correlation == rank_correlation(verdicts, labels, level="pooled")
    assert found.sensitivity is None


def test_labels_have_neither_difference_nor_correlation() -> None:
    found = figures(pairs([("a", "a"), ("b", "a"), ("b", "b"), ("c", "c")]))
    assert (found.kind, found.difference, found.correlation, found.sensitivity) == ("category", None, None, None)
    assert found.confusion == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]


def test_rows_that_belong_together_widen_the_intervals() -> None:
    rows = [(True, n // 10 % 3 != 0) for n in range(60)] + [(False, n // 10 % 3 == 0) for n in range(60)]
    clusters = [f"c{n // 10}" for n in range(120)]
    alone, together = figures(pairs(rows)), figures(pairs(rows, clusters))
    assert (alone.clusters, together.clusters) == (None, 12)
    assert together.agreement == proportion_interval([float(a == b) for a, b in rows], clusters=clusters)
    assert together.kappa.value == alone.kappa.value
    widths = [found.kappa.high - found.kappa.low for found in (alone, together)]  # type: ignore[operator]
    assert widths[1] > 2 * widths[0]
    assert "bootstrap of 12 clusters" in str(together.kappa.method)


def test_what_people_say_among_themselves_is_told() -> None:
    rows = [Pair(id=str(n), label=True, labels=(True, n % 2 == 0, n % 3 == 0), verdict=True) for n in range(12)]
    assert figures(rows).human_agreement is not None
    assert figures(pairs([(True, True)])).human_agreement is None


@pytest.mark.parametrize(
    ("values", "kind"),
    [([True, False], "binary"), ([0, 1.0], "binary"), ([0, 0.5], "number"), (["a", 1], "category"), ([], "binary")],
)
def test_the_kind_follows_the_values(values: list[Any], kind: str) -> None:
    assert kind_of(values) == kind


def test_the_matrix_is_in_the_order_of_its_labels() -> None:
    assert confusion([2, 10, 10], [10, 10, 2]) == (["2", "10"], [[0, 1], [1, 1]])
