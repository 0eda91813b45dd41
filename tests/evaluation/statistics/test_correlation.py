"""Rank correlations against scipy, and the three levels told apart."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assay.evaluation import statistics as s

pairs = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=5, max_size=40)


@settings(max_examples=40)
@given(pairs, st.sampled_from(["spearman", "kendall"]))
def test_the_pooled_correlation_is_scipys_with_a_fisher_interval(drawn: list[tuple[int, int]], method: str) -> None:
    x, y = [float(a) for a, _ in drawn], [float(b) for _, b in drawn]
    found = s.rank_correlation(x, y, level="pooled", method=method)  # type: ignore[arg-type]
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert (found.value, found.reason) == (None, "one side is constant")
        return
    expected = (stats.spearmanr if method == "spearman" else stats.kendalltau)(x, y).statistic
    assert found.value == pytest.approx(expected, abs=1e-9)
    if found.low is None:
        assert abs(expected) == pytest.approx(1)
        return
    n = len(x)
    stderr = math.sqrt((1 + expected**2 / 2) / (n - 3)) if method == "spearman" else math.sqrt(0.437 / (n - 4))
    assert math.atanh(found.low) == pytest.approx(math.atanh(expected) - stats.norm.ppf(0.975) * stderr, abs=1e-6)


def test_a_judge_that_only_knows_hard_questions_correlates_pooled_and_not_within() -> None:
    rng = np.random.default_rng(0)
    questions = np.repeat(np.arange(20), 4)
    difficulty = np.repeat(rng.normal(0, 3, 20), 4)
    judge, human = difficulty + rng.normal(0, 1, 80), difficulty + rng.normal(0, 1, 80)
    pooled = s.rank_correlation(judge, human, level="pooled", groups=questions.tolist(), resamples=200)
    within = s.rank_correlation(judge, human, level="group", groups=questions.tolist())
    assert pooled.value is not None
    assert pooled.value > 0.8
    assert within.low is not None
    assert within.low < 0 < within.high  # type: ignore[operator]
    assert (pooled.level, within.level, within.n) == ("pooled", "group", 20)
    assert pooled.method == "Spearman, pooled, bootstrap over 20 groups, 200 draws, seed 0"


def test_the_group_level_is_the_mean_of_the_groups_correlations() -> None:
    x, y = [1, 2, 3, 1, 2, 3, 5, 5, 5], [1, 2, 3, 3, 1, 2, 1, 2, 3]
    found = s.rank_correlation(x, y, level="group", groups=[0, 0, 0, 1, 1, 1, 2, 2, 2])
    assert found.value == pytest.approx((1 + stats.spearmanr([1, 2, 3], [3, 1, 2]).statistic) / 2)
    assert (found.n, found.n_undefined) == (2, 1)


def test_the_system_level_correlates_the_means() -> None:
    systems = ["a", "a", "b", "b", "c", "c", "d", "d", "e", "e"]
    x, y = [1, 3, 2, 4, 5, 5, 6, 4, 9, 9], [2, 2, 1, 1, 4, 5, 6, 9, 7, 7]
    found = s.rank_correlation(x, y, level="system", groups=systems, method="kendall")
    means = [[sum(side[i : i + 2]) / 2 for i in range(0, 10, 2)] for side in (x, y)]
    assert found.value == pytest.approx(stats.kendalltau(*means).statistic)
    assert (found.n, found.level) == (5, "system")


def test_four_systems_have_a_correlation_and_no_interval() -> None:
    found = s.rank_correlation([1, 2, 3, 4], [1, 3, 2, 4], level="system", groups=list("abcd"))
    assert (found.value, found.low) == (pytest.approx(0.8), None)
    assert found.reason == "4 systems are too few for an interval: it needs 5"


def test_a_level_of_groups_needs_groups() -> None:
    with pytest.raises(ValueError, match="the group level needs groups"):
        s.rank_correlation([1, 2], [1, 2], level="group")
