"""Corrected estimates: those of the statistics, from 30 labels on, and right in the long run."""

from __future__ import annotations

import random
from typing import Any

import pytest

from assay.evaluation.alignment.corrected import corrected_mean
from assay.evaluation.alignment.figures import figures
from assay.evaluation.alignment.pair import Pair
from assay.evaluation.statistics import ppi_mean, rogan_gladen


def record(rows: list[tuple[Any, Any]]) -> dict[str, Any]:
    """What an alignment keeps of (label, verdict) rows."""
    found = figures([Pair(id=str(n), label=label, verdict=verdict) for n, (label, verdict) in enumerate(rows)])
    pairs = [[float(verdict), float(label)] for label, verdict in rows] if found.kind == "number" else []
    return {**found.to_dict(), "pairs": pairs}


GOOD = [(True, True)] * 27 + [(True, False)] * 3 + [(False, False)] * 16 + [(False, True)] * 4
GRADED = [(n % 3 / 2, (n + n % 5 // 4) % 3 / 2) for n in range(40)]


def test_a_rate_is_corrected_by_sensitivity_and_specificity() -> None:
    values = [1.0] * 70 + [0.0] * 30
    assert corrected_mean(record(GOOD), values) == rogan_gladen(70, 100, sensitivity=(27, 30), specificity=(16, 20))


def test_a_mean_of_numbers_is_corrected_by_ppi() -> None:
    values = [0.0, 0.5, 1.0, 1.0] * 20
    labels, verdicts = zip(*GRADED, strict=True)
    assert corrected_mean(record(GRADED), values) == ppi_mean(labels, verdicts, values)


def test_items_that_tell_less_than_they_are_many_make_the_interval_wider() -> None:
    values = [1.0] * 70 + [0.0] * 30
    plain = corrected_mean(record(GOOD), values)
    clustered = corrected_mean(record(GOOD), values, mean=0.7, stderr=0.15)
    assert clustered.value == pytest.approx(plain.value)
    assert clustered.low is not None
    assert plain.low is not None
    assert clustered.low < plain.low - 0.05


@pytest.mark.parametrize(
    ("kept", "values", "reason"),
    [
        (record(GOOD[:29]), [1.0], "a correction needs 30 labels, and there are 29"),
        (record(GOOD), [], "nothing was judged"),
        (record([(True, True)] * 40), [1.0], "no labelled item is negative"),
        (record([(n % 2 == 0, n % 4 < 2) for n in range(40)]), [1.0], "the judge tells nothing"),
        (record([("a", "a")] * 40), [1.0], "labels have no mean"),
        ({}, [1.0], "a correction needs 30 labels, and there are 0"),
    ],
)
def test_where_nothing_can_be_corrected_the_reason_is_told(kept: Any, values: list[float], reason: str) -> None:
    found = corrected_mean(kept, values)
    assert found.value is None
    assert reason in str(found.reason)


def test_the_corrected_rate_covers_the_truth_where_the_judges_does_not() -> None:
    chance, hits, naive = random.Random(4), 0, 0

    def judged(truth: bool) -> bool:
        return chance.random() < (0.9 if truth else 0.3)

    for _ in range(80):
        right = [judged(True) for _ in range(50)], [not judged(False) for _ in range(50)]
        counts = {"true_positives": sum(right[0]), "positives": 50, "true_negatives": sum(right[1]), "negatives": 50}
        values = [float(judged(chance.random() < 0.3)) for _ in range(300)]
        found = corrected_mean({"n": 100, "kind": "binary", "calibration": counts}, values)
        hits += found.low is not None and found.high is not None and found.low <= 0.3 <= found.high
        naive += abs(sum(values) / 300 - 0.3) < 1.96 * (0.3 * 0.7 / 300) ** 0.5
    assert hits >= 71  # 95 % of 80 is 76; fewer than 71 has a chance below 0.01, and the seed is fixed
    assert naive == 0
