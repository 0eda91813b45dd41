"""Dashboards: named sets of charts, made and changed by people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from assay.collector.registry.actor import LOCAL, Actor
from assay.collector.registry.audit import record
from assay.collector.registry.database import Database
from assay.collector.registry.models_dashboards import Dashboard
from assay.collector.registry.names import check_label
from assay.collector.registry.projects import ensure_project
from assay.collector.registry.times import Clock, iso, utc_now
from assay.errors import Conflict, InvalidRequest, NotFound

MOST_IN_PROJECT = 200
MOST_CHARTS = 24


@dataclass(frozen=True, slots=True)
class Dashboards:
    """Answers are dicts: name, charts, author, created_at, updated_at."""

    database: Database
    clock: Clock = utc_now

    def all(self, project: str) -> list[dict[str, Any]]:
        """In the order of their names."""
        query = select(Dashboard).where(Dashboard.project == project).order_by(Dashboard.name)
        with self.database.read() as session:
            return [_object(row) for row in session.scalars(query)]

    def get(self, project: str, name: str) -> dict[str, Any]:
        """One dashboard.

        Raises:
            NotFound: there is none of that name.
        """
        with self.database.read() as session:
            return _object(_found(session, project, name))

    def create(
        self,
        project: str,
        name: str,
        charts: Sequence[Mapping[str, Any]],
        *,
        author: str | None = None,
        actor: Actor = LOCAL,
    ) -> dict[str, Any]:
        """A new dashboard.

        Raises:
            InvalidRequest: the name cannot be used, or there are too many charts or dashboards.
            Conflict: there is one of this name.
        """
        name, charts = check_label("dashboard", name.strip()), _checked(charts)
        with self.database.write() as session:
            now = self.clock()
            ensure_project(session, project, now, actor)
            if session.get(Dashboard, (project, name)) is not None:
                raise _taken(name)
            there = session.scalars(select(Dashboard.name).where(Dashboard.project == project)).all()
            if len(there) >= MOST_IN_PROJECT:
                raise InvalidRequest(
                    f"Project {project!r} has {len(there)} dashboards already.", hint="Delete one that nobody needs."
                )
            row = Dashboard(project=project, name=name, charts=charts, author=author, created_at=now, updated_at=now)
            session.add(row)
            record(session, actor, now, "dashboard.create", name, project=project, author=author)
            session.flush()
            return _object(row)

    def change(
        self,
        project: str,
        name: str,
        *,
        new_name: str,
        charts: Sequence[Mapping[str, Any]],
        author: str | None = None,
        actor: Actor = LOCAL,
    ) -> dict[str, Any]:
        """Give a dashboard other charts, another name, or both.

        Raises:
            NotFound: there is none of that name.
            InvalidRequest: the new name cannot be used, or there are too many charts.
            Conflict: another one has the new name.
        """
        new_name, charts = check_label("dashboard", new_name.strip()), _checked(charts)
        with self.database.write() as session:
            row, now = _found(session, project, name), self.clock()
            if new_name != name and session.get(Dashboard, (project, new_name)) is not None:
                raise _taken(new_name)
            row.name, row.charts, row.author, row.updated_at = new_name, charts, author or row.author, now
            renamed: dict[str, Any] = {"from": name} if new_name != name else {}
            record(session, actor, now, "dashboard.change", new_name, project=project, author=author, **renamed)
            session.flush()
            return _object(row)

    def delete(self, project: str, name: str, *, actor: Actor = LOCAL) -> None:
        """Remove a dashboard.

        Raises:
            NotFound: there is none of that name.
        """
        with self.database.write() as session:
            session.delete(_found(session, project, name))
            record(session, actor, self.clock(), "dashboard.delete", name, project=project)


def _found(session: Session, project: str, name: str) -> Dashboard:
    row = session.get(Dashboard, (project, name))
    if row is None:
        raise NotFound(
            f"Project {project!r} has no dashboard {name!r}.", hint="It may have been renamed; the list has them all."
        )
    return row


def _checked(charts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if not 1 <= len(charts) <= MOST_CHARTS:
        raise InvalidRequest(
            f"A dashboard has 1 to {MOST_CHARTS} charts; this one would have {len(charts)}.",
            hint="Put the others on a second dashboard." if charts else "Choose what its first chart shows.",
        )
    return [dict(chart) for chart in charts]


def _taken(name: str) -> Conflict:
    return Conflict(f"There is a dashboard {name!r} already.", hint="Choose another name, or change that one.")


def _object(row: Dashboard) -> dict[str, Any]:
    return {
        "name": row.name,
        "charts": row.charts,
        "author": row.author,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
    }
