"""When to stop a run that fails for a reason outside of its rows: a wrong key, a server that is gone."""

from __future__ import annotations

import re
import threading

SAME_FAILURES = 20  # after each other; one more and it is not the rows

_STATUSES = frozenset({401, 402, 403, 404, 407, 408, 429})
# Names of what lost connections and timeouts are called by clients that have no status to give.
_NAMES = re.compile(r"Connect|Connection|Timeout|Timed ?out|RateLimit|Authentication|PermissionDenied|Unavailable")
_VARYING = re.compile(r"\b(?=\w*\d)[\w-]{6,}\b|0x[0-9a-f]+|\d+")


class Breaker:
    """Counts infrastructure failures that follow each other with the same words. Thread-safe."""

    def __init__(self, most: int = SAME_FAILURES) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._newest: str | None = None
        self._count = 0
        self._tripped: str | None = None

    @property
    def tripped(self) -> str | None:
        """Why the run should stop; None while it need not. Once said it stays said."""
        return self._tripped

    def record(self, failure: str | None) -> None:
        """One row's end: None for one that got through or failed by its own doing, else the failure's words."""
        with self._lock:
            if failure is None:
                self._newest, self._count = None, 0
                return
            said = signature(failure)
            self._count = self._count + 1 if said == self._newest else 1
            self._newest = said
            if self._count > self.most and self._tripped is None:
                self._tripped = f"{self._count} failures after each other were alike: {failure[:300]}"


def is_infrastructure(error: BaseException) -> bool:
    """Is the failure one of keys, servers or connections, rather than of the row?

    An error with a status is judged by it, another one by its type's names: those of sockets, of httpx and of the
    providers' clients.
    """
    status = getattr(error, "status_code", None) or getattr(error, "status", None)
    if isinstance(status, int):
        return status in _STATUSES or status >= 500
    return isinstance(error, ConnectionError | TimeoutError) or any(
        _NAMES.search(kind.__name__) for kind in type(error).__mro__
    )


def signature(message: str) -> str:
    """A failure's words without what differs from call to call: numbers, request ids, addresses in memory."""
    return _VARYING.sub("#", message)
