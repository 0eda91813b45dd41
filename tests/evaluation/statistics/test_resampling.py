"""Bootstrap intervals, Wilcoxon's test and exact rates, against scipy, statsmodels and a textbook."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from assay.evaluation import statistics as s

numbers = st.floats(-1e3, 1e3).map(lambda x: round(x, 3))


@pytest.mark.parametrize("method", ["percentile", "basic", "BCa"])
def test_the_bootstrap_is_scipys_with_the_seeds_generator(method: str) -> None:
    values = np.random.default_rng(8).exponential(1, 40)
    found = s.bootstrap_interval(values, np.median, method=method, resamples=300, seed=5)  # type: ignore[arg-type]
    expected = stats.bootstrap((values,), np.median, n_resamples=300, method=method, rng=np.random.default_rng(5))
    assert [found.low, found.high] == pytest.approx(list(expected.confidence_interval), abs=1e-12)
    assert found.method == f"bootstrap {method}, 300 draws, seed 5"
    assert found.reason is None


def test_a_bootstrap_of_few_items_says_that_it_is_too_narrow() -> None:
    found = s.bootstrap_interval([1.0, 2.0, 5.0, 9.0], resamples=200)
    assert found.low is not None
    assert found.reason == "4 items are few: below 20 a bootstrap interval is too narrow"


def test_clusters_are_drawn_as_a_whole() -> None:
    values = np.repeat(np.random.default_rng(1).normal(0, 1, 30), 10)
    alone = s.bootstrap_interval(values, resamples=300)
    whole = s.bootstrap_interval(values, clusters=[i // 10 for i in range(300)], resamples=300)
    assert whole.high - whole.low > 2 * (alone.high - alone.low)  # type: ignore[operator]
    assert whole.method == "bootstrap percentile over 30 clusters, 300 draws, seed 0"


@pytest.mark.parametrize(
    ("values", "clusters", "reason"),
    [
        ([], None, "nothing was scored"),
        ([1.0], None, "one item has no spread"),
        ([1.0, 1.0], None, "all 2 values are equal"),
        ([1.0, 2.0], ["a", "a"], "one cluster has no spread"),
    ],
)
def test_what_cannot_be_drawn_has_no_interval(values: list[float], clusters: list[str] | None, reason: str) -> None:
    found = s.bootstrap_interval(values, clusters=clusters)
    assert (found.low, found.high) == (None, None)
    assert reason in (found.reason or "")


def test_a_hundred_scores_away_from_the_edges_have_the_t_interval() -> None:
    values = np.random.default_rng(3).uniform(0.2, 0.8, 100).tolist()
    assert s.bounded_mean_interval(values, 0, 1) == s.mean_interval(values)


@pytest.mark.parametrize("n", [30, 150])
def test_scores_near_the_edge_have_a_bootstrap_t_interval_within_the_range(n: int) -> None:
    """Nearly all at the top, few far below: the interval reaches further down than the t interval does."""
    values = [1.0] * (n - 3) + [0.9, 0.1, 0.0]
    found, plain = s.bounded_mean_interval(values, 0, 1, seed=1), s.mean_interval(values)
    assert found.method == "bootstrap-t, 1,999 draws, seed 1"
    assert found.low is not None
    assert found.high is not None
    assert plain.low is not None
    assert 0 <= found.low < plain.low
    assert found.value <= found.high <= 1  # type: ignore[operator]
    assert found == s.bounded_mean_interval(values, 0, 1, seed=1)


@settings(max_examples=40)
@given(st.lists(st.floats(1, 5).map(lambda x: round(x, 1)), min_size=2, max_size=25))
def test_no_scores_of_a_range_are_less_certain_than_right_or_wrong_ones(values: list[float]) -> None:
    """The interval is within the range, holds the mean, and reaches no further than Wilson's at the same mean."""
    found = s.bounded_mean_interval(values, 1, 5, resamples=99)
    share = (np.mean(values) - 1) / 4
    if found.low is None or found.high is None:
        assert len(set(values)) == 1
        return
    assert 1 <= found.low <= found.value + 1e-12  # type: ignore[operator]
    assert found.value - 1e-12 <= found.high <= 5  # type: ignore[operator]
    if (found.method or "").startswith(("bootstrap-t", "Wilson")):
        n = len(values)
        low, high = proportion_confint(share * n, n, method="wilson")
        assert found.low >= 1 + 4 * low - 1e-9
        assert found.high <= 1 + 4 * high + 1e-9


