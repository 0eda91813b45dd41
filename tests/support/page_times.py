"""What all made-up data of the pages share: the project, the time it is, the ids of two experiments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
PROJECT = "support-bot"
BASE_ID, OTHER_ID = "a" * 32, "b" * 32


def moment(offset: timedelta = timedelta()) -> str:
    return f"{NOW + offset:%Y-%m-%dT%H:%M:%S.%f}000Z"
