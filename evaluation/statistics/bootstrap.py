"""Intervals by resampling, for figures without a formula, and for means of bounded scores near their edges."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import scipy

from assay.evaluation.statistics.clusters import cluster_sums
from assay.evaluation.statistics.estimate import Estimate, Floats
from assay.evaluation.statistics.means import all_equal, mean_interval

Method = Literal["percentile", "basic", "BCa"]

FEW_UNITS = 20  # below, the percentile and BCa intervals are too narrow whatever the figure
ENOUGH_FOR_T = 100  # items, from which on the t interval of a bounded score holds away from the edges
FROM_THE_EDGE = 4.0  # standard errors between the mean and the nearer edge, to be called away from it


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


def bounded_mean_interval(
    values: Sequence[float],
    lowest: float,
    highest: float,
    *,
    clusters: Sequence[Hashable] | None = None,
    resamples: int = 1_999,
    confidence: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Mean of scores within `lowest` and `highest`, by the t interval where it holds, else by bootstrap-t; cut to both.

    From 100 items on, with the mean 4 standard errors or more from both edges: t (`mean_interval`). Else bootstrap-t:
    the quantiles of ``(mean* - mean) / stderr*`` over resamples of items (or clusters) take the place of t's, so that
    the interval reaches further to the side of the long tail. Below 10 units neither is good: then it is the t
    interval, and the reason says so. Sources: Efron and Tibshirani 1993, section 12.5; Hall 1988.
    """
    x = np.asarray(values, dtype=float)
    plain = mean_interval(values, clusters=clusters, confidence=confidence)
    if plain.low is None or plain.high is None or plain.stderr is None or plain.value is None:
        return plain
    t = replace(plain, low=max(plain.low, lowest), high=min(plain.high, highest))
    away = min(plain.value - lowest, highest - plain.value) >= FROM_THE_EDGE * plain.stderr
    sums, sizes = cluster_sums(x, range(len(x)) if clusters is None else clusters)
    units = len(sums)
    if units >= ENOUGH_FOR_T and away:
        return t
    if units < 10:
        what = "items" if clusters is None else "clusters"
        return t if away else replace(t, reason=f"{units} {what} near the edge of the range: the interval is rough")
    low, high = _studentized(sums, sizes, plain, resamples, seed)
    over = "" if clusters is None else f", {units} clusters"
    return replace(
        plain,
        low=min(max(low, lowest), plain.value),
        high=max(min(high, highest), plain.value),
        method=f"bootstrap-t{over}, {resamples:,} draws, seed {seed}",
    )


def _studentized(sums: Floats, sizes: Floats, plain: Estimate, resamples: int, seed: int) -> tuple[float, float]:
    """Ends of the bootstrap-t interval; a resample without spread lies infinitely far out on its side."""
    assert plain.value is not None
    assert plain.stderr is not None
    units = len(sums)
    drawn = np.random.default_rng(seed).integers(0, units, size=(resamples, units))
    totals, counts = sums[drawn], sizes[drawn]
    n = counts.sum(axis=1)
    means = totals.sum(axis=1) / n
    spread = ((totals - counts * means[:, None]) ** 2).sum(axis=1)
    stderr = np.sqrt(units / (units - 1) * spread) / n
    off = means - plain.value
    ratios = np.where(stderr > 1e-12, off / np.maximum(stderr, 1e-12), np.copysign(np.inf, off))
    low, high = np.quantile(ratios, [(1 - plain.confidence) / 2, (1 + plain.confidence) / 2], method="inverted_cdf")
    return plain.value - float(high) * plain.stderr, plain.value - float(low) * plain.stderr


def _members(clusters: Sequence[Hashable], n: int) -> list[Any]:
    if len(clusters) != n:
        raise ValueError(f"{n} values have {len(clusters)} cluster labels")
    found: dict[Hashable, list[int]] = {}
    for place, label in enumerate(clusters):
        found.setdefault(label, []).append(place)
    return [np.array(places) for places in found.values()]
