"""How long things live: retention, tail rules, sweeping, compaction, and exports that are kept up.

`step` is called every few seconds by the upkeep thread and does a little each time. Everything that it deletes it
deletes in transactions of the writer's, one day or one set of traces at a time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import duckdb

from assay.collector.compaction import space, worth_compacting
from assay.collector.deletions import (
    AFTER_ITS_DAY,
    Deleted,
    Selection,
    day_to_sweep,
    delete_day,
    delete_doomed,
    delete_traces,
    note,
    sweep_day,
)
from assay.collector.store import SpanStore
from assay.collector.writer import Writer
from assay.errors import AssayError, CollectorUnavailable
from assay.settings import Settings

logger = logging.getLogger("assay.collector")

BUDGET_S = 1.0  # of one step: what is left is done by the next ones
RETENTION_EVERY_S = 60.0
TAIL_EVERY_S = 5.0
SWEEP_EVERY_S = 60.0
COMPACT_AFTER_S = 30.0  # since the last request to delete, so that several are done with one copy
COMPACT_CHECK_EVERY_S = 600.0
TAIL_LOOKS_BACK_S = 86_400.0  # at the start, and for spans of a trace that came before its last ones

Result = TypeVar("Result")
Clock = Callable[[], float]

# A share of the traces told by their ids alone: any collector, at any time, decides the same.
SHARE_OF_TRACE = "('0x' || left(md5(trace_id), 8))::UBIGINT / 4294967296.0"

DOOMED_BY_RULE = f"""
CREATE OR REPLACE TEMP TABLE doomed AS
WITH quiet AS (
    SELECT DISTINCT project, trace_id FROM span_log
    WHERE received_at > make_timestamp_ns($after) AND received_at <= make_timestamp_ns($until)
)
SELECT project, trace_id FROM span_log s SEMI JOIN quiet USING (project, trace_id)
WHERE received_at > make_timestamp_ns($since)
GROUP BY project, trace_id
HAVING max(received_at) <= make_timestamp_ns($until)
    AND NOT bool_or(status IN ('error', 'interrupted')) AND NOT bool_or(experiment_id IS NOT NULL)
    AND ($slow_ms IS NULL OR epoch_ns(max(end_time)) - epoch_ns(min(start_time)) < $slow_ms * 1e6)
    AND {SHARE_OF_TRACE} >= $share
    AND NOT EXISTS (SELECT 1 FROM score_log c WHERE c.project = s.project AND c.trace_id = s.trace_id)
    AND NOT EXISTS (SELECT 1 FROM open_span_log o WHERE o.project = s.project AND o.trace_id = s.trace_id)
"""

# Whether somebody asked to delete, how many checkpoints there were, and which share of all spans was deleted.
SINCE_COMPACTION = """
WITH last AS (SELECT coalesce(max(compacted_at), '1970-01-01') AS compacted_at FROM compaction_log),
deleted AS (SELECT d.* FROM deletion_log d, last WHERE d.deleted_at > last.compacted_at),
counts AS (SELECT coalesce(sum(spans), 0) AS gone, (SELECT count(*) FROM span_log) AS kept FROM deleted)
SELECT
    EXISTS (SELECT 1 FROM deleted WHERE reason = 'request'),
    (SELECT count(*) FROM span_count_log c, last WHERE c.counted_at > last.compacted_at),
    (SELECT gone / greatest(gone + kept, 1) FROM counts)
