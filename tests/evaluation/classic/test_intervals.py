"""What intervals are computed from is what is reported, and the intervals are those of the formulas."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.evaluation.classic import figures
from assay.evaluation.classic.intervals import jackknife, jackknife_of_counts
from assay.evaluation.classic.labels import labelled
from assay.scorers import F1, CohenKappa, RocAuc
from support.run_rows import run_rows

pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40)
NAN = float("nan")


@settings(max_examples=8)
@given(pairs)
def test_figures_of_counts_are_scikit_learns(found: list[tuple[int, int]]) -> None:
    expected, answered = np.array(found).T
    counts = np.zeros((4, 4))
    np.add.at(counts, (expected, answered), 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        there = oracle.balanced_accuracy_score(expected, answered)
        assert figures.balanced_accuracy(counts) == pytest.approx(there, abs=1e-9)
        for weights in (None, "linear", "quadratic"):
            there = oracle.cohen_kappa_score(expected, answered, labels=range(4), weights=weights)
            assert figures.kappa(counts, weights) == pytest.approx(there, abs=1e-9, nan_ok=True)
    if len(set(expected)) > 1 and len(set(answered)) > 1:
        assert figures.matthews(counts) == pytest.approx(oracle.matthews_corrcoef(expected, answered), abs=1e-9)
    else:
        assert np.isnan(figures.matthews(counts))
    for figure in ("precision", "recall", "f1"):
        function = getattr(oracle, f"{figure}_score")
        for average, places in (("macro", range(4)), ("micro", range(4)), ("weighted", range(4)), (None, [2])):
            there = function(expected, answered, labels=list(places), average=average, zero_division=0)
            ours = figures.class_figure(counts, figure, average, list(places))
            assert ours == pytest.approx(float(np.squeeze(there)), abs=1e-9)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=40))
def test_average_precision_is_scikit_learns(found: list[tuple[bool, int]]) -> None:
    positive, scores = np.array([yes for yes, _ in found]), np.array([score / 8 for _, score in found])
    ours = figures.average_precision(positive, scores)
    assert ours == pytest.approx(
        oracle.average_precision_score(positive, scores) if positive.any() else NAN, nan_ok=True
    )


def delong(positive: Any, scores: Any) -> float:
    """Standard error of the area by the definition: every pair of a positive and a negative."""
    wins = (scores[positive][:, None] > scores[~positive]) + 0.5 * (scores[positive][:, None] == scores[~positive])
    m, n = wins.shape
    return float(np.sqrt(wins.mean(axis=1).var(ddof=1) / m + wins.mean(axis=0).var(ddof=1) / n))


def test_the_interval_of_the_area_is_delongs() -> None:
    rng = np.random.default_rng(4)
    positive = rng.random(400) < 0.4
    scores = ((positive * 0.4 + rng.random(400)) / 1.4).round(2)
    score = RocAuc()(run_rows(positive.tolist(), scores.tolist()))
    low, high = score.metadata["interval"]["low"], score.metadata["interval"]["high"]
    assert low < score.value < high
    half = (np.log(high / (1 - high)) - np.log(low / (1 - low))) / 2 * score.value * (1 - score.value)
    assert half == pytest.approx(1.966 * delong(positive, scores), rel=0.005)


def test_without_a_part_its_counts_are_subtracted() -> None:
    """The same interval whether rows are left out or their counts."""
    rng = np.random.default_rng(5)
    expected, answered = rng.integers(0, 3, 90).tolist(), rng.integers(0, 3, 90).tolist()
    rows = run_rows(expected, answered)
    found = labelled(rows)

    def kappa(kept: Any) -> float:
        return float(oracle.cohen_kappa_score(found.expected[kept], found.predicted[kept], labels=range(3)))

    by_rows, by_counts = jackknife(rows, kappa, low=-1, high=1), jackknife_of_counts(found, figures.kappa, low=-1)
    assert by_rows is not None
    assert by_counts is not None
    assert by_counts["method"] == by_rows["method"] == "jackknife, 40 parts, t"
    assert by_counts["low"] == pytest.approx(by_rows["low"])
    assert by_counts["high"] == pytest.approx(by_rows["high"])


def test_intervals_hold_the_figure_as_often_as_they_say() -> None:
    """Right 7 times of 10 and guessing among three classes else: kappa is 0.7."""
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(60):
        expected = rng.integers(0, 3, 120)
        answered = np.where(rng.random(120) < 0.7, expected, rng.integers(0, 3, 120))
        interval = CohenKappa()(run_rows(expected.tolist(), answered.tolist())).metadata["interval"]
        held += interval["low"] <= 0.7 <= interval["high"]
    assert 51 <= held <= 60


def test_few_units_and_perfect_answers_have_no_interval() -> None:
    assert "interval" not in F1()(run_rows("abab", "abaa")).metadata
    assert "interval" not in F1()(run_rows("ab" * 20, "ab" * 20)).metadata
