"""Fixtures of the tracing tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assay.tracing import runtime
from support.fixtures_openai import openai_server
from support.spans import Caught, catch_spans

__all__ = ["openai_server"]


@pytest.fixture(autouse=True)
def _no_runtime_left() -> Iterator[None]:
    runtime.reset()
    yield
    runtime.reset()


@pytest.fixture
def spans() -> Iterator[Caught]:
    """What is traced in this test, caught before it leaves the process."""
    with catch_spans() as caught:
        yield caught