"""


@dataclass(frozen=True, slots=True)
class LifeRules:
    """What is kept. The tail rules are off while `tail_share` is 1.

    Args:
        retention_days: how long projects keep their traces that say nothing themselves; None: for ever.
        tail_share: of the traces that are neither failed nor slow, how many to keep.
        tail_slow_ms: traces that took at least so long are kept; None: no trace is slow.
        tail_quiet_s: a trace is decided upon when no span of it has come for so long.
    """

    retention_days: int | None = None
    tail_share: float = 1.0
    tail_slow_ms: float | None = None
    tail_quiet_s: float = 60.0

    @classmethod
    def of(cls, settings: Settings) -> LifeRules:
        return cls(settings.retention_days, settings.tail_share, settings.tail_slow_ms, settings.tail_quiet_s)


KEEP_EVERYTHING = LifeRules()


class Life:
    """Belongs to one store; `step` is for one thread, everything else for any."""

    def __init__(self, store: SpanStore, writer: Writer, rules: LifeRules, *, clock: Clock = time.time) -> None:
        self.rules = rules
        self._store = store
        self._writer = writer
        self._clock = clock
        self._tail_decided_until = clock() - TAIL_LOOKS_BACK_S
        self._due: dict[str, float] = {}
        self._compact_at: float | None = None

    # On request -------------------------------------------------------------------------------------------------------

    def delete(self, selection: Selection) -> Deleted:
        """Delete whole traces and what belongs to them; returns once that is on disk.

        The bytes are given back by a compaction soon after.
        """
        gone: Deleted = self._job(lambda cursor: delete_traces(cursor, selection))
        self._sweep(float("inf"), early=True)
        if gone != Deleted():
            self._compact_at = self._clock() + COMPACT_AFTER_S
        return gone

    def compact(self, *, sweep: bool = True) -> tuple[int, int]:
        """Give back the file's free bytes; the file's size before and after. Writers wait meanwhile.

        Args:
            sweep: give back content too that would be swept later.
        """
        if sweep:
            self._sweep(float("inf"), early=True)
        before = self._store.path.stat().st_size + self._store.wal_bytes()
        self._writer.between(self._store.compact).result()
        self._job(lambda cursor: cursor.execute("INSERT INTO compaction_log SELECT now()::TIMESTAMP_NS"))
        self._compact_at = None
        return before, self._store.path.stat().st_size

    def set_retention(self, project: str, days: int | None) -> None:
        """How many days the project keeps its traces; None: for ever, whatever the settings say."""
        at = time.time_ns()
        self._job(
            lambda cursor: cursor.execute(
                "INSERT INTO retention_log VALUES (?, ?, make_timestamp_ns(?))", [project, days, at]
            )
        )
        self._due.pop("retention", None)

    def retention(self, project: str) -> int | None:
        """How many days the project keeps its traces."""
        return self._retention().get(project, self.rules.retention_days)

    def deleted(self) -> dict[str, Deleted]:
        """How much was deleted so far: by reason."""
        with self._store.read() as db:
            rows = db.execute(
                "SELECT reason, sum(traces)::BIGINT, sum(spans)::BIGINT, sum(scores)::BIGINT, "
                "sum(dead_letters)::BIGINT FROM deletion_log GROUP BY reason"
            ).fetchall()
        return {reason: Deleted(*counts) for reason, *counts in rows}

    # Upkeep -----------------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Do what is due, for about a second."""
        end = time.monotonic() + BUDGET_S
        for name, work in (
            ("tail", self._apply_tail_rules),
            ("retention", self._apply_retention),
            ("sweep", self._sweep_what_is_due),
            ("compact", self._compact_if_worth_it),
        ):
            try:
                work(end)
            except CollectorUnavailable as error:
                logger.warning("%s was put off: %s", name, error)
            except AssayError as error:
                logger.error("%s failed: %s", name, error)

    def _apply_tail_rules(self, end: float) -> None:
        if self.rules.tail_share >= 1 or not self._is_due("tail", TAIL_EVERY_S):
            return
        until = self._clock() - self.rules.tail_quiet_s
        after = self._tail_decided_until
        parameters = {
            "after": _ns(after),
            "until": _ns(until),
            "since": _ns(after - TAIL_LOOKS_BACK_S),
            "slow_ms": self.rules.tail_slow_ms,
            "share": self.rules.tail_share,
        }

        def job(cursor: duckdb.DuckDBPyConnection) -> None:
            cursor.execute(DOOMED_BY_RULE, parameters)
            # Content is swept once for each day, when it is over.
            note(cursor, Deleted(*delete_doomed(cursor, sweep_after=AFTER_ITS_DAY)), "tail", None)

        self._job(job)
        self._tail_decided_until = until

    def _apply_retention(self, end: float) -> None:
        if not self._is_due("retention", RETENTION_EVERY_S):
            return
        expired = self._expired()
        for day, projects in expired.items():
            self._job(partial(delete_day, known=self._store.content, day=day, projects=projects))
            if time.monotonic() > end:
                self._due.pop("retention", None)  # the rest at the next step
                return
        if expired:
            self._writer.checkpoint().result()  # their blocks are free from now on, for what comes next

    def _expired(self) -> dict[date, list[str]]:
        """Day -> the projects whose spans of that day are older than they keep them."""
        own, default = self._retention(), self.rules.retention_days
        if default is None and not any(own.values()):
            return {}
        today = datetime.fromtimestamp(self._clock(), UTC).date()
        with self._store.read() as db:
            received = db.execute(
                "SELECT received_at::DATE AS day, list(DISTINCT project) "
                "FROM (SELECT project, received_at FROM span_log UNION ALL SELECT project, received_at "
                "FROM open_span_log) WHERE received_at < ? "
                "GROUP BY day ORDER BY day",
                [datetime.combine(today, datetime.min.time())],
            ).fetchall()
        expired = {
            day: [
                project
                for project in projects
                if (days := own.get(project, default)) is not None and day < today - timedelta(days=days)
            ]
            for day, projects in received
        }
        return {day: projects for day, projects in expired.items() if projects}

    def _retention(self) -> dict[str, int | None]:
        with self._store.read() as db:
            rows = db.execute(
                "SELECT project, days FROM retention_log "
                "QUALIFY row_number() OVER (PARTITION BY project ORDER BY set_at DESC, rowid DESC) = 1"
            ).fetchall()
        return dict(rows)

    def _sweep_what_is_due(self, end: float) -> None:
        if not self._is_due("sweep", SWEEP_EVERY_S):
            return
        self._sweep(end)
        if time.monotonic() >= end:
            self._due.pop("sweep", None)  # the rest at the next step

    def _sweep(self, end: float, *, early: bool = False) -> None:
        while day := self._day_to_sweep(early=early):
            self._job(partial(sweep_day, day=day, known=self._store.content))
            if time.monotonic() >= end:
                break

    def _day_to_sweep(self, *, early: bool) -> date | None:
        with self._store.read() as db:  # a write that finds nothing to do still costs a commit
            return day_to_sweep(db, early=early)

    def _compact_if_worth_it(self, end: float) -> None:
        asked = self._compact_at is not None and self._clock() >= self._compact_at
        worth = False
        if not asked and self._compact_at is None and self._is_due("compact", COMPACT_CHECK_EVERY_S):
            with self._store.read() as db:
                [(asked, checkpoints, deleted)] = db.execute(SINCE_COMPACTION).fetchall()
                worth = worth_compacting(*space(db), checkpoints=checkpoints, deleted=deleted)
        if asked or worth:
            self._compact_at = None
            self._due["compact"] = self._clock() + COMPACT_CHECK_EVERY_S
            self.compact(sweep=asked)

    def _is_due(self, name: str, every_s: float) -> bool:
        now = self._clock()
        if now < self._due.get(name, 0.0):
            return False
        self._due[name] = now + every_s
        return True

    def _job(self, work: Callable[[duckdb.DuckDBPyConnection], Any]) -> Any:
        return self._writer.put_job(work).result()


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)
