"""The least that an exact test needs before it can reject at all."""

from __future__ import annotations

import math


def fewest_for_significance(alpha: float) -> int:
    """Fewest coin throws whose most extreme outcome has a two-sided p of at most alpha: 6 at 5 %."""
    return math.ceil(1 - math.log2(alpha) - 1e-9)
