"""How long to wait before a call is sent again, where nobody says."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
LONGEST_WISH_S = 120.0  # a provider that wants us gone for longer is told no: the row fails now


def jitter_s(failures: int, uniform: Callable[[float, float], float] = random.uniform) -> float:
    """Full jitter after the n-th failure: ``uniform(0, min(30, 0.5 * 2^n))`` seconds, so that many calls that failed
    together do not come back together.
    """
    return uniform(0.0, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures, 20)))
