"""Who may call a model now: one limiter for all that call the same model at the same address, from whatever thread or
event loop.

Where answers tell of limits, buckets follow them and calls are let through as fast as those refill. Where none do,
nothing is held back until the provider first refuses; from then on as many calls may be under way as a window allows
that grows and shrinks. A Retry-After, or a pause of our own, holds everybody back at once, and afterwards those who
waited are let through one after the other, as fast as calls got through before, instead of all together.
"""

from __future__ import annotations

import asyncio
import functools
import heapq
import itertools
import math
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from assay.evaluation.rates.alarm import Alarm, shared_alarm
from assay.evaluation.rates.backoff import LONGEST_WISH_S, jitter_s
from assay.evaluation.rates.bucket import Bucket
from assay.evaluation.rates.headers import Told, read_headers
from assay.evaluation.rates.patience import still_wanted, waiting_for_a_rate
from assay.evaluation.rates.spacing import Spacing
from assay.evaluation.rates.window import START, Window

HOPELESS_S = 60.0  # limits are per minute as a rule: who is refused for longer will go on being refused
MARGIN = 0.5  # of a call, kept in reserve for each that was refused in spite of a limit known
SCARCE = 0.25  # of a limit: when a call is refused and so little remains, it was too little
LEARNING = 0.1  # weight of the newest call's tokens in what calls are expected to take
CONGESTED = frozenset({429, 503, 529})  # statuses that say "too much"; 529 is Anthropic's
Costs = Mapping[str, float]


class Permit:
    """One call that may be under way. Say what was answered, once or not at all, and then give it back."""

    def __init__(
        self, limiter: Limiter, expected: float, costs: Costs, number: int, at: float, taken: dict[str, float]
    ) -> None:
        self.expected = expected  # tokens, as the caller guessed
        self.costs = costs  # as the limiter does, who has seen more calls
        self.number = number  # in the order in which calls were let through
        self.at = at
        self.taken = taken  # by all calls up to this one
        self._limiter = limiter
        self._held = True

    def answered(self, status: int, headers: Mapping[str, str], *, tokens: int | None = None) -> None:
        """The call was answered so. `tokens`: what it really used, where the answer said."""
        self._limiter._answered(self, status, headers, tokens)

    def release(self) -> None:
        """The call is over. Doing it again does nothing."""
        if self._held:
            self._held = False
            self._limiter._released(self)


