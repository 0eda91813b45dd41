"""Spans of a trace → who is below whom, breadth first, with times. Pure, and made once for everything a page shows.

Numbers of spans here are places in that order: parents before children, the children of one span beside each other in
the order of their start. A span whose parent is not there stands at the top; so does one span of every circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.collector.skeleton import NO_PARENT, arrange

Columns = Mapping[str, Sequence[Any]]
Numbers = npt.NDArray[np.int64]
LONGEST_NS = 2**62  # what a sum of two of can still be counted in 64 bits: 146 years


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceShape:
    """`columns` are as `Source.outline` has them; `places[n]` is where in them span n is. Times are nanoseconds."""

    columns: Columns
    places: list[int]
    parents: list[int]  # -1 at the top
    depths: list[int]
    first_children: list[int]  # of spans without children: anything
    child_counts: list[int]
    below: list[int]  # how many spans are below each
    begins: list[int]  # since the first span began
    lengths: list[int]  # 0 where no duration is known
    length_ns: int

    def __len__(self) -> int:
        return len(self.places)

    def column(self, name: str) -> list[Any]:
        """A column in the order of the shape."""
        values = self.columns[name]
        return [values[place] for place in self.places]

    def children(self, number: int) -> range:
        first = self.first_children[number]
        return range(first, first + self.child_counts[number])

    def tops(self) -> range:
        return range(next((n for n, parent in enumerate(self.parents) if parent >= 0), len(self)))

    def ancestors(self, number: int) -> list[int]:
        """From the top down, without the span itself."""
        above = []
        while (number := self.parents[number]) != NO_PARENT:
            above.append(number)
        return above[::-1]


def trace_shape(columns: Columns) -> TraceShape:
    places, parents = _arranged(columns["span_id"], columns["parent_span_id"])
    begins, lengths = _times(columns, places)
    first_children, child_counts, depths, below = _families(parents)
    return TraceShape(
        columns=columns,
        places=places,
        parents=parents,
        depths=depths,
        first_children=first_children,
        child_counts=child_counts,
        below=below,
        begins=begins.tolist(),
        lengths=lengths.tolist(),
        length_ns=int((begins + lengths).max(initial=0)),
    )


def self_times(shape: TraceShape, numbers: Iterable[int] | None = None) -> list[int]:
    """What each of these spans took while none of its children ran, in nanoseconds."""
    return [_self_time(shape, number) for number in (range(len(shape)) if numbers is None else numbers)]


def _self_time(shape: TraceShape, number: int) -> int:
    begin = reached = shape.begins[number]
    end = begin + shape.lengths[number]
    alone = 0
    for child in shape.children(number):  # in the order of their start
        starts = min(shape.begins[child], end)
        alone += max(0, starts - reached)
        reached = max(reached, min(starts + shape.lengths[child], end))
    return alone + end - reached


def _arranged(ids: Sequence[str], parent_ids: Sequence[str | None]) -> tuple[list[int], list[int]]:
    """Places and parents breadth first, with nobody made up above those whose parent is missing."""
    tree = arrange(ids, parent_ids)
    if not tree.order or tree.order[0] is not None:
        return [place for place in tree.order if place is not None], tree.parents
    places = [place for place in tree.order if place is not None]
    return places, [max(parent - 1, NO_PARENT) for parent in tree.parents[1:]]


def _families(parents: Sequence[int]) -> tuple[list[int], list[int], list[int], list[int]]:
    """First children, numbers of children, depths, numbers below. No recursion: a trace may be a thousand deep."""
    size = len(parents)
    above = np.array(parents, dtype=np.int64)
    children = np.flatnonzero(above >= 0)
    first_children = np.zeros(size, dtype=np.int64)
    first_children[above[children[::-1]]] = children[::-1]  # the last one written is the first of its siblings
    child_counts = np.bincount(above[children], minlength=size)
    depths: list[int] = []
    for parent in parents:
        depths.append(depths[parent] + 1 if parent >= 0 else 0)
    below = [0] * size
    for number in range(size - 1, -1, -1):
        if (parent := parents[number]) >= 0:
            below[parent] += below[number] + 1
    return first_children.tolist(), child_counts.tolist(), depths, below


def _times(columns: Columns, places: Sequence[int]) -> tuple[Numbers, Numbers]:
    """Begins and lengths in the order of the shape; no length where it is unknown, or less than none."""
    starts = np.array(columns["start_ns"], dtype=np.int64)
    durations = np.nan_to_num(np.array(columns["duration_ms"], dtype=np.float64))
    lengths = np.clip(np.rint(durations * 1e6), 0, LONGEST_NS).astype(np.int64)
    begins = np.minimum(starts - starts.min(), LONGEST_NS) if len(starts) else starts
    return begins[places], lengths[places]
