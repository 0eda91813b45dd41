"""Rows of traces that somebody asked for, until something of those traces is written.

What a trace's spans and scores sum up to stays as it is until then, and lists ask for the same traces again and again:
to sum them up is half of what the list of the newest costs. So that no row is ever older than what is stored:

- who writes names the traces, or says that it may be any, before that can be seen (`changing`): their rows are
  forgotten;
- who reads says so before the first question (`reading`), and hears of what is changed from then on: rows that may have
  been read before a change, or half before and half after it, are not kept.

Traces with open spans change by themselves, so readers keep no rows of them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from assay.collector.open_index import TraceOf

MAX_BYTES = 32 * 1024**2
MAX_ROW_BYTES = 64 * 1024  # larger ones would push out many others
FIELDS_BYTES = 3_000  # of a row in memory, besides its texts

Row = dict[str, Any]
Touched = Collection[TraceOf] | None  # None: it may be any trace


class Reading:
    """One reader's view of the memory, which knows what was changed since it began."""

    def __init__(self, memory: TraceMemory, changing: Touched) -> None:
        self._memory = memory
        self._changed: set[TraceOf] = set()
        self._all_changed = False
        self.note(changing)

    def known(self, traces: Iterable[TraceOf]) -> dict[TraceOf, Row]:
        """The rows of those of these traces that are remembered."""
        return self._memory.known(traces)

    def keep(self, rows: Iterable[Row]) -> None:
        """Remember rows that were read since this began."""
        self._memory.keep(self, rows)

    def note(self, changing: Touched) -> None:
        if changing is None:
            self._all_changed = True
        else:
            self._changed.update(changing)

    def may_be_old(self, trace: TraceOf) -> bool:
        return self._all_changed or trace in self._changed


class TraceMemory:
    """The rows that were used last. Safe to use from any thread; changes come from one, the writer's."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._rows: OrderedDict[TraceOf, tuple[Row, int]] = OrderedDict()
        self._n_bytes = 0
        self._changing: Touched = ()
        self._readings: set[Reading] = set()
        self._lock = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Within it, rows are read that are to be kept: everything that they depend on is asked for inside."""
        with self._lock:
            reading = Reading(self, self._changing)
            self._readings.add(reading)
        try:
            yield reading
        finally:
            with self._lock:
                self._readings.remove(reading)

    @contextmanager
    def changing(self, traces: Touched) -> Iterator[None]:
        """Within it, what changes these traces becomes visible to readers."""
        with self._lock:
            self._changing = traces
            for reading in self._readings:
                reading.note(traces)
            for trace in list(self._rows) if traces is None else traces:
                self._forget(trace)
        try:
            yield
        finally:
            with self._lock:
                self._changing = ()

    def known(self, traces: Iterable[TraceOf]) -> dict[TraceOf, Row]:
        """See `Reading.known`. The caller may change a row, but not what is in it."""
        found: dict[TraceOf, Row] = {}
        with self._lock:
            for trace in traces:
                if trace in self._rows:
                    self._rows.move_to_end(trace)
                    found[trace] = dict(self._rows[trace][0])
        return found

    def keep(self, reading: Reading, rows: Iterable[Row]) -> None:
        """See `Reading.keep`."""
        sized = [((row["project"], row["trace_id"]), dict(row), FIELDS_BYTES + len(orjson.dumps(row))) for row in rows]
        with self._lock:
            for trace, row, size in sized:
                if size <= MAX_ROW_BYTES and not reading.may_be_old(trace):
                    self._forget(trace)
                    self._rows[trace] = row, size
                    self._n_bytes += size
            while self._n_bytes > self._max_bytes:
                self._forget(next(iter(self._rows)))

    def _forget(self, trace: TraceOf) -> None:
        _, size = self._rows.pop(trace, (None, 0))
        self._n_bytes -= size
