"""Deleting spans and what belongs to them: by trace, session or user on request, by age, by rule.

All functions here run inside a transaction of the writer's. Spans go at once; content that nobody refers to any more
is swept day by day afterwards, by what `sweep_due` says, so that nobody who writes waits long. The bytes stay in the
file's free blocks until it is compacted, see compaction.py.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from typing import Any, Literal

import duckdb

from assay.collector.content import KnownContent
from assay.collector.rows import delete_spans, sweep_content

SQL = """
-- Days whose spans were changed where they stand: what was exported of them is no longer true.
CREATE SEQUENCE changed_day_id;
CREATE TABLE changed_day_log (
    id BIGINT NOT NULL DEFAULT nextval('changed_day_id'), project VARCHAR NOT NULL, day DATE NOT NULL
);
-- How much was deleted and why: on request, by age, or by the tail rules. Not what: it is gone.
CREATE TABLE deletion_log (
    reason VARCHAR NOT NULL, project VARCHAR, traces BIGINT NOT NULL, spans BIGINT NOT NULL, scores BIGINT NOT NULL,
    dead_letters BIGINT NOT NULL, deleted_at TIMESTAMP_NS NOT NULL
);
-- Days with content that perhaps nobody refers to any more, and when to look.
CREATE TABLE sweep_due (day DATE NOT NULL, due_at TIMESTAMP_NS NOT NULL);
CREATE TABLE compaction_log (compacted_at TIMESTAMP_NS NOT NULL);
-- How many days a project keeps its traces; null: for ever. The newest row of a project counts.
CREATE TABLE retention_log (project VARCHAR NOT NULL, days INTEGER, set_at TIMESTAMP_NS NOT NULL);
"""

Reason = Literal["request", "retention", "tail"]
DAY = timedelta(days=1)
AFTER_ITS_DAY = timedelta(hours=25)  # from a day's begin: when its content is swept, where nothing presses


@dataclass(frozen=True, slots=True)
class Deleted:
    """How much of what is gone."""

    traces: int = 0
    spans: int = 0
    scores: int = 0
    dead_letters: int = 0

    def __add__(self, other: Deleted) -> Deleted:
        return Deleted(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Selection:
    """Whole traces: those of `ids`, or those in which a span says that it belongs to the session or user."""

    project: str | None = None  # None: of any project
    trace_ids: tuple[str, ...] = ()
    session_id: str | None = None
    user_id: str | None = None


def delete_traces(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> Deleted:
    """Delete what was asked for: whole traces, their scores, scores of the session, and dead letters that name them."""
    of_project, parameters = _within(selection.project)
    where, values = _member(selection)
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE doomed AS SELECT DISTINCT project, trace_id FROM ("
        "SELECT project, trace_id, session_id, user_id FROM span_log "
        "UNION ALL SELECT project, trace_id, session_id, user_id FROM open_span_log) "
        f"WHERE {of_project} AND {where}",
        [*parameters, *values],
    )
    traces, spans, scores = delete_doomed(cursor, sweep_after=timedelta())
    spoken_of, values = _spoken_of(selection)
    scores += _delete(cursor, "score_log", f"{of_project} AND {spoken_of}", [*parameters, *values])
    letters = sum(
        _delete(cursor, "dead_letter", f"{of_project} AND contains(raw::VARCHAR, ?)", [*parameters, marker])
        for marker in _markers(selection)
    )
    gone = Deleted(traces, spans, scores, letters)
    note(cursor, gone, "request", selection.project)
    return gone


def delete_score(cursor: duckdb.DuckDBPyConnection, score: Mapping[str, Any]) -> Deleted:
    """Delete a score as a reader has it, and all that it replaced: what somebody takes back does not come back."""
    subject = ("trace_id", "span_id", "session_id", "experiment_id", "item_id", "repeat")
    same = ("project", "name", "source", "author", *subject)
    where = " AND ".join(f"{column} IS NOT DISTINCT FROM ?" for column in same)
    gone = Deleted(scores=_delete(cursor, "score_log", where, [score[column] for column in same]))
    note(cursor, gone, "request", score["project"])
    return gone


def delete_doomed(cursor: duckdb.DuckDBPyConnection, *, sweep_after: timedelta) -> tuple[int, int, int]:
    """Delete the traces that the temporary table `doomed` (project, trace_id) names: traces, spans and scores gone.

    Args:
        sweep_after: how long after a day's end, or from now, its content may wait to be swept.
    """
    doomed = "(project, trace_id) IN (SELECT project, trace_id FROM doomed)"
    due = (
        "now()::TIMESTAMP"
        if not sweep_after
        else f"received_at::DATE + INTERVAL '{sweep_after.total_seconds()}' SECOND"
    )
    cursor.execute(
        f"INSERT INTO sweep_due SELECT DISTINCT unnest([received_at::DATE, received_at::DATE + 1]), {due} "
        f"FROM span_log WHERE {doomed}"
    )
    [(traces,)] = cursor.execute("SELECT count(*) FROM doomed").fetchall()
    spans = delete_spans(cursor, doomed, [])
    scores = _delete(cursor, "score_log", doomed)
    _delete(cursor, "log_event_log", doomed)
    _delete(cursor, "open_span_log", doomed)
    cursor.execute("DROP TABLE doomed")
    return traces, spans, scores


def delete_day(cursor: duckdb.DuckDBPyConnection, known: KnownContent, day: date, projects: Sequence[str]) -> Deleted:
    """Delete everything that these projects received on one day (UTC). Results of experiments stay."""
    mine, parameters = "project IN (SELECT unnest(?::VARCHAR[]))", [list(projects)]
    where = f"{mine} AND {_on(day)}"
    [(traces,)] = cursor.execute(
        f"SELECT count(*) FROM (SELECT DISTINCT project, trace_id FROM span_log WHERE {where})", parameters
    ).fetchall()
    spans = delete_spans(cursor, where, parameters)
    sweep_content(cursor, [day, day + DAY], known)
    scores = _delete(cursor, "score_log", f"{mine} AND experiment_id IS NULL AND {_on(day, 'created_at')}", parameters)
    _delete(cursor, "log_event_log", where, parameters)
    _delete(cursor, "open_span_log", where, parameters)
    gone = Deleted(traces, spans, scores, _delete(cursor, "dead_letter", where, parameters))
    note(cursor, gone, "retention", None)
    return gone


def day_to_sweep(db: duckdb.DuckDBPyConnection, *, early: bool = False) -> date | None:
    """A day whose time has come, or any that is to be swept; None when there is none."""
    when = "true" if early else "due_at <= now()::TIMESTAMP"
    due = db.execute(f"SELECT day FROM sweep_due WHERE {when} ORDER BY day LIMIT 1").fetchall()
    return due[0][0] if due else None


def sweep_day(cursor: duckdb.DuckDBPyConnection, day: date, known: KnownContent) -> None:
    sweep_content(cursor, [day], known)
    _delete(cursor, "sweep_due", "day = ?", [day])


def mark_changed(cursor: duckdb.DuckDBPyConnection, where: str, parameters: Sequence[Any] = ()) -> None:
    """Say that spans for which `where` holds were changed where they stand, so that they are exported again."""
    cursor.execute(
        f"INSERT INTO changed_day_log (project, day) SELECT DISTINCT project, received_at::DATE FROM span_log "
        f"WHERE {where}",
        list(parameters),
    )


def mark_replaced(cursor: duckdb.DuckDBPyConnection, where: str, parameters: Sequence[Any] = ()) -> None:
    """As `mark_changed`, of spans that are about to be replaced: what content only they had is swept later."""
    mark_changed(cursor, where, parameters)
    cursor.execute(
        "INSERT INTO sweep_due SELECT DISTINCT unnest([received_at::DATE, received_at::DATE + 1]), "
        f"received_at::DATE + INTERVAL '{AFTER_ITS_DAY.total_seconds()}' SECOND FROM span_log WHERE {where}",
        list(parameters),
    )


def note(cursor: duckdb.DuckDBPyConnection, gone: Deleted, reason: Reason, project: str | None) -> None:
    """Write down how much was deleted, and how many spans there are now."""
    if gone == Deleted():
        return
    cursor.execute(
        "INSERT INTO deletion_log VALUES (?, ?, ?, ?, ?, ?, make_timestamp_ns(?))",
        [reason, project, *astuple(gone), time.time_ns()],
    )
    # A start refuses a file that has fewer spans than were counted last.
    cursor.execute("INSERT INTO span_count_log SELECT count(*), now()::TIMESTAMP FROM span_log")


def _member(selection: Selection) -> tuple[str, list[Any]]:
    """Which spans tell that their trace belongs to the selection."""
    if selection.trace_ids:
        return "trace_id IN (SELECT unnest(?::VARCHAR[]))", [list(selection.trace_ids)]
    return ("session_id = ?", [selection.session_id]) if selection.session_id else ("user_id = ?", [selection.user_id])


def _spoken_of(selection: Selection) -> tuple[str, list[Any]]:
    if selection.trace_ids:
        return "trace_id IN (SELECT unnest(?::VARCHAR[]))", [list(selection.trace_ids)]
    if selection.session_id:
        return "session_id = ?", [selection.session_id]
    return "author = ? AND source = 'user'", [selection.user_id]


def _markers(selection: Selection) -> list[str]:
    """The ids as a dead letter quotes them, in the form in which DuckDB shows a BLOB as text."""
    ids = selection.trace_ids or tuple(filter(None, (selection.session_id, selection.user_id)))
    return ["".join(map(_shown, json.dumps(each, ensure_ascii=False).encode("utf-8", "replace"))) for each in ids]


def _shown(byte: int) -> str:
    plain = 32 <= byte < 127 and chr(byte) not in "\\'\""
    return chr(byte) if plain else f"\\x{byte:02X}"


def _within(project: str | None) -> tuple[str, list[Any]]:
    return ("true", []) if project is None else ("project = ?", [project])


def _on(day: date, column: str = "received_at") -> str:
    return f"{column} >= TIMESTAMP_NS '{day}' AND {column} < TIMESTAMP_NS '{day + DAY}'"


def _delete(cursor: duckdb.DuckDBPyConnection, table: str, where: str, parameters: Sequence[Any] = ()) -> int:
    [(deleted,)] = cursor.execute(f"DELETE FROM {table} WHERE {where}", list(parameters)).fetchall()
    return int(deleted)
