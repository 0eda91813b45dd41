"""The tables of what is set while the collector runs: settings that are kept, online scorers, alerts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from assay.collector.registry.models import Base


class KeptSetting(Base):
    """A setting that somebody changed while the collector ran. What the environment says comes first."""

    __tablename__ = "kept_settings"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    updated_at: Mapped[datetime]
    actor: Mapped[str]


class OnlineScorer(Base):
    """A scorer that runs on live traces. `version` moves with what it asks, not with what it is asked about."""

    __tablename__ = "online_scorers"
    __table_args__ = (UniqueConstraint("project", "name"),)

    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.name"))
    name: Mapped[str]
    version: Mapped[int]
    definition: Mapped[dict[str, Any]]  # a built-in scorer with its parameters, or a judge: collector/online/definition
    source: Mapped[str]  # of its scores: "code" or "llm"
    filter: Mapped[str | None]
    sample_rate: Mapped[float]
    quiet_s: Mapped[float]
    limits: Mapped[dict[str, Any]]
    state: Mapped[str]  # "active" or "paused"
    problem: Mapped[str | None]  # why the collector paused it
    cursor_ns: Mapped[int] = mapped_column(BigInteger)  # traces that were complete by then have been looked at
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class OnlineWork(Base):
    """A trace that a scorer is to judge, or has. Done ones stay for a while, so that none is judged twice."""

    __tablename__ = "online_work"
    __table_args__ = (Index(None, "scorer_id", "state", "due_at"),)

    scorer_id: Mapped[str] = mapped_column(ForeignKey("online_scorers.id"), primary_key=True)
    trace_id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]  # "waiting", "scored", "not_applicable", "failed"
    version: Mapped[int | None]  # of the scorer that judged it
    attempts: Mapped[int]
    error: Mapped[str | None]
    added_at: Mapped[datetime]
    due_at: Mapped[datetime]


class OnlineDay(Base):
    """What a scorer did on one day (UTC), and what that cost."""

    __tablename__ = "online_days"

    scorer_id: Mapped[str] = mapped_column(ForeignKey("online_scorers.id"), primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)
    scored: Mapped[int]
    not_applicable: Mapped[int]
    failed: Mapped[int]
    left_out: Mapped[int]  # for want of budget
    calls: Mapped[int]
    cost_usd: Mapped[float]  # of the calls whose price is known
    unpriced: Mapped[int]


class Alert(Base):
    """A figure that is watched. Its state changes only with an event beside it."""

    __tablename__ = "alerts"
    __table_args__ = (UniqueConstraint("project", "name"),)

    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.name"))
    name: Mapped[str]
    rule: Mapped[dict[str, Any]]  # collector/alerts/rule.py
    action: Mapped[dict[str, Any] | None]
    is_on: Mapped[bool]
    state: Mapped[str]  # "ok" or "firing"
    state_since: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AlertEvent(Base):
    """An alert fired or was resolved, and what became of telling it."""

    __tablename__ = "alert_events"
    __table_args__ = (Index(None, "alert_id", "seq"), Index(None, "delivery", "due_at"))

    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alerts.id"))
    at: Mapped[datetime]
    kind: Mapped[str]  # "fired", "resolved" or "test"
    value: Mapped[float | None]
    n: Mapped[int | None]
    delivery: Mapped[str]  # "none" (no action), "waiting", "delivered" or "failed"
    attempts: Mapped[int]
    due_at: Mapped[datetime]
    error: Mapped[str | None]
