"""Intervals from sums that a database made, so that it need not hand out the values."""

from __future__ import annotations

import math
from dataclasses import replace

import scipy

from assay.evaluation.statistics.estimate import Estimate
from assay.evaluation.statistics.rates import rate_estimate, wilson


def interval_of_sums(
    *,
    n: int,
    clusters: int,
    mean: float | None,
    spread: float | None,
    all_equal: bool,
    binary: bool,
    confidence: float = 0.95,
) -> Estimate:
    """What `mean_interval`, or `proportion_interval` of `binary` values, says of the values behind these sums.

    ``stderr = sqrt(G/(G-1) * spread) / n``. Sources: those of the two.

    Args:
        clusters: as many as `n` where the values are independent.
        spread: the sum over clusters of ``(total of the cluster - its size * mean)^2``.
        all_equal: whether the least and the greatest value are the same.
    """
    if n == 0 or mean is None or spread is None:
        return Estimate(n=0, value=None, confidence=confidence, reason="nothing was scored")
    independent = clusters == n
    if binary and independent:
        low, high = wilson(mean, n, float(scipy.stats.norm.ppf((1 + confidence) / 2)))
        return rate_estimate(n, mean, low, high, math.sqrt(mean * (1 - mean) / n), None, confidence, "Wilson")
    nothing = Estimate(n=n, value=mean, confidence=confidence)
    if clusters < 2:
        return replace(nothing, reason="one item has no spread" if independent else "one cluster has no spread")
    stderr = math.sqrt(clusters / (clusters - 1) * spread) / n
    quantile = float(scipy.stats.t.ppf((1 + confidence) / 2, clusters - 1))
    if binary:
        variance = stderr**2
        n_eff = float(clusters) if mean in (0.0, 1.0) else n
        if variance > 0 and mean not in (0.0, 1.0):
            n_eff = min(float(n), mean * (1 - mean) / variance)
        low, high = wilson(mean, n_eff, quantile)
        return rate_estimate(n, mean, low, high, stderr, None, confidence, f"Wilson, {clusters} clusters")
    if all_equal:
        return replace(nothing, reason=f"all {n} values are equal: their spread cannot be estimated")
    method = "t" if independent else f"t, {clusters} clusters"
    half = quantile * stderr
    return replace(nothing, low=mean - half, high=mean + half, stderr=stderr, method=method)
