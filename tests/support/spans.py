"""Ended spans, caught where they would leave the process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from assay.settings import configure
from assay.tracing import runtime


class Caught:
    """The spans that ended so far, in the order in which they did. Reading flushes first."""

    def __init__(self) -> None:
        self._spans: list[ReadableSpan] = []

    def all(self) -> list[ReadableSpan]:
        assert runtime.flush(10)
        return list(self._spans)

    def one(self, name: str | None = None) -> ReadableSpan:
        """The only span, or the only one of this name."""
        (span,) = [span for span in self.all() if name in (None, span.name)]
        return span

    def attributes(self, name: str | None = None) -> dict[str, Any]:
        """Attributes of `one(name)`, with JSON text parsed."""
        return {key: _parsed(value) for key, value in (self.one(name).attributes or {}).items()}

    def tree(self) -> dict[str, str | None]:
        """Name of each span -> name of its parent. For trees whose names differ."""
        names = {span.context.span_id: span.name for span in self.all() if span.context}
        return {span.name: names[span.parent.span_id] if span.parent else None for span in self.all()}


@contextmanager
def catch_spans(**settings: Any) -> Iterator[Caught]:
    """Trace into a list, with these settings on top."""
    caught = Caught()
    runtime.restart(configure(**settings), send=caught._spans.extend)
    try:
        yield caught
    finally:
        runtime.reset()


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in "[{":
        return json.loads(value)
    return list(value) if isinstance(value, tuple) else value
