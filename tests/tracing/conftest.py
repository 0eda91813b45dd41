"""Fixtures of the tracing tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.spans import Caught, catch_spans

pytest.register_assert_rewrite("support.matrix")


@pytest.fixture
def spans() -> Iterator[Caught]:
    """What is traced in this test, caught before it leaves the process."""
    with catch_spans() as caught:
        yield caught
