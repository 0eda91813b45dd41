"""Agreement beyond chance: Matthews' correlation and Cohen's kappa."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

from assay.errors import ConfigurationError
from assay.evaluation.classic.accuracy import NOTHING
from assay.evaluation.classic.figures import kappa, matthews
from assay.evaluation.classic.intervals import jackknife_of_counts
from assay.evaluation.classic.labels import Labelled, labelled
from assay.evaluation.classic.run_metric import RunMetric, measured, sklearn_metrics, undefined
from assay.evaluation.scorers.protocol import RunRow
from assay.scores import Score

Weights = Literal["linear", "quadratic"]


@dataclass(frozen=True, kw_only=True)
class MatthewsCorrelation(RunMetric):
    """Correlation of expected and answered classes (phi; R_K for more than two classes).

    Definition: (c s - sum p_k t_k) / sqrt((s^2 - sum p_k^2)(s^2 - sum t_k^2)), c right rows, s rows, t_k and p_k rows
        expected and answered as class k. Undefined where either side has one class only.
    Range: -1 to 1; 0 is what chance gives.
    Direction: higher is better.
    Source: Matthews 1975; Gorodkin 2004; scikit-learn, matthews_corrcoef (which says 0 where it is undefined).
    Pitfalls: With more than two classes the least possible value lies between -1 and 0.
    """

    field: str | None = None
    name: str = "matthews_correlation"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (-1, 1)

    def __call__(self, rows: Sequence[RunRow], /) -> Score:
        if not rows:
            return undefined(self.name, NOTHING)
        found = labelled(rows, self.field)
        found.check_classes()
        if constant(found):
            return undefined(self.name, f"0/0: {_one_class(found)}")
        value = sklearn_metrics().matthews_corrcoef(found.expected, found.predicted)
        return measured(self.name, value, found.notes, interval=jackknife_of_counts(found, matthews, low=-1))


@dataclass(frozen=True, kw_only=True)
class CohenKappa(RunMetric):
    """Agreement of expected and answered labels beyond what their frequencies alone would give.

    Definition: 1 - sum w_ij o_ij / sum w_ij e_ij, o the observed and e the expected shares; `weights` None (every
        confusion counts alike), "linear" or "quadratic" in the distance of ordered labels.
    Range: -1 to 1; 0 is chance.
    Direction: higher is better.
    Source: Cohen 1960, 1968; scikit-learn, cohen_kappa_score. Undefined where both sides have the same single label.
    Pitfalls: Where one class is very common, kappa is low at high agreement: read it beside the accuracy. Weights are
        for ordered labels, and the order is that of the labels present: numbers by size, texts by the alphabet.
    """

    weights: Weights | None = None
    field: str | None = None
    name: str = "cohen_kappa"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (-1, 1)

    def __post_init__(self) -> None:
        if self.weights not in (None, "linear", "quadratic"):
            raise ConfigurationError(f"CohenKappa(weights=) is None, 'linear' or 'quadratic', not {self.weights!r}.")

    def __call__(self, rows: Sequence[RunRow], /) -> Score:
        if not rows:
            return undefined(self.name, NOTHING)
        found = labelled(rows, self.field)
        found.check_classes()
        if len(found.labels) < 2:
            return undefined(self.name, f"0/0: {_one_class(found)}")
        places = list(range(len(found.labels)))
        value = sklearn_metrics().cohen_kappa_score(
            found.expected, found.predicted, labels=places, weights=self.weights
        )
        notes = found.notes
        if self.weights and any(isinstance(label, str) for label in found.labels):
            order = ", ".join(str(label) for label in found.labels[:10])
            notes.insert(0, f"weighted by the alphabetical order of the labels: {order}")
        interval = jackknife_of_counts(found, partial(kappa, weights=self.weights), low=-1)
        return measured(self.name, value, notes, interval=interval)


def constant(found: Labelled) -> bool:
    """Whether either side has one label only."""
    return any(len(set(side.tolist())) < 2 for side in (found.expected, found.predicted))


def _one_class(found: Labelled) -> str:
    expected, predicted = set(found.expected.tolist()), set(found.predicted.tolist())
    sides = [
        *([f"every expected label is {found.labels[min(expected)]!r}"] if len(expected) == 1 else []),
        *([f"every answer is {found.labels[min(predicted)]!r}"] if len(predicted) == 1 else []),
    ]
    return " and ".join(sides)
