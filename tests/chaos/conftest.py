"""Chaos: the real `assay serve`, killed, starved, lied to and flooded. What was acknowledged must be there.

The short set is part of `make check`; `make chaos` sets CHAOS=full, for all cases in the sizes that the bars speak of.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support.chaos_set import FULL


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.chaos)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / ".assay"


@pytest.fixture
def size() -> Size:
    return Size()


class Size:
    """`size(3, 50)`: 3 in the short set, 50 in the full one."""

    full = FULL

    def __call__(self, short: int, full: int) -> int:
        return full if FULL else short
