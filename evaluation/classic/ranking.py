"""How well scores put one class above the others: ROC AUC and average precision, with their curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from assay.errors import ScorerError
from assay.evaluation.classic.accuracy import NOTHING
from assay.evaluation.classic.figures import area_contributions, average_precision
from assay.evaluation.classic.intervals import jackknife, sum_of_moves
from assay.evaluation.classic.labels import Label, named
from assay.evaluation.classic.probabilities import HINT, Scored, scored
from assay.evaluation.classic.run_metric import RunMetric, measured, sklearn_metrics, undefined
from assay.evaluation.scorers.protocol import RunRow
from assay.scores import Score

NO_SCORES = f"the outputs hold labels and no probabilities. {HINT}"
MOST_POINTS = 200  # of a curve that is kept: more cannot be seen


@dataclass(frozen=True, kw_only=True)
class RocAuc(RunMetric):
    """How often a row of the positive class has a greater score than a row of another: the area under the ROC curve.

    Definition: P(score of a positive > score of a negative), ties counting half. More than two classes: the mean over
        the classes of each against the rest. The curve is kept as an artifact.
    Range: 0 to 1; 0.5 is what chance gives.
    Direction: higher is better.
    Source: Hanley and McNeil 1982; scikit-learn, roc_auc_score (multi_class="ovr", average="macro"). Undefined where
        only one class is expected.
    Pitfalls: It looks at the order alone: probabilities may all be far off. Where positives are rare, a good area can
        come with poor precision: see `AveragePrecisionScore`. `positive` is the greater of two labels unless it is
        said.
    """

    positive: Label = None
    field: str | None = None
    name: str = "roc_auc"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)
    needs_probabilities: ClassVar[bool] = True

    def __call__(self, rows: Sequence[RunRow], /) -> Score:
        found = scored(rows, field=self.field, positive=self.positive)
        if found is None:
            return undefined(self.name, NO_SCORES if rows else NOTHING)
        if found.one_class:
            return undefined(self.name, f"nothing to tell apart: {found.one_class}")
        area = sklearn_metrics().roc_auc_score
        missing = absent_classes(found)
        if missing:
            return undefined(self.name, f"no row is expected to be {named(missing)}: its curve is not defined")

        places = looked_at(found)
        value = np.mean([area(found.expected == place, found.scores[:, place]) for place in places])
        moved = np.mean(
            [area_contributions(found.expected == place, found.scores[:, place]) for place in places], axis=0
        )
        artifact = curve(
            f"ROC curve, {of_class(found)}",
            "false positive rate",
            "true positive rate",
            *_roc_points(found),
            float(value),
            diagonal=True,
        )
        interval = sum_of_moves(rows, float(value), moved)
        return measured(self.name, value, [of_class(found), *found.notes], interval=interval, artifact=artifact)


@dataclass(frozen=True, kw_only=True)
class AveragePrecisionScore(RunMetric):
    """The area under precision over recall, as a step function: how pure the top of the ranking is.

    Definition: sum over thresholds of (R_n - R_(n-1)) P_n, without interpolation. More than two classes: the mean over
        the classes of each against the rest. For two classes the curve is kept as an artifact.
    Range: 0 to 1; the share of positives is what chance gives, and the explanation gives it.
    Direction: higher is better.
    Source: scikit-learn, average_precision_score. Undefined where no positive row is expected.
    Pitfalls: Not comparable between data sets with other shares of positives.
    """

    positive: Label = None
    field: str | None = None
    name: str = "average_precision_score"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)
    needs_probabilities: ClassVar[bool] = True

    def __call__(self, rows: Sequence[RunRow], /) -> Score:
        found = scored(rows, field=self.field, positive=self.positive)
        if found is None:
            return undefined(self.name, NO_SCORES if rows else NOTHING)
        places = looked_at(found)
        if missing := [found.labels[place] for place in places if not (found.expected == place).any()]:
            return undefined(self.name, f"0/0: no row is expected to be {named(missing)}")
        precision = sklearn_metrics().average_precision_score

        value = np.mean([precision(found.expected == place, found.scores[:, place]) for place in places])

        def statistic(kept: Any) -> float:
            expected, scores = found.expected[kept], found.scores[kept]
            return float(np.mean([average_precision(expected == place, scores[:, place]) for place in places]))

        chance = float(np.mean([(found.expected == place).mean() for place in places]))
        notes = [of_class(found), f"chance gives {chance:.3g}", *found.notes]
        artifact = None
        if len(places) == 1:
            p, r, _ = sklearn_metrics().precision_recall_curve(found.expected == places[0], found.scores[:, places[0]])
            artifact = curve(
                f"Precision and recall, {of_class(found)}", "recall", "precision", r[::-1], p[::-1], float(value)
            )
        interval = jackknife(rows, statistic, logit=True)
        return measured(self.name, value, notes, interval=interval, artifact=artifact)


def looked_at(found: Scored) -> list[int]:
    """The classes that are put against the rest: the positive one of two, else every one."""
    if len(found.labels) < 2:
        raise ScorerError(f"the outputs score one class only: {named(found.labels)}", hint=HINT)
    return [1] if len(found.labels) == 2 else list(range(len(found.labels)))


def of_class(found: Scored) -> str:
    if len(found.labels) == 2:
        return f"positive class {found.labels[1]!r}"
    return f"mean of {len(found.labels)} classes, each against the rest"


def absent_classes(found: Scored) -> list[Label]:
    """Classes that are scored and never expected."""
    return [label for place, label in enumerate(found.labels) if not (found.expected == place).any()]


def curve(
    title: str, x_label: str, y_label: str, x: Any, y: Any, area: float, *, diagonal: bool = False
) -> dict[str, Any]:
    """An artifact of a curve, thinned to what can be seen; both ends stay. `diagonal`: it is held against x = y."""
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).round().astype(int))
    return {
        "kind": "curve",
        "title": title,
        "x_label": x_label,
        "y_label": y_label,
        "x": [round(float(value), 6) for value in np.asarray(x)[kept]],
        "y": [round(float(value), 6) for value in np.asarray(y)[kept]],
        "area": float(area),
        "diagonal": diagonal,
    }


def _roc_points(found: Scored) -> tuple[Any, Any]:
    """False and true positive rates; of several classes, the mean of their curves at every false positive rate."""
    roc = sklearn_metrics().roc_curve
    curves = [roc(found.expected == place, found.scores[:, place])[:2] for place in looked_at(found)]
    if len(curves) == 1:
        [(x, y)] = curves
        return x, y
    x = np.unique(np.concatenate([fpr for fpr, _ in curves]))
    y = np.mean([np.interp(x, fpr, tpr) for fpr, tpr in curves], axis=0)
    return np.concatenate([[0.0], x]), np.concatenate([[0.0], y])
