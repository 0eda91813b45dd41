"""Intervals by resampling, for figures without a formula."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import scipy

from assay.evaluation.statistics.estimate import Estimate
from assay.evaluation.statistics.means import NOT_FINITE, all_equal

Method = Literal["percentile", "basic", "BCa"]

FEW_UNITS = 20  # below, the percentile and BCa intervals are too narrow whatever the figure


def bootstrap_interval(
    values: Sequence[float],
    statistic: Callable[..., Any] = np.mean,
    *,
    clusters: Sequence[Hashable] | None = None,
    method: Method = "BCa",
    resamples: int = 9_999,
    confidence: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Bootstrap interval of any statistic of one sample (scipy.stats.bootstrap with its own generator).

    Items are drawn with replacement; with clusters, whole clusters are (percentile). It is honest where the sample is
    large enough to show the tails and the statistic is smooth. It is no cure for small samples or for scores near the
    edge of their range, where it covers too little (benchmarks/coverage.py): below 20 units the reason says so. Use
    `bounded_mean_interval` for means of such scores. Sources: Efron 1987; Efron and Tibshirani 1993, chapters 13, 14.

    Args:
        statistic: of an array; with ``axis=`` it is fast.
    """
    x = np.asarray(values, dtype=float)
    n = len(x)
    if n == 0:
        return Estimate(n=0, value=None, confidence=confidence, reason="nothing was scored")
    if not np.isfinite(x).all():
        return Estimate(n=n, value=None, confidence=confidence, reason=NOT_FINITE)
    found = Estimate(n=n, value=float(statistic(x)), confidence=confidence)
    members = None if clusters is None else _members(clusters, n)
    units = n if members is None else len(members)
    if units < 2:
        return replace(found, reason="one item has no spread" if members is None else "one cluster has no spread")
    if all_equal(x):
        return replace(found, reason=f"all {n} values are equal: their spread cannot be estimated")
    rng = np.random.default_rng(seed)
    if members is None:
        kind: Method = method
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", scipy.stats.DegenerateDataWarning)  # told below, as a reason
            drawn = scipy.stats.bootstrap(
                (x,), statistic, n_resamples=resamples, confidence_level=confidence, method=method, rng=rng
            )
        low, high, spread = drawn.confidence_interval.low, drawn.confidence_interval.high, drawn.standard_error
    else:
        kind = "percentile"
        means = [
            float(statistic(x[np.concatenate([members[i] for i in rng.integers(0, units, units)])]))
            for _ in range(resamples)
        ]
        low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
        spread = np.std(means, ddof=1)
    over = "" if members is None else f" over {units} clusters"
    found = replace(found, method=f"bootstrap {kind}{over}, {resamples:,} draws, seed {seed}")
    if not (np.isfinite(low) and np.isfinite(high)):
        return replace(found, reason="the resamples do not vary enough for an interval")
    what = "items" if members is None else "clusters"
    few = f"{units} {what} are few: below {FEW_UNITS} a bootstrap interval is too narrow" if units < FEW_UNITS else None
    return replace(found, low=float(low), high=float(high), stderr=float(spread), reason=few)


def _members(clusters: Sequence[Hashable], n: int) -> list[Any]:
    if len(clusters) != n:
        raise ValueError(f"{n} values have {len(clusters)} cluster labels")
    found: dict[Hashable, list[int]] = {}
    for place, label in enumerate(clusters):
        found.setdefault(label, []).append(place)
    return [np.array(places) for places in found.values()]
