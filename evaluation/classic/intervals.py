"""Intervals of figures of a run: of shares, of means, and of anything else by leaving out a part of the items."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from assay.evaluation.classic.figures import Counts
from assay.evaluation.classic.labels import Labelled
from assay.evaluation.classic.run_metric import interval_of, units_of
from assay.evaluation.scorers.protocol import RunRow
from assay.evaluation.statistics import mean_interval, proportion_interval

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Interval = dict[str, Any] | None

MOST_PARTS = 40  # so many are left out in turn: t(39) is within 4 % of the normal quantile
FEWEST_UNITS = 5
MOST_CLASSES_APART = 300  # a table of all classes for each part; with more, too few rows are of each class anyway
CONFIDENCE = 0.95


def share_interval(rows: Sequence[RunRow], hits: Sequence[bool]) -> Interval:
    """Of the share of rows that are hits: Wilson's, over items or clusters."""
    items = _by_item(rows, [float(hit) for hit in hits])
    means = [sum(values) / len(values) for values in items.values()]
    return interval_of(proportion_interval(means, rows=len(rows), clusters=_clusters(rows, items)))


def mean_of_rows(rows: Sequence[RunRow], values: Sequence[float]) -> Interval:
    """Of the mean of one number per row: t, over items or clusters."""
    items = _by_item(rows, values)
    means = [sum(found) / len(found) for found in items.values()]
    return interval_of(mean_interval(means, clusters=_clusters(rows, items)))


def jackknife(
    rows: Sequence[RunRow],
    statistic: Callable[[Indices], float | None],
    *,
    low: float = -math.inf,
    high: float = math.inf,
    logit: bool = False,
) -> Interval:
    """Of any smooth figure: `statistic` of the rows without one part of the units, for every part in turn.

    ``se^2 = (G-1)/G * sum_g (s_g - mean(s))^2`` and t(G-1) around the figure, cut at `low` and `high`, or (for a share)
    on the logit scale. Units are clusters, else items; above `MOST_PARTS` of them, they are dealt into that many parts
    at random (with a fixed seed). Sources: Efron and Tibshirani 1993, chapter 11; Kott 2001 for parts of several units.

    None where too few units or undefined parts leave nothing to go by, or where every part says the same.
    """
    everything = np.arange(len(rows))
    part = _parts(units_of(rows))
    parts = int(part.max()) + 1 if len(part) else 0
    if parts < FEWEST_UNITS:
        return None
    without = [statistic(everything[part != number]) for number in range(parts)]
    return _around(statistic(everything), without, low, high, logit=logit)


def jackknife_of_counts(
    found: Labelled, figure: Callable[[Counts], float], *, low: float = 0, high: float = 1
) -> Interval:
    """`jackknife` of a figure of the confusion matrix: without a part, its counts are less by those of the part."""
    size = len(found.labels)
    part = _parts(units_of(found.rows))
    parts = int(part.max()) + 1
    if parts < FEWEST_UNITS or size > MOST_CLASSES_APART:
        return None
    by_part = np.zeros((parts, size, size))
    np.add.at(by_part, (part, found.expected, found.predicted), 1)
    total = by_part.sum(axis=0)
    return _around(figure(total), [figure(total - one) for one in by_part], low, high)


def sum_of_moves(rows: Sequence[RunRow], value: float, moved: Floats) -> Interval:
    """Of a share that every row moves by a known amount (its influence): ``se^2 = G/(G-1) sum_g (sum_g moves)^2`` over
    the units, and t(G-1) on the logit scale.
    """
    names = {unit: number for number, unit in enumerate(dict.fromkeys(units_of(rows)))}
    by_unit = np.bincount([names[unit] for unit in units_of(rows)], weights=moved)
    groups = len(by_unit)
    if groups < FEWEST_UNITS or not by_unit.any():
        return None
    stderr = math.sqrt(groups / (groups - 1) * float((by_unit**2).sum()))
    half = float(scipy.stats.t.ppf((1 + CONFIDENCE) / 2, groups - 1)) * stderr
    return _on_logit_scale(value, half, f"DeLong, {groups} units, t")


def _around(
    value: float | None, without: Sequence[float | None], low: float, high: float, *, logit: bool = False
) -> Interval:
    """The jackknife's interval from the figure and what it is without each part."""
    parts = len(without)
    if value is None or parts < FEWEST_UNITS or any(one is None or math.isnan(one) for one in without):
        return None
    found = np.array(without, dtype=float)
    if float(np.ptp(found)) <= 1e-12:
        return None
    stderr = math.sqrt((parts - 1) / parts * float(((found - found.mean()) ** 2).sum()))
    half = float(scipy.stats.t.ppf((1 + CONFIDENCE) / 2, parts - 1)) * stderr
    method = f"jackknife, {parts} parts, t"
    if logit:
        return _on_logit_scale(value, half, method)
    return {"low": max(low, value - half), "high": min(high, value + half), "method": method}


def _on_logit_scale(value: float, half: float, method: str) -> Interval:
    """``logit(v) +- half / (v (1 - v))``, back between 0 and 1: near an end an interval is wider on the side away from
    it. Areas under curves ask for it (Boyd et al. 2013); at 0 or 1 itself there is none.
    """
    if not 0 < value < 1:
        return None
    centre, reach = math.log(value / (1 - value)), half / (value * (1 - value))
    low, high = (float(scipy.special.expit(end)) for end in (centre - reach, centre + reach))
    return {"low": low, "high": high, "method": f"{method}, logit"}


def _parts(units: Sequence[str]) -> Indices:
    """The part of every row; rows of one unit are in one part."""
    names = {unit: number for number, unit in enumerate(dict.fromkeys(units))}
    of_unit = np.arange(len(names))
    if len(names) > MOST_PARTS:
        of_unit = np.random.default_rng(0).permutation(len(names)) % MOST_PARTS
    return np.array([of_unit[names[unit]] for unit in units], dtype=np.int64)


def _by_item(rows: Sequence[RunRow], values: Sequence[float]) -> dict[str, list[float]]:
    items: dict[str, list[float]] = {}
    for row, value in zip(rows, values, strict=True):
        items.setdefault(row.item_id, []).append(value)
    return items


def _clusters(rows: Sequence[RunRow], items: dict[str, list[float]]) -> list[str] | None:
    """The cluster of every item; None where some have none, or no two share theirs."""
    found = {row.item_id: row.cluster for row in rows if row.cluster is not None}
    if not items or len(found) < len(items) or len(set(found.values())) == len(items):
        return None
    return [str(found[item]) for item in items]
