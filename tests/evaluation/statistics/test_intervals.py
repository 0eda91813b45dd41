"""Every function against another implementation of it (scipy, statsmodels), on random data and at the edges."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from assay.evaluation import statistics as s

numbers = st.floats(-1e3, 1e3).map(lambda x: round(x, 3))
samples = st.lists(numbers, min_size=2, max_size=60)
confidences = st.sampled_from([0.8, 0.9, 0.95, 0.99])


def spread_out(values: list[float]) -> bool:
    return max(values) - min(values) > 1e-3


@settings(max_examples=40)
@given(samples.filter(spread_out), confidences)
def test_the_t_interval_of_a_mean_is_scipys(values: list[float], confidence: float) -> None:
    estimate = s.mean_interval(values, confidence=confidence)
    expected = stats.t.interval(confidence, len(values) - 1, np.mean(values), stats.sem(values))
    assert (estimate.low, estimate.high) == pytest.approx(expected, rel=1e-9)
    assert estimate.stderr == pytest.approx(stats.sem(values), rel=1e-9)


@settings(max_examples=40)
@given(st.integers(0, 200), st.integers(1, 200), confidences)
def test_the_interval_of_a_rate_is_wilsons(successes: int, n: int, confidence: float) -> None:
    successes = min(successes, n)
    estimate = s.proportion_interval([1.0] * successes + [0.0] * (n - successes), confidence=confidence)
    expected = proportion_confint(successes, n, alpha=1 - confidence, method="wilson")
    assert (estimate.low, estimate.high) == pytest.approx(expected, abs=1e-9)
    assert estimate.method == "Wilson"


@settings(max_examples=40)
@given(st.lists(st.tuples(numbers, st.integers(0, 5)), min_size=4, max_size=60))
def test_the_clustered_standard_error_is_that_of_a_regression_on_a_constant(pairs: list[tuple[float, int]]) -> None:
    values, clusters = [value for value, _ in pairs], [cluster for _, cluster in pairs]
    groups, n = len(set(clusters)), len(values)
    if groups < 2 or not spread_out(values):
        return
    fitted = OLS(values, np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": clusters})
    small_sample = (n - 1) / n  # statsmodels multiplies by G/(G-1) * (n-1)/(n-k), with k = 1
    expected = fitted.bse[0] * math.sqrt(small_sample * n / (n - 1))
    assert s.clustered_stderr(values, clusters) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_clusters_of_one_give_the_plain_standard_error() -> None:
    values = [1.0, 4.0, 2.0, 8.0]
    assert s.clustered_stderr(values, range(4)) == pytest.approx(stats.sem(values))


def test_repeats_of_an_item_count_as_little_as_they_tell() -> None:
    """Ten items, each quite right or quite wrong in five repeats: no more is known than from one repeat each."""
    shares = [1.0] * 6 + [0.0] * 4
    often = s.proportion_interval(shares, rows=50)
    once = s.proportion_interval(shares)
    assert often.n == 10
    assert often.high - often.low >= once.high - once.low  # type: ignore[operator]


def test_independent_repeats_narrow_the_interval() -> None:
    """Ten items that each succeed three times of five: the items do not vary, so all fifty rows count."""
    result = s.proportion_interval([0.6] * 10, rows=50)
    z = stats.t.ppf(0.975, 9)
    expected = proportion_confint(30, 50, alpha=2 * stats.norm.sf(z), method="wilson")
    assert (result.low, result.high) == pytest.approx(expected)


def test_where_all_succeed_the_clusters_are_the_sample() -> None:
    estimate = s.proportion_interval([1.0] * 40, clusters=[i // 10 for i in range(40)])
    wider = s.proportion_interval([1.0] * 40)
    assert (estimate.value, estimate.high) == (1.0, 1.0)
    assert estimate.low is not None
    assert wider.low is not None
    assert estimate.low < wider.low


@pytest.mark.parametrize(
    ("estimate", "reason"),
    [
        pytest.param(s.mean_interval([]), "nothing was scored", id="none"),
        pytest.param(s.proportion_interval([]), "nothing was scored", id="no-share"),
        pytest.param(s.mean_interval([3.0]), "one item has no spread", id="one"),
        pytest.param(s.mean_interval([1.0, math.nan]), "not a finite number", id="nan"),
        pytest.param(s.bootstrap_interval([1.0, math.inf]), "not a finite number", id="bootstrap-inf"),
        pytest.param(s.proportion_interval([1.0, math.nan]), "not a finite number", id="rate-nan"),
        pytest.param(s.ppi_mean([0.0, 1.0], [math.nan, 1.0], [0.0, 1.0]), "not a finite number", id="ppi-nan"),
        pytest.param(s.rank_correlation([1, math.nan], [1, 2], level="pooled"), "not a finite number", id="rank-nan"),
        pytest.param(s.paired_difference([1.0, math.nan]), "not a finite number", id="paired-nan"),
        pytest.param(s.mean_interval([3.0, 3.0]), "all 2 values are equal", id="all-equal"),
        pytest.param(s.mean_interval([1.0, 2.0], clusters=["a", "a"]), "one cluster has no spread", id="one-cluster"),
        pytest.param(s.paired_difference([]), "no item was scored in both", id="no-pair"),
        pytest.param(s.paired_difference([1.0] * 5), "5 items cannot tell: the test needs 6", id="five-pairs"),
    ],
)
def test_what_is_undefined_has_no_interval_and_a_reason(estimate: s.Estimate, reason: str) -> None:
    assert (estimate.low, estimate.high) == (None, None)
    assert estimate.reason is not None
    assert reason in estimate.reason


@settings(max_examples=40)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 100))
def test_mcnemars_p_is_statsmodels(wins: int, losses: int, ties: int) -> None:
    n = wins + losses + ties
    if n == 0:
        return
    expected = statsmodels_mcnemar([[ties, wins], [losses, 0]], exact=True).pvalue if wins + losses else 1.0
    assert s.mcnemar(wins, losses, n).p == pytest.approx(expected, abs=1e-12)


@settings(max_examples=40)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 200), confidences)
def test_mcnemars_interval_excludes_0_exactly_when_the_test_rejects(
    wins: int, losses: int, ties: int, confidence: float
) -> None:
    n = wins + losses + ties
    if n == 0:
        return
    result = s.mcnemar(wins, losses, n, confidence=confidence)
    assert result.low is not None
    assert result.high is not None
    assert result.p is not None
    assert (result.low > 0 or result.high < 0) == (result.p < 1 - confidence)
    assert result.low <= result.value <= result.high  # type: ignore[operator]


def test_mcnemars_interval_is_no_narrower_than_its_dual_or_bonett_and_prices() -> None:
    result = s.mcnemar(1, 10, 100)
    dual, unconditional = s.mcnemar_dual(1, 10, 100), s.bonett_price(1, 10, 100)
    assert result.low == min(dual[0], unconditional[0])
    assert result.high == max(dual[1], unconditional[1])


def test_the_dual_interval_is_clopper_and_pearsons_scaled() -> None:
    low, high = proportion_confint(9, 12, alpha=0.05, method="beta")
    expected = ((2 * low - 1) * 12 / 50, (2 * high - 1) * 12 / 50)
    assert s.mcnemar_dual(9, 3, 50) == pytest.approx(expected, abs=1e-9)


def test_bonett_and_prices_interval_equals_a_worked_example() -> None:
    """1 win, 7 losses of 21: w = 2/23, l = 8/23, -6/23 +- 1.96 * sqrt((10/23 - (6/23)^2) / 23)."""
    assert s.bonett_price(1, 7, 21) == pytest.approx((-0.5084, -0.0134), abs=1e-4)


def test_where_nothing_differs_there_still_is_an_interval() -> None:
    """Nothing in a hundred items can hide a difference of some points: the interval is not of width 0."""
    result = s.mcnemar(0, 0, 100)
    assert (result.value, result.p) == (0.0, 1.0)
    assert result.high == pytest.approx(0.0272, abs=1e-4)
    assert result.reason is not None
    assert "no item of 100 differs" in result.reason


@settings(max_examples=50)
@given(st.lists(numbers, min_size=2, max_size=8))
def test_the_exact_sign_flip_p_is_scipys(differences: list[float]) -> None:
    expected = stats.permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=np.inf).pvalue
    assert s.sign_flip(differences).p == pytest.approx(expected, abs=1e-9)


@settings(max_examples=40)
@given(st.lists(numbers, min_size=1, max_size=8))
def test_the_sign_flip_p_counts_all_assignments_of_signs(differences: list[float]) -> None:
    d = np.array(differences)
    flipped = [abs(np.mean(d * signs)) for signs in itertools.product((1, -1), repeat=len(d))]
    extreme = sum(value >= abs(d.mean()) - 1e-9 for value in flipped)
    assert s.sign_flip(differences).p == pytest.approx(extreme / len(flipped), abs=1e-9)


@settings(max_examples=40)
@given(st.lists(numbers, min_size=6, max_size=10), confidences)
def test_the_sign_flip_interval_is_the_inversion_of_the_test(differences: list[float], confidence: float) -> None:
    """Shifted by what is inside of the interval the data are not rejected, by what is outside they are."""
    result = s.sign_flip(differences, confidence=confidence)
    if result.low is None or result.high is None:
        return
    margin = 1e-6 * (1 + abs(result.low) + abs(result.high))

    def p(shift: float) -> float:
        return s.sign_flip([d - shift for d in differences], confidence=confidence).p or 0.0

    assert p(result.low - margin) <= 1 - confidence + 1e-9
    assert p(result.high + margin) <= 1 - confidence + 1e-9
    if result.high - result.low > 4 * margin:
        assert p(result.low + margin) > 1 - confidence - 1e-9
        assert p(result.high - margin) > 1 - confidence - 1e-9


@settings(max_examples=60)
@given(st.lists(numbers, min_size=1, max_size=20), st.integers(0, 2**31))
def test_the_sign_flip_interval_excludes_0_exactly_when_the_test_rejects(differences: list[float], seed: int) -> None:
    result = s.sign_flip(differences, seed=seed)
    if result.low is None or result.high is None or result.p is None:
        return
    assert (result.low > 0 or result.high < 0) == (result.p <= 0.05)


def test_drawn_sign_flips_come_near_the_exact_ones_and_repeat_with_their_seed() -> None:
    d = np.random.default_rng(5).normal(0.4, 1, 16)
    drawn = s.sign_flip(d, seed=1)
    exact = stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf).pvalue
    assert drawn.p == pytest.approx(exact, abs=4 * math.sqrt(0.25 / 20_000))
    assert s.sign_flip(d, seed=1) == drawn
    assert s.sign_flip(d, seed=2) != drawn


def test_clusters_are_flipped_as_a_whole() -> None:
    """Four clusters of equal sign: 2 of 16 assignments are as extreme, however many items they have."""
    differences = [1.0] * 20 + [2.0] * 20 + [0.5] * 20 + [0.1] * 20
    result = s.paired_difference(differences, clusters=[i // 20 for i in range(80)])
    assert result.p == pytest.approx(2 / 16)
    assert result.method == "sign-flip permutation, exact, 4 clusters"


@settings(max_examples=40)
@given(st.lists(numbers, min_size=30, max_size=60).filter(spread_out))
def test_thirty_numbers_are_compared_by_the_paired_t_test(differences: list[float]) -> None:
    result = s.paired_difference(differences)
    expected = stats.ttest_1samp(differences, 0.0)
    interval = expected.confidence_interval()
    assert result.method == "paired t"
    assert result.p == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)
    assert (result.low, result.high) == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("differences", "options", "method"),
    [
        pytest.param([0, 1, -1] * 20, {"binary": True}, "exact McNemar", id="binary"),
        pytest.param([0.1, 0.5] * 20, {}, "paired t", id="many-numbers"),
        pytest.param([0.1, 0.5] * 5, {}, "sign-flip permutation, exact", id="few-numbers"),
        pytest.param([0.1, 0.5] * 10, {"seed": 3}, "sign-flip permutation, 20,000 draws, seed 3", id="drawn"),
        pytest.param(
            [0.1, 0.5, 0.3, 0.9] * 10,
            {"clusters": [i // 2 for i in range(40)]},
            "paired t, 20 clusters",
            id="many-clusters",
        ),
        pytest.param([0.1, 0.5] * 20, {"clusters": list(range(40))}, "paired t", id="clusters-of-one"),
    ],
)
def test_the_method_follows_from_the_data(differences: list[float], options: dict[str, object], method: str) -> None:
    assert s.paired_difference(differences, **options).method == method  # type: ignore[arg-type]


@settings(max_examples=8)  # statsmodels takes a tenth of a second for each
@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=12))
def test_holms_correction_is_statsmodels_and_leaves_out_what_is_unknown(p_values: list[float | None]) -> None:
    known = [p for p in p_values if p is not None]
    expected = iter(multipletests(known, method="holm")[1] if known else [])
    assert s.holm(p_values) == [None if p is None else pytest.approx(next(expected), abs=1e-12) for p in p_values]


def test_the_detectable_effect_is_that_of_a_power_calculation() -> None:
    """Miller 2024, section 5: 969 items find 3 points at 80 % power where the differences' variance is 1/9."""
    assert s.detectable_effect(math.sqrt(1 / 9 / 969)) == pytest.approx(0.03, abs=5e-5)


@pytest.mark.parametrize("stderr", [None, 0.0])
def test_without_a_spread_no_effect_is_detectable(stderr: float | None) -> None:
    assert s.detectable_effect(stderr) is None


def test_failed_rows_bound_the_mean_from_both_sides() -> None:
    assert s.failure_bounds([1.0, 0.0, 1.0], 2, 0.0, 1.0) == pytest.approx((2 / 5, 4 / 5))
    assert s.failure_bounds([], 0, 0.0, 1.0) is None
