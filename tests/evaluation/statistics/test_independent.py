"""Two independent groups against statsmodels and scipy: differences of rates and of means."""

from __future__ import annotations

import math

import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import test_proportions_2indep

from assay.evaluation.statistics import mean_difference, rate_difference

statsmodels_test = test_proportions_2indep
del test_proportions_2indep  # not one of ours

# Intervals of method 6 in Newcombe 1998, "Interval estimation for the difference between independent proportions",
# table II. (statsmodels' own interval has another cubic than the paper of Miettinen and Nurminen.)
PUBLISHED = [
    (56, 70, 48, 80, 0.0528, 0.3382),
    (9, 10, 3, 10, 0.1700, 0.8406),
    (10, 10, 0, 20, 0.7156, 1.0),
    (5, 56, 0, 29, -0.0326, 0.1933),
]


@pytest.mark.parametrize(("s1", "n1", "s2", "n2", "low", "high"), PUBLISHED)
def test_intervals_of_rates_are_the_published_ones(s1: int, n1: int, s2: int, n2: int, low: float, high: float) -> None:
    found = rate_difference(s1, n1, s2, n2)
    assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


@pytest.mark.parametrize(
    ("s1", "n1", "s2", "n2"), [(30, 100, 12, 90), (1, 20, 9, 25), (120, 1300, 60, 1250), (0, 40, 6, 40)]
)
def test_rates_differ_as_statsmodels_says(s1: int, n1: int, s2: int, n2: int) -> None:
    theirs = statsmodels_test(s1, n1, s2, n2, method="score", compare="diff", correction=True)
    assert rate_difference(s1, n1, s2, n2).p == pytest.approx(theirs.pvalue, rel=1e-6)


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0, 1), st.floats(0, 1))
def test_an_interval_excludes_no_change_exactly_when_p_is_small(n1: int, n2: int, a: float, b: float) -> None:
    s1, s2 = round(a * n1), round(b * n2)
    found = rate_difference(s1, n1, s2, n2)
    assert found.low is not None
    assert found.high is not None
    assert found.p is not None
    assert -1 <= found.low <= (found.value or 0) + 1e-9
    assert (found.value or 0) - 1e-9 <= found.high <= 1
    if abs(found.p - 0.05) > 1e-6:
        assert (found.low > 0 or found.high < 0) == (found.p < 0.05)
    back = rate_difference(s2, n2, s1, n1)
    assert (back.p, back.low) == (pytest.approx(found.p), pytest.approx(-found.high, abs=1e-7))


def test_means_differ_as_scipy_says() -> None:
    ours = mean_difference(40, 2.1, 0.8, 25, 1.6, 1.1)
    theirs = scipy.stats.ttest_ind_from_stats(2.1, 0.8, 40, 1.6, 1.1, 25, equal_var=False)
    assert ours.p == pytest.approx(float(theirs.pvalue))
    assert (ours.low, ours.high) == (pytest.approx(-0.02, abs=0.02), pytest.approx(1.02, abs=0.02))


def test_what_cannot_be_known_has_a_reason() -> None:
    for nothing in (
        rate_difference(0, 0, 3, 9),
        mean_difference(1, 2.0, None, 9, 1.0, 0.5),
        mean_difference(5, 2, 0, 5, 1, 0),
    ):
        assert (nothing.p, nothing.low) == (None, None)
        assert nothing.reason
    assert not math.isnan(rate_difference(0, 9, 0, 9).p or 0)
