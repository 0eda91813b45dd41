"""Experiments and their comparisons. Their rows are in the span store; here is what was run, and what came of it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Literal, get_args

from sqlalchemy import Text, cast, or_, select
from sqlalchemy.orm import Session

from assay.collector.registry.actor import LOCAL, Actor
from assay.collector.registry.audit import record
from assay.collector.registry.database import Database
from assay.collector.registry.models import Comparison, Experiment
from assay.collector.registry.names import check_label
from assay.collector.registry.page import DEFAULT_LIMIT, Page, checked_limit, numeric_cursor, page_of
from assay.collector.registry.projects import ensure_project
from assay.collector.registry.times import Clock, iso, iso_or_none, utc_now
from assay.content_hash import canonical_json, content_hash
from assay.errors import Conflict, ExperimentNotFound, InvalidRequest

ExperimentStatus = Literal[
    "running",
    "completed",
    "completed_with_errors",
    "interrupted",
    "stopped_by_budget",
    "failed",
    "failed_infrastructure",
]
STATUSES: tuple[str, ...] = get_args(ExperimentStatus)
HEARD_EVERY_S = 15.0  # a sign of life sooner after the last one is not written down
STALLED_AFTER = timedelta(minutes=2)  # without a sign of life, which a run gives every half minute

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetReference:
    """The data an experiment runs on. `name` and `version` are None for data that is not registered."""

    name: str | None = None
    version: int | None = None
    hash: str | None = None
    item_count: int | None = None


@dataclass(frozen=True, slots=True)
class Experiments:
    """Answers are experiment objects of the API, as dicts."""

    database: Database
    clock: Clock = utc_now

    def create(
        self,
        project: str,
        name: str,
        *,
        id: str | None = None,
        dataset: DatasetReference = DatasetReference(),
        scorers: Sequence[Mapping[str, Any]] = (),
        config: Mapping[str, Any] | None = None,
        baseline_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        repeats: int = 1,
        seed: int | None = None,
        actor: Actor = LOCAL,
    ) -> tuple[dict[str, Any], bool]:
        """The experiment, and whether it is new: sending the same one again, by its id, changes nothing.

        Raises:
            InvalidRequest: the id or the name cannot be used.
            Conflict: the id belongs to another experiment.
            ExperimentNotFound: there is no such baseline.
        """
        check_label("experiment", name)
        if id is not None and not _ID.fullmatch(id):
            raise InvalidRequest(
                f"{id!r} cannot be the id of an experiment.", hint="Use uuid.uuid4().hex, or leave it out."
            )
        canonical_json([list(scorers), dict(config or {}), dict(tags or {}), dataset.name, dataset.hash])
        with self.database.write() as session:
            now = self.clock()
            ensure_project(session, project, now, actor)
            if id is not None and (there := _find(session, id)):
                return _same(there, project, name, dataset, now), False
            if baseline_id is not None:
                _experiment(session, baseline_id, project)
            experiment = Experiment(
                id=id or uuid.uuid4().hex,
                project=project,
                name=name,
                status="running",
                dataset_name=dataset.name,
                dataset_version=dataset.version,
                dataset_hash=dataset.hash,
                item_count=dataset.item_count,
                scorers=[dict(scorer) for scorer in scorers],
                config=dict(config or {}),
                tags=dict(tags or {}),
                repeats=repeats,
                seed=seed,
                baseline_id=baseline_id,
                summary=None,
                error=None,
                created_at=now,
                updated_at=now,
                finished_at=None,
            )
            session.add(experiment)
            record(session, actor, now, "experiment.create", experiment.id, project=project, name=name)
            session.flush()
            return _object(experiment, now), True

    def update(
        self,
        id: str,
        *,
        project: str | None = None,
        status: ExperimentStatus | None = None,
        summary: Sequence[Mapping[str, Any]] | None = None,
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        baseline_id: str | None = None,
        error: str | None = None,
        finished_at: datetime | None = None,
        actor: Actor = LOCAL,
    ) -> dict[str, Any]:
        """Replace what is given; None leaves a field as it is. A status other than `running` is an end: it has a time.

        Raises:
            ExperimentNotFound: there is no such experiment, or no such baseline.
        """
        canonical_json([list(summary or ()), dict(config or {}), dict(tags or {}), error])
        changes = {
            "status": status,
            "summary": None if summary is None else [dict(row) for row in summary],
            "config": None if config is None else dict(config),
            "tags": None if tags is None else dict(tags),
            "baseline_id": baseline_id,
            "error": error,
            "finished_at": finished_at,
        }
        given = {field: value for field, value in changes.items() if value is not None}
        with self.database.write() as session:
            experiment = _experiment(session, id, project)
            if baseline_id is not None:
                _experiment(session, baseline_id, experiment.project)
            now = self.clock()
            for field, value in given.items():
                setattr(experiment, field, value)
            if status == "running":  # resumed
                experiment.finished_at = None
            elif status is not None and experiment.finished_at is None:
                experiment.finished_at = now
            experiment.updated_at = now
            record(
                session,
                actor,
                now,
                "experiment.update",
                id,
                project=experiment.project,
                fields=list(given),
                status=status,
            )
            session.flush()
            return _object(experiment, now)

    def heard_of(self, id: str) -> None:
        """A sign of life of an experiment that runs. Not a change that anybody made, so not in the audit."""
        with self.database.write() as session:
            experiment = _experiment(session, id, None)
            if experiment.status == "running":
                experiment.updated_at = self.clock()

    def get(self, id: str, project: str | None = None) -> dict[str, Any]:
        """One experiment; with a project, only if it is in that one.

        Raises:
            ExperimentNotFound: there is no such experiment.
        """
        with self.database.read() as session:
            return _object(_experiment(session, id, project), self.clock())

    def page(
        self,
        project: str,
        *,
        name: str | None = None,
        status: ExperimentStatus | None = None,
        dataset: str | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page:
        """Newest first; of one name, one status, one data set."""
        query = (
            select(Experiment)
            .where(Experiment.project == project)
            .order_by(Experiment.seq.desc())
            .limit(checked_limit(limit) + 1)
        )
        for column, value in ((Experiment.name, name), (Experiment.status, status), (Experiment.dataset_name, dataset)):
            if value is not None:
                query = query.where(column == value)
        if cursor is not None:
            query = query.where(Experiment.seq < numeric_cursor(cursor))
        now = self.clock()
        with self.database.read() as session:
            return page_of(session.scalars(query).all(), limit, lambda row: _object(row, now), lambda row: row.seq)

    def tagged(self, project: str, tag: str, value: str, *, limit: int = DEFAULT_LIMIT) -> list[dict[str, Any]]:
        """Those with a tag of this value, oldest first."""
        query = (
            select(Experiment)
            .where(Experiment.project == project, Experiment.tags[tag].as_string() == value)
            .order_by(Experiment.seq)
            .limit(limit)
        )
        now = self.clock()
        with self.database.read() as session:
            return [_object(row, now) for row in session.scalars(query)]

    def end_abandoned(self, tag: str, *, error: str, actor: Actor = LOCAL) -> list[str]:
        """Have those with a tag that still say `running` end as `interrupted`: whoever ran them is gone; their ids."""
        query = select(Experiment.id).where(
            Experiment.status == "running", Experiment.tags[tag].as_string().is_not(None)
        )
        with self.database.read() as session:
            found = list(session.scalars(query))
        for id in found:
            self.update(id, status="interrupted", error=error, actor=actor)
        return found

    def with_prompt(
        self, project: str, name: str, version: int, *, also: Collection[str] = (), limit: int = DEFAULT_LIMIT
    ) -> list[dict[str, Any]]:
        """Experiments that say they used a version of a prompt, and those with an id of `also`; newest first."""
        said = cast(Experiment.config, Text).contains(f'"name": {json.dumps(name)}', autoescape=True)
        query = (
            select(Experiment)
            .where(Experiment.project == project, or_(said, Experiment.id.in_(also)))
            .order_by(Experiment.seq.desc())
        )
        wanted = {"name": name, "version": version}
        now = self.clock()
        with self.database.read() as session:
            found = (row for row in session.scalars(query) if row.id in also or wanted in _prompts_used(row))
            return [_object(row, now) for row in islice(found, limit)]

    def add_comparison(
        self,
        id: str,
        baseline_id: str,
        rows: Sequence[Mapping[str, Any]],
        *,
        verdict: str | None = None,
        project: str | None = None,
        actor: Actor = LOCAL,
    ) -> tuple[dict[str, Any], bool]:
        """Keep a comparison; it, and whether it is new. One that says what the last of the two said is not kept again.

        Raises:
            ExperimentNotFound: one of the two is not there.
        """
        digest = content_hash([list(rows), verdict])
        with self.database.write() as session:
            experiment = _experiment(session, id, project)
            _experiment(session, baseline_id, experiment.project)
            last = session.scalar(
                select(Comparison)
                .where(Comparison.experiment_id == id, Comparison.baseline_id == baseline_id)
                .order_by(Comparison.seq.desc())
                .limit(1)
            )
            if last is not None and last.content_hash == digest:
                return _comparison(last), False
            now = self.clock()
            comparison = Comparison(
                id=uuid.uuid4().hex,
                experiment_id=id,
                baseline_id=baseline_id,
                rows=[dict(row) for row in rows],
                verdict=verdict,
                content_hash=digest,
                created_at=now,
            )
            session.add(comparison)
            record(session, actor, now, "experiment.compare", id, project=experiment.project, baseline_id=baseline_id)
            session.flush()
            return _comparison(comparison), True

    def comparisons(
        self, id: str, *, project: str | None = None, limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page:
        """Newest first.

        Raises:
            ExperimentNotFound: there is no such experiment.
        """
        with self.database.read() as session:
            _experiment(session, id, project)
            query = (
                select(Comparison)
                .where(Comparison.experiment_id == id)
                .order_by(Comparison.seq.desc())
                .limit(checked_limit(limit) + 1)
            )
            if cursor is not None:
                query = query.where(Comparison.seq < numeric_cursor(cursor))
            return page_of(session.scalars(query).all(), limit, _comparison, lambda row: row.seq)


def _find(session: Session, id: str) -> Experiment | None:
    return session.scalar(select(Experiment).where(Experiment.id == id))


def _experiment(session: Session, id: str, project: str | None) -> Experiment:
    experiment = _find(session, id)
    if experiment is None or (project is not None and experiment.project != project):
        where = "" if project is None else f" in project {project!r}"
        raise ExperimentNotFound(f"There is no experiment {id!r}{where}.", hint="Check the id and the project.")
    return experiment


def _prompts_used(row: Experiment) -> list[Any]:
    """What the engine wrote down at the end of a run: [{"name", "version"}]."""
    used = row.config.get("used")
    prompts = used.get("prompts") if isinstance(used, dict) else None
    return prompts if isinstance(prompts, list) else []


def _same(there: Experiment, project: str, name: str, dataset: DatasetReference, now: datetime) -> dict[str, Any]:
    if (there.project, there.name, there.dataset_hash) != (project, name, dataset.hash):
        # what another project has is nobody else's business: only that the id is taken
        what = f", as {there.name!r}" if there.project == project else ""
        raise Conflict(
            f"Experiment {there.id!r} exists already{what}.",
            hint="Leave the id out to get a new one.",
        )
    return _object(there, now)


def _object(row: Experiment, now: datetime) -> dict[str, Any]:
    return {
        "id": row.id,
        "project": row.project,
        "name": row.name,
        "status": row.status,
        "stalled": row.status == "running" and now - row.updated_at > STALLED_AFTER,  # its process is most likely gone
        "dataset": {
            "name": row.dataset_name,
            "version": row.dataset_version,
            "hash": row.dataset_hash,
            "item_count": row.item_count,
        },
        "scorers": row.scorers,
        "config": row.config,
        "tags": row.tags,
        "repeats": row.repeats,
        "seed": row.seed,
        "baseline_id": row.baseline_id,
        "summary": row.summary,
        "error": row.error,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
        "finished_at": iso_or_none(row.finished_at),
    }


def _comparison(row: Comparison) -> dict[str, Any]:
    return {
        "id": row.id,
        "experiment_id": row.experiment_id,
        "baseline_id": row.baseline_id,
        "rows": row.rows,
        "verdict": row.verdict,
        "created_at": iso(row.created_at),
    }
