"""A trace in one small picture: per depth the times in which spans ran, failures on top. Pure; drawn as SVG paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from assay.collector.pages.traces.trace_shape import Numbers, TraceShape

COLUMNS = 600  # the picture is stretched to the window
LANES = 9  # depths that have a lane of their own; what is deeper shares the last
LANE = 4  # units high, one of them a gap
EXACT_BITS = 53  # of times in nanoseconds: 104 days, and with the columns they stay whole numbers of 64 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimap:
    """`d` of paths over a box of COLUMNS by `height` units."""

    height: int
    ran: str
    failed: str
    critical: str


def minimap(shape: TraceShape, critical: Iterable[int]) -> Minimap:
    lanes = np.minimum(np.array(shape.depths, dtype=np.int64), LANES - 1)
    statuses = shape.columns["status"]
    failed = [number for number, place in enumerate(shape.places) if statuses[place] == "error"]
    firsts, ends = _columns(shape)

    def path(numbers: Iterable[int]) -> str:
        some = np.fromiter(numbers, dtype=np.int64)
        return _path(lanes[some], firsts[some], ends[some])

    return Minimap(
        height=(int(lanes.max(initial=0)) + 1) * LANE,
        ran=_path(lanes, firsts, ends),
        failed=path(failed),
        critical=path(critical),
    )


def _columns(shape: TraceShape) -> tuple[Numbers, Numbers]:
    """In which column of the picture each span begins, and before which it ends: one column at least."""
    coarser = max(shape.length_ns.bit_length() - EXACT_BITS, 0)
    length = max(shape.length_ns >> coarser, 1)
    begins, lengths = (np.array(times, dtype=np.int64) >> coarser for times in (shape.begins, shape.lengths))
    firsts = np.minimum(begins * COLUMNS // length, COLUMNS - 1)
    ends = np.clip(np.rint((begins + lengths) * COLUMNS / length).astype(np.int64), firsts + 1, COLUMNS)
    return firsts, ends


def _path(lanes: Numbers, firsts: Numbers, ends: Numbers) -> str:
    """Boxes where any of these spans ran, lane by lane. Starts and ends are counted: any number may overlap."""
    size = LANES, COLUMNS + 1
    started = np.bincount(lanes * size[1] + firsts, minlength=size[0] * size[1])
    ended = np.bincount(lanes * size[1] + ends, minlength=size[0] * size[1])
    running = (started - ended).reshape(size).cumsum(axis=1)
    boxes = (
        f"M{left} {lane * LANE}h{right - left}v{LANE - 1}h{left - right}z"
        for lane, counts in enumerate(running)
        for left, right in _runs(counts)
    )
    return "".join(boxes)


def _runs(counts: Numbers) -> Iterator[tuple[int, int]]:
    """Where counts are above nothing: first column, and the one after the last."""
    edges = np.flatnonzero(np.diff(counts > 0, prepend=False, append=False)).tolist()
    return zip(edges[::2], edges[1::2], strict=True)
