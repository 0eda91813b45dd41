"""Traces, spans and rows of experiments that were chosen on a page → items, and the data set that they go to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import Request

from assay.collector import queries
from assay.collector.api.actor import actor, caller_key
from assay.collector.pages.source import Row
from assay.collector.registry.actor import Actor
from assay.collector.review.refs import Ref, read_ref
from assay.evaluation.data.traced_items import item_of_row, item_of_trace

if TYPE_CHECKING:
    from assay.collector.service import Service
    from assay.evaluation.data.items import Item

AT_ONCE = 1000
MOST_REFS = 1000
LISTED = 200


@dataclass(frozen=True, slots=True)
class Chosen:
    """`items` as the registry takes them, each with `output` where something was answered."""

    items: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was left out, and why


class SendSource:
    """Projects are those of addresses, which the collector's guard lets nobody see who may not."""

    def __init__(self, service: Service, actor: Actor) -> None:
        self._store = service.store
        self._service = service
        self._actor = actor

    def datasets(self, project: str) -> list[Row]:
        return self._service.registry.datasets.page(project, limit=LISTED).items

    def chosen(self, project: str, refs: Sequence[str]) -> Chosen:
        """An item for each reference, in their order.

        Raises:
            InvalidRequest: a reference cannot be read.
        """
        read = list(dict.fromkeys(read_ref(text) for text in refs[:MOST_REFS]))
        traces = self._traces(project, [ref.trace_id for ref in read if ref.kind == "trace" and ref.trace_id])
        found = [(ref, self._item(project, ref, traces)) for ref in read]
        missing = [ref for ref, item in found if item is None]
        left = f"{len(missing)} left out: not there any more, or without an input"
        over = [f"only the first {MOST_REFS:,} of {len(refs):,}"] if len(refs) > MOST_REFS else []
        notes = [*over, *([f"{left} ({', '.join(str(ref)[:60] for ref in missing[:3])})"] if missing else [])]
        return Chosen([_content(item) for _, item in found if item is not None], notes)

    def add(self, project: str, name: str, items: Sequence[Mapping[str, Any]], *, message: str) -> Row:
        """The version of the data set that has them; one that is not there is made.

        Raises:
            InvalidRequest: the name cannot be used, or there is no item.
        """
        version, _ = self._service.registry.datasets.add_items(project, name, items, message=message, actor=self._actor)
        return version

    def _item(self, project: str, ref: Ref, traces: Mapping[str, tuple[Row, Row | None]]) -> Item | None:
        if ref.experiment_id is not None:
            row = queries.get_experiment_row(self._store, ref.experiment_id, str(ref.item_id), ref.repeat or 0)
            return item_of_row(row) if row and row["project"] == project else None
        if ref.span_id is not None:
            span = queries.get_span(self._store, str(ref.trace_id), ref.span_id, project=project)
            return item_of_trace(span, span) if span else None
        found = traces.get(str(ref.trace_id))
        return item_of_trace(*found) if found else None

    def _traces(self, project: str, ids: Sequence[str]) -> dict[str, tuple[Row, Row | None]]:
        """Trace rows with their root spans, by id. Asked for many at a time."""
        found: dict[str, tuple[Row, Row | None]] = {}
        for start in range(0, len(ids), LISTED):
            listed = ", ".join(f"'{trace_id}'" for trace_id in ids[start : start + LISTED])
            where = f"trace_id in ({listed})"
            rows = _every(queries.list_traces, self._store, project, where)
            spans = _every(queries.list_spans, self._store, project, f"parent_span_id is null and {where}")
            roots = {span["trace_id"]: self._whole(span) for span in spans}
            found |= {row["trace_id"]: (row, roots.get(row["trace_id"])) for row in rows}
        return found

    def _whole(self, span: Row) -> Row:
        """Lists have the beginning of what is very long."""
        if not span.get("is_cut"):
            return span
        return queries.get_span(self._store, span["trace_id"], span["span_id"], project=span["project"]) or span


def _every(ask: Any, store: Any, project: str, filter: str) -> list[Row]:
    page = ask(store, project=project, filter=filter, limit=AT_ONCE)
    items = list(page.items)
    while page.next_cursor:
        page = ask(store, project=project, filter=filter, limit=AT_ONCE, cursor=page.next_cursor)
        items += page.items
    return items


def _content(item: Item) -> Row:
    made = {"id": item.id, "input": item.input, "expected": item.expected, "metadata": dict(item.metadata)}
    return {**made, "output": item.output} if item.has_output else made


def get_send_source(request: Request) -> SendSource:
    return SendSource(request.app.state.service, actor(request, caller_key(request)))
