"""Repeats, attempts, sample sizes and families of tests, against statsmodels, scipy and the papers' examples."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower

from assay.evaluation import statistics as s

numbers = st.floats(-100, 100).map(lambda x: round(x, 3))


@settings(max_examples=40)
@given(
    st.integers(2, 5).flatmap(lambda k: st.lists(st.lists(numbers, min_size=k, max_size=k), min_size=2, max_size=20))
)
def test_repeats_are_split_as_by_analysis_of_variance(values: list[list[float]]) -> None:
    n, k = len(values), len(values[0])
    table = np.array(values)
    found = s.repeats_decomposed(values)
    within = float(table.var(axis=1, ddof=1).mean())
    mean_square_between = k * float(table.mean(axis=1).var(ddof=1))
    if within > 1e-9:
        assert mean_square_between / within == pytest.approx(stats.f_oneway(*values).statistic, rel=1e-6)
    between = max((mean_square_between - within) / k, 0.0)
    assert found.within == pytest.approx(within, abs=1e-9)
    assert found.between == pytest.approx(between, abs=1e-9 * (1 + mean_square_between))
    assert found.stderr == pytest.approx(math.sqrt(table.mean(axis=1).var(ddof=1) / n))
    assert found.stderr_one == pytest.approx(math.sqrt((between + within) / n), abs=1e-6)
    assert found.stderr_infinite == pytest.approx(math.sqrt(between / n), abs=1e-4)
    assert found.repeats == pytest.approx(k)


def test_items_that_differ_less_than_chance_have_a_spread_of_0_and_a_reason() -> None:
    found = s.repeats_decomposed([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    assert (found.between, found.stderr_infinite) == (0.0, 0.0)
    assert "differ less than chance" in (found.reason or "")


def test_what_one_repeat_cannot_tell_is_none() -> None:
    found = s.repeats_decomposed([[1.0], [0.0], [1.0]])
    assert (found.within, found.between, found.stderr_one) == (None, None, None)
    assert found.stderr == pytest.approx(stats.sem([1, 0, 1]))
    assert "run once" in (found.reason or "")
    assert s.repeats_decomposed([[], []]).reason == "nothing was scored"


def test_unequal_repeats_are_weighed_by_what_they_tell() -> None:
    found = s.repeats_decomposed([[1.0, 3.0], [5.0], [7.0, 9.0, 8.0]])
    within = (2.0 + 1.0) / 2
    each = (2.0 / 2 + within / 1 + 1.0 / 3) / 3
    assert found.within == pytest.approx(within)
    assert found.between == pytest.approx(np.var([2.0, 5.0, 8.0], ddof=1) - each)
    assert found.repeats == pytest.approx(3 / (1 / 2 + 1 + 1 / 3))


def test_the_advice_says_which_of_the_two_helps() -> None:
    rng = np.random.default_rng(2)
    noisy = (0.5 + rng.normal(0, 1, (50, 2))).tolist()
    assert s.repeats_decomposed(noisy).advice.startswith("repeats help")
    apart = (rng.normal(0, 1, (50, 1)) + rng.normal(0, 0.1, (50, 2))).tolist()
    assert s.repeats_decomposed(apart).advice.startswith("more items help")


@settings(max_examples=40)
@given(st.integers(1, 7).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_and_pass_hat_k_count_all_draws_of_k(case: tuple[int, int, int]) -> None:
    n, c, k = case
    draws = list(itertools.combinations([True] * c + [False] * (n - c), k))
    assert s.pass_at_k(n, c, k).value == pytest.approx(sum(map(any, draws)) / len(draws))
    assert s.pass_hat_k(n, c, k).value == pytest.approx(sum(map(all, draws)) / len(draws))


def test_attempts_are_averaged_over_tasks_with_the_standard_error_of_tasks() -> None:
    n, c = [5] * 6, [0, 1, 2, 3, 4, 5]
    found = s.pass_at_k(n, c, 2)
    each = [1 - math.comb(5 - x, 2) / math.comb(5, 2) for x in c]
    assert found.value == pytest.approx(np.mean(each))
    assert found.stderr == pytest.approx(stats.sem(each))
    assert found.method == "pass@2, t over tasks"
    assert found.high is not None
    assert found.high <= 1


def test_more_draws_than_attempts_are_undefined() -> None:
    found = s.pass_at_k([5, 2, 5], [1, 1, 1], 3)
    assert (found.value, found.reason) == (None, "1 of 3 tasks have fewer than 3 attempts")
    assert s.pass_hat_k(2, 1, 3).value is None


@pytest.mark.parametrize(("n", "c", "k"), [(3, 4, 1), (3, 1, 0), (3, -1, 1)])
def test_impossible_attempts_are_refused(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="of n attempts"):
        s.pass_at_k(n, c, k)


def test_the_sample_size_of_millers_example() -> None:
    """Section 5 of arXiv 2411.00640: omega^2 = 1/9, 3 points, 5 %, 80 %: 969 questions."""
    assert s.sample_size(0.03, 1 / 9) == 969
    assert s.sample_size(0.03, s.PairedVariance(between=1 / 9)) == 969


@settings(max_examples=25)
@given(
    st.floats(0.01, 0.5), st.floats(0.05, 2.0), st.sampled_from([0.9, 0.95, 0.99]), st.sampled_from([0.5, 0.8, 0.95])
)
def test_sample_size_and_power_are_statsmodels(delta: float, variance: float, confidence: float, wanted: float) -> None:
    test = NormalIndPower()
    effect = delta / math.sqrt(variance)
    n = s.sample_size(delta, variance, confidence=confidence, power=wanted)
    expected = test.power(effect, n, 1 - confidence, ratio=0)  # ratio 0: one sample, of differences
    assert s.power(delta, n, variance, confidence=confidence) == pytest.approx(expected, abs=1e-9)
    assert expected >= wanted - 1e-9
    if n > 2:  # one item fewer would not do, but for the far tail, which the formula leaves out
        assert test.power(effect, n - 1, 1 - confidence, ratio=0) < wanted + 0.01


def test_repeats_and_clusters_change_what_an_item_tells() -> None:
    once = s.PairedVariance(between=0.1, within=(0.2, 0.3))
    often = s.PairedVariance(between=0.1, within=(0.2, 0.3), repeats=(2, 3))
    grouped = s.PairedVariance(between=0.1, within=(0.2, 0.3), cluster_size=5, intracluster=0.25)
    assert (once.per_item, often.per_item) == (pytest.approx(0.6), pytest.approx(0.3))
    assert (grouped.design_effect, grouped.per_item) == (2.0, pytest.approx(1.2))
    assert s.sample_size(0.1, often) == math.ceil(s.sample_size(0.1, once) / 2)


def test_power_without_a_spread_is_not_known() -> None:
    assert s.power(0.1, 100, 0.0) is None
    with pytest.raises(ValueError, match="delta must not be 0"):
        s.sample_size(0.0, 1.0)


@settings(max_examples=8)
@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=12))
def test_benjamini_and_hochbergs_correction_is_statsmodels(p_values: list[float | None]) -> None:
    known = [p for p in p_values if p is not None]
    expected = iter(multipletests(known, method="fdr_bh")[1] if known else [])
    found = s.benjamini_hochberg(p_values)
    assert found == [None if p is None else pytest.approx(next(expected), abs=1e-12) for p in p_values]


def test_corrections_of_the_papers_example() -> None:
    """Fifteen comparisons (Benjamini and Hochberg 1995, section 4): Holm finds three at 5 %, their procedure four."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1,
    ]
    assert sum(x <= 0.05 for x in s.holm(p)) == 3  # type: ignore[operator]
    assert sum(x <= 0.05 for x in s.benjamini_hochberg(p)) == 4  # type: ignore[operator]
