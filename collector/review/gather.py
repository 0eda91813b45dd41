"""Which items a queue gets: named ones, the traces that match a filter, or the rows of an experiment."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.collector import queries
from assay.collector.review.refs import Ref, read_ref
from assay.collector.store import SpanStore
from assay.errors import InvalidRequest

if TYPE_CHECKING:
    from assay.collector.registry import Registry
    from assay.collector.registry.review_queues import Pair

DEFAULT_LIMIT = 100
MOST_AT_ONCE = 10_000  # traces that a filter is asked for, of which a sample is drawn
TRACES_AT_ONCE = 1000
ANSWERED = "ok"  # the status of a row that has an output


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Exactly one of refs, pairs, filter and experiment_id says which; with `baseline_id`, two outputs of each item."""

    refs: Sequence[str] = ()
    pairs: Sequence[tuple[str, str]] = ()
    filter: str | None = None
    experiment_id: str | None = None
    baseline_id: str | None = None
    limit: int = DEFAULT_LIMIT
    sample: bool = False  # drawn at random; else the newest traces, or the first rows
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Gathered:
    pairs: list[Pair]
    notes: list[str]  # what was left out, and why


def gather(store: SpanStore, registry: Registry, project: str, wanted: Wanted) -> Gathered:
    """
    Raises:
        InvalidRequest: it is not said which, or the filter or a reference cannot be read.
        ExperimentNotFound: there is no such experiment in the project.
    """
    given = [bool(wanted.refs), bool(wanted.pairs), wanted.filter is not None, wanted.experiment_id is not None]
    if sum(given) != 1:
        raise InvalidRequest("It is not clear what to review.", hint="Give one of: refs, pairs, filter, experiment_id.")
    if not 1 <= wanted.limit <= MOST_AT_ONCE:
        raise InvalidRequest(f"limit is {wanted.limit}.", hint=f"It goes from 1 to {MOST_AT_ONCE:,}.")
    if wanted.refs or wanted.pairs:
        return _named(store, registry, project, [*((ref, None) for ref in wanted.refs), *wanted.pairs])
    if wanted.filter is not None:
        return _matching(store, project, wanted)
    return _rows(store, registry, project, wanted)


def _named(store: SpanStore, registry: Registry, project: str, named: Sequence[tuple[str, str | None]]) -> Gathered:
    read = [(read_ref(one), read_ref(other) if other else None) for one, other in named]
    every = [ref for pair in read for ref in pair if ref is not None]
    spans = queries.known_spans(store, project, sorted({ref.trace_id for ref in every if ref.trace_id}))
    rows = {
        id: {_of_row(row): row for row in _answered(store, registry, project, id)}
        for id in sorted({ref.experiment_id for ref in every if ref.experiment_id})
    }

    def found(ref: Ref) -> Ref | None:
        if ref.experiment_id is not None:
            row = rows[ref.experiment_id].get((str(ref.item_id), ref.repeat or 0))
            return _row_ref(row) if row else None
        of_trace = spans.get(str(ref.trace_id))
        return ref if of_trace and (ref.span_id is None or ref.span_id in of_trace) else None

    pairs: list[Pair] = []
    for one, other in read:
        first, second = found(one), found(other) if other else None
        if first is not None and (other is None or second is not None):
            pairs.append((first, second))
    gone = len(read) - len(pairs)
    return Gathered(pairs, [f"{gone} of {len(read)} are not there, or have no output"] if gone else [])


def _matching(store: SpanStore, project: str, wanted: Wanted) -> Gathered:
    """The newest traces that match, or a sample of the newest ten thousand."""
    most = MOST_AT_ONCE if wanted.sample else wanted.limit
    ids: list[str] = []
    cursor: str | None = None
    while len(ids) < most:
        limit = min(TRACES_AT_ONCE, most - len(ids))
        page = queries.list_traces(store, project=project, filter=wanted.filter or None, limit=limit, cursor=cursor)
        ids += [row["trace_id"] for row in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    chosen = _chosen(ids, wanted)
    notes = [f"the sample is of the newest {len(ids):,} that match"] if cursor and wanted.sample else []
    return Gathered([(Ref(trace_id=id), None) for id in chosen], notes)


def _rows(store: SpanStore, registry: Registry, project: str, wanted: Wanted) -> Gathered:
    assert wanted.experiment_id is not None
    rows = {_of_row(row): row for row in _answered(store, registry, project, wanted.experiment_id)}
    if wanted.baseline_id is None:
        return Gathered([(_row_ref(row), None) for row in _chosen(list(rows.values()), wanted)], [])
    if wanted.baseline_id == wanted.experiment_id:
        raise InvalidRequest("An experiment cannot be compared with itself.", hint="Choose another baseline.")
    others = {_of_row(row): row for row in _answered(store, registry, project, wanted.baseline_id)}
    both = [(rows[key], others[key]) for key in rows if key in others]
    different = [(row, other) for row, other in both if row["output"] != other["output"]]
    notes = [
        f"{count:,} {why}"
        for count, why in (
            (len(rows) + len(others) - 2 * len(both), "rows have no counterpart"),
            (len(both) - len(different), "pairs have the same output twice"),
        )
        if count
    ]
    pairs: list[Pair] = [(_row_ref(row), _row_ref(other)) for row, other in _chosen(different, wanted)]
    return Gathered(pairs, notes)


def _chosen(found: list[Any], wanted: Wanted) -> list[Any]:
    """So many of them, in their order: the first, or a sample."""
    if not wanted.sample or len(found) <= wanted.limit:
        return found[: wanted.limit]
    places = random.Random(wanted.seed).sample(range(len(found)), wanted.limit)
    return [found[place] for place in sorted(places)]


def _answered(store: SpanStore, registry: Registry, project: str, experiment_id: str) -> list[dict[str, Any]]:
    """Rows of an experiment that have an output."""
    registry.experiments.get(experiment_id, project)
    return [row for row in queries.experiment_rows(store, experiment_id) if row["status"] == ANSWERED]


def _of_row(row: Mapping[str, Any]) -> tuple[str, int]:
    return str(row["item_id"]), int(row["repeat"] or 0)


def _row_ref(row: Mapping[str, Any]) -> Ref:
    item_id, repeat = _of_row(row)
    return Ref(experiment_id=row["experiment_id"], item_id=item_id, repeat=repeat, trace_id=row["trace_id"])
