"""Axes of values and of time: where a value stands, and which marks are worth writing beside the axis."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

NS = 1_000_000_000
MINUTE, HOUR, DAY = 60, 3600, 86400
_STEPS_S = (
    *(1, 2, 5, 10, 15, 30),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    *(n * DAY for n in (1, 2, 7, 14, 28, 91, 364)),
)
MOST_DECADES = 12  # what a logarithmic axis shows: below that, everything lies on its lower end


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueAxis:
    """From `low` to `high`; `ticks` are values on it."""

    low: float
    high: float
    ticks: tuple[float, ...]
    is_log: bool = False

    def share(self, value: float) -> float:
        """How far up the axis, from 0 to 1; what lies outside is put on its end."""
        if self.is_log:
            if value <= self.low:
                return 0.0
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(max(share, 0.0), 1.0)


def value_axis(values: Iterable[float | None], *, log: bool = False, whole: bool = False) -> ValueAxis:
    """An axis from 0 (below it, where values are negative) to a round value above all of them.

    Args:
        log: a logarithmic one, where something is above 0; it then ends at powers of ten.
        whole: values are counts, so no tick stands between whole numbers.
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    positive = [value for value in known if value > 0]
    if log and positive:
        return _log_axis(min(positive), max(positive))
    low, high = min([0.0, *known]), max([0.0, *known])
    if high == low:
        high = 1.0
    step = nice_step(high - low, about=4)
    if whole:
        step = max(1.0, step)
    first, last = math.floor(low / step), math.ceil(high / step)
    ticks = tuple(number * step for number in range(first, last + 1))
    return ValueAxis(low=ticks[0], high=ticks[-1], ticks=ticks)


def share_axis() -> ValueAxis:
    """From 0 to 1, for shares and for scores of which all are."""
    return ValueAxis(low=0.0, high=1.0, ticks=(0.0, 0.25, 0.5, 0.75, 1.0))


def nice_step(span: float, *, about: int) -> float:
    """1, 2, 2.5 or 5 times a power of ten, so that `about` of them make up `span`."""
    raw = span / about
    unit = 10.0 ** math.floor(math.log10(raw)) if raw > 0 else 1.0
    return next((factor * unit for factor in (1, 2, 2.5, 5) if factor * unit >= raw * (1 - 1e-9)), 10 * unit)


def _log_axis(low: float, high: float) -> ValueAxis:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    last = max(last, first + 1)
    first = max(first, last - MOST_DECADES)
    every = max(1, math.ceil((last - first) / 5))
    ticks = tuple(10.0**power for power in range(first, last + 1, every))
    return ValueAxis(low=10.0**first, high=10.0**last, ticks=ticks, is_log=True)


def time_ticks(start_ns: int, end_ns: int, *, about: int = 6) -> list[tuple[int, str]]:
    """Round moments between two times, in UTC, with what to write below them: a day where one begins, else the time."""
    span_s = (end_ns - start_ns) / NS
    step = next((step for step in _STEPS_S if span_s / step <= about), _STEPS_S[-1])
    if span_s / step > 2 * about:  # many years
        step *= math.ceil(span_s / step / about)
    first = math.ceil(start_ns / (step * NS)) * step
    return [(second * NS, _label(second, step)) for second in range(first, math.floor(end_ns / NS) + 1, step)]


def _label(second: int, step: int) -> str:
    try:
        moment = datetime.fromtimestamp(second, tz=UTC)
    except (OverflowError, ValueError, OSError):  # a clock that was far off
        return ""
    if step >= 91 * DAY:
        return f"{moment:%b %Y}"
    if moment.hour == moment.minute == moment.second == 0:
        return f"{moment.day} {moment:%b}"
    return f"{moment:%H:%M:%S}" if step < MINUTE else f"{moment:%H:%M}"


def moment_text(ns: int) -> str:
    """2026-11-22 05:00 UTC"""
    try:
        return f"{datetime.fromtimestamp(ns / NS, tz=UTC).isoformat(' ')[:16]} UTC"
    except (OverflowError, ValueError, OSError):
        return f"{ns / NS:.0f} s"
