"""A mean of human labels, sharpened by a judge's scores of unlabelled items (prediction-powered inference)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy

from assay.evaluation.statistics.estimate import Estimate, Floats
from assay.evaluation.statistics.means import NOT_FINITE


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionPowered(Estimate):
    """The corrected mean. `n` counts labelled items, `weight` is lambda: 0 ignores the judge, 1 trusts it fully."""

    n_unlabelled: int = 0
    weight: float | None = None
    judge_mean: float | None = None  # what the judge alone says, of the unlabelled items
    labelled_mean: float | None = None  # what the labels alone say


def ppi_mean(
    labels: Sequence[float],
    judge_labelled: Sequence[float],
    judge_unlabelled: Sequence[float],
    *,
    weight: float | None = None,
    confidence: float = 0.95,
) -> PredictionPowered:
    """PPI++: the mean that people would have given, from few labels and many scores of a judge.

    ``lam * mean(f_unlabelled) + mean(Y - lam * f_labelled)`` with ``lam = cov(Y, f_labelled) / ((1 + n/N) var(f))``,
    cut to 0 and 1, which makes the variance ``lam^2 var(f_unlabelled) / N + var(Y - lam f_labelled) / n`` least; normal
    interval. Right whatever the judge is worth, as long as the labelled items are a random sample of all; a bad judge
    gets lam near 0 and costs nothing. Sources: Angelopoulos et al. 2023, arXiv 2301.09633; Angelopoulos, Duchi and
    Zrnic 2023, arXiv 2311.01453.

    Args:
        labels: human scores of the labelled items.
        judge_labelled: the judge's scores of the same items, in the same order.
        judge_unlabelled: its scores of the other items.
        weight: lambda, where it is not to be estimated; 1 is plain PPI, 0 the labels alone.

    Raises:
        ValueError: labels and the judge's scores of them differ in number.
    """
    y, seen, unseen = (np.asarray(each, dtype=float) for each in (labels, judge_labelled, judge_unlabelled))
    n, extra = len(y), len(unseen)
    if len(seen) != n:
        raise ValueError(f"{n} labels cannot be paired with {len(seen)} scores")
    nothing = PredictionPowered(n=n, value=None, confidence=confidence, method="PPI++", n_unlabelled=extra)
    if n < 2 or extra < 2:
        return replace(nothing, reason="it takes two labelled and two unlabelled items")
    if not all(np.isfinite(each).all() for each in (y, seen, unseen)):
        return replace(nothing, reason=NOT_FINITE)
    lam = _best_weight(y, seen, unseen) if weight is None else weight
    value = lam * float(unseen.mean()) + float((y - lam * seen).mean())
    found = replace(
        nothing,
        value=value,
        weight=lam,
        judge_mean=float(unseen.mean()),
        labelled_mean=float(y.mean()),
        method="PPI++" if weight is None else f"PPI, lambda {weight:g}",
    )
    rectifier = float((y - lam * seen).var())
    if rectifier <= 1e-24:
        reason = f"judge and people agree on all {n} labelled items: the spread of the correction cannot be estimated"
        return replace(found, reason=reason)
    stderr = math.sqrt(lam**2 * float(unseen.var()) / extra + rectifier / n)
    half = float(scipy.stats.norm.ppf((1 + confidence) / 2)) * stderr
    return replace(found, low=value - half, high=value + half, stderr=stderr)


def _best_weight(y: Floats, seen: Floats, unseen: Floats) -> float:
    """Lambda of the least variance: the covariance within the labelled, the variance over all that the judge scored."""
    spread = float(np.concatenate([seen, unseen]).var(ddof=1))
    if spread == 0:
        return 0.0
    together = float(((y - y.mean()) * (seen - seen.mean())).mean())
    return min(max(together / ((1 + len(y) / len(unseen)) * spread), 0.0), 1.0)
