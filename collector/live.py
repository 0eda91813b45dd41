"""Who follows new traces and spans as they are committed; `news.py` finds them.

The writer knows nothing of this: it counts its commits anyway, and a reader compares that number with the one it saw
last. Only when it has changed is the store asked.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from assay.collector.writer import Writer
from assay.errors import CollectorUnavailable

MAX_CLIENTS = 32


class Live:
    """Who follows, and whether there is anything new."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._lock = threading.Lock()
        self.clients = 0
        self.stopped = False

    @property
    def commits(self) -> int:
        """Changes when there may be something new."""
        return self._writer.counters.commits

    @contextmanager
    def follower(self) -> Iterator[None]:
        """A place among those who follow.

        Raises:
            CollectorUnavailable: there is none left.
        """
        with self._lock:
            if self.clients >= MAX_CLIENTS:
                raise CollectorUnavailable(f"{MAX_CLIENTS} readers follow already.", hint="Try again later.")
            self.clients += 1
        try:
            yield
        finally:
            with self._lock:
                self.clients -= 1

    def stop(self) -> None:
        """Let everybody go: the collector ends."""
        self.stopped = True
