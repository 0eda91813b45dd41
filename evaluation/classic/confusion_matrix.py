"""The confusion matrix of a run: how many rows of each class were answered as which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from assay.evaluation.classic.accuracy import NOTHING
from assay.evaluation.classic.intervals import share_interval
from assay.evaluation.classic.labels import labelled
from assay.evaluation.classic.run_metric import RunMetric, measured, undefined
from assay.evaluation.scorers.protocol import RunRow
from assay.scores import Score

MOST_LABELS = 50  # a table of more than this is not read; the rest is pooled


@dataclass(frozen=True, kw_only=True)
class ConfusionMatrix(RunMetric):
    """Rows by expected and answered class, kept as an artifact of the experiment; its value is the share off the
    diagonal.

    Definition: counts[i][j] is the number of rows expected to be labels[i] and answered as labels[j]; the value is 1 -
        trace / rows, the error rate.
    Range: 0 to 1.
    Direction: lower is better.
    Source: counting; the same as scikit-learn's confusion_matrix.
    Pitfalls: Above 50 labels only the most frequent ones have a row and column, and the others share one.
    """

    field: str | None = None
    name: str = "confusion_matrix"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __call__(self, rows: Sequence[RunRow], /) -> Score:
        if not rows:
            return undefined(self.name, NOTHING)
        found = labelled(rows, self.field)
        counts = np.zeros((len(found.labels),) * 2, dtype=int)
        np.add.at(counts, (found.expected, found.predicted), 1)
        wrong = found.expected != found.predicted
        shown, labels = _pooled(counts, ["(none)" if label is None else label for label in found.labels])
        return measured(
            self.name,
            wrong.mean(),
            found.notes,
            interval=share_interval(rows, [bool(one) for one in wrong]),
            artifact={"kind": "confusion_matrix", "labels": labels, "counts": shown.tolist()},
        )


def _pooled(counts: Any, labels: list[Any]) -> tuple[Any, list[Any]]:
    """At most `MOST_LABELS` rows and columns: the most frequent labels in their order, then all others together."""
    if len(labels) <= MOST_LABELS:
        return counts, labels
    size = counts.sum(axis=0) + counts.sum(axis=1)
    kept = np.sort(np.argsort(-size, kind="stable")[: MOST_LABELS - 1])
    group = np.full(len(labels), MOST_LABELS - 1)
    group[kept] = np.arange(MOST_LABELS - 1)
    pooled = np.zeros((MOST_LABELS, MOST_LABELS), dtype=int)
    np.add.at(pooled, (group[:, None], group[None, :]), counts)
    return pooled, [*(labels[place] for place in kept), f"{len(labels) - MOST_LABELS + 1} other labels"]
