"""Events from log records, brought to their spans in either order of arrival.

An event is on disk before its sender hears of it. While its span is not there it waits in `log_event_log`; once both
are there, the span's row is made anew with the event among its own and takes the place of the old one, in the same
transaction. Results of evaluations that name only a provider's response are linked in the same way.

Only the writer's thread changes anything. That nothing is missed follows from its queue: whoever sends events first
says for which spans, and then queues them; whoever sends spans first queues them, and then asks whether events wait.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import orjson

from assay.collector import arrow as pa
from assay.collector.batch import SpanKey, span_batch
from assay.collector.canonical import span_row
from assay.collector.columns import COLUMN_NAMES
from assay.collector.content import KnownContent
from assay.collector.convert import Filing
from assay.collector.decode import DecodedSpan, Scope
from assay.collector.deletions import mark_replaced
from assay.collector.log_events import (
    Event,
    ScoreRow,
    Sorted,
    filed_under,
    response_id,
    scores_of_span,
    with_events,
)
from assay.collector.rows import append_rows, append_spans, delete_spans
from assay.collector.store import SpanStore
from assay.collector.trace_memory import Touched
from assay.collector.values import INT64_MAX, to_json
from assay.collector.whole import stored_columns, whole_spans
from assay.collector.writer import Writer

# An event lies within its span, and clocks differ: so far around the events is their span looked for.
EVENTS_WITHIN_NS = 86_400 * 10**9
# Results of evaluations may come days later than the answer they are about.
ANSWERS_WITHIN = "INTERVAL 7 DAY"

IS_WANTED = "(project, trace_id, span_id) IN (SELECT project, trace_id, span_id FROM wanted)"
RESPONSE_OF_SCORE = "json_extract_string(metadata, '$.\"gen_ai.response.id\"')"
RESPONSE_OF_SPAN = "attributes['gen_ai.response.id']::VARCHAR"
IS_UNLINKED = f"trace_id IS NULL AND {RESPONSE_OF_SCORE} IS NOT NULL"

Cursor = duckdb.DuckDBPyConnection
Response = tuple[str, str]  # project, and the provider's id of an answer
Link = tuple[str, str]  # trace_id and span_id


@dataclass(frozen=True, slots=True)
class _Settled:
    """What found its place, and need not be waited for any more."""

    keys: set[SpanKey]
    responses: set[Response]


@dataclass(frozen=True, slots=True)
class _Stored:
    """A span as it is stored."""

    row_id: int
    project: str
    span: DecodedSpan

    @property
    def key(self) -> SpanKey:
        return (self.project, self.span.trace_id, self.span.span_id)


class LogMerger:
    """Brings together spans and what log records say of them. Its methods may be called from any thread."""

    def __init__(self, store: SpanStore, writer: Writer) -> None:
        self._store = store
        self._writer = writer
        with store.read() as cursor:
            self._waiting: set[SpanKey] = set(
                cursor.execute("SELECT DISTINCT project, trace_id, span_id FROM log_event_log").fetchall()
            )
            self._unlinked: set[Response] = set(
                cursor.execute(
                    f"SELECT DISTINCT project, {RESPONSE_OF_SCORE} FROM score_log WHERE {IS_UNLINKED}"
                ).fetchall()
            )
        if self._waiting:  # a span may have been committed the moment before the end, and not yet been merged
            self._put(Sorted(), self._waiting.copy())

    def put(self, found: Sorted) -> Future[Any]:
        """Store what log records hold and merge what can be; the future resolves once it is on disk.

        Raises:
            CollectorUnavailable: send it again later.
        """
        keys = {event.key for event in found.events}
        responses = {(score["project"], answer) for score in found.scores if (answer := _answer_of(score))}
        self._waiting |= keys
        self._unlinked |= responses
        return self._put(found, keys, responses)

    def follow(self, spans: Sequence[DecodedSpan], filing: Filing) -> Future[Any] | None:
        """Merge what waits for these spans, which were queued just before, and store the scores among their events.

        None when there is nothing to do, as with nearly all spans. Never raises: what went wrong is in the future.
        """
        try:
            return self._follow(spans, filing)
        except Exception as error:
            failed: Future[Any] = Future()
            failed.set_exception(error)
            return failed

    def _follow(self, spans: Sequence[DecodedSpan], filing: Filing) -> Future[Any] | None:
        if not (self._waiting or self._unlinked or any(span.events for span in spans)):
            return None
        of_project = [(filed_under(span.resource, filing), span) for span in spans]
        scores = [
            score
            for project, span in of_project
            if span.events
            for score in scores_of_span(span, project, filing.received_at)
        ]
        keys = self._waiting.intersection((project, span.trace_id, span.span_id) for project, span in of_project)
        links = {
            (project, answer): (span.trace_id, span.span_id)
            for project, span in of_project
            if (answer := response_id(span.attributes)) and (project, answer) in self._unlinked
        }
        return self._put(Sorted(scores=scores), keys, links=links) if scores or keys or links else None

    def _put(
        self,
        found: Sorted,
        keys: set[SpanKey],
        responses: Set[Response] = frozenset(),
        *,
        links: Mapping[Response, Link] | None = None,
    ) -> Future[Any]:
        events: list[dict[str, Any]] = [
            {**_key_columns(event.key), "event": to_json(event.event), "received_at": time.time_ns()}
            for event in found.events
        ]

        def job(cursor: Cursor) -> _Settled:
            append_rows(cursor, "log_event_log", events)
            _append_new_scores(cursor, found.scores)
            known = {**_answers(cursor, responses), **(links or {})}
            for response, link in known.items():
                _link_scores(cursor, response, link)
            return _Settled(_merge_events(cursor, keys, self._store.content), set(known))

        n_bytes = sum(len(event["event"]) for event in events) + 1024
        future = self._writer.put_job(job, n_bytes, touches=_touched(found, keys, responses, links or {}))
        future.add_done_callback(self._settle)
        return future

    def _settle(self, done: Future[_Settled]) -> None:
        # Only now: had the transaction been rolled back, everything would still be waiting.
        if done.exception() is None:
            self._waiting -= done.result().keys
            self._unlinked -= done.result().responses


def _touched(
    found: Sorted, keys: Iterable[SpanKey], responses: Set[Response], links: Mapping[Response, Link]
) -> Touched:
    """Of which traces spans or scores change; None where only the store knows which answers they hold."""
    if responses:
        return None
    of_scores = {(score["project"], score["trace_id"]) for score in found.scores}
    of_links = {(project, trace_id) for (project, _), (trace_id, _) in links.items()}
    return of_scores | of_links | {(project, trace_id) for project, trace_id, _ in keys}


# Events -----------------------------------------------------------------------------------------------------------


def _merge_events(cursor: Cursor, keys: set[SpanKey], content: KnownContent) -> set[SpanKey]:
    """Give those of these spans that are stored the events that wait for them; which spans those are."""
    if not keys:
        return set()
    with _wanted(cursor, keys):
        events = _waiting_events(cursor)
        stored = _stored_spans(cursor, events)
    received_at = time.time_ns()  # anew: whoever copies what is new has the old row, if at all
    rows, replaced = [], []
    for each in stored:
        grown = with_events(each.span.events, events[each.key])
        if len(grown) > len(each.span.events):  # else they were sent again
            row = span_row(replace(each.span, events=grown), received_at=received_at)
            row[COLUMN_NAMES.index("project")] = each.project
            rows.append(row)
            replaced.append(each.row_id)
    if batch := span_batch(rows):
        mark_replaced(cursor, "row_id IN (SELECT unnest(?::BIGINT[]))", [replaced])
        delete_spans(cursor, "row_id IN (SELECT unnest(?::BIGINT[]))", [replaced])
        append_spans(cursor, [batch], content)
    found = {each.key for each in stored}
    if found:
        with _wanted(cursor, found):
            cursor.execute(f"DELETE FROM log_event_log WHERE {IS_WANTED}")
    return found


def _waiting_events(cursor: Cursor) -> dict[SpanKey, list[Event]]:
    events: dict[SpanKey, list[Event]] = {}
    rows = cursor.execute(
        f"SELECT project, trace_id, span_id, event FROM log_event_log WHERE {IS_WANTED} ORDER BY received_at"
    )
    for project, trace_id, span_id, event in rows.fetchall():
        events.setdefault((project, trace_id, span_id), []).append(orjson.loads(event))
    return events


def _stored_spans(cursor: Cursor, events: Mapping[SpanKey, Sequence[Event]]) -> list[_Stored]:
    """Those of the wanted spans that are stored, each once."""
    times = [event["time_unix_nano"] for of_span in events.values() for event in of_span]
    if not times:
        return []
    first, last = (0, INT64_MAX) if 0 in times else (min(times) - EVENTS_WITHIN_NS, max(times) + EVENTS_WITHIN_NS)
    cursor.execute(
        f"SELECT row_id, {', '.join(stored_columns())} FROM span_log WHERE {IS_WANTED} "
        "AND start_time BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?) ORDER BY row_id DESC",
        [max(first, 0), min(last, INT64_MAX - 1)],
    )
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    found = [_Stored(row["row_id"], row["project"], _decoded(row)) for row in whole_spans(cursor, rows)]
    return list({each.key: each for each in found}.values())


def _decoded(row: Mapping[str, Any]) -> DecodedSpan:
    """A stored span as it was sent: what its columns were made of is all kept."""
    return DecodedSpan(
        row["trace_id"],
        row["span_id"],
        row["parent_span_id"],
        row["name"],
        row["span_kind"],
        row["start_time"],
        row["end_time"],
        row["status"],
        row["status_message"],
        orjson.loads(row["attributes"]),
        orjson.loads(row["events"] or "[]"),
        orjson.loads(row["links"] or "[]"),
        row["trace_state"],
        row["dropped_attributes_count"] or 0,
        Scope(row["scope_name"] or "", row["scope_version"] or ""),
        orjson.loads(row["resource"] or "{}"),
    )


@contextmanager
def _wanted(cursor: Cursor, keys: Iterable[SpanKey]) -> Iterator[None]:
    """Within it, `wanted` names these spans in SQL."""
    cursor.register("wanted", pa.Table.from_pylist([_key_columns(key) for key in keys]))
    try:
        yield
    finally:
        cursor.unregister("wanted")


def _key_columns(key: SpanKey) -> dict[str, str]:
    return dict(zip(("project", "trace_id", "span_id"), key, strict=True))


# Scores -----------------------------------------------------------------------------------------------------------


def _answer_of(score: ScoreRow) -> str | None:
    """The provider's answer by which a score is to be linked; None where it names a trace, or nothing at all."""
    return None if score["trace_id"] else response_id(orjson.loads(score["metadata"] or "{}"))


