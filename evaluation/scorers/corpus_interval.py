"""The interval of a figure that is computed from sums over rows: a bootstrap that adds, and scores no text twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from assay.evaluation.scorers.extras import library
from assay.evaluation.scorers.protocol import RunRow

RESAMPLES = 1000
CONFIDENCE = 0.95
BLOCK = 100  # resamples held in memory at a time


def unit_sums(rows: Sequence[RunRow], statistics: Sequence[Sequence[float]]) -> list[list[float]]:
    """The rows' statistics added up per independent unit: the cluster where a row has one, else the item."""
    sums: dict[tuple[str, str], list[float]] = {}
    for row, found in zip(rows, statistics, strict=True):
        unit = ("item", row.item_id) if row.cluster is None else ("cluster", row.cluster)
        known = sums.get(unit)
        sums[unit] = list(found) if known is None else [a + b for a, b in zip(known, found, strict=True)]
    return list(sums.values())


def percentile_interval(
    units: Sequence[Sequence[float]],
    value_of: Callable[[Sequence[float]], float],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[dict[str, Any] | None, str | None]:
    """Percentile bootstrap over units (Efron 1979): units are drawn with replacement, their statistics summed and
    scored. The interval, or why there is none: one of width 0 would say that nothing is unknown.
    """
    if len(units) < 2:
        return None, "one item or cluster has no spread"
    np = library("numpy", "corpus scores")
    rng = np.random.default_rng(seed)
    matrix = np.asarray(units)
    share = np.full(len(units), 1 / len(units))
    values: list[float] = []
    while len(values) < resamples:
        weights = rng.multinomial(len(units), share, size=min(BLOCK, resamples - len(values)))
        values += [value_of(sums) for sums in (weights @ matrix).tolist()]
    low, high = np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    if low == high:
        return None, "all resamples come to the same figure: its spread cannot be estimated"
    method = f"percentile bootstrap over {len(units)} units, {resamples} resamples"
    return {"low": float(low), "high": float(high), "method": method, "confidence": CONFIDENCE, "seed": seed}, None
