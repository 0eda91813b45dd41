"""Whether probabilities mean what they say: Brier score, log loss, expected calibration error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.classic.accuracy import NOTHING
from assay.evaluation.classic.intervals import mean_of_rows
from assay.evaluation.classic.labels import Label
from assay.evaluation.classic.probabilities import Scored, scored
from assay.evaluation.classic.ranking import NO_SCORES, curve
from assay.evaluation.classic.run_metric import RunMetric, measured, sklearn_metrics, undefined
from assay.evaluation.scorers.protocol import RunRow
from assay.scores import Score


@dataclass(frozen=True, kw_only=True)
class BrierScore(RunMetric):
    """Mean squared distance of the probabilities from what came true.

    Definition: two classes: mean of (p - y)^2, p the probability of the positive class; more: mean over rows of sum_k
        (p_k - y_k)^2, which is up to 2.
    Range: 0 to 1 (0 to 2 above two classes).
    Direction: lower is better.
    Source: Brier 1950; scikit-learn, brier_score_loss.
    Pitfalls: It mixes calibration and discrimination; where positives are rare, always saying their share scores well:
        the explanation gives what that would have scored.
    """

    positive: Label = None
    field: str | None = None
    name: str = "brier_score"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"
    range: ClassVar[tuple[float, float]] = (0, 2)
    needs_probabilities: ClassVar[bool] = True

    def __call__(self, rows: Sequence[RunRow], /) -> Score:
        found = probabilities(rows, self.field, self.positive)
        if isinstance(found, str):
            return undefined(self.name, found)
        places = list(range(len(found.labels)))
        value = sklearn_metrics().brier_score_loss(
            found.expected, _as_sklearn_takes_them(found), labels=places, **_positive(found)
        )
        truth = found.expected[:, None] == np.array(places)[None, :]
        half = 2 if len(places) == 2 else 1
        by_row = ((found.scores - truth) ** 2).sum(axis=1) / half
        frequencies = truth.mean(axis=0)
        base = float(((frequencies - truth) ** 2).sum(axis=1).mean()) / half
        notes = [f"always saying how frequent each class is would score {base:.3g}", *found.notes]
        return measured(self.name, value, notes, interval=_not_below_zero(mean_of_rows(rows, by_row.tolist())))


@dataclass(frozen=True, kw_only=True)
class LogLoss(RunMetric):
    """Mean negative logarithm of the probability that was given to the expected class (cross-entropy, in nats).

    Definition: mean of -ln p(expected class), p kept at least 2.2e-16 away from 0 and 1.
    Range: 0 and up.
    Direction: lower is better.
    Source: scikit-learn, log_loss.
    Pitfalls: One confident mistake outweighs hundreds of rows: the explanation counts the rows whose expected class was
        given probability 0.
    """

    positive: Label = None
    field: str | None = None
    name: str = "log_loss"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"
    needs_probabilities: ClassVar[bool] = True

    def __call__(self, rows: Sequence[RunRow], /) -> Score:
        found = probabilities(rows, self.field, self.positive)
        if isinstance(found, str):
            return undefined(self.name, found)
        value = sklearn_metrics().log_loss(found.expected, found.scores, labels=list(range(len(found.labels))))
        given = found.scores[np.arange(len(rows)), found.expected]
        smallest = np.finfo(np.float64).eps
        by_row = -np.log(np.clip(given, smallest, 1 - smallest))
        none = int((given == 0).sum())
        notes = [f"{none} of {len(rows)} rows gave the expected class probability 0"] if none else []
        interval = _not_below_zero(mean_of_rows(rows, by_row.tolist()))
        return measured(self.name, value, [*notes, *found.notes], interval=interval)


@dataclass(frozen=True, kw_only=True)
class ExpectedCalibrationError(RunMetric):
    """How far confidence is from being right: what was 80 % sure should be right in 80 % of the rows.

    Definition: rows are put into `bins` bins of equal width by their greatest probability (bin m holds ((m-1)/M, m/M]);
        the sum over bins of rows in bin / rows * |share that is right - mean confidence|. The bins are kept as a curve.
    Range: 0 to 1.
    Direction: lower is better.
    Source: Naeini et al. 2015; Guo et al. 2017 (top label).
    Pitfalls: It depends on `bins`, and with few rows a bin it is too high even for a perfect model, which is why it has
        no interval; a model that always says the base rate has 0.
    """

    bins: int = 10
    positive: Label = None
    field: str | None = None
    name: str = "expected_calibration_error"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"
    range: ClassVar[tuple[float, float]] = (0, 1)
    needs_probabilities: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.bins < 1:
            raise ConfigurationError(f"ExpectedCalibrationError(bins=) is 1 or more, not {self.bins!r}.")

    def __call__(self, rows: Sequence[RunRow], /) -> Score:
        found = probabilities(rows, self.field, self.positive)
        if isinstance(found, str):
            return undefined(self.name, found)
        confidence = found.scores.max(axis=1)
        right = found.scores.argmax(axis=1) == found.expected
        bin_of = np.clip(np.ceil(confidence * self.bins).astype(int), 1, self.bins) - 1
        sizes = np.bincount(bin_of, minlength=self.bins)
        filled = np.flatnonzero(sizes)
        sure = np.bincount(bin_of, weights=confidence, minlength=self.bins)[filled] / sizes[filled]
        share = np.bincount(bin_of, weights=right, minlength=self.bins)[filled] / sizes[filled]
        value = float((sizes[filled] * np.abs(share - sure)).sum() / len(rows))
        way = "more" if confidence.mean() > right.mean() else "less"
        notes = [
            f"{self.bins} bins; on average {confidence.mean():.3g} sure and {right.mean():.3g} right, so {way} sure "
            f"than right",
            *found.notes,
        ]
        artifact = curve("Calibration", "confidence", "share that is right", sure, share, value, diagonal=True)
        return measured(self.name, value, notes, artifact=artifact)


def probabilities(rows: Sequence[RunRow], field: str | None, positive: Label) -> Scored | str:
    """The rows' probabilities, or why there is nothing to compute.

    Raises:
        ScorerError: they are scores of another scale.
    """
    if not rows:
        return NOTHING
    found = scored(rows, field=field, positive=positive)
    if found is None:
        return NO_SCORES
    if not found.are_probabilities:
        raise ScorerError(
            "the outputs hold scores, not probabilities", hint="Only a model with predict_proba says how sure it is."
        )
    if len(found.labels) < 2:
        return f"one class only: {found.one_class}"
    return found


def _as_sklearn_takes_them(found: Scored) -> Any:
    return found.scores[:, 1] if len(found.labels) == 2 else found.scores


def _positive(found: Scored) -> dict[str, Any]:
    return {"pos_label": 1} if len(found.labels) == 2 else {}


def _not_below_zero(interval: dict[str, Any] | None) -> dict[str, Any] | None:
    return interval and {**interval, "low": max(0.0, interval["low"])}
