"""The always-valid statistics: against exact fractions, recorded independent implementations, and what they promise."""

from __future__ import annotations

import importlib
import json
import math
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from assay.evaluation.ab.confidence_sequences import (
    BETS,
    arm_contrast,
    asymptotic_interval,
    empirical_bernstein,
    normal_mixture_radius,
)
from assay.evaluation.ab.sample_ratio import chi_square_p, sample_ratio_p
from assay.evaluation.ab.sequential import (
    BinaryCounts,
    assignment_log_e,
    binary_interval,
    binary_log_e,
    counts_log_e,
    p_value,
    rate_interval,
)

ROOT = Path(__file__).parents[3]
sys.path.append(str(ROOT))
try:
    ab_tests = importlib.import_module("benchmarks.ab_tests")  # the simulation whose small form is below
finally:
    sys.path.remove(str(ROOT))

ORACLES = json.loads((ROOT / "tests/data/ab_tests/oracles.json").read_text(encoding="utf-8"))

units = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=80)
weights = st.sampled_from([0.5, 0.1, 0.9, 0.3])
counts = st.integers(0, 400)


def rising(x: Fraction, n: int) -> Fraction:
    return math.prod((x + i for i in range(n)), start=Fraction(1))


def exact_e(counted: list[int], shares: list[Fraction], k: int) -> Fraction:
    """Dirichlet-multinomial over multinomial in exact fractions: rising factorials in place of beta functions."""
    mixture = math.prod((rising(k * w, n) for w, n in zip(shares, counted, strict=True)), start=Fraction(1))
    return mixture / rising(Fraction(k), sum(counted)) / math.prod(w**n for w, n in zip(shares, counted, strict=True))


def close(log_e: float, exact: Fraction) -> bool:
    return abs(log_e - (math.log(exact.numerator) - math.log(exact.denominator))) < 1e-9


@pytest.mark.parametrize("shares", [(Fraction(1, 2),) * 2, (Fraction(1, 10), Fraction(9, 10)), (Fraction(1, 4),) * 4])
@pytest.mark.parametrize("n", [1, 37, 2_000])
def test_the_e_value_of_counts_is_that_of_exact_fractions(shares: tuple[Fraction, ...], n: int) -> None:
    rng = np.random.default_rng(n)
    counted = rng.multinomial(n, rng.dirichlet(np.ones(len(shares)))).tolist()
    assert close(counts_log_e(counted, [float(w) for w in shares], concentration=100), exact_e(counted, [*shares], 100))


def test_the_binary_e_value_averages_successes_and_failures_and_multiplies_phases() -> None:
    rng = np.random.default_rng(1)
    in_arm, success, phase = rng.random((2, 900)) < 0.4, rng.random((2, 900)) < 0.3, np.repeat([0, 1], 450)
    shares = [Fraction(1, 2), Fraction(1, 10)]
    log_e = binary_log_e(in_arm, success, [0.5, 0.1], phase=phase)
    for row in range(2):
        halves = []
        for hit in (True, False):
            value = Fraction(1)
            for number, w in enumerate(shares):
                rows = (phase == number) & (success[row] == hit)
                arms = [int((rows & ~in_arm[row]).sum()), int((rows & in_arm[row]).sum())]
                value *= exact_e(arms, [1 - w, w], 100)
            halves.append(value)
        assert close(float(log_e[row, -1]), sum(halves, start=Fraction(0)) / 2)
        of_counts = BinaryCounts.of(in_arm[row], success[row], [0.5, 0.1], phase)
        assert of_counts.log_e() == pytest.approx(float(log_e[row, -1]), abs=1e-9)


@pytest.mark.parametrize("case", ORACLES["sample_ratio"], ids=["two arms", "three arms"])
def test_the_sample_ratio_p_value_is_that_of_its_authors_implementation(case: dict) -> None:  # type: ignore[type-arg]
    log_e = assignment_log_e(np.array(case["arm"]), [case["weights"]], concentration=case["concentration"])
    assert p_value(log_e) == pytest.approx(case["p"], rel=1e-9)


@pytest.mark.parametrize("case", ORACLES["empirical_bernstein"])
def test_the_empirical_bernstein_sequence_is_that_of_confseq(case: dict) -> None:  # type: ignore[type-arg]
    low, high = empirical_bernstein(case["x"], alpha=case["alpha"])
    assert low[case["looks"]] == pytest.approx(np.clip(case["low"], 0, 1), rel=1e-9, abs=1e-12)
    assert high[case["looks"]] == pytest.approx(np.clip(case["high"], 0, 1), rel=1e-9, abs=1e-12)


