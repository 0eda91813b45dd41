"""The audit log: every change writes one row, in its own transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assay.collector.registry.database import Database
from assay.collector.registry.models import AuditEntry
from assay.collector.registry.page import DEFAULT_LIMIT, Page, checked_limit, numeric_cursor, page_of
from assay.collector.registry.times import iso


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks for a change: a key's id, or `local` where no key is needed; and from which address."""

    name: str = "local"
    address: str | None = None


LOCAL = Actor()


@dataclass(frozen=True, slots=True)
class Audit:
    """Reads the log."""

    database: Database

    def page(self, project: str | None = None, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
        """Newest first; of one project, or of all and of what belongs to none."""
        query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(checked_limit(limit) + 1)
        if project is not None:
            query = query.where(AuditEntry.project == project)
        if cursor is not None:
            query = query.where(AuditEntry.id < numeric_cursor(cursor))
        with self.database.read() as session:
            return page_of(session.scalars(query).all(), limit, _entry, lambda entry: entry.id)

    def revision(self) -> int:
        """The number of the newest row: it moves with every change, in whatever process that was made."""
        with self.database.read() as session:
            return session.scalar(select(func.max(AuditEntry.id))) or 0


def record(
    session: Session, actor: Actor, at: datetime, action: str, object: str, *, project: str | None, **detail: Any
) -> None:
    """Add a row to the log; it is there exactly when the change of `session` is."""
    entry = AuditEntry(
        at=at, actor=actor.name, address=actor.address, action=action, project=project, object=object, detail=detail
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
        "detail": entry.detail,
    }
