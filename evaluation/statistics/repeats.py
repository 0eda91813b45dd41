"""What repeating buys: the spread between items told apart from the chance of one answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """A mean's variance, split. Standard errors are of the mean over the `n` items."""

    n: int  # items with a score
    repeats: float  # scored repeats per item (the harmonic mean where items differ in it)
    within: float | None = None  # variance of one answer about its item's mean
    between: float | None = None  # variance of the items' true means
    stderr: float | None = None  # as it is
    stderr_one: float | None = None  # had each item been run once
    stderr_infinite: float | None = None  # had each been run without end: what only more items can lower
    reason: str | None = None  # why something is None, or was cut to 0

    @property
    def within_sd(self) -> float | None:
        return None if self.within is None else math.sqrt(self.within)

    @property
    def advice(self) -> str:
        """Whether more items or more repeats narrow the interval, in words."""
        if self.stderr is None or self.stderr_infinite is None or self.stderr == 0:
            return self.reason or "nothing is known of the spread"
        share = (self.stderr_infinite / self.stderr) ** 2
        if share < 0.5:
            return f"repeats help: {1 - share:.0%} of the variance is chance within items"
        return f"more items help, repeats hardly: {share:.0%} of the variance is between items"


def repeats_decomposed(values: Sequence[Sequence[float]]) -> Repeats:
    """Split the variance of a mean over items into what differs between items and what differs within.

    ``within = mean(s_i^2)``, ``between = var(item means) - mean(s_i^2 / K_i)`` (unbiased; where it comes out negative
    it is 0, and the reason says so), standard error now ``sqrt(var(item means) / n)``, at one repeat
    ``sqrt((between + within) / n)``, without end ``sqrt(between / n)``. Items with one repeat take the mean s_i^2 of
    the others. Sources: Miller 2024, arXiv 2411.00640, section 3; one-way analysis of variance.

    Args:
        values: the scored repeats of each item; items without any are left out.
    """
    items = [np.asarray(each, dtype=float) for each in values if len(each)]
    n = len(items)
    if n == 0:
        return Repeats(n=0, repeats=0.0, reason="nothing was scored")
    counts = np.array([len(each) for each in items])
    repeats = float(n / (1 / counts).sum())
    spreads = [float(each.var(ddof=1)) for each in items if len(each) > 1]
    means = np.array([each.mean() for each in items])
    stderr = math.sqrt(float(means.var(ddof=1)) / n) if n > 1 else None
    if not spreads:
        once = "every item was run once: chance and difference between items cannot be told apart"
        return Repeats(n=n, repeats=repeats, stderr=stderr, reason=once)
    within = float(np.mean(spreads))
    if n == 1:
        return Repeats(n=1, repeats=repeats, within=within, reason="one item has no spread between items")
    each_within = np.array([each.var(ddof=1) if len(each) > 1 else within for each in items])
    between = float(means.var(ddof=1)) - float((each_within / counts).mean())
    reason = None
    if between < 0:
        reason = f"the items differ less than chance alone would have it (variance {between:.2g}, taken as 0)"
        between = 0.0
    return Repeats(
        n=n,
        repeats=repeats,
        within=within,
        between=between,
        stderr=stderr,
        stderr_one=math.sqrt((between + within) / n),
        stderr_infinite=math.sqrt(between / n),
        reason=reason,
    )
