"""A chart as the template draws it: places in percent from the left and in pixels from the top, texts and links.

Nothing here is markup. `columns` and `spots` are what can be pointed at and clicked; the same links stand in the table
below the drawing, so that they can be reached with the keyboard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from assay.collector.pages.charts.palette import NEUTRAL, SHAPES, SQUARE

PATH_WIDTH = 1000  # of the box in which paths are drawn, whatever its width on the screen


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Values over the buckets of a chart; None is unknown and leaves a gap.

    `before` are those of the period before, `low` and `high` an interval around each, `links` where each leads, and
    `href` where all of them do.
    """

    name: str
    values: Sequence[float | None]
    tone: str = NEUTRAL
    before: Sequence[float | None] | None = None
    low: Sequence[float | None] | None = None
    high: Sequence[float | None] | None = None
    links: Sequence[str | None] = ()
    href: str | None = None
    total: float | None = None  # what stands in the legend


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened at a time: a release, a version of a prompt."""

    time_ns: int
    label: str
    title: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    label: str
    moment: str = ""  # ISO 8601, on the axis of time


@dataclass(frozen=True, slots=True)
class Box:
    """A bar of a stack or a cell of a heat map; `level` is how dark a cell is, from 1 to 5."""

    x: float
    width: float
    y: float
    height: float
    tone: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class Stroke:
    path: str
    tone: str
    is_before: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    tone: str

    @property
    def shape(self) -> str:
        return SHAPES.get(self.tone, SHAPES["g0"])


@dataclass(frozen=True, slots=True)
class Spot:
    """What can be clicked: a rectangle in percent and pixels."""

    x: float
    width: float
    y: float
    height: float
    title: str
    href: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A vertical line for a mark; `label` is "" where another one stands too near."""

    x: float
    label: str
    title: str
    href: str | None
    at_end: bool  # so far right that the label stands to its left


@dataclass(frozen=True, slots=True)
class Entry:
    """Of the legend."""

    name: str
    tone: str
    total: str
    href: str | None
    is_before: bool = False

    @property
    def shape(self) -> str:
        return SHAPES.get(self.tone, SQUARE)


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    href: str | None = None
    moment: str = ""  # ISO 8601, where the text is a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    title: str
    unit: str
    label: str  # what the drawing shows, in words
    height: int
    y_ticks: list[Tick]
    x_ticks: list[Tick]
    boxes: list[Box] = field(default_factory=list)
    bands: list[Stroke] = field(default_factory=list)
    strokes: list[Stroke] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    columns: list[Spot] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)
    marks: list[Line] = field(default_factory=list)
    legend: list[Entry] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    is_log: bool = False
    is_empty: bool = False
