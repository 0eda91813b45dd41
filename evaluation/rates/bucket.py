"""A provider's token bucket as seen from here: a guess that every answer's headers correct. Pure, times are given."""

from __future__ import annotations

import math
from dataclasses import dataclass

from assay.evaluation.rates.headers import Reading

USUAL_WINDOW_S = 60.0  # limits are per minute until a reset says otherwise
PRECISE = 0.2  # a reset may be off by so much of itself to be believed at once
_ROUNDING = 1e-6


@dataclass(slots=True)
class Bucket:
    """Holds up to `capacity`, gains `rate` a second. `level` is what there was at the time `at`; below 0 is owed."""

    capacity: float
    rate: float
    level: float
    at: float

    @classmethod
    def first(cls, reading: Reading, *, now: float, untold: float) -> Bucket | None:
        """The bucket that a first reading tells of, or None if it tells too little. For `untold` see `correct`."""
        capacity = reading.limit or reading.remaining
        if not capacity:
            return None
        bucket = cls(capacity=capacity, rate=_first_rate(capacity, reading), level=-math.inf, at=now)
        bucket.correct(reading, now=now, age_s=0.0, untold=untold)
        # What is on its way may empty the bucket, but what it does not hold will be refused, not owed.
        bucket.level = max(0.0, bucket.level if reading.remaining is not None else capacity - untold)
        return bucket

    def refill(self, now: float) -> None:
        if now > self.at:
            self.level = min(self.capacity, self.level + (now - self.at) * self.rate)
            self.at = now

    def ready_at(self, amount: float, now: float) -> float:
        """When `amount` can be taken. What is more than the bucket ever holds can be taken from a full one."""
        self.refill(now)
        lacking = min(amount, self.capacity) - self.level
        return now if lacking <= _ROUNDING else now + lacking / self.rate

    def take(self, amount: float, now: float) -> None:
        self.refill(now)
        self.level -= min(amount, self.capacity)

    def give_back(self, amount: float, now: float) -> None:
        self.refill(now)
        self.level = min(self.capacity, self.level + min(amount, self.capacity))

    def correct(self, reading: Reading, *, now: float, age_s: float, untold: float) -> None:
        """Learn from a reading that was made at some time in the last `age_s` seconds.

        `untold` is what may have been taken since it was made, or is on its way, and may not be part of it. So the
        truth lies between `remaining - untold` and `remaining` with what flowed in since; the guess is moved into that
        interval and no further. With the rate it is likewise: by "used / reset" the reading bounds it, as precisely as
        its numbers are written.
        """
        self.refill(now)
        capacity = reading.limit or max(self.capacity, reading.remaining or 0.0)
        self.rate *= capacity / self.capacity
        self.capacity = capacity
        if reading.remaining is None:
            return
        used = self.capacity - reading.remaining
        if reading.reset_s and used > 0:
            slowest = max(0.0, used - 1) / (reading.reset_s + reading.reset_error_s)
            shortest = reading.reset_s - reading.reset_error_s
            fastest = (used + 1) / shortest if shortest > 0 else math.inf
            self.rate = min(max(self.rate, slowest), fastest)
        highest = min(self.capacity, reading.remaining + self.rate * age_s)
        self.level = min(max(self.level, reading.remaining - untold), highest)


def _first_rate(capacity: float, reading: Reading) -> float:
    """What is used, over the time after which it is there again; if that is not written precisely, by the minute."""
    used = capacity - reading.remaining if reading.remaining is not None else 0.0
    if used >= 1 and reading.reset_s and reading.reset_error_s <= PRECISE * reading.reset_s:
        return used / reading.reset_s
    return capacity / USUAL_WINDOW_S
