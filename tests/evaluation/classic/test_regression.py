"""Scorers of predicted numbers: equal to scikit-learn and scipy, undefined where those make something up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ScorerError
from assay.scorers import (
    R2,
    AbsoluteError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    RootMeanSquaredError,
    SpearmanCorrelation,
    regression,
)
from support.run_rows import run_rows

numbers = st.integers(-400, 400).map(lambda n: n / 4)


@settings(max_examples=15)
@given(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=30))
def test_every_figure_is_scikit_learns(found: list[tuple[float, float]]) -> None:
    expected, predicted = [one for one, _ in found], [other for _, other in found]
    rows = run_rows(expected, predicted, cluster="all")  # one cluster: no time goes into intervals
    for scorer, function in (
        (MeanAbsoluteError(), oracle.mean_absolute_error),
        (MeanSquaredError(), oracle.mean_squared_error),
        (RootMeanSquaredError(), oracle.root_mean_squared_error),
    ):
        assert scorer(rows).value == pytest.approx(function(expected, predicted), rel=1e-9, abs=1e-9)
    constant = len(set(expected)) == 1
    r2 = None if constant else pytest.approx(oracle.r2_score(expected, predicted), rel=1e-9, abs=1e-9)
    assert R2()(rows).value == r2
    percent = oracle.mean_absolute_percentage_error(expected, predicted)
    shares = None if 0 in expected else pytest.approx(percent, rel=1e-9)
    assert MeanAbsolutePercentageError()(rows).value == shares
    if constant or len(set(predicted)) == 1:
        assert SpearmanCorrelation()(rows).value is None
    else:
        there = scipy.stats.spearmanr(expected, predicted).statistic
        assert SpearmanCorrelation()(rows).value == pytest.approx(there, abs=1e-9)


@pytest.mark.parametrize(
    ("scorer", "expected", "predicted", "reason"),
    [
        (R2(), [2, 2], [1, 3], "0/0: every expected number is 2"),
        (R2(), [2], [1], "one row has no variance to explain"),
        (SpearmanCorrelation(), [1, 2], [5, 5], "0/0: every prediction is 5"),
        (
            MeanAbsolutePercentageError(),
            [1, 0, 0],
            [1, 1, 1],
            "division by 0: 2 of 3 expected numbers are 0 (item 'i1')",
        ),
        (MeanAbsoluteError(), [], [], "no row has an answer and an expected number"),
    ],
)
def test_what_is_undefined_has_a_reason_and_no_value(
    scorer: Any, expected: list[float], predicted: list[float], reason: str
) -> None:
    score = scorer(run_rows(expected, predicted))
    assert (score.value, score.explanation) == (None, reason)


@pytest.mark.parametrize("bad", ["3", None, True, float("nan"), "nan", {"value": 3}])
def test_an_output_that_is_no_number_is_an_error_that_names_its_item(bad: Any) -> None:
    with pytest.raises(ScorerError, match="item 'i1'"):
        MeanAbsoluteError()(run_rows([1, 2], [1, bad]))
    with pytest.raises(ScorerError, match="the output is no finite number"):
        AbsoluteError()(bad, 2)


def test_numbers_are_read_from_objects() -> None:
    assert AbsoluteError(field="eur")({"eur": 3.5}, {"eur": 5}) == 1.5
    assert AbsoluteError()(np.float32(0.5), 1) == 0.5
    assert AbsoluteError()(1, None) is None


def test_worse_than_the_mean_is_said() -> None:
    assert "worse than always predicting the mean" in str(R2()(run_rows([1, 2, 3], [3, 2, 1])).explanation)


def test_intervals_hold_the_figure() -> None:
    rng = np.random.default_rng(0)
    expected = rng.normal(size=80)
    rows = run_rows(expected.tolist(), (expected + rng.normal(size=80)).tolist())
    for scorer in regression()[1:]:
        score = scorer(rows)
        interval = score.metadata["interval"]
        assert interval["low"] < score.value < interval["high"], scorer.name
    squared, root = MeanSquaredError()(rows), RootMeanSquaredError()(rows)
    assert root.metadata["interval"]["high"] ** 2 == pytest.approx(squared.metadata["interval"]["high"])
