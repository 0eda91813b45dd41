"""The sign-flip test of a mean difference: exact for few units, drawn for more, with the interval that inverts it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from assay.evaluation.statistics.estimate import Difference, Floats
from assay.evaluation.statistics.smallest import fewest_for_significance

EXACT_SIGN_FLIPS = 2**14
SAMPLED_SIGN_FLIPS = 20_000


def sign_flip(
    sums: Sequence[float] | Floats,
    *,
    sizes: Sequence[float] | Floats | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Difference:
    """Permutation test of a mean of differences: were the signs fair coins, how often would the mean be as far from 0?

    ``p = 2 * (1 + #{flipped sets whose mean is beyond 0}) / (1 + number of sets)``, capped at 1; over all 2^u - 1
    sets of u units while 2^u <= 2^14, else over 20,000 drawn with `seed`. The interval inverts the same test: its
    ends are the k-th smallest and k-th largest mean of a set, ``k = floor(alpha/2 * (1 + number of sets))``. Sources:
    Fisher 1935; Hartigan 1969 (typical values); Ernst 2004.

    Args:
        sums: one difference per unit; for clusters, the sum of the cluster's differences.
        sizes: items in each unit; None when each is one.
    """
    totals = np.asarray(sums, dtype=float)
    weights = np.ones_like(totals) if sizes is None else np.asarray(sizes, dtype=float)
    units, n = len(totals), round(weights.sum())
    value = float(totals.sum() / weights.sum())
    means = _flipped_set_means(totals, weights, seed)
    exact = 2**units <= EXACT_SIGN_FLIPS
    possible = len(means) + 1  # and the empty set: nothing flipped
    # 0.3 - 0.1 - 0.2 is not quite 0: means within rounding of 0 are at 0, and count on both sides
    near = 1e-12 * float(np.abs(totals).max(initial=0.0))
    beyond = min(int((means <= near).sum()), int((means >= -near).sum()))
    p = min(1.0, 2 * (1 + beyond) / possible)
    k = math.floor((1 - confidence) / 2 * possible + 1e-9)
    what = "item" if sizes is None else "cluster"
    result = Difference(
        n=n,
        value=value,
        sd=float(totals.std(ddof=1)) if sizes is None and units > 1 else None,
        stderr=_unit_stderr(totals, weights),
        confidence=confidence,
        method=f"sign-flip permutation, {'exact' if exact else f'{len(means):,} draws, seed {seed}'}"
        + ("" if sizes is None else f", {units} clusters"),
        p=p,
    )
    if k == 0:
        few = fewest_for_significance(1 - confidence)
        return replace(result, reason=f"{units} {what}{'' if units == 1 else 's'} cannot tell: the test needs {few}")
    if not totals.any():
        result = replace(result, reason=f"no {what} of {units} differs")
    ordered = np.sort(means)
    # On the side of 0 the interval ends where the test does, whatever rounding did to the means.
    low, high = (0.0 if abs(end) <= near else float(end) for end in (ordered[k - 1], ordered[-k]))
    return replace(result, low=low, high=high)


def _flipped_set_means(totals: Floats, weights: Floats, seed: int) -> Floats:
    """Means of all non-empty sets of units, or of as many drawn at random (an empty draw stands for itself: left
    out).
    """
    units = len(totals)
    if 2**units <= EXACT_SIGN_FLIPS:
        sums, sizes = np.zeros(1), np.zeros(1)
        for total, weight in zip(totals, weights, strict=True):
            sums, sizes = np.concatenate([sums, sums + total]), np.concatenate([sizes, sizes + weight])
        return np.asarray(sums[1:] / sizes[1:], dtype=float)
    rng = np.random.default_rng(seed)
    chosen = np.zeros((SAMPLED_SIGN_FLIPS, units))
    for start in range(
        0, SAMPLED_SIGN_FLIPS, 1000
    ):  # in pieces: the integers behind the coins are eight times as large
        chosen[start : start + 1000] = rng.integers(0, 2, size=(1000, units))
    chosen = chosen[chosen.any(axis=1)]
    return np.asarray((chosen @ totals) / (chosen @ weights), dtype=float)


def _unit_stderr(totals: Floats, weights: Floats) -> float | None:
    """Standard error of the mean over units of several items each: `clustered_stderr` from sums and sizes."""
    units, n = len(totals), float(weights.sum())
    if units < 2:
        return None
    spread = totals - weights * totals.sum() / n
    return math.sqrt(units / (units - 1) * float((spread**2).sum())) / n
