"""What all transports share while they receive: how much is held in memory at once, how many requests are still on
their way in, and how much was rejected.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from types import TracebackType

from assay.errors import CollectorUnavailable

logger = logging.getLogger("assay.collector")

MAX_HELD_BYTES = 64 * 1024**2


class Intake:
    """Counts the bytes of requests from their first byte until they are answered. Safe to use from any thread."""

    def __init__(self, max_bytes: int = MAX_HELD_BYTES) -> None:
        self._max_bytes = max_bytes
        self._held = 0
        self._lock = threading.Lock()
        self.arriving = 0  # requests that have begun and are not whole yet
        self.rejected = 0  # spans and log records, in requests that were accepted otherwise

    def hold(self) -> Held:
        """One request's share, to be given back at its end: `with intake.hold() as held`."""
        return Held(self)

    def full(self) -> bool:
        """Whether a request that has sent nothing yet should come again later."""
        return self._held >= self._max_bytes

    def tell_rejected(self, what: str, reasons: Sequence[str]) -> None:
        """Count and log what a partial success says: senders must not try again, and many do not even log it."""
        if reasons:
            with self._lock:
                self.rejected += len(reasons)
            logger.warning("%d of the %s in a request were rejected: %s", len(reasons), what, reasons[0])

    def count_arriving(self, change: int) -> None:
        with self._lock:
            self.arriving += change

    def change(self, n_bytes: int, mine: int) -> None:
        """Add to what is held, or with a negative number take away. Who has `mine` bytes alone may hold any number,
        since waiting would not help.

        Raises:
            CollectorUnavailable: there is no room beside what others hold.
        """
        with self._lock:
            if n_bytes > 0 and self._held > mine and self._held + n_bytes > self._max_bytes:
                raise CollectorUnavailable(
                    "The collector has more requests in hand than it may hold.", hint="Send it again later."
                )
            self._held += n_bytes


class Held:
    """One request's share of an Intake."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._arriving = False
        self.n_bytes = 0

    def complete(self) -> None:
        """Nothing more will arrive."""
        if self._arriving:
            self._arriving = False
            self._intake.count_arriving(-1)

    def add(self, n_bytes: int) -> None:
        """
        Raises:
            CollectorUnavailable: there is no room; nothing was added.
        """
        self._intake.change(n_bytes, self.n_bytes)
        self.n_bytes += n_bytes

    def __enter__(self) -> Held:
        self._arriving = True
        self._intake.count_arriving(1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.complete()
        self._intake.change(-self.n_bytes, self.n_bytes)
        self.n_bytes = 0
