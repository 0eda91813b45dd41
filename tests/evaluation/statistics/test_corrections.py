"""Judges corrected by labels: Rogan-Gladen and PPI++, against their papers' formulas and a recorded package."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from assay.evaluation import statistics as s

RECORDED = json.loads(
    (Path(__file__).parents[2] / "data/statistics/prediction_powered.json").read_text(encoding="utf-8")
)

counts = st.integers(3, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(max_examples=40)
@given(counts, counts, counts, st.sampled_from([0.9, 0.95]))
def test_rogan_gladens_interval_is_the_plug_in_of_lee_and_others(
    judged: tuple[int, int], positive: tuple[int, int], negative: tuple[int, int], confidence: float
) -> None:
    """Algorithm 1 of arXiv 2511.21140, written down a second time in the paper's letters."""
    q1, q0 = positive[0] / positive[1], negative[0] / negative[1]
    assume(q0 + q1 > 1.02)
    result = s.rogan_gladen(*judged, sensitivity=positive, specificity=negative, confidence=confidence)
    z = stats.norm.ppf((1 + confidence) / 2)
    n, m0, m1 = judged[1] + z * z, negative[1] + 2, positive[1] + 2
    p, q0_, q1_ = (judged[0] + z * z / 2) / n, (negative[0] + 1) / m0, (positive[0] + 1) / m1
    if q0_ + q1_ <= 1:
        assert result.low is None
        return
    theta = (p + q0_ - 1) / (q0_ + q1_ - 1)
    shift = 2 * z * z * (theta * q1_ * (1 - q1_) / m1 - (1 - theta) * q0_ * (1 - q0_) / m0)
    spread = p * (1 - p) / n + (1 - theta) ** 2 * q0_ * (1 - q0_) / m0 + theta**2 * q1_ * (1 - q1_) / m1
    half = z * math.sqrt(spread) / (q0_ + q1_ - 1)
    value = min(max((judged[0] / judged[1] + q0 - 1) / (q0 + q1 - 1), 0.0), 1.0)
    assert result.value == pytest.approx(value, abs=1e-12)
    assert result.low == pytest.approx(min(max(theta + shift - half, 0.0), value), abs=1e-9)
    assert result.high == pytest.approx(max(min(theta + shift + half, 1.0), value), abs=1e-9)


def test_rogan_gladens_rate_of_a_worked_example() -> None:
    """23 of 150 cows test positive, sensitivity 96 %, specificity 89 %: 5.1 % (manual of the R package epiR)."""
    result = s.rogan_gladen(23, 150, sensitivity=(96, 100), specificity=(89, 100))
    assert result.value == pytest.approx(0.051, abs=5e-4)


def test_a_perfect_judge_with_many_labels_needs_no_correction() -> None:
    result = s.rogan_gladen(160, 200, sensitivity=(100_000, 100_000), specificity=(100_000, 100_000))
    assert result.value == pytest.approx(0.8)
    assert result.stderr == pytest.approx(math.sqrt(0.8 * 0.2 / 200), rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param((5, 10, (1, 2), (1, 2)), "add up to no more than 1", id="coin"),
        pytest.param((5, 10, (1, 4), (2, 4)), "add up to no more than 1", id="worse-than-a-coin"),
        pytest.param((5, 10, (0, 0), (2, 4)), "no labelled item is positive", id="no-positives"),
        pytest.param((5, 10, (2, 4), (0, 0)), "no labelled item is negative", id="no-negatives"),
        pytest.param((0, 0, (3, 4), (3, 4)), "nothing was judged", id="nothing"),
    ],
)
def test_a_rate_that_cannot_be_corrected_is_none_with_a_reason(arguments: Any, reason: str) -> None:
    positives, n, sensitivity, specificity = arguments
    result = s.rogan_gladen(positives, n, sensitivity=sensitivity, specificity=specificity)
    assert (result.value, result.low, result.high) == (None, None, None)
    assert reason in (result.reason or "")


def test_more_right_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match=r"5 of 4 is no share"):
        s.rogan_gladen(1, 2, sensitivity=(5, 4), specificity=(1, 2))


def test_calibration_counts_what_the_judge_gets_right_on_both_sides() -> None:
    judge = [True, True, False, False, True, False]
    human = [True, True, True, False, False, False]
    found = s.calibration(judge, human)
    assert (found.true_positives, found.positives, found.true_negatives, found.negatives) == (2, 3, 2, 3)
    assert found.sensitivity.value == found.specificity.value == pytest.approx(2 / 3)
    assert s.calibration([True], [True]).specificity.reason == "no item is negative by human label"


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{len(case['labels'])}-{len(case['judge_unlabelled'])}")
@pytest.mark.parametrize(("name", "weight"), [("tuned", None), ("weight_1", 1.0), ("weight_0", 0.0)])
def test_the_prediction_powered_mean_is_ppi_pythons(case: dict[str, Any], name: str, weight: float | None) -> None:
    """ppi-python 0.2.3, the package of the paper's authors."""
    found = s.ppi_mean(case["labels"], case["judge_labelled"], case["judge_unlabelled"], weight=weight)
    assert [found.value, found.low, found.high] == pytest.approx(case[name], abs=1e-9)


def test_a_judge_that_says_nothing_gets_no_weight() -> None:
    labels = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0]
    found = s.ppi_mean(labels, [0.5] * 6, [0.5] * 20)
    assert (found.weight, found.value) == (0.0, pytest.approx(4 / 6))
    assert found.judge_mean == 0.5


def test_a_judge_that_never_errs_on_few_labels_has_no_interval() -> None:
    labels = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0]
    found = s.ppi_mean(labels, labels, [1.0, 0.0] * 10, weight=1.0)
    assert (found.value, found.low) == (pytest.approx(0.5), None)
    assert "agree on all 6 labelled items" in (found.reason or "")


def test_too_few_labels_are_told_as_such() -> None:
    found = s.ppi_mean([1.0], [1.0], [0.0, 1.0])
    assert (found.value, found.reason) == (None, "it takes two labelled and two unlabelled items")
