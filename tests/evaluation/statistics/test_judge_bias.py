"""Biases of judges, against statsmodels and scipy, and on data with a bias built in."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.discrete.discrete_model import Logit
from statsmodels.regression.linear_model import OLS

from assay.evaluation import statistics as s

choices = st.sampled_from(["first", "second", "tie"])


def test_position_bias_counts_inconsistent_pairs_by_the_place_they_favour() -> None:
    order = ["first", "first", "first", "second", "tie", "tie", "second"]
    swapped = ["second", "first", "tie", "second", "tie", "first", "first"]
    found = s.position_bias(order, swapped)  # type: ignore[arg-type]
    assert (found.pairs, found.consistent, found.first, found.second) == (7, 3, 3, 1)
    assert found.value == 0.75
    assert found.consistency.value == pytest.approx(3 / 7)
    assert found.p == pytest.approx(stats.binomtest(3, 4).pvalue)


@settings(max_examples=40)
@given(st.lists(st.tuples(choices, choices), min_size=1, max_size=60))
def test_position_bias_interval_excludes_a_half_exactly_when_the_test_rejects(pairs: list[tuple[str, str]]) -> None:
    found = s.position_bias([a for a, _ in pairs], [b for _, b in pairs])  # type: ignore[misc]
    assert found.consistent + found.first + found.second == len(pairs)
    if found.value is None or found.low is None or found.high is None or found.p is None:
        assert found.first + found.second == 0
        return
    assert (found.low > 0.5 or found.high < 0.5) == (found.p < 0.05)


def test_swapping_the_places_swaps_the_bias() -> None:
    other = {"first": "second", "second": "first", "tie": "tie"}
    order, swapped = ["first"] * 8 + ["tie"], ["first"] * 6 + ["tie"] * 2 + ["tie"]
    there = s.position_bias(order, swapped)  # type: ignore[arg-type]
    back = s.position_bias([other[x] for x in order], [other[x] for x in swapped])  # type: ignore[misc]
    assert (there.first, there.second, there.p) == (back.second, back.first, back.p)


@pytest.mark.parametrize(
    ("order", "swapped", "reason"),
    [([], [], "no pair was judged"), (["first"], ["second"], "all 1 pairs are consistent")],
)
def test_without_inconsistent_pairs_there_is_no_bias_to_measure(
    order: list[str], swapped: list[str], reason: str
) -> None:
    found = s.position_bias(order, swapped)  # type: ignore[arg-type]
    assert (found.value, found.p, found.reason) == (None, None, reason)


def test_a_verdict_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'A' is no verdict: it is one of first, second, tie"):
        s.position_bias(["A"], ["first"])  # type: ignore[list-item]


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.integers(20, 120), st.booleans())
def test_the_slope_of_a_feature_is_statsmodels(seed: int, n: int, labelled: bool) -> None:
    rng = np.random.default_rng(seed)
    length, human = rng.normal(200, 50, n), (rng.random(n) < 0.6).astype(float)
    chance = 1 / (1 + np.exp(-(0.5 * (length - 200) / 50 + human - 0.5)))
    verdicts = rng.random(n) < chance
    found = s.feature_slope(verdicts.tolist(), length.tolist(), human.tolist() if labelled else None)
    if found.value is None:
        return
    standard = (length - length.mean()) / length.std(ddof=1)
    columns = [np.ones(n), standard, *([human] if labelled else [])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = Logit(verdicts.astype(float), np.column_stack(columns)).fit(disp=0, maxiter=100, tol=1e-14)
    assert found.value == pytest.approx(fitted.params[1], abs=1e-9, rel=1e-7)
    assert found.p == pytest.approx(fitted.pvalues[1], abs=1e-9, rel=1e-6)
    assert [found.low, found.high] == pytest.approx(list(fitted.conf_int()[1]), abs=1e-9, rel=1e-7)


@pytest.mark.parametrize(
    ("verdicts", "feature", "human", "reason"),
    [
        pytest.param([True] * 6, [1, 2, 3, 4, 5, 6], None, "all verdicts are the same", id="one-verdict"),
        pytest.param([True, False] * 3, [2.0] * 6, None, "the feature does not vary", id="constant"),
        pytest.param([True] * 3 + [False] * 3, [6, 5, 4, 3, 2, 1], None, "no finite value", id="separated"),
        pytest.param([True, False] * 3, [1, 0] * 3, [1.0, 0.0] * 3, "no finite value", id="same-as-the-labels"),
        pytest.param([], [], None, "nothing was judged", id="nothing"),
    ],
)
def test_a_slope_without_a_finite_value_is_none_with_a_reason(
    verdicts: list[bool], feature: list[float], human: list[float] | None, reason: str
) -> None:
    found = s.feature_slope(verdicts, feature, human)
    assert (found.value, found.low, found.p) == (None, None, None)
    assert reason in (found.reason or "")


def test_a_judge_that_takes_the_longer_answer_is_found_out() -> None:
    """People choose at random; the judge chooses the longer answer in 9 pairs of 10."""
    rng = np.random.default_rng(1)
    lengths = [(float(a), float(b)) for a, b in rng.integers(50, 500, (200, 2)) if a != b]
    longer = ["first" if a > b else "second" for a, b in lengths]
    other = {"first": "second", "second": "first"}
    judge = [side if rng.random() < 0.9 else other[side] for side in longer]
    human = [side if rng.random() < 0.5 else other[side] for side in longer]
    found = s.verbosity_bias(judge, lengths, human)  # type: ignore[arg-type]
    assert found.judge.value == pytest.approx(0.9, abs=0.06)
    assert found.human is not None
    assert found.difference is not None
    assert found.human.value == pytest.approx(0.5, abs=0.1)
    assert found.difference.value == pytest.approx(found.judge.value - found.human.value)  # type: ignore[operator]
    assert found.difference.p is not None
    assert found.difference.p < 1e-6
    assert found.slope.low is not None
    assert found.slope.low > 0


def test_pairs_of_equal_length_and_ties_say_nothing_about_length() -> None:
    found = s.verbosity_bias(["first", "tie", "second"], [(5, 5), (3, 9), (2, 7)])
    assert (found.judge.n, found.judge.value, found.equal_lengths, found.ties) == (1, 1.0, 1, 1)
    assert (found.human, found.difference) == (None, None)


@settings(max_examples=25)
@given(st.integers(0, 2**31), st.integers(3, 15))
def test_self_preference_is_the_interaction_of_a_regression(seed: int, items: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [(j, a, i) for i in range(items) for j in "xyz" for a in "xyzw" if rng.random() < 0.9]
    scores = [float(rng.normal((j == "x") + 0.5 * (a == "y") + 0.3 * (j == a), 1)) for j, a, _ in rows]
    judges, authors, names = [j for j, _, _ in rows], [a for _, a, _ in rows], [i for _, _, i in rows]
    found = s.self_preference(scores, judges, authors, items=names)
    columns = [[1.0, j == a, j == "y", j == "z", a == "y", a == "z", a == "w"] for j, a, _ in rows]
    fitted = OLS(scores, np.array(columns, dtype=float)).fit(
        cov_type="cluster", cov_kwds={"groups": np.array(names)}, use_t=True
    )
    assert found.value == pytest.approx(fitted.params[1], abs=1e-9)
    assert found.stderr == pytest.approx(fitted.bse[1], rel=1e-7)
    assert found.p == pytest.approx(fitted.pvalues[1], rel=1e-6, abs=1e-12)
    assert [found.low, found.high] == pytest.approx(list(fitted.conf_int()[1]), rel=1e-6, abs=1e-9)


def test_self_preference_of_a_balanced_table_is_half_the_difference_of_the_diagonals() -> None:
    means = {("x", "x"): 0.9, ("x", "y"): 0.6, ("y", "x"): 0.7, ("y", "y"): 0.8}
    rows = [(judge, author, i) for i in range(4) for judge, author in means]
    wobble = {0: 0.05, 1: -0.05, 2: 0.02, 3: -0.02}
    scores = [means[j, a] + wobble[i] * (1 if j == a else 2) for j, a, i in rows]
    found = s.self_preference(scores, [j for j, _, _ in rows], [a for _, a, _ in rows], items=[i for *_, i in rows])
    assert found.value == pytest.approx((0.9 + 0.8 - 0.6 - 0.7) / 2)


@pytest.mark.parametrize(
    ("judges", "authors", "reason"),
    [
        pytest.param(["x"] * 4, ["x", "x", "y", "y"], "two judges and two authors", id="one-judge"),
        pytest.param(["x", "y"] * 2, ["x", "y"] * 2, "own and of others' answers", id="only-own"),
        pytest.param([], [], "own and of others' answers", id="nothing"),
    ],
)
def test_self_preference_that_cannot_be_told_is_none(judges: list[str], authors: list[str], reason: str) -> None:
    found = s.self_preference([1.0, 2.0, 3.0, 4.0][: len(judges)], judges, authors)
    assert found.value is None
    assert reason in (found.reason or "")
