"""How many at once, where nobody says how many: a little more while all goes well, a good deal less when refused."""

from __future__ import annotations

import math

START = 20.0
CUT = 0.8
GROWTH = 0.05  # of the window, for every window of successes
COOLDOWN_S = 15.0  # one cut answers all refusals of that time; nor does the window grow in it
SMALLEST, LARGEST = 1.0, 256.0


class Window:
    """Additive increase, multiplicative decrease. Not thread-safe by itself; the times come from the caller."""

    def __init__(self, start: float = START, *, largest: float = LARGEST) -> None:
        self._size = start
        self._largest = largest
        self._cut_at = -math.inf

    @property
    def size(self) -> int:
        """How many may be under way."""
        return int(self._size)

    def succeeded(self, now: float, *, under_way: int) -> None:
        """One got through while `under_way` were. A window that is not made use of has no reason to grow."""
        if now - self._cut_at >= COOLDOWN_S and under_way >= self.size:
            self._size = min(self._largest, self._size + GROWTH)

    def refused(self, now: float) -> None:
        """The provider said that it was too much."""
        if now - self._cut_at >= COOLDOWN_S:
            self._size = max(SMALLEST, self._size * CUT)
            self._cut_at = now
