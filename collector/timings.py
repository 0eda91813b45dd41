"""How long something takes, counted as it happens: what `/metrics` shows as a histogram."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Timings:
    """Counts durations by how long they were. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self._sum_s = 0.0

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count how long the block takes, also where it fails."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add(time.perf_counter() - started)

    def add(self, seconds: float) -> None:
        place = next((place for place, bound in enumerate(BOUNDS_S) if seconds <= bound), len(BOUNDS_S))
        with self._lock:
            self._counts[place] += 1
            self._sum_s += seconds

    @property
    def count(self) -> int:
        """How many were counted so far."""
        return sum(self._counts)

    def cumulative(self) -> tuple[list[tuple[str, float]], float]:
        """How many took at most each bound, as Prometheus has it, and the sum of seconds."""
        with self._lock:
            counts, sum_s = list(self._counts), self._sum_s
        bounds = [*(str(bound) for bound in BOUNDS_S), "+Inf"]
        return [(bound, float(sum(counts[: place + 1]))) for place, bound in enumerate(bounds)], sum_s
