"""Wilcoxon's signed-rank test: a named extra, because it tests another hypothesis than a difference of means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import scipy

from assay.evaluation.statistics.estimate import Difference, Floats
from assay.evaluation.statistics.smallest import fewest_for_significance

MOST_FOR_EXACT = 50


def wilcoxon_signed_rank(differences: Sequence[float], *, confidence: float = 0.95) -> Difference:
    """The median of all means of two differences (Hodges and Lehmann), with the signed-rank test and its interval.

    Of the M = n(n+1)/2 means of pairs (an item paired with itself counted in), W are on one side of 0; p is twice the
    chance of so few or fewer, exact up to 50 items, else by the normal approximation with mean M/2 and variance
    ``n(n+1)(2n+1)/24``. The interval runs from the k-th smallest to the k-th largest mean of a pair, k the largest for
    which the test does not reject. Pairs at 0 count on both sides, which is cautious. It tests that the differences
    are symmetric about 0: with skewed differences it may reject although their mean is 0. Sources: Wilcoxon 1945;
    Hodges and Lehmann 1963; Hollander, Wolfe and Chicken 2014, chapter 3.
    """
    d = np.asarray(differences, dtype=float)
    n = len(d)
    if n == 0:
        return Difference(n=0, value=None, confidence=confidence, reason="no item was scored in both")
    means = np.sort(np.add.outer(d, d)[np.triu_indices(n)] / 2)
    near = 1e-12 * float(np.abs(d).max(initial=0.0))
    fewer = min(int((means <= near).sum()), int((means >= -near).sum()))
    how = "exact" if n <= MOST_FOR_EXACT else "normal approximation"
    result = Difference(
        n=n,
        value=float(np.median(means)),
        sd=float(d.std(ddof=1)) if n > 1 else None,
        confidence=confidence,
        method=f"Wilcoxon signed rank, {how}",
        p=min(1.0, 2 * _chance(fewer, n)),
    )
    rejected = _most_rejected(n, (1 - confidence) / 2)
    if rejected < 0:
        few = fewest_for_significance(1 - confidence)
        return replace(result, reason=f"{n} item{'' if n == 1 else 's'} cannot tell: the test needs {few}")
    if not d.any():
        result = replace(result, reason=f"no item of {n} differs")
    low, high = float(means[rejected]), float(means[-1 - rejected])
    return replace(result, low=0.0 if abs(low) <= near else low, high=0.0 if abs(high) <= near else high)


def _chance(w: int, n: int) -> float:
    """P(W <= w) where each sign is a fair coin."""
    if n <= MOST_FOR_EXACT:
        return float(_cumulative(n)[min(w, n * (n + 1) // 2)])
    mean, sd = n * (n + 1) / 4, math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    return float(scipy.stats.norm.cdf((w - mean) / sd))


def _most_rejected(n: int, alpha: float) -> int:
    """The largest w with P(W <= w) <= alpha; -1 if there is none."""
    if n <= MOST_FOR_EXACT:
        return int(np.searchsorted(_cumulative(n), alpha * (1 + 1e-12), side="right")) - 1
    mean, sd = n * (n + 1) / 4, math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    return math.floor(mean + float(scipy.stats.norm.ppf(alpha)) * sd)


@cache
def _cumulative(n: int) -> Floats:
    """P(W <= w) for every w: sums of the ranks 1..n, each taken or not."""
    counts = np.ones(1)
    for rank in range(1, n + 1):
        longer = np.zeros(len(counts) + rank)
        longer[: len(counts)] += counts
        longer[rank:] += counts
        counts = longer / 2
    return np.asarray(np.cumsum(counts), dtype=float)
