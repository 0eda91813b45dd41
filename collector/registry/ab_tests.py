"""A/B tests: what was declared, their phases, and the log of decisions."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assay.collector.ab_definition import Definition, checked_coverage, normalised, prompt_of
from assay.collector.registry.actor import LOCAL, Actor
from assay.collector.registry.audit import record
from assay.collector.registry.database import Database
from assay.collector.registry.models_ab import AbDecision, AbPhase, AbTest
from assay.collector.registry.page import DEFAULT_LIMIT, Page, checked_limit, page_of
from assay.collector.registry.projects import ensure_project
from assay.collector.registry.prompts import Prompts
from assay.collector.registry.times import Clock, iso, iso_or_none, utc_now
from assay.errors import AbTestNotFound, Conflict, InvalidRequest
from assay.prompts.reference import Reference

RUNNING, STOPPED = "running", "stopped"


@dataclass(frozen=True, slots=True)
class AbTests:
    """Answers are A/B test objects of the API, as dicts."""

    database: Database
    clock: Clock = utc_now

    def create(
        self, project: str, wanted: Definition, *, author: str | None = None, actor: Actor = LOCAL
    ) -> tuple[dict[str, Any], bool]:
        """The test, and whether it is new. Declared once more as it was, it is answered as it stands now.

        Prompts that are named by an alias are pinned to the version that the alias means now.

        Raises:
            PromptNotFound: an arm's prompt is not there.
            Conflict: there is a test of this name that was declared otherwise.
        """
        arms = {arm: self._pinned(project, arm, given) for arm, given in wanted.arms.items()}
        with self.database.write() as session:
            now = self.clock()
            ensure_project(session, project, now, actor)
            if there := _find(session, project, wanted.name):
                _check_same(session, there, wanted, arms)
                return _object(session, there), False
            test = AbTest(
                project=project,
                name=wanted.name,
                description=wanted.description,
                arms=arms,
                baseline=wanted.baseline,
                salt=wanted.salt or secrets.token_hex(8),
                unit=wanted.unit,
                primary_metric=wanted.primary,
                metrics={name: spec.to_dict() for name, spec in wanted.metrics.items()},
                guardrails=dict(wanted.guardrails),
                alpha=wanted.alpha,
                min_units=wanted.min_units,
                min_days=wanted.min_days,
                window_hours=wanted.window_hours,
                ends_at=now + timedelta(days=wanted.max_days),
                author=author,
                status=RUNNING,
                promoted=None,
                created_at=now,
                updated_at=now,
                stopped_at=None,
            )
            session.add(test)
            session.flush()
            weights, coverage = dict(wanted.weights), wanted.coverage
            session.add(AbPhase(ab_test_id=test.id, phase=1, weights=weights, coverage=coverage, started_at=now))
            detail: dict[str, Any] = {"weights": weights, "coverage": coverage}
            _decide(session, test, now, "start", author=author, detail=detail)
            record(session, actor, now, "ab_test.create", test.name, project=project, author=author, **detail)
            session.flush()
            return _object(session, test), True

    def get(self, project: str, name: str) -> dict[str, Any]:
        """One test as it stands.

        Raises:
            AbTestNotFound: there is no such test.
        """
        with self.database.read() as session:
            return _object(session, _test(session, project, name))

    def page(
        self, project: str, *, status: str | None = None, limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page:
        """In the order of their names; running ones, or those that were stopped, or all."""
        query = select(AbTest).where(AbTest.project == project).order_by(AbTest.name).limit(checked_limit(limit) + 1)
        if status is not None:
            query = query.where(AbTest.status == status)
        if cursor is not None:
            query = query.where(AbTest.name > cursor)
        with self.database.read() as session:
            rows = session.scalars(query).all()
            return page_of(rows, limit, lambda row: _object(session, row), lambda row: row.name)

    def with_prompt(self, project: str, name: str, version: int) -> list[dict[str, Any]]:
        """Tests that have this prompt version as an arm, the newest first."""
        uri = str(Reference(name, version))
        query = select(AbTest).where(AbTest.project == project).order_by(AbTest.id.desc())
        with self.database.read() as session:
            found = (row for row in session.scalars(query) if any(_uri(arm) == uri for arm in row.arms.values()))
            return [_object(session, row) for row in found]

    def ramp(
        self,
        project: str,
        name: str,
        coverage: float,
        *,
        reason: str | None = None,
        author: str | None = None,
        actor: Actor = LOCAL,
    ) -> dict[str, Any]:
        """Let more or fewer units in. Nobody changes arms, so the phase goes on.

        Raises:
            AbTestNotFound: there is no such test.
            Conflict: it has been stopped.
        """
        checked_coverage(coverage)
        with self.database.write() as session:
            test, now = _running(session, project, name), self.clock()
            phase = _phases(session, test)[-1]
            if phase.coverage != coverage:
                detail: dict[str, Any] = {"from": phase.coverage, "to": coverage}
                phase.coverage, test.updated_at = coverage, now
                _decide(session, test, now, "ramp", reason=reason, author=author, detail=detail)
                record(session, actor, now, "ab_test.ramp", name, project=project, reason=reason, **detail)
            session.flush()
            return _object(session, test)

    def set_weights(
        self,
        project: str,
        name: str,
        weights: Mapping[str, float],
        *,
        reason: str | None = None,
        author: str | None = None,
        actor: Actor = LOCAL,
    ) -> dict[str, Any]:
        """Begin a new phase with other weights. The weights there are begin none.

        Raises:
            AbTestNotFound: there is no such test.
            InvalidRequest: these are no weights of its arms.
            Conflict: it has been stopped.
        """
        with self.database.write() as session:
            test, now = _running(session, project, name), self.clock()
            last = _phases(session, test)[-1]
            wanted = normalised(weights, list(test.arms))
            if wanted != last.weights:
                detail: dict[str, Any] = {"from": last.weights, "to": wanted, "phase": last.phase + 1}
                session.add(
                    AbPhase(
                        ab_test_id=test.id,
                        phase=last.phase + 1,
                        weights=wanted,
                        coverage=last.coverage,
                        started_at=now,
                    )
                )
                test.updated_at = now
                _decide(session, test, now, "weights", reason=reason, author=author, detail=detail)
                record(session, actor, now, "ab_test.weights", name, project=project, reason=reason, **detail)
            session.flush()
            return _object(session, test)

    def stop(
        self,
        project: str,
        name: str,
        *,
        promote: str | None = None,
        alias: str | None = None,
        moved: Mapping[str, Any] | None = None,
        reason: str | None = None,
        author: str | None = None,
        report: Mapping[str, Any] | None = None,
        actor: Actor = LOCAL,
    ) -> dict[str, Any]:
        """End a test: from now on everybody has the arm that is promoted, else the baseline.

        Args:
            moved: what was done to the alias: {"prompt", "from", "to"}.
            report: what was known when it was decided.

        Raises:
            AbTestNotFound: there is no such test.
            InvalidRequest: it has no such arm.
            Conflict: it was stopped before, with another outcome.
        """
        with self.database.write() as session:
            test, now = _test(session, project, name), self.clock()
            check_arm(test.arms, promote)
            if test.status == STOPPED:
                if test.promoted != promote:
                    raise Conflict(
                        f"The A/B test {name!r} was stopped before, and "
                        f"{f'{test.promoted!r} promoted' if test.promoted else 'nothing promoted'}.",
                        hint="Move the alias of the prompt itself: assay.set_prompt_alias(…).",
                    )
                return _object(session, test)
            test.status, test.promoted, test.stopped_at, test.updated_at = STOPPED, promote, now, now
            found = dict(report or {})
            _decide(
                session,
                test,
                now,
                "stop",
                arm=promote,
                alias=alias if moved else None,
                detail=dict(moved or {}),
                reason=reason,
                author=author,
                data_hash=found.get("data_hash"),
                report=found or None,
            )
            done: dict[str, Any] = {
                "promote": promote,
                "alias": alias if moved else None,
                "data_hash": found.get("data_hash"),
            }
            record(session, actor, now, "ab_test.stop", name, project=project, reason=reason, author=author, **done)
            session.flush()
            return _object(session, test)

    def _pinned(self, project: str, arm: str, given: Mapping[str, Any]) -> dict[str, Any]:
        if given["prompt"] is None:
            return dict(given)
        reference = prompt_of(arm, given["prompt"])
        version = Prompts(self.database, self.clock).version(project, reference.name, reference.version)
        return {**given, "prompt": str(Reference(version["name"], version["version"]))}


def check_arm(arms: Mapping[str, Any], arm: str | None) -> None:
    """
    Raises:
        InvalidRequest: there is no such arm. None is nobody's arm, and fine.
    """
    if arm is not None and arm not in arms:
        raise InvalidRequest(f"There is no arm {arm!r}.", hint=f"The arms are: {', '.join(arms)}.")


def _find(session: Session, project: str, name: str) -> AbTest | None:
    return session.scalar(select(AbTest).where(AbTest.project == project, AbTest.name == name))


def _test(session: Session, project: str, name: str) -> AbTest:
    if test := _find(session, project, name):
        return test
    count = session.scalar(select(func.count()).select_from(AbTest).where(AbTest.project == project))
    raise AbTestNotFound(
        f"Project {project!r} has no A/B test {name!r}.",
        hint=f"It has {count}. Try: assay ab list" if count else "Make one with assay.create_ab_test.",
    )


def _running(session: Session, project: str, name: str) -> AbTest:
    test = _test(session, project, name)
    if test.status != RUNNING:
        raise Conflict(f"The A/B test {name!r} has been stopped.", hint="Make a new one, under another name.")
    return test


def _phases(session: Session, test: AbTest) -> list[AbPhase]:
    return list(session.scalars(select(AbPhase).where(AbPhase.ab_test_id == test.id).order_by(AbPhase.phase)))


def _check_same(session: Session, there: AbTest, wanted: Definition, arms: Mapping[str, Any]) -> None:
    """Refuse a second test of one name. Coverage and weights may have moved on since, and times begin once."""
    first = _phases(session, there)[0]
    compared = {
        "arms": (there.arms, dict(arms)),
        "order of the arms": (list(there.arms), list(arms)),
        "weights": (first.weights, dict(wanted.weights)),
        "unit": (there.unit, wanted.unit),
        "baseline": (there.baseline, wanted.baseline),
        "primary": (there.primary_metric, wanted.primary),
        "guardrails": (there.guardrails, dict(wanted.guardrails)),
        "metrics": (_declared(there.metrics), _declared({name: m.to_dict() for name, m in wanted.metrics.items()})),
        "salt": (there.salt, wanted.salt or there.salt),
        "alpha": (there.alpha, wanted.alpha),
        "window_hours": (there.window_hours, wanted.window_hours),
    }
    if other := [what for what, (ours, theirs) in compared.items() if ours != theirs]:
        ours, theirs = compared[other[0]]
        raise Conflict(
            f"The A/B test {there.name!r} exists already, with other {other[0]}: {ours!r}, not {theirs!r}.",
            hint="What is measured never changes once a test has begun. Change traffic with ramp and set_weights, or "
            "begin a test under another name.",
        )


def _declared(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Metrics without caps that may have been taken from the project's past, which has gone on since."""
    return {
        name: {key: value for key, value in spec.items() if key != "high" or spec["kind"] != "capped"}
        for name, spec in metrics.items()
    }


