"""A workbench whose models answer what a test scripts, in place of the process that the collector starts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from assay.collector.pages.playground.runs import DataRuns
from assay.errors import AssayError

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
FIGURES = {"duration_ms": 1234.0, "first_text_ms": 320.0, "input_tokens": 20, "output_tokens": 3, "cost_usd": 0.00042}


class Scripted(Iterator[Any]):
    """Events, and then an error if one is given."""

    def __init__(self, events: Iterable[Any], error: AssayError | None = None) -> None:
        self._events = iter(events)
        self._error = error
        self.closed = False

    def __next__(self) -> Any:
        try:
            return next(self._events)
        except StopIteration:
            if self._error is not None:
                raise self._error from None
            raise

    def close(self) -> None:
        self.closed = True


class FakeBench:
    """See `Workbench`. Columns are answered with `answers` in turn, or with the text of their template."""

    def __init__(self) -> None:
        self.runs = DataRuns()
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.answers: list[Scripted] = []
        self.over: Scripted | AssayError = Scripted([])
        self.refusal: AssayError | None = None

    def ask(self, project: str, params: Mapping[str, Any]) -> Scripted:
        if self.refusal is not None:
            raise self.refusal
        self.asked.append((project, params))
        return self.answers.pop(0) if self.answers else answer(f"{params['column']['model']} says hello world")

    def over_data(self, project: str, params: Mapping[str, Any]) -> Scripted:
        self.asked.append((project, params))
        if isinstance(self.over, AssayError):
            raise self.over
        return self.over

    def models(self, project: str) -> Sequence[str]:
        return ["openai/gpt-4o-mini"]


def answer(text: str) -> Scripted:
    """The events of an answer."""
    pieces = [{"text": word} for word in text.split(" ")]
    return Scripted([{"trace_id": TRACE_ID}, *pieces, {"text": text, "model": "m", **FIGURES}])
