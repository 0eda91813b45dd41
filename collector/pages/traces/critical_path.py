"""The critical path of a trace: the longest chain of spans that something waited for. Pure.

Going back from the end of a span, its time was last spent in the child that ended last; before that child began, in the
one that had ended last by then; and so on to the start. What ran beside such a child blocked nobody. To make the trace
faster, something on this path has to be.
"""

from __future__ import annotations

from assay.collector.pages.traces.trace_shape import TraceShape


def critical_path(shape: TraceShape) -> list[int]:
    """Numbers of the spans on the path, sorted. It ends where the trace does, whichever span at the top that is."""
    ends = [begin + length for begin, length in zip(shape.begins, shape.lengths, strict=True)]
    path: list[int] = []
    waiting = _blocking(shape, ends, shape.tops(), -1, shape.length_ns)
    while waiting:
        number = waiting.pop()
        path.append(number)
        if shape.child_counts[number]:
            waiting += _blocking(shape, ends, shape.children(number), shape.begins[number], ends[number])
    return sorted(path)


def _blocking(shape: TraceShape, ends: list[int], siblings: range, begin: int, end: int) -> list[int]:
    """Those of the siblings that, one after the other, were waited for between two times."""
    blocking = []
    until = end
    for number in sorted(siblings, key=lambda one: (min(ends[one], end), shape.begins[one]), reverse=True):
        if min(ends[number], end) <= until and shape.begins[number] < until and ends[number] > begin:
            blocking.append(number)
            until = shape.begins[number]
    return blocking
