"""The mean of one sample of numbers, with its t interval."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
import scipy

from assay.evaluation.statistics.clusters import cluster_sums, group_count
from assay.evaluation.statistics.estimate import Estimate, Floats

NOT_FINITE = "a value is not a finite number"


def mean_interval(
    values: Sequence[float], *, clusters: Sequence[Hashable] | None = None, confidence: float = 0.95
) -> Estimate:
    """Mean with its t interval; with `clusters` (one label per value) the units of one cluster may depend on each
    other.

    Independent: ``mean +- t(n-1) * s / sqrt(n)``. Source: Miller 2024, arXiv 2411.00640, section 2.
    Clustered: see `clustered_stderr`, t with G-1 degrees of freedom.
    """
    x = np.asarray(values, dtype=float)
    n = len(x)
    if n == 0:
        return Estimate(n=0, value=None, confidence=confidence, reason="nothing was scored")
    if not np.isfinite(x).all():
        return Estimate(n=n, value=None, confidence=confidence, reason=NOT_FINITE)
    mean = float(x.mean())
    sd = float(x.std(ddof=1)) if n > 1 else None
    nothing = Estimate(n=n, value=mean, sd=sd, confidence=confidence)
    if n == 1:
        return replace(nothing, reason="one item has no spread")
    groups = group_count(clusters)
    if clusters is not None and groups < 2:
        return replace(nothing, reason="one cluster has no spread")
    if all_equal(x):
        return replace(nothing, reason=f"all {n} values are equal: their spread cannot be estimated")
    if clusters is None:
        stderr, df, method = float(x.std(ddof=1)) / math.sqrt(n), n - 1, "t"
    else:
        stderr, df, method = clustered_stderr(x, clusters), groups - 1, f"t, {groups} clusters"
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, df)) * stderr
    return replace(nothing, low=mean - half, high=mean + half, stderr=stderr, method=method)


def clustered_stderr(values: Sequence[float] | Floats, clusters: Sequence[Hashable]) -> float:
    """Standard error of a mean whose errors go together within clusters.

    ``sqrt(G/(G-1) * sum_c (sum_{i in c} (x_i - mean))^2) / n``. Sources: Liang and Zeger 1986; Miller 2024, appendix A
    (there without G/(G-1)). Needs two clusters or more.
    """
    x = np.asarray(values, dtype=float)
    sums, _ = cluster_sums(x - x.mean(), clusters)
    groups = len(sums)
    return math.sqrt(groups / (groups - 1) * float((sums**2).sum())) / len(x)


def all_equal(x: Floats) -> bool:
    return bool(np.ptp(x) <= 1e-12 * max(1.0, float(np.abs(x).max())))
