"""How the values of one score are spread: bars for a small picture beside its mean. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

BINS = 12
MOST_LABELS = 6


@dataclass(frozen=True, slots=True)
class Bin:
    """`x`, `width` in percent of the picture, `height` of its highest bar."""

    label: str
    count: int
    x: float
    width: float
    height: float


def spread(rows: Iterable[Mapping[str, Any]], scorer: str) -> list[Bin]:
    """The scored values of `scorer`: by value where there are few (right or wrong, labels, marks), else in bins."""
    values = [
        score["value"]
        for row in rows
        for score in row.get("scores") or ()
        if score["name"] == scorer and score["status"] == "scored" and score.get("value") is not None
    ]
    if any(isinstance(value, str) for value in values):
        return _bars(Counter(map(str, values)).most_common(MOST_LABELS))
    numbers = [float(value) for value in values if math.isfinite(value)]
    counts = Counter(numbers)
    if len(counts) <= BINS // 2:
        named = {0.0: "false", 1.0: "true"} if all(isinstance(value, bool) for value in values) else {}
        return _bars([(named.get(value, f"{value:g}"), counts[value]) for value in sorted(counts)])
    low, high = min(numbers), max(numbers)
    width = (high - low) / BINS
    bins = [0] * BINS
    for number in numbers:
        bins[min(BINS - 1, int((number - low) / width))] += 1
    return _bars([(f"{low + n * width:.3g} to {low + (n + 1) * width:.3g}", count) for n, count in enumerate(bins)])


def _bars(counts: list[tuple[str, int]]) -> list[Bin]:
    highest = max((count for _, count in counts), default=0)
    step = 100 / max(len(counts), 4)  # two values are two bars, not two walls
    return [
        Bin(label, count, round(number * step, 2), round(step * 0.86, 2), round(100 * count / highest, 1))
        for number, (label, count) in enumerate(counts)
    ]
