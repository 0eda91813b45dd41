"""What a next comparison needs, from the spread that runs have shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from assay.evaluation.cells import ScorerCells, scorer_cells
from assay.evaluation.planning import plan_column
from assay.evaluation.statistics import PairedVariance, intracluster_correlation, sample_size
from support.evaluation_rows import row


def column(values: Any, clusters: list[str] | None = None) -> ScorerCells:
    """One scorer over items (rows) and repeats (columns)."""
    rows = [
        row(f"i{i}", repeat, x=float(value), cluster=clusters[i] if clusters else None)
        for i, repeats in enumerate(np.atleast_2d(values))
        for repeat, value in enumerate(repeats)
    ]
    return scorer_cells(rows)[0]


def test_two_runs_tell_what_differs_between_items_from_what_is_chance() -> None:
    """True differences have sd 0.3, answers sd 0.5 on both sides, 4 repeats: omega^2 0.09, sigma^2 0.25."""
    rng = np.random.default_rng(0)
    base = rng.normal(0, 1, (2000, 1))
    old = base + rng.normal(0, 0.5, (2000, 4))
    new = base + rng.normal(0, 0.3, (2000, 1)) + rng.normal(0, 0.5, (2000, 4))
    found = plan_column(column(new), column(old), 0.1)
    assert found.between == pytest.approx(0.09, abs=0.02)
    assert found.within == pytest.approx(0.25, abs=0.02)
    assert found.items_needed == pytest.approx(sample_size(0.1, 0.09 + 2 * 0.25 / 4), rel=0.1)
    assert found.items_at_one == pytest.approx(sample_size(0.1, 0.09 + 2 * 0.25), rel=0.1)
    assert found.items_at_infinity == pytest.approx(sample_size(0.1, 0.09), rel=0.2)
    assert "more repeats help" in found.words


def test_one_run_without_repeats_does_not_tell_whether_they_help() -> None:
    values = np.random.default_rng(1).normal(0, 1, (100, 1))
    found = plan_column(column(values), None, 0.2, correlation=0.75)
    variance = 2 * 0.25 * float(values.var(ddof=1))
    assert (found.within, found.items_at_one) == (None, None)
    assert found.items_needed == sample_size(0.2, variance)
    assert found.detectable == pytest.approx((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * (variance / 100) ** 0.5)
    assert "cannot be told from one repeat" in found.words


def test_where_items_differ_and_answers_do_not_more_items_help() -> None:
    rng = np.random.default_rng(2)
    found = plan_column(column(rng.normal(0, 1, (60, 1)) + rng.normal(0, 0.05, (60, 3))), None, 0.1)
    assert "more items help, repeats hardly" in found.words


def test_clusters_cost_items() -> None:
    rng = np.random.default_rng(3)
    values = np.repeat(rng.normal(0, 1, 40), 5)[:, None] + rng.normal(0, 1, (200, 1))
    labels = [f"c{i // 5}" for i in range(200)]
    alone, grouped = (plan_column(column(values, each), None, 0.2) for each in (None, labels))
    assert grouped.design_effect == pytest.approx(1 + 4 * 0.5, abs=0.6)
    assert grouped.items_needed == pytest.approx(alone.items_needed * grouped.design_effect, abs=2)  # type: ignore[operator]


def test_the_intracluster_correlation_is_that_of_an_analysis_of_variance() -> None:
    rng = np.random.default_rng(4)
    groups = rng.normal(0, 1, (12, 1)) + rng.normal(0, 1, (12, 6))
    f = stats.f_oneway(*groups).statistic
    alike, size = intracluster_correlation(groups.ravel().tolist(), np.repeat(np.arange(12), 6).tolist())
    assert (alike, size) == (pytest.approx((f - 1) / (f + 5)), 6.0)
    assert intracluster_correlation([1.0, 2.0], ["a", "b"]) == (None, None)


@pytest.mark.parametrize(
    ("values", "baseline", "reason"),
    [
        pytest.param([[1.0]] * 5, None, "nothing varies", id="constant"),
        pytest.param([[1.0]], None, "run once", id="one-item"),
        pytest.param([[1.0]], [[1.0]], "fewer than two items", id="one-pair"),
    ],
)
def test_what_cannot_be_planned_says_why(values: Any, baseline: Any, reason: str) -> None:
    found = plan_column(column(values), None if baseline is None else column(baseline), 0.1)
    assert found.items_needed is None
    assert reason in found.words


def test_a_variance_of_no_chance_needs_no_repeats() -> None:
    assert PairedVariance(between=0.5).per_item == 0.5
