"""The tree of a trace as the script of the page reads it: columns in chunks, breadth first. Pure.

    {"count", "length", "unit_ns"}                              of the whole tree: spans, its time, what times count in
    {"kinds": [[name, kind, model], …], "kind": [place, …],     names said once; later chunks add to the list
     "parent": [steps], "start": [steps], "length": […],        steps from one span to the next: small numbers
     "tokens": […], "cost": […],                                null where unknown; costs in billionths of a dollar
     "id_size", "ids": "…",                                     ids behind each other; a list where their sizes differ
     "error": […], "in_progress": […], "interrupted": […], "critical": […]}     which spans, counted from the first here

Some 20 bytes a span where it is compressed, ids among them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter, sub
from typing import Any

from assay.collector.pages.traces.trace_shape import TraceShape

INLINE = 5_000  # spans of a tree that is a part of the page
CHUNK = 20_000
SHORT_NS = 10_000_000  # traces shorter than this are told in nanoseconds, others in microseconds
STATUSES = ("error", "in_progress", "interrupted")


def head(shape: TraceShape) -> dict[str, int]:
    unit = _unit_ns(shape)
    return {"count": len(shape), "length": shape.length_ns // unit, "unit_ns": unit}


def chunks(shape: TraceShape, critical: Iterable[int], size: int = CHUNK) -> Iterator[dict[str, Any]]:
    kinds: dict[tuple[Any, ...], int] = {}
    unit, path = _unit_ns(shape), sorted(critical)
    parent_before = start_before = 0
    for first in range(0, max(len(shape), 1), size):
        places = shape.places[first : first + size]
        pick = _picker(places)
        known = len(kinds)
        names = zip(*(pick(shape.columns[name]) for name in ("name", "kind", "model")), strict=True)
        kind = [kinds.setdefault(each, len(kinds)) for each in names]
        starts = _in_units(shape.begins[first : first + size], unit)
        parents = shape.parents[first : first + size]
        statuses = pick(shape.columns["status"])
        yield {
            "kinds": list(kinds)[known:],
            "kind": kind,
            "parent": _steps(parents, parent_before),
            "start": _steps(starts, start_before),
            "length": _in_units(shape.lengths[first : first + size], unit),
            "tokens": pick(shape.columns["total_tokens"]),
            "cost": [None if cost is None else round(cost * 1e9) for cost in pick(shape.columns["cost_usd"])],
            **_ids(pick(shape.columns["span_id"])),
            **{one: _where(statuses, one) for one in STATUSES},
            "critical": [number - first for number in path[bisect_left(path, first) : bisect_left(path, first + size)]],
        }
        parent_before, start_before = (parents or [0])[-1], (starts or [0])[-1]


def _unit_ns(shape: TraceShape) -> int:
    return 1 if shape.length_ns < SHORT_NS else 1000


def _steps(values: Sequence[int], before: int) -> list[int]:
    return list(map(sub, values, (before, *values[:-1])))


def _in_units(values: Sequence[int], unit: int) -> list[int]:
    return [value // unit for value in values] if unit > 1 else list(values)


def _where(values: Sequence[Any], wanted: Any) -> list[int]:
    return [at for at, value in enumerate(values) if value == wanted] if wanted in values else []


def _picker(places: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """What picks from a column the values in these places; `itemgetter` gives no tuple of one, and takes no none."""
    return itemgetter(*places) if len(places) > 1 else lambda values: tuple(values[place] for place in places)


def _ids(ids: Sequence[str]) -> dict[str, Any]:
    sizes = set(map(len, ids))
    if len(sizes) == 1 and (joined := "".join(ids)).isascii():
        return {"id_size": sizes.pop(), "ids": joined}
    return {"id_size": 0, "ids": list(ids)}
