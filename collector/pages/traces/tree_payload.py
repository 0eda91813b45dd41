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

from collections.abc import Iterable, Iterator, Sequence
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
    unit, on_path = _unit_ns(shape), frozenset(critical)
    columns = shape.columns
    parent_before = start_before = 0
    for first in range(0, max(len(shape), 1), size):
        numbers = range(first, min(first + size, len(shape)))
        places = shape.places[first : first + size]
        known = len(kinds)
        names = zip(*([columns[name][place] for place in places] for name in ("name", "kind", "model")), strict=True)
        kind = [kinds.setdefault(each, len(kinds)) for each in names]
        starts = [shape.begins[number] // unit for number in numbers]
        parents = shape.parents[first : first + size]
        statuses = [columns["status"][place] for place in places]
        yield {
            "kinds": list(kinds)[known:],
            "kind": kind,
            "parent": _steps(parents, parent_before),
            "start": _steps(starts, start_before),
            "length": [shape.lengths[number] // unit for number in numbers],
            "tokens": [columns["total_tokens"][place] for place in places],
            "cost": [_billionths(columns["cost_usd"][place]) for place in places],
            **_ids([columns["span_id"][place] for place in places]),
            **{one: [at for at, status in enumerate(statuses) if status == one] for one in STATUSES},
            "critical": [number - first for number in numbers if number in on_path],
        }
        parent_before, start_before = (parents or [0])[-1], (starts or [0])[-1]


def _unit_ns(shape: TraceShape) -> int:
    return 1 if shape.length_ns < SHORT_NS else 1000


def _steps(values: Sequence[int], before: int) -> list[int]:
    return [value - last for value, last in zip(values, (before, *values), strict=False)]


def _billionths(dollars: float | None) -> int | None:
    return None if dollars is None else round(dollars * 1e9)


def _ids(ids: Sequence[str]) -> dict[str, Any]:
    sizes = {len(one) for one in ids}
    if len(sizes) == 1 and all(map(str.isascii, ids)):
        return {"id_size": sizes.pop(), "ids": "".join(ids)}
    return {"id_size": 0, "ids": list(ids)}
