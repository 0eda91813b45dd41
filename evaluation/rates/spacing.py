"""How fast to go on after a pause, where nobody says: about as fast as calls got through before it. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

GROWTH_PER_S = 0.1  # the rate creeps up by so much a second, until it is refused again


@dataclass(slots=True)
class _Cycle:
    """From the end of one pause to the end of the next."""

    start: float
    got_through: int = 0


class Spacing:
    """Lets everything through at once until the first refusal, and spaces calls out from then on.

    A hidden bucket that gains r a second lets r·t calls through in a cycle of t seconds, whatever it holds; so what got
    through, over the cycle's length with the pause that ends it, is the rate. The times come from the caller.
    """

    def __init__(self) -> None:
        self._rate = math.inf  # calls a second, at the time _since
        self._since = -math.inf
        self._next_at = -math.inf
        self._cycle: _Cycle | None = None
        self._closed: list[_Cycle] = []  # the newest two; refusals of calls sent in the last may still come in

    def ready_at(self, now: float) -> float:
        """When the next call may be sent."""
        return max(now, self._next_at)

    def sent(self, now: float) -> None:
        self._cycle = self._cycle or _Cycle(now)
        self._cycle.got_through += 1
        if math.isfinite(self._rate):
            rate = self._rate * (1 + GROWTH_PER_S) ** min(max(0.0, now - self._since), 1000.0)
            self._next_at = max(self._next_at, now) + 1 / rate

    def refused(self, until: float, *, news: bool) -> None:
        """One call was refused, and nobody will be let through before `until`.

        `news`: the call was sent after the last pause. If not, it did not get through in the cycle before that.
        """
        if news and self._cycle is not None:
            self._closed = [*self._closed[-1:], self._cycle]
            self._cycle = _Cycle(until)
        if not self._closed:
            return
        self._closed[-1].got_through -= 1
        if self._closed[-1].got_through <= 0 and len(self._closed) > 1:
            self._closed.pop()  # nothing got through since: the cycle before it goes on
        if self._cycle is not None:
            self._cycle.start = max(self._cycle.start, until)
        newest = self._closed[-1]
        self._rate = max(1, newest.got_through) / max(1e-3, until - newest.start)
        self._since = self._next_at = until
