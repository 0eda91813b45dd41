"""Alerts as they are declared, whether they fire, and what became of telling so."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from assay.collector.registry.actor import LOCAL, Actor
from assay.collector.registry.audit import record
from assay.collector.registry.database import Database
from assay.collector.registry.models_online import Alert, AlertEvent
from assay.collector.registry.names import check_part
from assay.collector.registry.page import DEFAULT_LIMIT, Page, checked_limit, numeric_cursor, page_of
from assay.collector.registry.projects import ensure_project
from assay.collector.registry.times import Clock, iso, utc_now
from assay.errors import Conflict, NotFound

OK, FIRING = "ok", "firing"
WAITING, DELIVERED, FAILED, NO_ACTION = "waiting", "delivered", "failed", "none"
MAX_ERROR_CHARS = 1000


@dataclass(frozen=True, slots=True)
class Alerts:
    """Answers are the API's objects, as dicts, with `id` beside them."""

    database: Database
    clock: Clock = utc_now

    def create(
        self,
        project: str,
        name: str,
        rule: Mapping[str, Any],
        action: Mapping[str, Any] | None,
        *,
        told: Mapping[str, Any] | None = None,
        actor: Actor = LOCAL,
    ) -> dict[str, Any]:
        """Declare an alert.

        Args:
            told: the action as the audit log has it: addresses of webhooks hold secrets.

        Raises:
            Conflict: the project has one of this name.
        """
        check_part("alert", name)
        with self.database.write() as session:
            now = self.clock()
            ensure_project(session, project, now, actor)
            if _find(session, project, name) is not None:
                raise Conflict(f"Project {project!r} has an alert {name!r} already.", hint="Change that one.")
            row = Alert(
                id=uuid.uuid4().hex,
                project=project,
                name=name,
                rule=dict(rule),
                action=dict(action) if action else None,
                is_on=True,
                state=OK,
                state_since=now,
                created_at=now,
                updated_at=now,
            )
            session.add(row)
            record(session, actor, now, "alert.create", name, project=project, rule=dict(rule), tells=told)
            session.flush()
            return _object(row)

    def change(
        self,
        project: str,
        name: str,
        rule: Mapping[str, Any],
        action: Mapping[str, Any] | None,
        *,
        told: Mapping[str, Any] | None = None,
        actor: Actor = LOCAL,
    ) -> dict[str, Any]:
        """Declare it anew. Another rule begins as one that does not fire."""
        with self.database.write() as session:
            row = _existing(session, project, name)
            if row.rule == rule and row.action == action:
                return _object(row)
            if row.rule != rule:
                row.state, row.state_since = OK, self.clock()
            row.rule, row.action = dict(rule), dict(action) if action else None
            self._note(session, row, actor, "alert.change", rule=dict(rule), tells=told)
            return _object(row)

    def switch(self, project: str, name: str, *, on: bool, actor: Actor = LOCAL) -> dict[str, Any]:
        """Watch its figure, or do not."""
        with self.database.write() as session:
            row = _existing(session, project, name)
            if row.is_on != on:
                row.is_on, row.state, row.state_since = on, OK, self.clock()
                self._note(session, row, actor, "alert.on" if on else "alert.off")
            return _object(row)

    def remove(self, project: str, name: str, *, actor: Actor = LOCAL) -> None:
        """Forget it and its history."""
        with self.database.write() as session:
            row = _existing(session, project, name)
            session.execute(delete(AlertEvent).where(AlertEvent.alert_id == row.id))
            self._note(session, row, actor, "alert.remove")
            session.delete(row)

    def get(self, project: str, name: str) -> dict[str, Any]:
        with self.database.read() as session:
            return _object(_existing(session, project, name))

    def all(self, project: str | None = None, *, only_on: bool = False) -> list[dict[str, Any]]:
        """In the order of their making; of one project, or all."""
        query = select(Alert).order_by(Alert.seq)
        if project is not None:
            query = query.where(Alert.project == project)
        if only_on:
            query = query.where(Alert.is_on)
        with self.database.read() as session:
            return [_object(row) for row in session.scalars(query)]

    # What happens to them -----------------------------------------------------------------------------------------

    def turn(self, id: str, kind: str, *, value: float | None, n: int | None, rule: Mapping[str, Any]) -> bool:
        """Have an alert fire, be resolved, or be tried out (`test`), and have that told; false where it has changed.

        Args:
            rule: by which that was decided.
        """
        with self.database.write() as session:
            row = session.scalar(select(Alert).where(Alert.id == id))
            to = {"fired": FIRING, "resolved": OK}.get(kind)
            if row is None or row.rule != rule or row.state == to or (to is not None and not row.is_on):
                return False
            now = self.clock()
            if to is not None:
                row.state, row.state_since = to, now
            session.add(
                AlertEvent(
                    id=uuid.uuid4().hex,
                    alert_id=id,
                    at=now,
                    kind=kind,
                    value=value,
                    n=n,
                    delivery=WAITING if row.action else NO_ACTION,
                    attempts=0,
                    due_at=now,
                    error=None,
                )
            )
            return True

    def events(self, project: str, name: str, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
        """What happened to an alert, newest first."""
        with self.database.read() as session:
            row = _existing(session, project, name)
            query = (
                select(AlertEvent)
                .where(AlertEvent.alert_id == row.id)
                .order_by(AlertEvent.seq.desc())
                .limit(checked_limit(limit) + 1)
            )
            if cursor is not None:
                query = query.where(AlertEvent.seq < numeric_cursor(cursor))
            return page_of(session.scalars(query).all(), limit, _event, lambda event: event.seq)

    def to_tell(self, limit: int = 20) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Events that are to be told now, the longest due first, each with its alert."""
        query = (
            select(AlertEvent, Alert)
            .join(Alert, Alert.id == AlertEvent.alert_id)
            .where(AlertEvent.delivery == WAITING, AlertEvent.due_at <= self.clock())
            .order_by(AlertEvent.seq)
            .limit(limit)
        )
        with self.database.read() as session:
            return [(_event(event), _object(alert)) for event, alert in session.execute(query)]

    def told(self, event_id: str, *, error: str | None = None, retry_at: datetime | None = None) -> None:
        """Write down what became of telling an event; with an error and no `retry_at` it is given up."""
        with self.database.write() as session:
            event = session.scalar(select(AlertEvent).where(AlertEvent.id == event_id))
            if event is None:  # its alert was removed meanwhile
                return
            event.attempts += 1
            event.error = error[:MAX_ERROR_CHARS] if error else None
            event.delivery = DELIVERED if error is None else WAITING if retry_at else FAILED
            event.due_at = retry_at or event.due_at

    def _note(self, session: Session, row: Alert, actor: Actor, action: str, **detail: Any) -> None:
        row.updated_at = self.clock()
        record(session, actor, row.updated_at, action, row.name, project=row.project, **detail)


def _find(session: Session, project: str, name: str) -> Alert | None:
    return session.scalar(select(Alert).where(Alert.project == project, Alert.name == name))


def _existing(session: Session, project: str, name: str) -> Alert:
    row = _find(session, project, name)
    if row is None:
        raise NotFound(f"Project {project!r} has no alert {name!r}.", hint="GET /api/v1/alerts lists them.")
    return row


def _object(row: Alert) -> dict[str, Any]:
    return {
        "id": row.id,
        "project": row.project,
        "name": row.name,
        "rule": row.rule,
        "action": row.action,
        "is_on": row.is_on,
        "state": row.state,
        "state_since": iso(row.state_since),
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
    }


def _event(row: AlertEvent) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": iso(row.at),
        "kind": row.kind,
        "value": row.value,
        "n": row.n,
        "delivery": row.delivery,
        "attempts": row.attempts,
        "next_try": iso(row.due_at) if row.delivery == WAITING else None,
        "error": row.error,
    }
