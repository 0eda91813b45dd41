"""The mean of scores of a known range: what t makes of it, and what takes its place near the edges."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
import scipy

from assay.evaluation.statistics.clusters import cluster_sums
from assay.evaluation.statistics.estimate import Estimate, Floats
from assay.evaluation.statistics.means import mean_interval
from assay.evaluation.statistics.rates import wilson

ENOUGH_FOR_T = 100  # items, from which on the t interval holds away from the edges
FROM_THE_EDGE = 4.0  # standard errors between the mean and the nearer edge, to be called away from it
FEWEST_FOR_BOOTSTRAP = 10


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
    """Mean of scores within `lowest` and `highest`, with an interval within them.

    From 100 items (or clusters) on, with the mean 4 standard errors or more from both edges: t (`mean_interval`). Else
    bootstrap-t: the quantiles of ``(mean* - mean) / stderr*`` over resamples take the place of t's, so that the
    interval reaches further to the side of the long tail; but no further than Wilson's interval of right-or-wrong
    scores with the same mean, because no scores of this range vary more (``var <= (highest - mean)(mean - lowest)``).
    Below 10 units: t away from the edges, Wilson's near them. Scores that all stand at one edge have Wilson's.
    Sources: Efron and Tibshirani 1993, section 12.5; Hall 1988; Bhatia and Davis 2000 (the greatest variance).
    """
    plain = mean_interval(values, clusters=clusters, confidence=confidence)
    if plain.value is None or plain.n < 2:
        return plain
    sums, sizes = cluster_sums(np.asarray(values, dtype=float), range(plain.n) if clusters is None else clusters)
    units = len(sums)
    over = "" if clusters is None else f", {units} clusters"
    widest = _widest(plain, sizes, lowest, highest, independent=clusters is None)
    wilson_alone = replace(plain, low=widest[0], high=widest[1], method=f"Wilson, scores of a range{over}", reason=None)
    if plain.low is None or plain.high is None or plain.stderr is None:
        at_an_edge = min(plain.value - lowest, highest - plain.value) <= 1e-12 * (highest - lowest)
        return wilson_alone if at_an_edge and units > 1 else plain
    away = min(plain.value - lowest, highest - plain.value) >= FROM_THE_EDGE * plain.stderr
    if away and (units >= ENOUGH_FOR_T or units < FEWEST_FOR_BOOTSTRAP):
        return replace(plain, low=max(plain.low, lowest), high=min(plain.high, highest))
    if units < FEWEST_FOR_BOOTSTRAP:
        return wilson_alone
    low, high = _studentized(sums, sizes, plain, resamples, seed)
    return replace(
        plain,
        low=min(max(low, widest[0]), plain.value),
        high=max(min(high, widest[1]), plain.value),
        method=f"bootstrap-t{over}, {resamples:,} draws, seed {seed}",
    )


def _widest(plain: Estimate, sizes: Floats, lowest: float, highest: float, *, independent: bool) -> tuple[float, float]:
    """Wilson's interval at the greatest variance there can be, every cluster counted as one item."""
    assert plain.value is not None
    share = (plain.value - lowest) / (highest - lowest)
    units = float(sizes.sum()) ** 2 / float((sizes**2).sum())
    level = (1 + plain.confidence) / 2
    quantile = scipy.stats.norm.ppf(level) if independent else scipy.stats.t.ppf(level, max(len(sizes) - 1, 1))
    low, high = wilson(min(max(share, 0.0), 1.0), units, float(quantile))
    ends = (lowest + max(low, 0.0) * (highest - lowest), lowest + min(high, 1.0) * (highest - lowest))
    return min(ends[0], plain.value), max(ends[1], plain.value)


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
