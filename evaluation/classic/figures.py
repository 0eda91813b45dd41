"""Figures of a confusion matrix, `counts[expected, answered]`: what intervals are computed from.

The figures that are reported are scikit-learn's. One call of it takes milliseconds, and an interval asks for a figure
forty times; these take microseconds, and tests hold them equal. nan: undefined.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.float64]


def balanced_accuracy(counts: Counts) -> float:
    """Mean recall of the classes that are expected."""
    asked = counts.sum(axis=1)
    return float((counts.diagonal()[asked > 0] / asked[asked > 0]).mean())


def matthews(counts: Counts) -> float:
    """R_K, Gorodkin 2004."""
    asked, answered, rows = counts.sum(axis=1), counts.sum(axis=0), counts.sum()
    spread = (rows**2 - (answered**2).sum()) * (rows**2 - (asked**2).sum())
    if spread <= 0:
        return float("nan")
    return float((counts.trace() * rows - answered @ asked) / np.sqrt(spread))


def kappa(counts: Counts, weights: str | None = None) -> float:
    """1 - sum w o / sum w e, Cohen 1968."""
    distance = np.abs(np.subtract.outer(np.arange(len(counts)), np.arange(len(counts))))
    weight = {None: (distance > 0).astype(float), "linear": distance, "quadratic": distance**2}[weights]
    chance = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    expected = float((weight * chance).sum())
    return 1 - float((weight * counts).sum()) / expected if expected > 0 else float("nan")


def class_figure(counts: Counts, figure: str, average: str | None, places: Sequence[int]) -> float:
    """Precision, recall or F1 of the classes at `places`, averaged; 0/0 is 0. Without an average, of the one place."""
    hits, asked, answered = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    parts: dict[str, tuple[Any, Any]] = {
        "precision": (hits, answered),
        "recall": (hits, asked),
        "f1": (2 * hits, asked + answered),
    }
    above, below = (part[list(places)] for part in parts[figure])
    if average == "micro":
        return float(above.sum() / below.sum()) if below.sum() else 0.0
    by_class = np.divide(above, below, out=np.zeros(len(above)), where=below > 0)
    sizes = asked[list(places)] if average == "weighted" else np.ones(len(by_class))
    return float(by_class @ sizes / sizes.sum()) if sizes.sum() else 0.0


def average_precision(positive: Any, scores: Any) -> float:
    """sum (R_n - R_(n-1)) P_n over the distinct scores, from the greatest down; nan without a positive row."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    last_of_its_score = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits_there = hits[last_of_its_score]
    if not hits_there[-1]:
        return float("nan")
    return float((np.diff(hits_there, prepend=0) * hits_there / (last_of_its_score + 1)).sum() / hits_there[-1])


def area_contributions(positive: Any, scores: Any) -> Any:
    """How far every row moves the area under the ROC curve: DeLong's structural components, less the area, over the
    rows of its side (DeLong et al. 1988; by ranks, Sun and Xu 2014). Their sum over a cluster is the cluster's.
    """
    from scipy.stats import rankdata

    yes, no = scores[positive], scores[~positive]
    ranks = rankdata(scores)
    above_no = (ranks[positive] - rankdata(yes)) / len(no)  # share of negatives below each positive
    below_yes = 1 - (ranks[~positive] - rankdata(no)) / len(yes)  # share of positives above each negative
    moved = np.empty(len(scores))
    moved[positive] = (above_no - above_no.mean()) / len(yes)
    moved[~positive] = (below_yes - below_yes.mean()) / len(no)
    return moved