def _append_new_scores(cursor: Cursor, scores: Sequence[ScoreRow]) -> None:
    if not scores:
        return
    by_id = {score["id"]: score for score in scores}
    present = cursor.execute("SELECT id FROM score_log WHERE id IN (SELECT unnest(?::VARCHAR[]))", [list(by_id)])
    for (known,) in present.fetchall():
        by_id.pop(known, None)
    append_rows(cursor, "score_log", list(by_id.values()))


def _answers(cursor: Cursor, responses: Set[Response]) -> dict[Response, Link]:
    """The spans in which providers gave these answers."""
    if not responses:
        return {}
    rows = cursor.execute(
        f"SELECT project, {RESPONSE_OF_SPAN}, trace_id, span_id FROM span_log "
        f"WHERE {RESPONSE_OF_SPAN} IN (SELECT unnest(?::VARCHAR[])) "
        f"AND received_at > now()::TIMESTAMP_NS - {ANSWERS_WITHIN} ORDER BY start_time DESC",
        [[to_json(answer) for _, answer in responses]],
    )
    found = {(project, orjson.loads(answer)): (trace, span) for project, answer, trace, span in rows.fetchall()}
    return {response: link for response, link in found.items() if response in responses}


def _link_scores(cursor: Cursor, response: Response, link: Link) -> None:
    these = f"project = ? AND {RESPONSE_OF_SCORE} = ? AND {IS_UNLINKED}"
    cursor.execute(
        f"INSERT INTO score_log SELECT * REPLACE (? AS trace_id, ? AS span_id) FROM score_log WHERE {these}",
        [*link, *response],
    )
    cursor.execute(f"DELETE FROM score_log WHERE {these}", list(response))
