"""The last step before spans leave the process: what is kept back, and what is taken out of what goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from assay.tracing.redact_spans import SpanRedactor, span_redactor
from assay.tracing.tail_sampling import TailSampler, tail_sampler

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from assay.settings import Settings
    from assay.tracing.own_functions import Function

Send = Callable[[list["ReadableSpan"]], Any]


class Prepare:
    """Gets every ended span, on the export thread only, before it is encoded, sent, spooled or written to a file."""

    def __init__(self, sampler: TailSampler | None, redactor: SpanRedactor) -> None:
        self.sampler = sampler
        self.redactor = redactor

    def take(self, spans: list[ReadableSpan]) -> list[ReadableSpan]:
        """The spans to send now. Others are held back within a bound; called without spans when time has passed."""
        return self.redactor.spans(self.sampler.take(spans) if self.sampler is not None else spans)

    def rest(self) -> list[ReadableSpan]:
        """What is held back, decided now, because the program ends."""
        return self.redactor.spans(self.sampler.rest()) if self.sampler is not None else []


def prepare(settings: Settings, functions: Sequence[Function] = ()) -> Prepare:
    """The step that the settings ask for.

    Raises:
        ConfigurationError: a redaction rule is not known or cannot be used.
    """
    return Prepare(tail_sampler(settings), span_redactor(settings, functions))


class Outlet:
    """What the export queue calls: prepares spans, then gives them to `send`."""

    def __init__(self, prepare: Prepare, send: Send) -> None:
        self._prepare = prepare
        self._send = send

    def __call__(self, spans: list[ReadableSpan]) -> None:
        if ready := self._prepare.take(spans):
            self._send(ready)

    def tick(self) -> None:
        """Some time has passed."""
        self([])

    def finish(self) -> None:
        """The queue is empty and will stay so."""
        if ready := self._prepare.rest():
            self._send(ready)
