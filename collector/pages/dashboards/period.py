"""The time that a page of figures shows, cut into buckets that the store knows, and the time before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from assay.collector.pages.charts.frame import Frame
from assay.collector.pages.time_range import TimeRange, between

NS = 10**9
HOUR_NS, DAY_NS = 3600 * NS, 86_400 * NS
WIDTHS_NS = {
    **{f"{n}m": n * 60 * NS for n in (1, 5, 15)},
    **{f"{n}h": n * HOUR_NS for n in (1, 6)},
    "1d": DAY_NS,
    **{f"{n}w": n * 7 * DAY_NS for n in (1, 4, 52)},
}
ORIGIN_NS = 946_857_600 * NS  # 2000-01-03, a Monday: where the database's buckets are counted from
USUAL_BUCKETS = 48
MOST_BUCKETS = 120
MOST_SPANS = 400_000  # what a page looks at: about a tenth of a second for each 100,000
USUAL_NS = DAY_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `start_ns`, where a bucket begins, to `end_ns`, exactly; the last bucket may be cut short by it."""

    start_ns: int
    end_ns: int
    bucket: str
    looked_from_ns: int | None = None  # what was asked for began earlier, but that was too much to look at
    has_before: bool = True

    @property
    def width_ns(self) -> int:
        return WIDTHS_NS[self.bucket]

    @property
    def count(self) -> int:
        return max(1, -((self.start_ns - self.end_ns) // self.width_ns))

    @property
    def shift_ns(self) -> int:
        """How much earlier the period before is: whole buckets, so that it lies on the same places."""
        return self.count * self.width_ns

    @property
    def before(self) -> Period:
        return replace(self, start_ns=self.start_ns - self.shift_ns, end_ns=self.end_ns - self.shift_ns)

    @property
    def gap(self) -> tuple[int, int] | None:
        """What lies between the period before and this one, where the last bucket is cut short."""
        end = self.before.end_ns
        return (end, self.start_ns) if end < self.start_ns else None

    def number(self, time_ns: int) -> int:
        """Which bucket a time lies in."""
        return (time_ns - self.start_ns) // self.width_ns

    def frame(self) -> Frame:
        return Frame(start_ns=self.start_ns, width_ns=self.width_ns, count=self.count)

    def bucket_query(self, number: int) -> dict[str, str]:
        start = self.start_ns + number * self.width_ns
        return between(start, min(start + self.width_ns, max(self.end_ns, start + 1)))

    @property
    def query(self) -> dict[str, str]:
        return between(self.start_ns, self.end_ns)

    @property
    def length_text(self) -> str:
        """24 hours · 7 days · 30 minutes"""
        length = self.end_ns - self.start_ns
        for size, name in ((DAY_NS, "day"), (HOUR_NS, "hour"), (60 * NS, "minute")):
            if length >= 2 * size or size == 60 * NS:
                number = round(length / size)
                return f"{number} {name}{'' if number == 1 else 's'}"
        raise AssertionError("unreachable: a minute is the least")


def period_of(chosen: TimeRange, now_ns: int, known: tuple[int, int] | None) -> Period:
    """The period to show.

    Args:
        known: when the oldest and the newest span started; it bounds what the address leaves open.
    """
    end = chosen.end_ns if chosen.end_ns is not None else max(now_ns, known[1] + 1 if known else 0)
    if chosen.start_ns is not None:
        start = chosen.start_ns
    elif chosen.end_ns is None:
        start = end - USUAL_NS
    else:
        start = known[0] if known else end - USUAL_NS
    return _cut(min(start, end - 60 * NS), end)


def around_newest(known: tuple[int, int]) -> Period:
    """The usual time up to the newest span: what to show where nothing came lately."""
    return _cut(known[1] + 1 - USUAL_NS, known[1] + 1)


def _cut(start: int, end: int) -> Period:
    fitting = (bucket for bucket, width in WIDTHS_NS.items() if (end - start) / width <= USUAL_BUCKETS)
    bucket = next(fitting, "52w")
    width = WIDTHS_NS[bucket]
    first = ORIGIN_NS + (start - ORIGIN_NS) // width * width
    period = Period(start_ns=first, end_ns=end, bucket=bucket)
    if period.count > MOST_BUCKETS:
        newest = first + (period.count - MOST_BUCKETS) * width
        return replace(period, start_ns=newest, looked_from_ns=newest)
    return period


def narrowed(period: Period, counts: Mapping[int, int], most: int) -> Period:
    """The newest part of a period in which no more than `most` spans start, by how many there are in each bucket.

    `counts` reach back over the period before as well: it is left out where both together are too many.
    """
    if sum(counts.values()) <= most:
        return period
    here = {period.number(time): count for time, count in counts.items() if time >= period.start_ns}
    if sum(here.values()) <= most:
        return replace(period, has_before=False)
    left, first = most, period.count - 1
    for number in reversed(range(period.count)):
        left -= here.get(number, 0)
        if left < 0:
            break
        first = number
    start = period.start_ns + first * period.width_ns
    return replace(_cut(start, period.end_ns), looked_from_ns=start, has_before=False)
