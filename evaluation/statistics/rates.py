"""The share of successes in one sample, with an interval that is right at the edges too."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
import scipy

from assay.evaluation.statistics.clusters import group_count
from assay.evaluation.statistics.estimate import Estimate
from assay.evaluation.statistics.means import NOT_FINITE, clustered_stderr


def proportion_interval(
    shares: Sequence[float],
    *,
    rows: int | None = None,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Mean of shares of success, one per item, with a Wilson interval.

    Every share 0 or 1 and no clusters: Wilson's interval as it stands,
    ``(p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)``. Otherwise (shares of repeats, or clusters of items):
    the same with the effective sample size ``n_eff = min(rows, p(1-p) / v)``, v the (clustered) variance of the mean,
    and t(G-1) in place of z. Where all are successes or all failures v says nothing, and n_eff is the number of
    clusters: the cautious end. Sources: Wilson 1927; Brown, Cai and DasGupta 2001; Korn and Graubard 1998 (n_eff).

    Args:
        shares: successes / repeats of each item, within 0 and 1.
        rows: how many results stand behind the shares; None when each stands for one.
    """
    x = np.asarray(shares, dtype=float)
    n = len(x)
    rows = n if rows is None else rows
    if n == 0:
        return Estimate(n=0, value=None, confidence=confidence, reason="nothing was scored")
    if not np.isfinite(x).all():
        return Estimate(n=n, value=None, confidence=confidence, reason=NOT_FINITE)
    p = float(x.mean())
    sd = float(x.std(ddof=1)) if n > 1 else None
    if clusters is None and rows == n and bool(np.isin(x, (0.0, 1.0)).all()):
        low, high = wilson(p, n, float(scipy.stats.norm.ppf((1 + confidence) / 2)))
        stderr = math.sqrt(p * (1 - p) / n)
        return rate_estimate(n, p, low, high, stderr, sd, confidence, "Wilson")
    labels = list(range(n)) if clusters is None else clusters
    groups = group_count(labels)
    if groups < 2:
        reason = "one item has no spread between items" if clusters is None else "one cluster has no spread"
        return Estimate(n=n, value=p, sd=sd, confidence=confidence, reason=reason)
    variance = clustered_stderr(x, labels) ** 2
    if p in (0.0, 1.0):
        n_eff = float(groups)
    else:
        n_eff = min(float(rows), p * (1 - p) / variance) if variance > 0 else float(rows)
    quantile = float(scipy.stats.t.ppf((1 + confidence) / 2, groups - 1))
    low, high = wilson(p, n_eff, quantile)
    method = "Wilson, repeats" if clusters is None else f"Wilson, {groups} clusters"
    return rate_estimate(n, p, low, high, math.sqrt(variance), sd, confidence, method)


def clopper_pearson(successes: int, n: int, *, confidence: float = 0.95) -> Estimate:
    """A rate with the exact interval: never below its confidence, and for that wider than Wilson's.

    Ends are the rates at which `successes` or more (or fewer) have a chance of alpha/2:
    ``Beta(alpha/2; s, n-s+1)`` and ``Beta(1-alpha/2; s+1, n-s)``. Source: Clopper and Pearson 1934.
    """
    if n == 0:
        return Estimate(n=0, value=None, confidence=confidence, reason="nothing was scored")
    p = successes / n
    ends = scipy.stats.binomtest(successes, n).proportion_ci(confidence_level=confidence, method="exact")
    stderr = math.sqrt(p * (1 - p) / n)
    sd = math.sqrt(p * (1 - p) * n / (n - 1)) if n > 1 else None
    return rate_estimate(n, p, ends.low, ends.high, stderr, sd, confidence, "Clopper-Pearson")


def rate_estimate(
    n: int, p: float, low: float, high: float, stderr: float, sd: float | None, confidence: float, method: str
) -> Estimate:
    # an end of all-right or all-wrong data is p itself but for rounding
    return Estimate(
        n=n,
        value=p,
        low=min(max(float(low), 0.0), p),
        high=max(min(float(high), 1.0), p),
        stderr=stderr,
        sd=sd,
        confidence=confidence,
        method=method,
    )


def wilson(p: float, n: float, z: float) -> tuple[float, float]:
    """Wilson's score interval for a share `p` of (not necessarily whole) `n`."""
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return centre - half, centre + half
