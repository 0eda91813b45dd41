"""The HTTP clients that tasks use, held to the pace while an evaluation runs.

`httpx.Client.send` and `AsyncClient.send` are wrapped, and those of httpx2, which the openai SDK uses from version 3:
everything that these clients send goes through them. A wrapper does something only in the context of a row; when the
last evaluation ends, the methods are what they were.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from assay.evaluation.rates.pacing import ATTEMPTS, Pacing, current_row
from assay.evaluation.rates.retry import sender
from assay.evaluation.rates.sending import asend, send

_LIBRARIES = ("httpx", "httpx2")
_lock = threading.Lock()
_running = 0
_wrapped: list[tuple[type, Any, Any]] = []  # class, its own method, ours


@contextmanager
def paced(*, attempts: int = ATTEMPTS, until: float | None = None) -> Iterator[Pacing]:
    """While this is open, requests that rows of an evaluation send are paced, and sent again where that may help.

        with paced(attempts=limits.retries + 1) as pacing:
            with pacing.row():
                await task(item)

    Several may be open at once. Requests sent outside of a `pacing.row()` are left alone. Calls whose turn has not come
    at the time `until` (of the monotonic clock) get a TimeoutError.
    """
    _install()
    try:
        yield Pacing(attempts=attempts, until=until)
    finally:
        _uninstall()


def _install() -> None:
    global _running
    with _lock:
        _running += 1
        if _running > 1:
            return
        for name in _LIBRARIES:
            if name not in sys.modules and importlib.util.find_spec(name) is None:
                continue
            library = importlib.import_module(name)
            for kind, wrap in ((library.Client, _blocking), (library.AsyncClient, _awaited)):
                own = kind.send
                wrapper = wrap(own)
                kind.send = wrapper
                _wrapped.append((kind, own, wrapper))


def _uninstall() -> None:
    global _running
    with _lock:
        _running -= 1
        if _running:
            return
        for kind, own, wrapper in _wrapped:
            if kind.__dict__.get("send") is wrapper:  # else somebody wrapped it after us, and ours stays, idle
                kind.send = own  # type: ignore[attr-defined]
        _wrapped.clear()


def _blocking(own: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(own)
    def send_paced(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        row, outside = current_row(), sender()
        if row is None or outside == "paced":
            return own(self, request, *args, **kwargs)
        return send(lambda: own(self, request, *args, **kwargs), request, row, retried_outside=outside is not None)

    return send_paced


def _awaited(own: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(own)
    async def send_paced(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        row, outside = current_row(), sender()
        if row is None or outside == "paced":
            return await own(self, request, *args, **kwargs)
        return await asend(
            lambda: own(self, request, *args, **kwargs), request, row, retried_outside=outside is not None
        )

    return send_paced
