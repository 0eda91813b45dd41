"""Rank correlation of two sets of scores, at a level that is named: the three answer three questions."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy

from assay.evaluation.statistics.estimate import Estimate, Floats
from assay.evaluation.statistics.means import NOT_FINITE, mean_interval

Level = Literal["pooled", "group", "system"]
Coefficient = Literal["spearman", "kendall"]

NAMES: dict[Coefficient, str] = {"spearman": "Spearman", "kendall": "Kendall tau-b"}
FEWEST_FOR_INTERVAL = 5
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankCorrelation(Estimate):
    """A correlation at one level; `n` counts its units: pairs (pooled), groups, or systems."""

    level: Level = "pooled"
    n_undefined: int = 0  # groups in which one side is constant: they have no correlation, and are left out


def rank_correlation(
    x: Sequence[float],
    y: Sequence[float],
    *,
    level: Level,
    groups: Sequence[Hashable] | None = None,
    method: Coefficient = "spearman",
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> RankCorrelation:
    """Spearman's rho or Kendall's tau-b of x and y (scipy).

    - "pooled": over all pairs. Large already when items differ in difficulty, whatever the raters see in an answer.
    - "group": the mean of the correlations within each group (one item's answers): does the judge rank the answers of
      one question rightly? Groups in which one side is constant have none; they are counted.
    - "system": of the groups' means (groups are then systems or prompts): does the judge rank systems rightly?

    Intervals: pooled and system, Fisher's z with Bonett and Wright's variance ``(1 + r^2/2) / (n-3)`` for Spearman,
    ``0.437 / (n-4)`` for Kendall; pooled with groups, the percentile bootstrap over groups, whose pairs depend on each
    other; group, the t interval over groups. Sources: Gao et al. 2024, arXiv 2410.16834 (levels); Bonett and Wright
    2000; Fieller, Hartley and Pearson 1957.

    Raises:
        ValueError: lengths differ, or the level needs groups that are not given.
    """
    if len(x) != len(y) or (groups is not None and len(groups) != len(x)):
        raise ValueError("x, y and groups must have the same length")
    if level != "pooled" and groups is None:
        raise ValueError(f"the {level} level needs groups: one label per pair")
    first, second = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return RankCorrelation(n=len(x), value=None, confidence=confidence, reason=NOT_FINITE, level=level)
    parts = [] if groups is None else _parts(groups)
    if level == "group":
        return _within_groups(first, second, parts, method, confidence)
    if level == "system":
        first = np.array([first[part].mean() for part in parts])
        second = np.array([second[part].mean() for part in parts])
    found = _whole(first, second, level, method, confidence)
    if level == "pooled" and parts and found.value is not None:
        return _over_groups(found, first, second, parts, method, resamples, seed)
    return found


def _whole(x: Floats, y: Floats, level: Level, method: Coefficient, confidence: float) -> RankCorrelation:
    n, name = len(x), f"{NAMES[method]}, {level}"
    nothing = RankCorrelation(n=n, value=None, confidence=confidence, method=name, level=level)
    unit = "systems" if level == "system" else "pairs"
    value = _correlation(x, y, method)
    if value is None:
        return replace(nothing, reason=f"fewer than 2 {unit}" if n < 2 else "one side is constant")
    found = replace(nothing, value=value)
    if n < FEWEST_FOR_INTERVAL:
        return replace(found, reason=f"{n} {unit} are too few for an interval: it needs {FEWEST_FOR_INTERVAL}")
    if 1 - abs(value) < 1e-12:
        return replace(found, reason="the ranks agree throughout: the spread cannot be estimated")
    variance = (1 + value**2 / 2) / (n - 3) if method == "spearman" else 0.437 / (n - 4)
    half = float(scipy.stats.norm.ppf((1 + confidence) / 2)) * math.sqrt(variance)
    low, high = math.tanh(math.atanh(value) - half), math.tanh(math.atanh(value) + half)
    return replace(found, low=low, high=high, method=f"{name}, Fisher z")


def _over_groups(
    found: RankCorrelation,
    x: Floats,
    y: Floats,
    parts: Sequence[Places],
    method: Coefficient,
    resamples: int,
    seed: int,
) -> RankCorrelation:
    nothing = replace(found, low=None, high=None, method=f"{NAMES[method]}, pooled", reason=None)
    if len(parts) < FEWEST_FOR_INTERVAL:
        return replace(
            nothing, reason=f"{len(parts)} groups are too few for an interval: it needs {FEWEST_FOR_INTERVAL}"
        )
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(resamples):
        rows = np.concatenate([parts[i] for i in rng.integers(0, len(parts), len(parts))])
        drawn.append(_correlation(x[rows], y[rows], method))
    known = [value for value in drawn if value is not None]
    if len(known) < 0.95 * resamples:
        return replace(nothing, reason="in more than 5 % of the resamples one side is constant")
    low, high = np.quantile(known, [(1 - found.confidence) / 2, (1 + found.confidence) / 2])
    how = f", bootstrap over {len(parts)} groups, {resamples:,} draws, seed {seed}"
    return replace(nothing, low=float(low), high=float(high), method=f"{nothing.method}{how}")


def _within_groups(
    x: Floats, y: Floats, parts: Sequence[Places], method: Coefficient, confidence: float
) -> RankCorrelation:
    each = [_correlation(x[part], y[part], method) for part in parts]
    known = [value for value in each if value is not None]
    mean = mean_interval(known, confidence=confidence)
    return RankCorrelation(
        n=len(known),
        value=mean.value,
        low=None if mean.low is None else max(mean.low, -1.0),
        high=None if mean.high is None else min(mean.high, 1.0),
        stderr=mean.stderr,
        sd=mean.sd,
        confidence=confidence,
        method=f"{NAMES[method]}, mean of groups" + (", t" if mean.low is not None else ""),
        reason=mean.reason if known else "in no group do both sides vary",
        level="group",
        n_undefined=len(each) - len(known),
    )


def _correlation(x: Floats, y: Floats, method: Coefficient) -> float | None:
    """None where a side is constant or there are fewer than two pairs."""
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    found = scipy.stats.spearmanr(x, y) if method == "spearman" else scipy.stats.kendalltau(x, y)
    return float(found.statistic)


def _parts(groups: Sequence[Hashable]) -> list[Places]:
    """The places of each group's members, groups by first appearance."""
    found: dict[Hashable, list[int]] = {}
    for place, group in enumerate(groups):
        found.setdefault(group, []).append(place)
    return [np.array(places, dtype=np.intp) for places in found.values()]