class Limiter:
    """Lets calls of one model through, first come first served."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        alarm: Alarm | None = None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._alarm = alarm or shared_alarm
        self._uniform = uniform
        self._lock = threading.RLock()
        self._tickets = itertools.count()
        self._issued = 0  # permits, so far
        self._waiting: list[_Waiter] = []  # a heap by ticket
        self._under_way: dict[int, Permit] = {}  # by number
        self._taken = dict.fromkeys(("requests", "tokens", "input_tokens", "output_tokens"), 0.0)
        self._buckets: dict[str, Bucket] = {}
        self._scale = 1.0  # tokens really used to tokens expected
        self._window: Window | None = None  # from the first refusal on
        self._spacing = Spacing()
        self._paused_until = -math.inf
        self._news_from = 0  # the number of the first call that knew of the newest pause
        self._refusals = 0  # pauses without a success between them
        self._refused_since: float | None = None  # when the first of those began
        self._alarm_at = math.inf  # when the next alarm is due

    def ticket(self) -> int:
        """A place in the line. A call that is sent again asks with the one it had, and is not last again."""
        return next(self._tickets)

    @property
    def hopeless(self) -> bool:
        """For a minute nobody has got through: calls that are refused need not be sent again."""
        with self._lock:
            return self._refused_since is not None and self._clock() - self._refused_since >= HOPELESS_S

    async def acquire(
        self, tokens: float = 0, *, output_tokens: float = 0, ticket: int | None = None, timeout_s: float | None = None
    ) -> Permit:
        """Wait until a call of about `tokens` tokens, `output_tokens` of them in the answer, may be sent.

        Raises:
            TimeoutError: it could not be within `timeout_s`. The place in the line is given up, as it is on cancelling.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            loop.call_soon_threadsafe(_resolve, future)

        with self._queued(tokens, output_tokens, ticket, wake) as waiter:
            if waiter.permit is None:
                with waiting_for_a_rate():
                    await asyncio.wait([future], timeout=timeout_s)
            return waiter.granted()

    def acquire_blocking(
        self, tokens: float = 0, *, output_tokens: float = 0, ticket: int | None = None, timeout_s: float | None = None
    ) -> Permit:
        """`acquire` for a thread. Also raises TimeoutError when the row that the thread works for times out."""
        still_wanted()
        event = threading.Event()
        with self._queued(tokens, output_tokens, ticket, event.set) as waiter:
            if waiter.permit is None:
                with waiting_for_a_rate(event.set):
                    event.wait(timeout_s)
            return waiter.granted()

    @contextmanager
    def _queued(
        self, tokens: float, output_tokens: float, ticket: int | None, wake: Callable[[], None]
    ) -> Iterator[_Waiter]:
        """Stand in the line; whoever leaves by an exception gives back the place or the permit."""
        with self._lock:
            waiter = _Waiter(self.ticket() if ticket is None else ticket, tokens, output_tokens, wake)
            heapq.heappush(self._waiting, waiter)
            self._let_through(newest=waiter)
        try:
            yield waiter
        except BaseException:
            with self._lock:
                if waiter.permit is not None:
                    self._take_back(waiter.permit)
                    waiter.permit.release()
                elif waiter in self._waiting:
                    self._waiting.remove(waiter)
                    heapq.heapify(self._waiting)
                    self._let_through()
            raise

    def _costs(self, waiter: _Waiter) -> Costs:
        tokens, output_tokens = waiter.tokens * self._scale, waiter.output_tokens * self._scale
        return {
            "requests": 1.0,
            "tokens": tokens,
            "input_tokens": max(0.0, tokens - output_tokens),
            "output_tokens": output_tokens,
        }

    def _let_through(self, newest: _Waiter | None = None) -> None:
        """Let through whoever is next for as long as there is room, and see to it that somebody looks again."""
        now = self._clock()
        while self._waiting:
            costs = self._costs(self._waiting[0])
            when = self._ready_at(costs, now)
            if when > now:
                if when < self._alarm_at:
                    self._alarm_at = when
                    self._alarm.at(when, functools.partial(self._look_again, when))
                return
            waiter = heapq.heappop(self._waiting)
            waiter.permit = self._permit(waiter.tokens, costs, now)
            if waiter is newest:
                continue  # does not sleep yet
            try:
                waiter.wake()
            except RuntimeError:  # its event loop was closed around it: nobody will ever call
                self._take_back(waiter.permit)
                del self._under_way[waiter.permit.number]

    def _look_again(self, when: float) -> None:
        with self._lock:
            if when == self._alarm_at:  # an older alarm must not have another one set
                self._alarm_at = math.inf
            self._let_through()

    def _ready_at(self, costs: Costs, now: float) -> float:
        if self._window is not None and len(self._under_way) >= self._window.size:
            return math.inf  # until one of them is over
        refilled = (bucket.ready_at(costs[name], now) for name, bucket in self._buckets.items())
        return max(self._paused_until, self._spacing.ready_at(now), *refilled)

    def _permit(self, expected: float, costs: Costs, now: float) -> Permit:
        for name, amount in costs.items():
            self._taken[name] += amount
            if bucket := self._buckets.get(name):
                bucket.take(amount, now)
        self._spacing.sent(now)
        permit = Permit(self, expected, costs, self._issued, now, dict(self._taken))
        self._issued += 1
        self._under_way[permit.number] = permit
        return permit

    def _take_back(self, permit: Permit) -> None:
        """The call was not sent, or not counted by the provider."""
        now = self._clock()
        later = [other for other in self._under_way.values() if other.number > permit.number]
        for name, amount in permit.costs.items():
            self._taken[name] -= amount
            for other in later:
                other.taken[name] -= amount
            if bucket := self._buckets.get(name):
                bucket.give_back(amount, now)

    def _answered(self, permit: Permit, status: int, headers: Mapping[str, str], tokens: int | None) -> None:
        told = read_headers(headers, now=self._wall_clock())
        with self._lock:
            now = self._clock()
            refused = status == 429
            if refused:
                self._take_back(permit)
            # What a refusal says is taken as news: an older reading might leave room that is not there.
            self._correct(permit, told, now, age_s=0.0 if refused else now - permit.at)
            if status in CONGESTED:
                self._refused(permit, status, told, now)
            elif status < 400:
                self._succeeded(permit, tokens, now)
            self._let_through()

    def _correct(self, permit: Permit, told: Told, now: float, age_s: float) -> None:
        others = [other for other in self._under_way.values() if other.number < permit.number]
        for name, reading in told.readings.items():
            untold = self._taken[name] - permit.taken[name] + sum(other.costs[name] for other in others)
            if bucket := self._buckets.get(name):
                bucket.correct(reading, now=now, age_s=age_s, untold=max(0.0, untold))
            elif first := Bucket.first(reading, now=now, untold=max(0.0, untold)):
                self._buckets[name] = first

    def _succeeded(self, permit: Permit, tokens: int | None, now: float) -> None:
        self._refusals = 0
        self._refused_since = None
        if self._window is not None:
            self._window.succeeded(now, under_way=len(self._under_way))
        if tokens is not None and permit.expected > 0:
            self._scale += LEARNING * (tokens / permit.expected - self._scale)
            if bucket := self._buckets.get("tokens"):
                bucket.give_back(permit.costs["tokens"] - tokens, now)

    def _refused(self, permit: Permit, status: int, told: Told, now: float) -> None:
        """Hold everybody back. Calls sent before the newest pause tell nothing new by being refused as well."""
        wish = told.retry_after_s
        if wish is not None and wish > LONGEST_WISH_S:
            return  # the call fails, and so will the others, at once
        news = permit.number >= self._news_from
        exhausted = self._exhausted_until(permit, told, now, margin=MARGIN if news else 0.0)
        if news:
            self._refusals += 1
            self._news_from = self._issued
            if self._refused_since is None:
                self._refused_since = now
        if wish is not None or exhausted is not None:
            until = now + wish if wish is not None else exhausted or now
            if self._refusals > 1:  # what was asked for was not enough
                until = max(until, now + self._pause_s())
        elif status == 429:
            until = now + self._pause_s() if news else self._paused_until
        else:
            until = now  # an overload that names no time: the call itself waits a while
        self._paused_until = max(self._paused_until, until)
        if exhausted is None and status == 429:
            self._spacing.refused(self._paused_until, news=news)
        if exhausted is None and news:
            self._window = self._window or Window(max(START, float(len(self._under_way))))
            self._window.refused(now)

    def _pause_s(self) -> float:
        return jitter_s(1 if self.hopeless else self._refusals, self._uniform)

    def _exhausted_until(self, permit: Permit, told: Told, now: float, *, margin: float) -> float | None:
        """When the limit that was hit has room again; None if none of those told was hit."""
        until = None
        for name, reading in told.readings.items():
            bucket, needed = self._buckets.get(name), max(1.0, permit.costs[name])
            if bucket is None or reading.remaining is None:
                continue
            if needed <= reading.remaining < SCARCE * bucket.capacity and name == "tokens" and permit.expected > 0:
                needed = reading.remaining + 1  # the provider counts more than was expected
                self._scale = max(self._scale, needed / permit.expected)
            if reading.remaining < needed:
                bucket.take(margin * needed, now)
                until = max(until or now, bucket.ready_at(needed, now))
        return until

    def _released(self, permit: Permit) -> None:
        with self._lock:
            self._under_way.pop(permit.number, None)
            self._let_through()


class _Waiter:
    """One call in the line."""

    def __init__(self, ticket: int, tokens: float, output_tokens: float, wake: Callable[[], None]) -> None:
        self.ticket = ticket
        self.tokens = tokens
        self.output_tokens = output_tokens
        self.wake = wake
        self.permit: Permit | None = None

    def __lt__(self, other: _Waiter) -> bool:
        return self.ticket < other.ticket

    def granted(self) -> Permit:
        if self.permit is None:
            raise TimeoutError("the rate limit left no room for the call in time")
        return self.permit


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
