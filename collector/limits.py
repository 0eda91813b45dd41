"""How much one key may send, and how often one address may come with a wrong one.

Token buckets that may go into debt: a request is admitted while there is something left, and charged for what it really
read. Libraries count in windows instead, which need the size beforehand, and never let through what is larger than a
window.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from assay.errors import CollectorUnavailable
from assay.settings import Settings

BURST_S = 2.0  # of the rate may be used at once
MOST_BUCKETS = 10_000  # full ones are forgotten beyond that: they say nothing

FAILURES_PER_S = 10.0  # keys cannot be guessed; this keeps those who try from being a burden
FAILURES_AT_ONCE = 300


class TooManyRequests(CollectorUnavailable):
    """A limit of this sender's own; it may try again after `retry_after_s`."""

    def __init__(self, message: str, *, retry_after_s: float, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = max(1, math.ceil(retry_after_s))


@dataclass(slots=True)
class Buckets:
    """One bucket per name, each filled at `rate` a second up to `size`. Safe to use from any thread."""

    rate: float
    size: float
    clock: Callable[[], float] = time.monotonic
    _levels: dict[str, tuple[float, float]] = field(default_factory=dict)  # name -> (level, when)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self, name: str) -> float:
        """Seconds until there is something in the bucket again; 0 when there is now."""
        with self._lock:
            level = self._level(name)
        return 0.0 if level > 0 else -level / self.rate or 1 / self.rate

    def take(self, name: str, amount: float = 1.0) -> None:
        """Take it out, whether or not so much is left."""
        with self._lock:
            self._levels[name] = (self._level(name) - amount, self.clock())
            if len(self._levels) > MOST_BUCKETS:
                self._levels = {each: self._levels[each] for each in self._levels if self._level(each) < self.size}

    def _level(self, name: str) -> float:
        level, when = self._levels.get(name, (self.size, 0.0))
        return min(self.size, level + (self.clock() - when) * self.rate)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one key may do. 0 is no limit."""

    requests_per_s: float = 0.0
    mb_per_s: float = 0.0


NO_LIMITS = Limits()
DEFAULT_LIMITS = Limits(requests_per_s=1000.0, mb_per_s=100.0)  # where keys are needed and nothing else is set


def limits_of(settings: Settings, *, keys_required: bool) -> Limits:
    """The limits that the settings ask for."""
    default = DEFAULT_LIMITS if keys_required else NO_LIMITS
    return Limits(
        default.requests_per_s if settings.requests_per_s is None else settings.requests_per_s,
        default.mb_per_s if settings.mb_per_s is None else settings.mb_per_s,
    )


class Limiter:
    """Admits requests of a sender within `limits`."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._requests = _buckets(limits.requests_per_s, clock)
        self._bytes = _buckets(limits.mb_per_s * 1e6, clock)

    def admit(self, sender: str) -> None:
        """Count one request.

        Raises:
            TooManyRequests: it has to wait.
        """
        if self._bytes is not None and (wait := self._bytes.wait_s(sender)):
            raise _exceeded(f"{self.limits.mb_per_s:g} MB", "ASSAY_MB_PER_S", wait)
        if self._requests is not None:
            if wait := self._requests.wait_s(sender):
                raise _exceeded(f"{self.limits.requests_per_s:g} requests", "ASSAY_REQUESTS_PER_S", wait)
            self._requests.take(sender)

    def charge(self, sender: str, size_bytes: int) -> None:
        """Count what a request that was admitted turned out to carry."""
        if self._bytes is not None:
            self._bytes.take(sender, size_bytes)


def _buckets(rate: float, clock: Callable[[], float]) -> Buckets | None:
    return Buckets(rate, max(1.0, rate * BURST_S), clock) if rate > 0 else None


def _exceeded(allowed: str, setting: str, wait: float) -> TooManyRequests:
    return TooManyRequests(
        f"This key has used up its {allowed} a second.",
        hint=f"Send it again later, or raise {setting} of the collector.",
        retry_after_s=wait,
    )
