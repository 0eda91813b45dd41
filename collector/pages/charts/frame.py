"""The time of a chart, cut into equal buckets, and what bars and lines draw alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.collector.pages.charts.chart import Cell, Entry, Line, Mark, Series, Tick
from assay.collector.pages.charts.scale import ValueAxis, moment_text, time_ticks
from assay.collector.pages.charts.units import Unit
from assay.collector.pages.time_range import iso

NEAR = 9.0  # percent: of marks that stand nearer together only the first has its label written
HEIGHT_PX = 158  # of a chart
LABEL_PX, BARE_PX = 14, 6  # above the highest tick: where labels of marks stand, and in small drawings without them
SMALL_PX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """`count` buckets of `width_ns` from `start_ns` on; `links` is the list of what lies in each."""

    start_ns: int
    width_ns: int
    count: int
    links: Sequence[str | None] = ()

    @property
    def end_ns(self) -> int:
        return self.start_ns + self.count * self.width_ns

    def time(self, number: int) -> int:
        return self.start_ns + number * self.width_ns

    def text(self, number: int) -> str:
        return moment_text(self.time(number))

    def cell(self, number: int) -> Cell:
        """The head of a bucket's row in the table."""
        return Cell(self.text(number).removesuffix(" UTC"), self.link(number), iso(self.time(number)))

    def link(self, number: int) -> str | None:
        return self.links[number] if self.links else None

    def left(self, number: int) -> float:
        """Percent from the left where a bucket begins."""
        return round(100 * number / self.count, 3)

    def middle(self, number: int) -> float:
        return round(100 * (number + 0.5) / self.count, 3)

    def place(self, time_ns: int) -> float:
        return round(100 * (time_ns - self.start_ns) / (self.end_ns - self.start_ns), 3)

    def ticks(self) -> list[Tick]:
        ticks = time_ticks(self.start_ns, self.end_ns)
        return [
            Tick(self.place(time), label, iso(time)) for time, label in ticks if label and 2 <= self.place(time) <= 98
        ]


def y_ticks(axis: ValueAxis, unit: Unit, height: int) -> list[Tick]:
    return [Tick(y_place(axis, value, height), unit.tick(value)) for value in axis.ticks]


def y_place(axis: ValueAxis, value: float, height: int) -> float:
    """Pixels from the top."""
    above = top_px(height)
    return round(above + (1 - axis.share(value)) * (height - above), 2)


def top_px(height: int) -> int:
    """Pixels above the highest tick of a drawing."""
    return LABEL_PX if height >= SMALL_PX else BARE_PX


def mark_lines(frame: Frame, marks: Sequence[Mark]) -> list[Line]:
    lines: list[Line] = []
    written = -NEAR
    for mark in sorted(marks, key=lambda mark: mark.time_ns):
        if not frame.start_ns <= mark.time_ns < frame.end_ns:
            continue
        x = frame.place(mark.time_ns)
        fits = x - written >= NEAR
        written = x if fits else written
        lines.append(Line(x, mark.label if fits else "", mark.title, mark.href, at_end=x > 85))
    return lines


def legend(series: Sequence[Series], unit: Unit) -> list[Entry]:
    """One entry for each series, and one for the period before where it is drawn."""
    entries = [Entry(one.name, one.tone, "" if one.total is None else unit.text(one.total), one.href) for one in series]
    drawn = [one for one in series if one.before is not None and any(value is not None for value in one.before)]
    return [*entries, *(Entry("period before", one.tone, "", None, is_before=True) for one in drawn[:1])]


def table(frame: Frame, series: Sequence[Series], unit: Unit) -> tuple[list[str], list[list[Cell]]]:
    """Everything that is drawn, as text: a row for each bucket."""
    head = ["Time (UTC)"]
    for one in series:
        head += [one.name, *(["95 % interval"] if one.low else []), *(["Period before"] if one.before else [])]
    rows = []
    for number in range(frame.count):
        row = [frame.cell(number)]
        for one in series:
            row.append(Cell(unit.text(one.values[number]), one.links[number] if one.links else None))
            if one.low and one.high:
                row.append(Cell(between(one.low[number], one.high[number], unit)))
            if one.before:
                row.append(Cell(unit.text(one.before[number])))
        rows.append(row)
    return head, rows


def between(low: float | None, high: float | None, unit: Unit) -> str:
    return f"{unit.text(low)} to {unit.text(high)}" if low is not None and high is not None else unit.text(None)


def column_title(frame: Frame, series: Sequence[Series], unit: Unit, number: int) -> str:
    """What is said of a bucket when it is pointed at."""
    lines = [frame.text(number)]
    for one in series:
        value = one.values[number]
        if value is None and len(series) > 1:
            continue
        interval = f" ({between(one.low[number], one.high[number], unit)})" if one.low and one.high else ""
        before = one.before[number] if one.before else None
        earlier = f", period before {unit.text(before)}" if before is not None else ""
        lines.append(f"{one.name}: {unit.text(value)}{interval}{earlier}")
    return "\n".join(lines)


def in_words(title: str, frame: Frame, series: Sequence[Series], unit: Unit) -> str:
    """The drawing for those who do not see it."""
    parts = []
    for one in series[:8]:
        known = [value for value in one.values if value is not None]
        if known:
            parts.append(f"{one.name} from {unit.text(min(known))} to {unit.text(max(known))}")
    said = "; ".join(parts) or "nothing is known"
    return f"{title}, {frame.text(0)} to {moment_text(frame.end_ns)}: {said}"
