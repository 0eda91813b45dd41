"""Shapes of large traces, with their critical paths, between a page, which needs them first, and its script.

Kept for seconds, and never more than a few: what is not here is made again, by this collector or another.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from assay.collector.pages.traces.trace_shape import TraceShape

KEPT_S = 20.0
AT_MOST = 2

Kept = tuple[TraceShape, Iterable[int]]
Key = tuple[str, str, str]  # project, trace, and what the page calls this state of it


@dataclass
class RecentShapes:
    _shapes: dict[Key, Kept] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, project: str, trace_id: str, shape: TraceShape, critical: Iterable[int]) -> str:
        """What to ask for to get it, within the next seconds."""
        state = secrets.token_urlsafe(9)
        key = project, trace_id, state
        with self._lock:
            while len(self._shapes) >= AT_MOST:
                del self._shapes[next(iter(self._shapes))]
            self._shapes[key] = shape, critical
        timer = threading.Timer(KEPT_S, self.take, key)
        timer.daemon = True
        timer.start()
        return state

    def take(self, project: str, trace_id: str, state: str) -> Kept | None:
        """The shape and the numbers on its critical path, which are then no longer kept."""
        with self._lock:
            return self._shapes.pop((project, trace_id, state), None)


RECENT = RecentShapes()
