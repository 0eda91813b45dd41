"""A trace in one small picture: per depth the times in which spans ran, failures on top. Pure; drawn as SVG paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from assay.collector.pages.traces.trace_shape import TraceShape

COLUMNS = 600  # the picture is stretched to the window
LANES = 9  # depths that have a lane of their own; what is deeper shares the last
LANE = 4  # units high, one of them a gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimap:
    """`d` of paths over a box of COLUMNS by `height` units."""

    height: int
    ran: str
    failed: str
    critical: str


def minimap(shape: TraceShape, critical: Iterable[int]) -> Minimap:
    lanes = [min(depth, LANES - 1) for depth in shape.depths]
    count = max(lanes, default=0) + 1
    statuses = shape.columns["status"]
    failed = (number for number, place in enumerate(shape.places) if statuses[place] == "error")
    return Minimap(
        height=count * LANE,
        ran=_path(shape, range(len(shape)), lanes),
        failed=_path(shape, failed, lanes),
        critical=_path(shape, critical, lanes),
    )


def _path(shape: TraceShape, numbers: Iterable[int], lanes: list[int]) -> str:
    """Boxes where any of these spans ran, lane by lane. Starts and ends are counted: any number may overlap."""
    scale = COLUMNS / max(shape.length_ns, 1)
    changes: dict[int, list[int]] = {}
    for number in numbers:
        lane = changes.get(lanes[number])
        if lane is None:
            lane = changes[lanes[number]] = [0] * (COLUMNS + 1)
        first = min(int(shape.begins[number] * scale), COLUMNS - 1)
        lane[first] += 1
        lane[min(max(first + 1, round((shape.begins[number] + shape.lengths[number]) * scale)), COLUMNS)] -= 1
    boxes = (
        f"M{left} {lane * LANE}h{right - left}v{LANE - 1}h{left - right}z"
        for lane, steps in sorted(changes.items())
        for left, right in _runs(accumulate(steps))
    )
    return "".join(boxes)


def _runs(counts: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Where counts are above nothing: first column, and the one after the last."""
    start = None
    for column, count in enumerate(counts):
        if count and start is None:
            start = column
        elif not count and start is not None:
            yield start, column
            start = None
