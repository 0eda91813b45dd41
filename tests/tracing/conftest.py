"""Fixtures of the tracing tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import context as otel
from opentelemetry import trace as otel_trace

from support.spans import Caught, catch_spans

pytest.register_assert_rewrite("support.matrix")


@pytest.fixture(autouse=True)
def nothing_stays_current() -> Iterator[None]:
    """A span that a test leaves current would be the parent of what the tests after it make."""
    yield
    left = otel_trace.get_current_span()
    otel.attach(otel.Context())
    assert not left.get_span_context().is_valid, f"the span {left} was left current"


@pytest.fixture
def spans() -> Iterator[Caught]:
    """What is traced in this test, caught before it leaves the process."""
    with catch_spans() as caught:
        yield caught
