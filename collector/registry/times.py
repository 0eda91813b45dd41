"""Times: where they come from, and how the API spells them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def iso(time: datetime) -> str:
    """ISO 8601 in UTC with microseconds and Z: `2026-11-21T13:20:00.000000Z`; texts sort as the times do."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def iso_or_none(time: datetime | None) -> str | None:
    return None if time is None else iso(time)
