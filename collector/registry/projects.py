"""Projects: containers that come into being when something is first filed under them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from assay.collector.registry.actor import LOCAL, Actor
from assay.collector.registry.audit import record
from assay.collector.registry.database import Database
from assay.collector.registry.models import Project
from assay.collector.registry.names import check_project
from assay.collector.registry.page import DEFAULT_LIMIT, Page, checked_limit, page_of
from assay.collector.registry.times import Clock, iso, utc_now


@dataclass(frozen=True, slots=True)
class Projects:
    database: Database
    clock: Clock = utc_now

    def create(self, name: str, *, actor: Actor = LOCAL) -> tuple[dict[str, Any], bool]:
        """The project, and whether it is new. Asking for one that is there changes nothing."""
        check_project(name)
        with self.database.read() as session:
            if project := session.get(Project, name):
                return _project(project), False
        with self.database.write() as session:
            is_new = session.get(Project, name) is None
            return _project(ensure_project(session, name, self.clock(), actor)), is_new

    def exists(self, name: str) -> bool:
        with self.database.read() as session:
            return session.get(Project, name) is not None

    def page(self, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
        """In the order of their names."""
        query = select(Project).order_by(Project.name).limit(checked_limit(limit) + 1)
        if cursor is not None:
            query = query.where(Project.name > cursor)
        with self.database.read() as session:
            return page_of(session.scalars(query).all(), limit, _project, lambda project: project.name)


def ensure_project(session: Session, name: str, at: datetime, actor: Actor) -> Project:
    """The project, made in this transaction when it is new."""
    if project := session.get(Project, name):
        return project
    project = Project(name=check_project(name), created_at=at)
    session.add(project)
    session.flush()
    record(session, actor, at, "project.create", name, project=name)
    return project


def _project(project: Project) -> dict[str, Any]:
    return {"name": project.name, "created_at": iso(project.created_at)}