def _decide(session: Session, test: AbTest, at: datetime, action: str, **said: Any) -> None:
    empty = dict.fromkeys(("arm", "alias", "reason", "author", "data_hash", "report"))
    session.add(AbDecision(ab_test_id=test.id, at=at, action=action, **{**empty, "detail": {}, **said}))


def _uri(arm: Mapping[str, Any]) -> str | None:
    uri: str | None = arm["prompt"]
    return uri


def _object(session: Session, test: AbTest) -> dict[str, Any]:
    phases = _phases(session, test)
    decisions = session.scalars(select(AbDecision).where(AbDecision.ab_test_id == test.id).order_by(AbDecision.id))
    return {
        "project": test.project,
        "name": test.name,
        "description": test.description,
        "arms": {arm: _arm(given) for arm, given in test.arms.items()},
        "order": list(test.arms),  # JSON objects have none in some languages, and the rule needs it
        "baseline": test.baseline,
        "weights": phases[-1].weights,
        "coverage": phases[-1].coverage,
        "phase": phases[-1].phase,
        "salt": test.salt,
        "unit": test.unit,
        "primary": test.primary_metric,
        "metrics": test.metrics,
        "guardrails": test.guardrails,
        "alpha": test.alpha,
        "min_units": test.min_units,
        "min_days": test.min_days,
        "window_hours": test.window_hours,
        "ends_at": iso_or_none(test.ends_at),
        "author": test.author,
        "status": test.status,
        "promoted": test.promoted,
        "phases": [
            {
                "phase": phase.phase,
                "weights": phase.weights,
                "coverage": phase.coverage,
                "started_at": iso(phase.started_at),
            }
            for phase in phases
        ],
        "decisions": [_decision(decision) for decision in decisions],
        "created_at": iso(test.created_at),
        "updated_at": iso(test.updated_at),
        "stopped_at": iso_or_none(test.stopped_at),
    }


def ab_test_rows(session: Session) -> list[dict[str, Any]]:
    """Every test as a row of the table that people with SQL see."""
    return [_row_of(session, test) for test in session.scalars(select(AbTest).order_by(AbTest.id))]


def _row_of(session: Session, test: AbTest) -> dict[str, Any]:
    found = _object(session, test)
    times = ("created_at", "updated_at", "ends_at", "stopped_at")
    row = {name: value for name, value in found.items() if name not in ("primary", "order", *times)}
    return {**row, "primary_metric": test.primary_metric, **{name: getattr(test, name) for name in times}}


def _arm(given: Mapping[str, Any]) -> Any:
    """As it was most likely written: the URI alone where there is no config."""
    return given["prompt"] if given["config"] is None else dict(given)


def _decision(row: AbDecision) -> dict[str, Any]:
    return {
        "at": iso(row.at),
        "action": row.action,
        "arm": row.arm,
        "alias": row.alias,
        "detail": row.detail,
        "reason": row.reason,
        "author": row.author,
        "data_hash": row.data_hash,
        "report": row.report,
    }
