"""The audit log: every change writes one row, in its own transaction. Rows are only ever added."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from assay.collector.registry.actor import Actor
from assay.collector.registry.database import Database
from assay.collector.registry.models import AuditEntry
from assay.collector.registry.page import DEFAULT_LIMIT, Page, checked_limit, numeric_cursor, page_of
from assay.collector.registry.times import Clock, iso, utc_now

Result = Literal["ok", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Audit:
    """Reads the log, and notes what was done outside of the registry."""

    database: Database
    clock: Clock = utc_now

    def add(
        self, actor: Actor, action: str, object: str, *, project: str | None, result: Result = "ok", **detail: Any
    ) -> None:
        """Note what changed nothing here: spans that were deleted or exported, an attempt that was refused."""
        with self.database.write() as session:
            record(session, actor, self.clock(), action, object, project=project, result=result, **detail)

    def last(self, action: str) -> dict[str, Any] | None:
        """The newest entry of one kind."""
        query = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id.desc()).limit(1)
        with self.database.read() as session:
            found = session.scalar(query)
            return _entry(found) if found else None

    def page(
        self,
        project: str | None = None,
        *,
        actor: str | None = None,
        action: str | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page:
        """Newest first; of one project, or of all and of what belongs to none. `action` may be its first word alone."""
        query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(checked_limit(limit) + 1)
        if project is not None:
            query = query.where(AuditEntry.project == project)
        if actor is not None:
            query = query.where(AuditEntry.actor == actor)
        if action is not None:
            query = query.where(
                or_(AuditEntry.action == action, AuditEntry.action.startswith(f"{action}.", autoescape=True))
            )
        if cursor is not None:
            query = query.where(AuditEntry.id < numeric_cursor(cursor))
        with self.database.read() as session:
            return page_of(session.scalars(query).all(), limit, _entry, lambda entry: entry.id)

    def revision(self) -> int:
        """The number of the newest change: it moves with every one, in whatever process that was made."""
        query = select(AuditEntry.id).where(AuditEntry.result == "ok").order_by(AuditEntry.id.desc()).limit(1)
        with self.database.read() as session:
            return session.scalar(query) or 0


def record(
    session: Session,
    actor: Actor,
    at: datetime,
    action: str,
    object: str,
    *,
    project: str | None,
    result: Result = "ok",
    **detail: Any,
) -> None:
    """Add a row to the log; it is there exactly when the change of `session` is."""
    entry = AuditEntry(
        at=at,
        actor=actor.name,
        address=actor.address,
        action=action,
        project=project,
        object=object,
        detail=detail,
        result=result,
    )
    session.add(entry)


def _entry(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": iso(entry.at),
        "actor": entry.actor,
        "address": entry.address,
        "action": entry.action,
        "project": entry.project,
        "object": entry.object,
        "result": entry.result,
        "detail": entry.detail,
    }
