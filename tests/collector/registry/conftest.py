"""A registry in a file of its own, with a clock that counts seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from assay.collector.registry import Registry
from support.registries import open_new


def counting_clock() -> Callable[[], datetime]:
    seconds = count(1)
    return lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(seconds))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def registry(path: Path) -> Iterator[Registry]:
    opened = open_new(path, counting_clock())
    yield opened
    opened.close()