def test_the_contrast_adds_up_what_its_formula_says_unit_by_unit() -> None:
    rng = np.random.default_rng(2)
    y, arm, w = rng.random(60), rng.random(60) < 0.3, np.repeat([0.5, 0.2], 30)
    contrast = arm_contrast(y, arm, w, highest_ratio=2.0)
    seen: dict[bool, list[float]] = {True: [], False: []}
    surplus, spread = 0.0, 0.0
    for i in range(60):
        mean = {side: (0.5 + sum(seen[side])) / (1 + len(seen[side])) for side in seen}
        bound = max(1 / w[i], 2 / (1 - w[i]))
        off = (y[i] - mean[arm[i]]) / (w[i] if arm[i] else w[i] - 1)
        surplus += (mean[True] - mean[False] + off) / bound
        spread += (off / bound) ** 2
        seen[bool(arm[i])].append(y[i])
    e = np.mean([math.cosh(bet * surplus) * math.exp((math.log(1 - bet) + bet) * spread) for bet in BETS])
    assert float(contrast.log_e()[-1]) == pytest.approx(math.log(e), rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 10_000), st.floats(0.01, 4), st.floats(0.001, 1), st.sampled_from([0.05, 0.01]))
def test_at_the_end_of_the_mixture_interval_the_mixture_sprt_rejects_just(
    n: int, variance: float, tau2: float, alpha: float
) -> None:
    x = float(normal_mixture_radius(n, variance, tau2=tau2, alpha=alpha))
    mixture = stats.norm(0, math.sqrt(variance / n + tau2)).logpdf(x)  # of the mean, effects drawn from N(0, tau2)
    assert mixture - stats.norm(0, math.sqrt(variance / n)).logpdf(x) == pytest.approx(-math.log(alpha), rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(counts, counts, counts, counts, weights, st.sampled_from([0.05, 0.01]), st.sampled_from(["difference", "ratio"]))
def test_a_binary_interval_excludes_none_exactly_when_the_test_rejects(
    s_a: int, f_a: int, s_b: int, f_b: int, w: float, alpha: float, scale: str
) -> None:
    one = [np.array([float(n)]) for n in (w, s_b, s_a, f_b, f_a)]
    names = ("weights", "successes_b", "successes_a", "failures_b", "failures_a")
    found = BinaryCounts(**dict(zip(names, one, strict=True)))
    interval = binary_interval(found, alpha=alpha, scale=scale)  # type: ignore[arg-type]
    if interval is None:  # only where the arms' sizes are at odds with their weights
        assert found.log_e() >= -math.log(alpha) or abs(s_b + f_b - w * (s_a + f_a + s_b + f_b)) > 10
        return
    none = 0.0 if scale == "difference" else 1.0
    assert (none < interval[0] or none > interval[1]) == (found.log_e() > -math.log(alpha))
    assert interval[0] <= interval[1]
    if scale == "difference":
        assert -1 <= interval[0] <= interval[1] <= 1


few = st.tuples(st.integers(4, 60), st.integers(4, 60), st.floats(0, 1), st.floats(0, 1))  # units and rates, a and b
FEW = [[(20, 20, 0, 1)], [(25, 25, 2 / 25, 24 / 25)], [(30, 30, 0.1, 0.9)], [(100, 100, 0, 0.3)], [(30, 30, 0.9, 0.1)]]


@settings(max_examples=25, deadline=None)
@example(FEW[0], 0.05)
@example(FEW[1], 0.05)
@example(FEW[2], 0.05)
@example(FEW[3], 0.05)
@example(FEW[4], 0.05)
@given(st.lists(few, min_size=1, max_size=2), st.sampled_from([0.5, 0.2, 0.05, 0.025, 0.01]))
def test_an_interval_of_few_units_excludes_none_exactly_when_the_test_rejects(
    phases: list[tuple[int, int, float, float]], alpha: float
) -> None:
    n_a, n_b, rate_a, rate_b = np.array(phases, dtype=float).T
    s_a, s_b = np.round(n_a * rate_a), np.round(n_b * rate_b)
    found = BinaryCounts(
        weights=n_b / (n_a + n_b), successes_b=s_b, successes_a=s_a, failures_b=n_b - s_b, failures_a=n_a - s_a
    )
    rejected = found.log_e() >= -math.log(alpha)
    for scale, none in (("difference", 0.0), ("ratio", 1.0)):
        interval = binary_interval(found, alpha=alpha, scale=scale)  # type: ignore[arg-type]
        assert interval is not None or len(phases) > 1  # phases may contradict each other
        if interval is not None:
            assert interval[0] <= interval[1]
            assert (interval[0] > none or interval[1] < none) == rejected


@settings(max_examples=10, deadline=None)
@given(counts, counts, counts, counts, weights)
def test_a_binary_interval_turns_round_with_the_arms(s_a: int, f_a: int, s_b: int, f_b: int, w: float) -> None:
    def interval(w: float, b: tuple[int, int], a: tuple[int, int]) -> tuple[float, float] | None:
        sides = {"successes_b": b[0], "failures_b": b[1], "successes_a": a[0], "failures_a": a[1]}
        return binary_interval(
            BinaryCounts(weights=np.array([w]), **{name: np.array([float(n)]) for name, n in sides.items()}), alpha=0.05
        )

    one, other = interval(w, (s_b, f_b), (s_a, f_a)), interval(1 - w, (s_a, f_a), (s_b, f_b))
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert one == pytest.approx((-other[1], -other[0]), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(5, 300), weights, st.floats(0, 1), st.sampled_from([0.05, 0.2]))
def test_a_contrasts_intervals_exclude_none_exactly_when_its_test_rejects(
    seed: int, n: int, w: float, effect: float, alpha: float
) -> None:
    rng = np.random.default_rng(seed)
    arm = rng.random(n) < w
    contrast = arm_contrast(np.where(arm, effect, 1 - effect) * rng.random(n), arm, w, highest_ratio=2.0)
    rejected = bool(contrast.log_e()[-1] >= -math.log(alpha))
    low, high = contrast.difference(-1, alpha)
    assert -1 <= low <= high <= 1
    assert (low > 0 or high < 0) == rejected
    low, high = contrast.ratio(-1, alpha)
    assert 0 <= low <= high
    assert (low > 1 or high < 1) == rejected


@settings(max_examples=30, deadline=None)
@given(units, weights)
def test_e_values_of_the_end_do_not_depend_on_the_order_of_units(pairs: list[tuple[bool, bool]], w: float) -> None:
    arm, success = np.array(pairs).T
    order = np.random.default_rng(len(pairs)).permutation(len(pairs))
    one, other = binary_log_e(arm, success, w), binary_log_e(arm[order], success[order], w)
    assert one[-1] == pytest.approx(other[-1], abs=1e-9)


def test_the_interval_of_a_rate_ends_where_its_e_value_reaches_the_limit() -> None:
    low, high = rate_interval(30, 170, alpha=0.05)
    assert low < 0.15 < high
    for p in (low, high):
        log_e = stats.betabinom(200, 1, 1).logpmf(30) - stats.binom(200, p).logpmf(30)
        assert log_e == pytest.approx(math.log(20), abs=1e-9)
    assert rate_interval(0, 0, alpha=0.05) == (0, 1)
    assert rate_interval(0, 9, alpha=0.05)[0] == 0


def test_the_asymptotic_interval_is_a_normal_mixture_around_the_weighted_mean() -> None:
    rng = np.random.default_rng(3)
    arm = rng.random(4_000) < 0.5
    y = np.where(arm, 0.1, 0.0) + 0.5 * rng.random(4_000)
    low, high = asymptotic_interval(y, arm, 0.5, alpha=0.05)
    assert low < 0.1 < high
    assert 0.02 < high - low < 0.05  # four standard errors of 0.0091 to each side, or less


def test_chi_square_is_scipys_and_counts_only_arms_with_a_weight() -> None:
    assert chi_square_p([[480, 520]], [[0.5, 0.5]]) == pytest.approx(stats.chisquare([480, 520]).pvalue)
    three = stats.chisquare([480, 520]).pvalue
    assert chi_square_p([[480, 520, 0]], [[0.5, 0.5, 0.0]]) == pytest.approx(three)
    assert chi_square_p([[480, 519, 1]], [[0.5, 0.5, 0.0]]) == 0
    assert chi_square_p([[0, 0]], [[0.5, 0.5]]) is None


def test_a_unit_in_an_arm_of_weight_0_is_a_sample_ratio_mismatch_at_once() -> None:
    p = sample_ratio_p([0, 1, 2], 0, [[0.5, 0.5, 0.0]])
    assert (p > 0).tolist() == [True, True, False]


# The simulation of benchmarks/ab_tests.py in small: fixed seeds, 200 tests per stream


@pytest.mark.parametrize("number", range(len(ab_tests.NULLS)), ids=[stream.name for stream in ab_tests.NULLS])
def test_looking_after_every_exposure_raises_no_more_false_alarms_than_alpha(number: int) -> None:
    found, naive, _ = ab_tests.outcomes(ab_tests.NULLS[number], seed=number, replicates=200, units=1_000)
    false_alarms = int((found < 1_000).sum())
    assert stats.binomtest(false_alarms, 200, 0.05, alternative="greater").pvalue > 0.001
    assert naive.mean() > 0.15  # what the same looks do to a z-test: the simulation can find a fault


def test_effects_are_found_before_the_end() -> None:
    found, _, once = ab_tests.outcomes(ab_tests.EFFECTS[1], seed=1, replicates=40, units=6_000)
    assert (found < 6_000).mean() > 0.8
    assert once.mean() > 0.9
