"""The shape of a trace without its contents, as columns: what a tree or a waterfall of 100,000 spans needs first.

Spans come breadth first: every span behind its parent, siblings in start order, so that whoever reads the first part
has the head of every branch, and can build the tree in one pass. Spans whose parent never arrived, and one span of
every circle of parents, hang under a root made up for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assay.collector.paging import decode_cursor, encode_cursor, iso_time, number_in
from assay.collector.span_list import find_trace, of_trace, scores_of, trace_beside, trace_row
from assay.collector.store import SpanStore
from assay.collector.trace_rows import FEW_SPANS

MAX_SPANS = 20_000  # in one answer: some 1.5 MB
NO_PARENT = -1


@dataclass(frozen=True, slots=True)
class Tree:
    """Spans breadth first: `order[i]` is the place of the i-th among those given, None for the made-up root;
    `parents[i]` the place of its parent in `order`, -1 for a root.
    """

    order: list[int | None]
    parents: list[int]


def arrange(ids: Sequence[str], parent_ids: Sequence[str | None]) -> Tree:
    """The tree of some spans, given in start order. Every span is in it once, whatever they say of their parents."""
    places = dict(zip(reversed(ids), range(len(ids) - 1, -1, -1), strict=True))
    children: defaultdict[int | None, list[int]] = defaultdict(list)
    roots, orphans = [], []
    for place, parent_id in enumerate(parent_ids):
        if not parent_id:
            roots.append(place)
        elif (parent := places.get(parent_id)) is None:
            orphans.append(place)
        else:
            children[parent].append(place)
    tree = _breadth_first(roots, orphans, children)
    if len(tree.order) - bool(orphans) < len(ids):  # some are parents of each other, and hang nowhere
        heads = _heads_of_circles(roots + orphans, children, len(ids))
        for head in heads:
            children[places[parent_ids[head] or ""]].remove(head)
        orphans = sorted(orphans + heads)
        tree = _breadth_first(roots, orphans, children)
    return tree


def _breadth_first(roots: Sequence[int], orphans: Sequence[int], children: Mapping[int | None, Sequence[int]]) -> Tree:
    order: list[int | None] = [None] if orphans else []
    parents = [NO_PARENT] * (len(order) + len(roots)) + [0] * len(orphans)
    order += [*roots, *orphans]
    for at, here in enumerate(order):  # which grows meanwhile
        if here in children:
            below = children[here]
            order += below
            parents += [at] * len(below)
    return Tree(order, parents)


def _heads_of_circles(tops: Sequence[int], children: Mapping[int | None, Sequence[int]], n: int) -> list[int]:
    """One span of each circle of parents: what cannot be reached from the tops, the earliest first."""
    reached: set[int] = set()
    _reach(tops, children, reached)
    heads = []
    for place in range(n):
        if place not in reached:
            heads.append(place)
            _reach([place], children, reached)
    return heads


def _reach(start: Sequence[int], children: Mapping[int | None, Sequence[int]], reached: set[int]) -> None:
    waiting = list(start)
    while waiting:
        place = waiting.pop()
        if place not in reached:
            reached.add(place)
            waiting += children.get(place, ())


# As the pages read it ---------------------------------------------------------------------------------------------

OUTLINE = {
    "span_id": "s.span_id",
    "parent_span_id": "s.parent_span_id",
    "name": "s.name",
    "kind": "s.kind",
    "status": "s.status",
    "start_ns": "epoch_ns(s.start_time)",
    "duration_ms": "s.duration_ms",
    "total_tokens": "s.total_tokens",
    "cost_usd": "s.cost_usd",
    "model": "coalesce(s.response_model, s.request_model)",
}


def get_outline(store: SpanStore, trace_id: str, *, project: str | None = None, most: int) -> dict[str, Any] | None:
    """One trace row with `scores` in full, and under `columns` those of `OUTLINE` for its spans in start order; None
    when there is no such trace.

    Args:
        most: how many spans are read; the row is summed up from all of them.
    """
    with (
        store.read() as db,
        store.trace_memory.reading() as memory,
        trace_beside(db, store, trace_id) as lies,
    ):
        key = find_trace(db, trace_id, project, lies)
        if key is None:
            return None
        where, parameters = of_trace(key)
        picked = ", ".join(f"{sql} AS {name}" for name, sql in OUTLINE.items())
        spans = db.sql(
            f"SELECT {picked} FROM span_log s WHERE {where} ORDER BY s.start_time, s.span_id LIMIT ?",
            params=[*parameters, most],
        ).to_arrow_table()
        row = trace_row(db, store, memory, key, many_spans=len(spans) > FEW_SPANS)
        scores = scores_of(db, key)
    return {**row, "scores": scores, "columns": {name: spans[name].to_pylist() for name in OUTLINE}}


def project_of_trace(store: SpanStore, trace_id: str, *, project: str | None = None) -> str | None:
    """Where a trace is filed, the latest of this id; None when there is none."""
    with store.read() as db, trace_beside(db, store, trace_id) as lies:
        key = find_trace(db, trace_id, project, lies)
    return key.project if key else None


# As answered ------------------------------------------------------------------------------------------------------


def get_skeleton(
    store: SpanStore, trace_id: str, *, project: str | None = None, limit: int = MAX_SPANS, cursor: str | None = None
) -> dict[str, Any] | None:
    """Columns of a trace's spans, breadth first; None when there is no such trace.

    Later pages speak of the spans there were at the first one, so that places hold while a trace still grows.

    Raises:
        InvalidRequest: the cursor cannot be read.
    """
    after = decode_cursor(cursor)
    first, last_row = (number_in(after), number_in(after, 1)) if after else (0, 2**63 - 1)
    with store.read() as db, trace_beside(db, store, trace_id) as lies:
        key = find_trace(db, trace_id, project, lies)
        if key is None:
            return None
        where, parameters = of_trace(key)
        spans = db.sql(
            "SELECT s.row_id, s.span_id, s.parent_span_id, s.name, s.kind, s.status, epoch_ns(s.start_time) AS start,"
            f" s.duration_ms, s.total_tokens, s.cost_usd FROM span_log s WHERE {where} AND s.row_id <= ?"
            " ORDER BY s.start_time, s.span_id",
            params=[*parameters, last_row],
        ).to_arrow_table()
    tree = arrange(spans["span_id"].to_pylist(), spans["parent_span_id"].to_pylist())
    page = tree.order[first : first + limit]
    places = pa.array([place for place in page if place is not None], type=pa.int64())
    rows = iter(spans.take(places).to_pylist())
    more = first + limit < len(tree.order)
    newest = pc.max(spans["row_id"]).as_py()
    return {
        "project": key.project,
        "trace_id": key.trace_id,
        "start_time": iso_time(key.start),
        "span_count": len(spans),
        "made_up_root": tree.order[0] is None,
        "first": first,
        **_columns([None if place is None else next(rows) for place in page], key.start),
        "parent": tree.parents[first : first + limit],
        "next_cursor": encode_cursor([first + limit, str(newest)]) if more else None,
    }


def _columns(rows: Sequence[dict[str, Any] | None], start: int) -> dict[str, Any]:
    """One list per column; names, kinds and states as places in a list of their own, times in microseconds."""
    known = [row or {} for row in rows]
    columns: dict[str, Any] = {"span_id": [row.get("span_id") for row in known]}
    for column, plural in (("name", "names"), ("kind", "kinds"), ("status", "statuses")):
        places: dict[Any, int] = {}
        columns[column] = [places.setdefault(row.get(column), len(places)) for row in known]
        columns[plural] = list(places)
    return {
        **columns,
        "start_us": [(row["start"] - start) // 1000 if row else 0 for row in known],
        "duration_us": [round(row["duration_ms"] * 1000) if row else 0 for row in known],
        "total_tokens": [row.get("total_tokens") for row in known],
        "cost_usd": [row.get("cost_usd") for row in known],
    }
