"""Online scorers as they are declared: changed, paused, removed. What they do is in online_work.py."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from assay.collector.registry.actor import LOCAL, Actor
from assay.collector.registry.audit import record
from assay.collector.registry.database import Database
from assay.collector.registry.models_online import OnlineDay, OnlineScorer, OnlineWork
from assay.collector.registry.names import check_part
from assay.collector.registry.projects import ensure_project
from assay.collector.registry.times import Clock, iso, utc_now
from assay.errors import Conflict, NotFound

ACTIVE, PAUSED = "active", "paused"
DECLARED = ("definition", "source", "filter", "sample_rate", "quiet_s", "limits")


@dataclass(frozen=True, slots=True)
class OnlineScorers:
    """Answers are the API's objects, as dicts, with `id` and `cursor_ns` beside them."""

    database: Database
    clock: Clock = utc_now

    def create(
        self, project: str, name: str, declared: Mapping[str, Any], *, cursor_ns: int, actor: Actor = LOCAL
    ) -> dict[str, Any]:
        """Declare a scorer.

        Args:
            declared: a value for each of DECLARED, checked already.
            cursor_ns: traces that were complete by then are not looked at.

        Raises:
            Conflict: the project has one of this name.
        """
        check_part("online scorer", name)
        with self.database.write() as session:
            now = self.clock()
            ensure_project(session, project, now, actor)
            if _find(session, project, name) is not None:
                raise Conflict(f"Project {project!r} has an online scorer {name!r} already.", hint="Change that one.")
            row = OnlineScorer(
                id=uuid.uuid4().hex,
                project=project,
                name=name,
                version=1,
                state=ACTIVE,
                problem=None,
                cursor_ns=cursor_ns,
                created_at=now,
                updated_at=now,
                **{field: declared[field] for field in DECLARED},
            )
            session.add(row)
            record(session, actor, now, "online_scorer.create", name, project=project, **declared)
            session.flush()
            return _object(row)

    def change(self, project: str, name: str, declared: Mapping[str, Any], *, actor: Actor = LOCAL) -> dict[str, Any]:
        """Declare it anew. Another definition is another version.

        Raises:
            NotFound: there is none of that name.
        """
        with self.database.write() as session:
            row = _existing(session, project, name)
            changed = {field: declared[field] for field in DECLARED if getattr(row, field) != declared[field]}
            if changed:
                row.version += "definition" in changed
                for field, value in changed.items():
                    setattr(row, field, value)
                self._note(session, row, actor, "online_scorer.change", version=row.version, **changed)
            return _object(row)

    def pause(self, project: str, name: str, *, problem: str | None = None, actor: Actor = LOCAL) -> dict[str, Any]:
        """Have it judge nothing more. `problem`: why the collector does so by itself."""
        with self.database.write() as session:
            row = _existing(session, project, name)
            if row.state != PAUSED:
                row.state, row.problem = PAUSED, problem
                self._note(session, row, actor, "online_scorer.pause", problem=problem)
            return _object(row)

    def resume(self, project: str, name: str, *, cursor_ns: int, actor: Actor = LOCAL) -> dict[str, Any]:
        """Have it go on with the traces that are complete after `cursor_ns`, and with those that wait."""
        with self.database.write() as session:
            row = _existing(session, project, name)
            if row.state != ACTIVE:
                row.state, row.problem, row.cursor_ns = ACTIVE, None, cursor_ns
                self._note(session, row, actor, "online_scorer.resume")
            return _object(row)

    def remove(self, project: str, name: str, *, actor: Actor = LOCAL) -> None:
        """Forget it and what waits for it; its scores stay where they are."""
        with self.database.write() as session:
            row = _existing(session, project, name)
            for table in (OnlineWork, OnlineDay):
                session.execute(delete(table).where(table.scorer_id == row.id))
            self._note(session, row, actor, "online_scorer.remove")
            session.delete(row)

    def get(self, project: str, name: str) -> dict[str, Any]:
        with self.database.read() as session:
            return _object(_existing(session, project, name))

    def all(self, project: str | None = None, *, state: str | None = None) -> list[dict[str, Any]]:
        """In the order of their making; of one project, or all."""
        query = select(OnlineScorer).order_by(OnlineScorer.seq)
        if project is not None:
            query = query.where(OnlineScorer.project == project)
        if state is not None:
            query = query.where(OnlineScorer.state == state)
        with self.database.read() as session:
            return [_object(row) for row in session.scalars(query)]

    def _note(self, session: Session, row: OnlineScorer, actor: Actor, action: str, **detail: Any) -> None:
        row.updated_at = self.clock()
        record(session, actor, row.updated_at, action, row.name, project=row.project, **detail)


def _find(session: Session, project: str, name: str) -> OnlineScorer | None:
    return session.scalar(select(OnlineScorer).where(OnlineScorer.project == project, OnlineScorer.name == name))


def _existing(session: Session, project: str, name: str) -> OnlineScorer:
    row = _find(session, project, name)
    if row is None:
        raise NotFound(
            f"Project {project!r} has no online scorer {name!r}.", hint="GET /api/v1/online-scorers lists them."
        )
    return row


def _object(row: OnlineScorer) -> dict[str, Any]:
    return {
        "id": row.id,
        "project": row.project,
        "name": row.name,
        "version": row.version,
        **{field: getattr(row, field) for field in DECLARED},
        "state": row.state,
        "problem": row.problem,
        "cursor_ns": row.cursor_ns,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
    }