@pytest.mark.parametrize(
    ("values", "clusters"),
    [([5.0, 5.0, 4.0, 5.0], None), ([5.0] * 40, None), ([5.0] * 6, ["a", "a", "b", "b", "c", "c"])],
    ids=["few-near-the-edge", "all-at-the-edge", "clusters-at-the-edge"],
)
def test_where_the_spread_says_little_wilsons_interval_bounds_it(values: list[float], clusters: Any) -> None:
    found = s.bounded_mean_interval(values, 1, 5, clusters=clusters)
    units = len(values) if clusters is None else 3
    z = stats.norm.ppf(0.975) if clusters is None else stats.t.ppf(0.975, 2)
    share = (np.mean(values) - 1) / 4
    low, _ = proportion_confint(share * units, units, alpha=2 * stats.norm.sf(z), method="wilson")
    assert found.low == pytest.approx(1 + 4 * low)
    assert (found.method or "").startswith("Wilson, scores of a range")


def test_scores_that_are_all_alike_in_the_middle_have_no_interval() -> None:
    found = s.bounded_mean_interval([3.0] * 20, 1, 5)
    assert (found.low, found.reason) == (None, "all 20 values are equal: their spread cannot be estimated")


def test_the_studentized_interval_has_more_to_say_of_many_equal_scores() -> None:
    """Its ends are means minus quantiles of (mean* - mean) / stderr*: done here item by item."""
    values = np.random.default_rng(0).beta(6, 1, 25)
    rng = np.random.default_rng(9)
    drawn = values[rng.integers(0, 25, size=(1999, 25))]
    ratios = (drawn.mean(axis=1) - values.mean()) / (drawn.std(axis=1, ddof=1) / 5)
    low, high = np.quantile(ratios, [0.025, 0.975], method="inverted_cdf")
    found = s.bounded_mean_interval(values.tolist(), 0, 1, seed=9)
    stderr = values.std(ddof=1) / 5
    assert found.low == pytest.approx(values.mean() - high * stderr, abs=1e-9)
    assert found.high == pytest.approx(min(values.mean() - low * stderr, 1.0), abs=1e-9)


@settings(max_examples=25)
@given(st.integers(6, 14), st.integers(0, 2**31))
def test_wilcoxons_p_is_scipys_where_nothing_is_tied(n: int, seed: int) -> None:
    differences = np.random.default_rng(seed).normal(0.3, 1, n).tolist()
    expected = stats.wilcoxon(differences, method="exact").pvalue
    assert s.wilcoxon_signed_rank(differences).p == pytest.approx(expected, abs=1e-9)


@settings(max_examples=40)
@given(st.lists(st.integers(-5, 8).map(float), min_size=6, max_size=70))
def test_wilcoxons_interval_excludes_0_exactly_when_the_test_rejects(differences: list[float]) -> None:
    found = s.wilcoxon_signed_rank(differences)
    assert found.low is not None
    assert found.high is not None
    assert found.p is not None
    assert (found.low > 0 or found.high < 0) == (found.p <= 0.05)


def test_wilcoxons_test_of_a_textbook_example() -> None:
    """Depression before and after tranquilizers: Hollander and Wolfe, table 3.1: estimate 0.46, one-sided p .0195."""
    before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    found = s.wilcoxon_signed_rank([x - y for x, y in zip(before, after, strict=True)])
    assert found.value == pytest.approx(0.46)
    assert found.p == pytest.approx(2 * 0.01953125)
    assert (found.low, found.high) == (pytest.approx(0.010), pytest.approx(0.786))


def test_five_items_are_too_few_for_wilcoxons_test() -> None:
    assert s.wilcoxon_signed_rank([1.0, 2.0, 3.0, 4.0, 5.0]).reason == "5 items cannot tell: the test needs 6"


@settings(max_examples=30)
@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_exact_interval_of_a_rate_is_statsmodels_beta(case: tuple[int, int]) -> None:
    found = s.clopper_pearson(*case)
    assert (found.low, found.high) == pytest.approx(proportion_confint(*case, method="beta"), abs=1e-9)


def test_a_rate_of_nothing_is_none() -> None:
    assert s.clopper_pearson(0, 0).value is None
