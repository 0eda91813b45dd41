"""Alignments: how well judges agree with people, one record per measurement. Only ever added to."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from assay.collector.registry.actor import LOCAL, Actor
from assay.collector.registry.audit import record as record_audit
from assay.collector.registry.database import Database
from assay.collector.registry.models import Alignment
from assay.collector.registry.page import DEFAULT_LIMIT, Page, checked_limit, numeric_cursor, page_of
from assay.collector.registry.projects import ensure_project
from assay.collector.registry.times import Clock, iso, utc_now
from assay.content_hash import canonical_json
from assay.errors import NotFound


@dataclass(frozen=True, slots=True)
class Alignments:
    """Answers are the API's objects, as dicts."""

    database: Database
    clock: Clock = utc_now

    def add(
        self,
        project: str,
        judge: str,
        *,
        prompt_hash: str | None,
        model: str | None,
        labels: int,
        record: Mapping[str, Any],
        actor: Actor = LOCAL,
    ) -> dict[str, Any]:
        """Keep a measurement.

        Raises:
            InvalidRequest: the record cannot be written as JSON.
        """
        canonical_json(record)
        with self.database.write() as session:
            now = self.clock()
            ensure_project(session, project, now, actor)
            row = Alignment(
                id=uuid.uuid4().hex,
                project=project,
                judge=judge,
                prompt_hash=prompt_hash,
                model=model,
                labels=labels,
                record=dict(record),
                created_at=now,
            )
            session.add(row)
            record_audit(session, actor, now, "alignment.add", judge, project=project, labels=labels)
            session.flush()
            return _object(row)

    def get(self, project: str, id: str) -> dict[str, Any]:
        """One measurement.

        Raises:
            NotFound: there is none of that id.
        """
        query = select(Alignment).where(Alignment.project == project, Alignment.id == id)
        with self.database.read() as session:
            if row := session.scalar(query):
                return _object(row)
        raise NotFound(f"Project {project!r} has no alignment {id!r}.", hint="GET /api/v1/alignments lists them.")

    def page(
        self,
        project: str,
        *,
        judge: str | None = None,
        prompt_hash: str | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page:
        """Newest first."""
        query = (
            select(Alignment)
            .where(Alignment.project == project)
            .order_by(Alignment.seq.desc())
            .limit(checked_limit(limit) + 1)
        )
        for column, value in ((Alignment.judge, judge), (Alignment.prompt_hash, prompt_hash)):
            if value is not None:
                query = query.where(column == value)
        if cursor is not None:
            query = query.where(Alignment.seq < numeric_cursor(cursor))
        with self.database.read() as session:
            return page_of(session.scalars(query).all(), limit, _object, lambda row: row.seq)


def _object(row: Alignment) -> dict[str, Any]:
    return {
        "id": row.id,
        "project": row.project,
        "judge": row.judge,
        "prompt_hash": row.prompt_hash,
        "model": row.model,
        "labels": row.labels,
        "record": row.record,
        "created_at": iso(row.created_at),
    }
