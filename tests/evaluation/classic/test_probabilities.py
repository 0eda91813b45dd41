"""Scorers of probabilities: equal to scikit-learn, whatever form the outputs have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as oracle

from assay.errors import ScorerError
from assay.evaluation.models import Prediction
from assay.scorers import AveragePrecisionScore, BrierScore, ExpectedCalibrationError, LogLoss, RocAuc
from support.run_rows import run_rows

EVERY = (RocAuc, AveragePrecisionScore, BrierScore, LogLoss, ExpectedCalibrationError)


def drawn(seed: int, classes: int, rows: int = 60) -> tuple[list[int], Any]:
    """Classes in truth, every one at least once, and probabilities that know something of them; some are tied."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(classes), rng.integers(0, classes, rows - classes)])
    raw = rng.random((rows, classes)).round(1) + 0.05
    raw[np.arange(rows), truth] += rng.random(rows)
    return truth.tolist(), raw / raw.sum(axis=1, keepdims=True)


def predictions(table: Any, names: Any) -> list[Prediction]:
    return [
        Prediction(label=names[int(np.argmax(row))], classes=tuple(names), probabilities=tuple(row.tolist()))
        for row in table
    ]


@pytest.mark.parametrize("seed", range(8))
def test_two_classes(seed: int) -> None:
    truth, table = drawn(seed, 2)
    rows = run_rows([["ham", "spam"][one] for one in truth], predictions(table, ["ham", "spam"]), cluster="all")
    p = table[:, 1]
    assert RocAuc()(rows).value == pytest.approx(oracle.roc_auc_score(truth, p), abs=1e-9)
    assert AveragePrecisionScore()(rows).value == pytest.approx(oracle.average_precision_score(truth, p), abs=1e-9)
    assert BrierScore()(rows).value == pytest.approx(oracle.brier_score_loss(truth, p), abs=1e-9)
    assert LogLoss()(rows).value == pytest.approx(oracle.log_loss(truth, p), abs=1e-9)
    assert RocAuc(positive="ham")(rows).value == pytest.approx(RocAuc()(rows).value, abs=1e-9)
    other = [1 - one for one in truth]
    there = oracle.average_precision_score(other, table[:, 0])
    assert AveragePrecisionScore(positive="ham")(rows).value == pytest.approx(there, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_several_classes(seed: int) -> None:
    truth, table = drawn(seed, 4)
    rows = run_rows(truth, predictions(table, [0, 1, 2, 3]), cluster="all")
    assert RocAuc()(rows).value == pytest.approx(oracle.roc_auc_score(truth, table, multi_class="ovr"), abs=1e-9)
    there = np.mean([oracle.average_precision_score(np.array(truth) == k, table[:, k]) for k in range(4)])
    assert AveragePrecisionScore()(rows).value == pytest.approx(there, abs=1e-9)
    assert BrierScore()(rows).value == pytest.approx(oracle.brier_score_loss(truth, table), abs=1e-9)
    assert LogLoss()(rows).value == pytest.approx(oracle.log_loss(truth, table), abs=1e-9)


def calibration_error(truth: list[int], table: Any, bins: int) -> float:
    """The definition, bin by bin."""
    total, confidence, answered = 0.0, table.max(axis=1), table.argmax(axis=1)
    for m in range(1, bins + 1):
        inside = [n for n, c in enumerate(confidence) if (m - 1) / bins < c <= m / bins]
        if inside:
            right = np.mean([answered[n] == truth[n] for n in inside])
            total += len(inside) / len(truth) * abs(right - np.mean(confidence[inside]))
    return total


@pytest.mark.parametrize("classes", [2, 3])
def test_calibration_error_by_its_definition(classes: int) -> None:
    truth, table = drawn(3, classes, 200)
    score = ExpectedCalibrationError(bins=7)(run_rows(truth, predictions(table, list(range(classes)))))
    assert score.value == pytest.approx(calibration_error(truth, table, 7), abs=1e-9)
    assert "interval" not in score.metadata


@pytest.mark.parametrize(
    "form",
    [
        lambda p: {"label": p > 0.5, "score": p},
        lambda p: p,
        lambda p: np.float64(p),
        lambda p: {"probabilities": {"False": 1 - p, "True": p}},
        lambda p: {"label": p > 0.5, "classes": [False, True], "probabilities": [1 - p, p]},
        lambda p: {"classes": [True, False], "scores": [p, -p]},
    ],
)
def test_scores_are_read_from_every_form(form: Any) -> None:
    rows = run_rows([False, False, True, True], [form(p) for p in (0.1, 0.6, 0.4, 0.9)])
    assert RocAuc()(rows).value == pytest.approx(0.75)


@pytest.mark.parametrize("kind", EVERY)
def test_labels_alone_are_not_applicable(kind: Any) -> None:
    score = kind()(run_rows("ab", "ab"))
    assert score.value is None
    assert "no probabilities" in score.explanation


def test_one_class_alone_is_undefined() -> None:
    rows = run_rows(["a", "a"], predictions(np.array([[0.9, 0.1], [0.4, 0.6]]), ["a", "b"]))
    assert RocAuc()(rows).explanation == "nothing to tell apart: every expected label is 'a'"
    assert AveragePrecisionScore()(rows).explanation == "0/0: no row is expected to be 'b'"
    assert BrierScore()(rows).value == pytest.approx((0.01 + 0.36) / 2)


@pytest.mark.parametrize(
    ("expected", "outputs", "message"),
    [
        (["a", "b"], [{"score": 0.1}, {"score": 0.2}], "nothing says of which"),
        ([0, 1], [0.5, "no"], "1 of 2 outputs say no probability"),
        ([0, 1], [float("nan"), 0.5], "holds nan"),
        ([0, 1, 2], [0.1, 0.2, 0.3], "there are more"),
        ([0, 9], [Prediction(0, (0, 1), (0.5, 0.5))] * 2, "no probability of 9"),
        ([0, 1], [Prediction(0, (0, 1), (0.5, 0.1))] * 2, "do not add up to 1"),
        ([0, 1], [Prediction(0, (0, 1), (1.5, -0.5))] * 2, "outside of 0 to 1"),
        ([0, 1], [{"probabilities": [0.1, 0.9]}] * 2, "does not say of which classes"),
    ],
)
def test_what_does_not_fit_together_is_an_error(expected: list[Any], outputs: list[Any], message: str) -> None:
    with pytest.raises(ScorerError, match=message):
        LogLoss()(run_rows(expected, outputs))


def test_scores_of_a_scale_of_their_own_rank_and_are_no_probabilities() -> None:
    rows = run_rows(
        [0, 1, 1], [Prediction(0, (0, 1), scores=(2.0, -2.0)), *[Prediction(1, (0, 1), scores=(-3.0, 3.0))] * 2]
    )
    assert RocAuc()(rows).value == 1
    with pytest.raises(ScorerError, match="not probabilities"):
        BrierScore()(rows)


def test_curves_are_kept_and_thinned() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 3000)
    rows = run_rows(truth.tolist(), (truth * 0.3 + rng.random(3000) * 0.7).tolist())
    for kind, names in ((RocAuc, "false positive rate"), (AveragePrecisionScore, "recall")):
        score = kind()(rows)
        artifact = score.metadata["artifact"]
        assert artifact["x_label"] == names
        assert len(artifact["x"]) == len(artifact["y"]) <= 200
        assert (artifact["x"][0], artifact["x"][-1]) == (0, 1)
        assert artifact["area"] == score.value
    roc = RocAuc()(rows).metadata["artifact"]
    assert np.trapezoid(roc["y"], roc["x"]) == pytest.approx(roc["area"], abs=0.01)


def test_a_confident_mistake_is_counted() -> None:
    score = LogLoss()(run_rows([0, 1], [0.0, 0.0]))
    assert "1 of 2 rows gave the expected class probability 0" in str(score.explanation)


def test_intervals_of_areas_stay_between_0_and_1() -> None:
    truth, table = drawn(9, 2, 30)
    rows = run_rows(truth, predictions(table, [0, 1]))
    for scorer in (RocAuc(), AveragePrecisionScore()):
        score = scorer(rows)
        interval = score.metadata["interval"]
        assert 0 < interval["low"] < score.value < interval["high"] < 1
        assert interval["method"].endswith("logit")
    perfect = RocAuc()(run_rows([0] * 6 + [1] * 6, [0.1] * 6 + [0.9] * 6))
    assert (perfect.value, perfect.metadata.get("interval")) == (1, None)
