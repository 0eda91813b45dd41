"""Fixtures of the evaluation tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assay.tracing import runtime
from support.fixtures_openai import openai_server

__all__ = ["openai_server"]


@pytest.fixture(autouse=True)
def _tracing_starts_anew() -> Iterator[None]:
    """Spans of one test do not go to the collector of another."""
    runtime.reset()
    yield
    runtime.reset()
