"""Open spans through their life: announced, then arrived; or interrupted, when their process is heard of no more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import duckdb

from assay.collector.announcements import Announced
from assay.collector.batch import span_batch
from assay.collector.open_index import Row, open_rows
from assay.collector.open_spans import (
    Process,
    append_open,
    arrived,
    keep_for_good,
    mark_found,
    mark_lost,
    remove_open,
)
from assay.collector.store import SpanStore
from assay.collector.writer import Writer

LOST_AFTER_S = 60.0
KEEP_EVERY_S = 600.0


class InProgress:
    """Keeps the open spans of a store. Its methods may be called from any thread."""

    def __init__(
        self,
        store: SpanStore,
        writer: Writer,
        *,
        clock: Callable[[], float] = time.time,
        lost_after_s: float = LOST_AFTER_S,
    ) -> None:
        self._store = store
        self._writer = writer
        self._clock = clock
        self._lost_after_s = lost_after_s
        self._lock = threading.Lock()
        # What was open before this start gets its time to be heard of again: the collector was away, not the program.
        self._heard: dict[Process, float] = dict.fromkeys(self._processes(lost=False), clock())
        self._seen_row = 0
        self._keep_at = 0.0

    def put(self, said: Announced) -> Future[Any]:
        """Store what a request says of open spans; the future resolves once it is on disk.

        Raises:
            CollectorUnavailable: send it again later.
        """
        now, index = self._clock(), self._store.open_spans
        with self._lock:
            known = self._processes() | {(row[0], said.instances[row[0], row[1], row[2]]) for row in said.rows}
            self._heard.update(dict.fromkeys(said.alive & known, now))
        found = said.alive & self._processes(lost=True)
        ended = {process: int(now * 1e9) for process in said.ended & known}
        batch = span_batch(self._with_room(said.rows))
        if batch is None and not found and not ended:
            nothing: Future[Any] = Future()
            nothing.set_result(None)
            return nothing

        def job(cursor: duckdb.DuckDBPyConnection) -> list[Row]:
            for process in found:
                mark_found(cursor, process)
            added = append_open(cursor, batch, said.instances, self._store.content) if batch is not None else []
            mark_lost(cursor, ended)
            return open_rows(cursor) if found or ended else added

        n_bytes = 1024 + (sum(map(len, batch.texts)) if batch is not None else 0)
        done = self._writer.put_job(job, n_bytes, touches=())  # what has ended stays as it is
        return _then(done, index.replace if found or ended else index.add)

    def step(self) -> None:
        """Upkeep: remove what has arrived, and mark what nobody will end."""
        now = self._clock()
        if not self._store.open_spans:
            return
        with self._store.read() as db:
            [(last,)] = db.execute("SELECT coalesce(max(row_id), 0) FROM span_log").fetchall()
            gone = arrived(db, self._seen_row)
        running = self._processes(lost=False)
        with self._lock:
            self._heard = {process: self._heard.get(process, now) for process in running}
            silent = {each: int(at * 1e9) for each, at in self._heard.items() if now - at > self._lost_after_s}
        keep = now >= self._keep_at

        def job(cursor: duckdb.DuckDBPyConnection) -> list[Row]:
            remove_open(cursor, gone)
            mark_lost(cursor, silent)
            if keep:
                keep_for_good(cursor, int(now * 1e9))
            return open_rows(cursor)  # also without what was deleted on request or by age

        done = self._writer.put_job(job, touches=None if keep else ())
        _then(done, self._store.open_spans.replace).result()
        self._seen_row = last
        self._keep_at = now + KEEP_EVERY_S if keep else self._keep_at

    def _processes(self, *, lost: bool | None = None) -> set[Process]:
        """Those that have spans here: all, or those that are gone or are not."""
        spans = self._store.open_spans.spans
        return {(key[0], span.instance) for key, span in spans.items() if lost is None or span.lost is lost}

    def _with_room(self, rows: list[list[Any]]) -> list[list[Any]]:
        """As many as there is room for: an announcement is a courtesy, the span itself comes when it ends."""
        room: dict[str, int] = {}
        fitting = []
        for row in rows:
            left = room.get(row[0])
            left = self._store.open_spans.room(row[0]) if left is None else left
            if left > 0:
                fitting.append(row)
            room[row[0]] = left - 1
        return fitting


def _then(done: Future[list[Row]], apply: Callable[[list[Row]], None]) -> Future[Any]:
    """Resolves when what was committed is in the index as well, so that who waits for it can read it.

    `apply` runs on the writer's thread: nothing that was committed is overwritten by what was read before.
    """
    applied: Future[Any] = Future()

    def finish(done: Future[list[Row]]) -> None:
        try:
            apply(done.result())
        except Exception as error:
            applied.set_exception(error)
        else:
            applied.set_result(None)

    done.add_done_callback(finish)
    return applied
