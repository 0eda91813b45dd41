"""The table of dashboards in registry.db."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from assay.collector.registry.models import Base


class Dashboard(Base):
    """A named set of charts. What a chart can show is for the pages to say; here it is JSON."""

    __tablename__ = "dashboards"

    project: Mapped[str] = mapped_column(ForeignKey("projects.name"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    charts: Mapped[list[Any]]
    author: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
