"""Krippendorff's alpha: agreement of any number of raters with gaps, on any scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from assay.evaluation.statistics.estimate import Estimate, Floats
from assay.evaluation.statistics.labels import label_order

Scale = Literal["nominal", "ordinal", "interval", "ratio"]


def krippendorff_alpha(
    ratings: Sequence[Sequence[Any]],
    *,
    scale: Scale = "nominal",
    labels: Sequence[Any] | None = None,
    confidence: float = 0.95,
    resamples: int = 500,
    seed: int = 0,
) -> Estimate:
    """Krippendorff's alpha, `ratings` one sequence per item with the label of each rater or None, with an interval.

    ``1 - D_o / D_e``: disagreement within items over that of labels paired at random, by the scale's distance. Source:
    Krippendorff 2011; in NumPy, since the collector shows it too, where there is no pandas. The interval is the
    percentile bootstrap over items (Zapf, Castell, Morawietz and Karch 2016), not Krippendorff's own, which draws pairs
    of labels as if those of one item were independent and is too narrow (benchmarks/coverage.py). Undefined where all
    labels are the same: there is no disagreement to expect.

    Args:
        labels: all labels in order; needed for ordinal labels that are not numbers.

    Raises:
        ValueError: an interval or ratio scale with labels that are not numbers.
    """
    rated = [list(row) for row in ratings if sum(label is not None for label in row) > 1]
    n, method = len(rated), f"Krippendorff's alpha, {scale}"
    nothing = Estimate(n=n, value=None, confidence=confidence, method=method)
    if n == 0:
        return replace(nothing, reason="no item was labelled by two raters")
    alpha = _alpha_of(_codes(rated, scale, labels), scale)
    value = alpha(np.ones(n))
    if value is None:
        return replace(nothing, reason="all raters gave one label only: there is no disagreement to expect")
    estimate = replace(nothing, value=value)
    if n < 2:
        return replace(estimate, reason="one item has no spread")
    rng = np.random.default_rng(seed)
    drawn = [alpha(np.bincount(rng.integers(0, n, n), minlength=n).astype(float)) for _ in range(resamples)]
    known = np.array([each for each in drawn if each is not None])
    if len(known) < 0.95 * resamples:
        share = 1 - len(known) / resamples
        return replace(estimate, reason=f"{share:.0%} of the resamples had one label only: too few items disagree")
    if np.ptp(known) < 1e-12:
        return replace(estimate, reason=f"all resamples of the {n} items are alike: the spread cannot be estimated")
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    method += f", bootstrap over items, {resamples:,} draws, seed {seed}"
    return replace(estimate, low=float(low), high=float(high), stderr=float(known.std(ddof=1)), method=method)


def _codes(rated: Sequence[Sequence[Any]], scale: Scale, labels: Sequence[Any] | None) -> Floats:
    """Items by raters, gaps NaN. Where only the order of labels counts they are numbered; else they are numbers."""
    width = max(len(row) for row in rated)
    padded = [[*row, *[None] * (width - len(row))] for row in rated]
    seen = [label for row in padded for label in row if label is not None]
    if scale in ("interval", "ratio"):
        wrong = next((label for label in seen if not isinstance(label, (bool, int, float))), None)
        if wrong is not None:
            raise ValueError(f"an {scale} scale needs numbers, not {wrong!r}")
        codes = {label: float(label) for label in seen}
    else:
        order = label_order(seen, labels, ordered=scale == "ordinal")
        codes = {label: float(code) for code, label in enumerate(order)}
    return np.array([[np.nan if label is None else codes[label] for label in row] for row in padded])


def _alpha_of(matrix: Floats, scale: Scale) -> Callable[[Floats], float | None]:
    """Alpha as a function of how often each item counts; None where all labels are the same.

    Distances between ordinal labels depend on how frequent the labels between are: they are those of their mean ranks.
    """
    values, codes = np.unique(matrix[~np.isnan(matrix)], return_inverse=True)
    n_per_item = np.sum(~np.isnan(matrix), axis=1)
    counts = np.zeros((len(matrix), len(values)))
    np.add.at(counts, (np.repeat(np.arange(len(matrix)), n_per_item), codes), 1.0)
    within = 1.0 / (n_per_item - 1.0)

    def alpha(weights: Floats) -> float | None:
        found = weights @ counts
        if np.count_nonzero(found) < 2:
            return None
        if scale == "nominal":
            observed, expected = n_per_item**2 - np.sum(counts**2, axis=1), found.sum() ** 2 - found @ found
        elif scale == "ratio":
            observed, expected = np.sum(counts @ ratios * counts, axis=1), found @ ratios @ found
        else:
            places = values if scale == "interval" else np.cumsum(found) - found / 2
            places = places - np.average(places, weights=found)  # else large numbers would lose their differences
            observed = 2 * (n_per_item * (counts @ places**2) - (counts @ places) ** 2)
            expected = 2 * found.sum() * (found @ places**2)
        return float(1 - (found.sum() - 1) * (weights @ (observed * within)) / expected)

    ratios = _ratios(values) if scale == "ratio" else np.empty(0)
    return alpha


def _ratios(values: Floats) -> Floats:
    """Squared distances on a ratio scale; 0 is as far from 0 as anything from itself."""
    sums = np.add.outer(values, values)
    return (np.subtract.outer(values, values) / np.where(sums == 0, 1.0, sums)) ** 2
