"""How far the rows that failed could have moved a mean."""

from __future__ import annotations

import math
from collections.abc import Sequence


def failure_bounds(values: Sequence[float], failed: int, lowest: float, highest: float) -> tuple[float, float] | None:
    """The mean if every failed result had scored `lowest`, and if every one had scored `highest`; None of nothing.

    ``((sum + lowest * failed) / n, (sum + highest * failed) / n)``, n with the failed. Source: Manski 1989 (worst-case
    bounds of means with missing outcomes).
    """
    n = len(values) + failed
    if n == 0:
        return None
    total = math.fsum(values)
    return (total + lowest * failed) / n, (total + highest * failed) / n
