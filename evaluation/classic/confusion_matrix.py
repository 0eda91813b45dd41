"""The confusion matrix of a run: how many rows of each class were answered as which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from assay.evaluation.classic.accuracy import NOTHING
from assay.evaluation.classic.intervals import share_interval
from assay.evaluation.classic.labels import Labelled, labelled
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
        group, labels = _pooled(found)
        counts = np.zeros((len(labels), len(labels)), dtype=int)
        np.add.at(counts, (group[found.expected], group[found.predicted]), 1)
        wrong = found.expected != found.predicted
        return measured(
            self.name,
            wrong.mean(),
            found.notes,
            interval=share_interval(rows, [bool(one) for one in wrong]),
            artifact={"kind": "confusion_matrix", "labels": labels, "counts": counts.tolist()},
        )


def _pooled(found: Labelled) -> tuple[Any, list[Any]]:
    """The row and column of every label, and what those are called: at most `MOST_LABELS`, the most frequent labels in
    their order and then all others together.
    """
    names = ["(none)" if label is None else label for label in found.labels]
    if len(names) <= MOST_LABELS:
        return np.arange(len(names)), names
    size = np.bincount(np.concatenate([found.expected, found.predicted]), minlength=len(names))
    kept = np.sort(np.argsort(-size, kind="stable")[: MOST_LABELS - 1])
    group = np.full(len(names), MOST_LABELS - 1)
    group[kept] = np.arange(MOST_LABELS - 1)
    return group, [*(names[place] for place in kept), f"{len(names) - MOST_LABELS + 1} other labels"]
