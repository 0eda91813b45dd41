"""The tables of human review in registry.db. Labels themselves are scores in the other file; here is who gave them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from assay.collector.registry.models import Base


class ReviewQueue(Base):
    """What people are asked about some items, and how far they are."""

    __tablename__ = "review_queues"
    __table_args__ = (UniqueConstraint("project", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.name"))
    name: Mapped[str]
    description: Mapped[str | None]
    mode: Mapped[str]  # "single", or "pair": two outputs side by side
    rubric: Mapped[list[Any]]  # what is asked, as `review.rubric.Definition` says it
    reviewers_per_item: Mapped[int]
    reservation_s: Mapped[int]
    author: Mapped[str | None]
    status: Mapped[str]  # "open" or "closed"
    item_count: Mapped[int]
    done_count: Mapped[int]  # items that as many people have labelled as are wanted
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class ReviewItem(Base):
    """Something to label: a trace, a span, a row of an experiment, or such a thing beside another one."""

    __tablename__ = "review_items"
    __table_args__ = (
        UniqueConstraint("queue_id", "position"),
        UniqueConstraint("queue_id", "ref_hash"),
        Index(None, "queue_id", "is_done", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    queue_id: Mapped[int] = mapped_column(ForeignKey("review_queues.id"))
    position: Mapped[int]  # from 1, in the order added
    ref: Mapped[dict[str, Any]]  # what it is, as `review.refs.Ref` says it
    against: Mapped[dict[str, Any] | None]  # of a pair, the output that the one of `ref` is compared with
    ref_hash: Mapped[str]  # of both: the same thing is in a queue once
    label_count: Mapped[int]  # people whose newest label stands
    is_done: Mapped[bool]
    added_at: Mapped[datetime]


class ReviewReservation(Base):
    """Somebody looks at an item, and nobody else gets it before the time is over."""

    __tablename__ = "review_reservations"

    item_id: Mapped[int] = mapped_column(ForeignKey("review_items.id"), primary_key=True)
    reviewer: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]


class ReviewLabel(Base):
    """What somebody said of an item, or that they left it out. Only ever undone, never changed; the newest counts."""

    __tablename__ = "review_labels"
    __table_args__ = (Index(None, "item_id", "reviewer", "id"), Index(None, "queue_id", "reviewer", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    queue_id: Mapped[int] = mapped_column(ForeignKey("review_queues.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("review_items.id"))
    reviewer: Mapped[str]
    action: Mapped[str]  # "label" or "skip"
    values: Mapped[dict[str, Any]]  # name of the score -> its value, as it was given
    comment: Mapped[str | None]
    labelled_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
