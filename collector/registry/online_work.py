"""What online scorers have to do and have done: traces that wait, and a sum for every day. Nothing here is audited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from assay.collector.registry.database import Database
from assay.collector.registry.models_online import OnlineDay, OnlineScorer, OnlineWork
from assay.collector.registry.times import Clock, iso, utc_now

WAITING, SCORED, NOT_APPLICABLE, FAILED = "waiting", "scored", "not_applicable", "failed"
COUNTS = ("scored", "not_applicable", "failed", "left_out", "calls", "cost_usd", "unpriced")
AT_ONCE = 500  # rows of one statement: SQLite bounds the number of parameters
MAX_ERROR_CHARS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one trace. `retry_at`: it is tried again then, and waits until then."""

    trace_id: str
    state: str
    version: int
    error: str | None = None
    retry_at: datetime | None = None
    calls: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0


@dataclass(frozen=True, slots=True)
class OnlineWorkQueue:
    """Figures are kept by scorer and day (UTC)."""

    database: Database
    clock: Clock = utc_now

    def add(self, scorer_id: str, trace_ids: Sequence[str], *, cursor_ns: int, room: int) -> int:
        """Have traces wait, and move the scorer's cursor, in one transaction; how many are new.

        Args:
            room: how many more may wait; what does not fit is counted as left out.
        """
        with self.database.write() as session:
            row = session.scalar(select(OnlineScorer).where(OnlineScorer.id == scorer_id))
            if row is None:  # removed meanwhile
                return 0
            row.cursor_ns = max(row.cursor_ns, cursor_ns)
            now = self.clock()
            known = _known(session, scorer_id, trace_ids)
            new = [trace_id for trace_id in dict.fromkeys(trace_ids) if trace_id not in known]
            taken = new[: max(0, room)]
            for start in range(0, len(taken), AT_ONCE):
                rows = [_waiting(scorer_id, trace_id, now) for trace_id in taken[start : start + AT_ONCE]]
                session.execute(insert(OnlineWork), rows)
            if left_out := len(new) - len(taken):
                _day(session, scorer_id, now).left_out += left_out
            return len(taken)

    def waiting(self, scorer_id: str) -> int:
        """How many traces wait, due or not."""
        query = select(func.count()).where(OnlineWork.scorer_id == scorer_id, OnlineWork.state == WAITING)
        with self.database.read() as session:
            return session.scalar(query) or 0

    def due(self, scorer_id: str, limit: int) -> list[tuple[str, int]]:
        """The traces to judge now, the longest due first, each with how often it was tried."""
        query = (
            select(OnlineWork.trace_id, OnlineWork.attempts)
            .where(OnlineWork.scorer_id == scorer_id, OnlineWork.state == WAITING, OnlineWork.due_at <= self.clock())
            .order_by(OnlineWork.due_at, OnlineWork.trace_id)
            .limit(limit)
        )
        with self.database.read() as session:
            return [(trace_id, attempts) for trace_id, attempts in session.execute(query)]

    def note(self, scorer_id: str, outcomes: Sequence[Outcome]) -> None:
        """Write down what became of traces, and what that cost, in one transaction."""
        with self.database.write() as session:
            if session.scalar(select(OnlineScorer.id).where(OnlineScorer.id == scorer_id)) is None:
                return
            day = _day(session, scorer_id, self.clock())
            for outcome in outcomes:
                day.calls += outcome.calls
                day.cost_usd += outcome.cost_usd
                day.unpriced += outcome.unpriced
                if outcome.retry_at is None:
                    setattr(day, outcome.state, getattr(day, outcome.state) + 1)
                row = session.get(OnlineWork, (scorer_id, outcome.trace_id))
                if row is not None:
                    row.state = WAITING if outcome.retry_at else outcome.state
                    row.version = outcome.version
                    row.error = outcome.error[:MAX_ERROR_CHARS] if outcome.error else None
                    row.attempts += 1
                    row.due_at = outcome.retry_at or self.clock()

    def figures(self, scorer_id: str, *, days: int = 30) -> dict[str, Any]:
        """`waiting`, `retrying`, `today`, `days` (newest first) and `last_errors`."""
        now = self.clock()
        since = _name_of(now - timedelta(days=days))
        waiting = select(func.count(), func.sum(OnlineWork.attempts > 0)).where(
            OnlineWork.scorer_id == scorer_id, OnlineWork.state == WAITING
        )
        by_day = (
            select(OnlineDay)
            .where(OnlineDay.scorer_id == scorer_id, OnlineDay.day > since)
            .order_by(OnlineDay.day.desc())
        )
        errors = (
            select(OnlineWork)
            .where(OnlineWork.scorer_id == scorer_id, OnlineWork.error.is_not(None))
            .order_by(OnlineWork.due_at.desc())
            .limit(20)
        )
        with self.database.read() as session:
            [(n_waiting, n_retrying)] = session.execute(waiting).all()
            found = [_figures(row) for row in session.scalars(by_day)]
            today = next((row for row in found if row["day"] == _name_of(now)), _nothing(_name_of(now)))
            return {
                "waiting": n_waiting,
                "retrying": n_retrying or 0,
                "today": today,
                "days": found,
                "last_errors": [_error(row) for row in session.scalars(errors)],
            }

    def prune(self, *, before: datetime) -> None:
        """Forget the traces that were done with before a time."""
        with self.database.write() as session:
            session.execute(delete(OnlineWork).where(OnlineWork.state != WAITING, OnlineWork.due_at < before))


def _known(session: Session, scorer_id: str, trace_ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(trace_ids), AT_ONCE):
        query = select(OnlineWork.trace_id).where(
            OnlineWork.scorer_id == scorer_id, OnlineWork.trace_id.in_(trace_ids[start : start + AT_ONCE])
        )
        found |= set(session.scalars(query))
    return found


def _waiting(scorer_id: str, trace_id: str, now: datetime) -> dict[str, Any]:
    return {
        "scorer_id": scorer_id,
        "trace_id": trace_id,
        "state": WAITING,
        "version": None,
        "attempts": 0,
        "error": None,
        "added_at": now,
        "due_at": now,
    }


def _day(session: Session, scorer_id: str, now: datetime) -> OnlineDay:
    name = _name_of(now)
    found = session.get(OnlineDay, (scorer_id, name))
    if found is None:
        found = OnlineDay(scorer_id=scorer_id, day=name, **dict.fromkeys(COUNTS, 0))
        session.add(found)
    return found


def _name_of(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _nothing(day: str) -> dict[str, Any]:
    return {"day": day, **dict.fromkeys(COUNTS, 0)}


def _figures(row: OnlineDay) -> dict[str, Any]:
    return {"day": row.day, **{name: getattr(row, name) for name in COUNTS}}


def _error(row: OnlineWork) -> dict[str, Any]:
    return {
        "trace_id": row.trace_id,
        "state": row.state,
        "attempts": row.attempts,
        "error": row.error,
        "next_try": iso(row.due_at) if row.state == WAITING else None,
    }
