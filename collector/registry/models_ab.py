"""The tables of A/B tests in registry.db."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from assay.collector.registry.models import Base


class AbTest(Base):
    """What was declared when the test began, which never changes, and how it stands."""

    __tablename__ = "ab_tests"
    __table_args__ = (UniqueConstraint("project", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.name"))
    name: Mapped[str]
    description: Mapped[str | None]
    arms: Mapped[dict[str, Any]]  # arm -> URI of a prompt version, or {"prompt", "config"}; in the order declared
    baseline: Mapped[str]
    salt: Mapped[str]
    unit: Mapped[str]
    primary_metric: Mapped[str]
    metrics: Mapped[dict[str, Any]]  # metric -> what it is made of, as `ab_metrics.Metric` says it
    guardrails: Mapped[dict[str, Any]]  # metric -> margin, e.g. "<= +10%"
    alpha: Mapped[float]
    min_units: Mapped[int]
    min_days: Mapped[float]
    window_hours: Mapped[float | None]
    ends_at: Mapped[datetime | None]
    author: Mapped[str | None]
    status: Mapped[str]  # "running" or "stopped"
    promoted: Mapped[str | None]  # the arm that everybody gets once it has stopped
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]


class AbPhase(Base):
    """A stretch of time with the same weights. The coverage of the last one may still change."""

    __tablename__ = "ab_phases"

    ab_test_id: Mapped[int] = mapped_column(ForeignKey("ab_tests.id"), primary_key=True)
    phase: Mapped[int] = mapped_column(primary_key=True)  # from 1
    weights: Mapped[dict[str, Any]]
    coverage: Mapped[float]
    started_at: Mapped[datetime]


class AbDecision(Base):
    """What somebody decided about a test, and what was known then. Only ever added to."""

    __tablename__ = "ab_decisions"
    __table_args__ = (Index(None, "ab_test_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ab_test_id: Mapped[int] = mapped_column(ForeignKey("ab_tests.id"))
    at: Mapped[datetime]
    action: Mapped[str]  # "start", "ramp", "weights" or "stop"
    arm: Mapped[str | None]  # promoted
    alias: Mapped[str | None]  # moved to the arm's prompt version
    detail: Mapped[dict[str, Any]]  # from and to
    reason: Mapped[str | None]
    author: Mapped[str | None]
    data_hash: Mapped[str | None]  # of the units that the report below was made from
    report: Mapped[dict[str, Any] | None]  # its health and its decision
