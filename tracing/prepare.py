"""The last step before spans leave the process: what is kept back, and what is taken out of what goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

Send = Callable[[list["ReadableSpan"]], Any]


class Prepare(Protocol):
    """Called on the export thread only, with every ended span, before anything is encoded, sent, spooled or written."""

    def take(self, spans: list[ReadableSpan]) -> list[ReadableSpan]:
        """The spans to send now. Others are held back within a bound; called without spans when time has passed."""
        ...

    def rest(self) -> list[ReadableSpan]:
        """What is held back, decided now, because the program ends."""
        ...


class AsTheyAre:
    """Sends every span as it ended."""

    def take(self, spans: list[ReadableSpan]) -> list[ReadableSpan]:
        return spans

    def rest(self) -> list[ReadableSpan]:
        return []


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
