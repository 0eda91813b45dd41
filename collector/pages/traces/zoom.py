"""The part of a trace's time that is looked at: `zoom=120-480.5` of the address, in milliseconds. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assay.collector.pages.formats import duration

NARROWEST = 0.25  # percent: a bar thinner than this could not be seen
_ZOOM = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)-(\d{1,15}(?:\.\d{1,6})?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tick:
    left: float  # percent
    label: str


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time, in nanoseconds since the trace began."""

    begin: int
    end: int
    is_whole: bool = True

    @property
    def length(self) -> int:
        return self.end - self.begin

    def bar(self, begin: int, length: int) -> tuple[float, float] | None:
        """Left edge and width in percent of what began and lasted so; None when it is outside."""
        whole = max(self.length, 1)
        if begin > self.end or begin + length < self.begin:
            return None
        left, right = max(begin, self.begin), min(begin + length, self.end)
        width = min(max(100 * (right - left) / whole, NARROWEST), 100)
        return round(min(100 * (left - self.begin) / whole, 100 - width), 3), round(width, 3)

    def ticks(self) -> list[Tick]:
        """Two to five round marks of the time axis, counted from the beginning of the window."""
        if self.length <= 0:
            return []
        length_ms = self.length / 1e6
        step = _round_step(length_ms / 4)
        marks = [step * index for index in range(1, int(length_ms / step) + 1)]
        sign = "" if self.is_whole else "+"
        return [Tick(100 * mark / length_ms, sign + duration(mark)) for mark in marks if mark < 0.94 * length_ms]


def window_of(zoom: str, length_ns: int) -> Window:
    """What an address asks to see of a trace this long; all of it, when that says nothing that can be used."""
    match = _ZOOM.fullmatch(zoom)
    if match is None:
        return Window(0, length_ns)
    begin, end = (round(float(part) * 1e6) for part in match.groups())
    begin, end = max(0, begin), min(end, length_ns)
    return Window(begin, end, is_whole=False) if begin < end else Window(0, length_ns)


def _round_step(rough: float) -> float:
    """The smallest 1, 2 or 5 times a power of ten that is not below `rough`."""
    power = 1e-6
    while power * 10 <= rough:
        power *= 10
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
