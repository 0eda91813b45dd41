"""A budget that holds: what a call may use is set aside before it begins, and what it used is booked when it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from assay.command.columns import cost
from assay.errors import ConfigurationError
from assay.evaluation.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What calls used, or may use. A cost of None is unknown, which is not the same as free."""

    cost_usd: float | None = 0.0
    tokens: int = 0
    calls: int = 0

    def __add__(self, other: Use) -> Use:
        """The sum; its cost is that of the parts whose price is known."""
        return Use(
            cost_usd=(self.cost_usd or 0.0) + (other.cost_usd or 0.0),
            tokens=self.tokens + other.tokens,
            calls=self.calls + other.calls,
        )

    def less(self, other: Use) -> Use:
        """What is left of this after `other`, never below nothing."""
        return Use(
            cost_usd=max(0.0, (self.cost_usd or 0.0) - (other.cost_usd or 0.0)),
            tokens=max(0, self.tokens - other.tokens),
            calls=max(0, self.calls - other.calls),
        )


NOTHING = Use()


class Budget:
    """What a run has used and set aside, against its limits. Thread-safe.

        held = budget.reserve(estimate)          # before the row begins
        if held is None:                         # it does not fit
            if budget.stopped: ...               # and never will: the text says why
            else: ...                            # but may, once a row under way has ended: ask again then
        held.settle(used)                        # after it has ended, however it ended

    What is booked can pass a limit only by what the reservations then out use above their estimates. Time counts from
    the making of the budget; it has no estimate.
    """

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()
        self._spent = NOTHING
        self._held = NOTHING
        self._out = 0  # reservations not settled yet
        self._stopped: str | None = None

    @property
    def spent(self) -> Use:
        """What has been booked. The cost is that of calls whose price is known."""
        return self._spent

    @property
    def until(self) -> float | None:
        """When the time is up, of the budget's clock; None is never."""
        seconds = self.limits.max_duration_s
        return None if seconds is None else self._started + seconds

    @property
    def stopped(self) -> str | None:
        """Why nothing more may begin; None while something may. Once said it stays said."""
        with self._lock:
            return self._look()

    def reserve(self, estimate: Use) -> Reservation | None:
        """Set `estimate` aside; None if it does not fit beside what is spent and set aside already.

        Raises:
            ConfigurationError: the estimate's cost is unknown, and the limits say that this matters.
        """
        with self._lock:
            return self._reserve(estimate, None)

    def _reserve(self, estimate: Use, parent: Reservation | None) -> Reservation | None:
        if self._unknown(estimate):
            raise ConfigurationError(
                "max_cost_usd cannot be kept for a model whose price is not known.",
                hint='Add its price to the own prices, or let it pass with Limits(unknown_price="allow").',
            )
        drawn = estimate.less(estimate.less(parent.left)) if parent else NOTHING
        extra = estimate.less(drawn)
        if parent is None and self._look():
            return None
        if passed := self._passed(self._spent + self._held + extra):
            if self._out == 0:
                self._stopped = f"what is left of {passed} is less than one more row is expected to use"
            return None
        self._held += extra
        self._out += 1
        if parent:
            parent.left = parent.left.less(drawn)
        return Reservation(self, estimate, parent=parent, drawn=drawn)

    def _settle(self, reservation: Reservation, used: Use) -> None:
        self._out -= 1
        self._spent += used
        if reservation.parent:
            reservation.parent.booked += used
        back = reservation.drawn.less(used) if reservation.parent else NOTHING  # goes on being the parent's
        if reservation.parent and not reservation.parent.settled:
            reservation.parent.left += back
            self._held = self._held.less(reservation.left.less(back))
        else:
            self._held = self._held.less(reservation.left)
        if self._unknown(used) and self._stopped is None:
            self._stopped = "a model was used whose price is not known, so that max_cost_usd cannot be kept"

    def _unknown(self, use: Use) -> bool:
        limits = self.limits
        return use.cost_usd is None and limits.max_cost_usd is not None and limits.unknown_price == "refuse"

    def _look(self) -> str | None:
        limits, spent = self.limits, self._spent
        if self._stopped is None:
            if limits.max_cost_usd is not None and (spent.cost_usd or 0.0) >= limits.max_cost_usd:
                self._stopped = f"{cost(spent.cost_usd or 0.0)} of ${limits.max_cost_usd:g} were spent"
            elif limits.max_tokens is not None and spent.tokens >= limits.max_tokens:
                self._stopped = f"{spent.tokens:,} of {limits.max_tokens:,} tokens were used"
            elif limits.max_calls is not None and spent.calls >= limits.max_calls:
                self._stopped = f"{spent.calls:,} of {limits.max_calls:,} model calls were made"
            elif self.until is not None and self._clock() >= self.until:
                self._stopped = f"the limit of {limits.max_duration_s:g} s was reached"
        return self._stopped

    def _passed(self, use: Use) -> str | None:
        """The limit that `use` would pass, in words. A cost may differ from its limit by rounding."""
        limits = self.limits
        if limits.max_cost_usd is not None and (use.cost_usd or 0.0) > limits.max_cost_usd * (1 + 1e-9):
            return f"max_cost_usd={limits.max_cost_usd:g}"
        if limits.max_tokens is not None and use.tokens > limits.max_tokens:
            return f"max_tokens={limits.max_tokens}"
        if limits.max_calls is not None and use.calls > limits.max_calls:
            return f"max_calls={limits.max_calls}"
        return None


class Reservation:
    """A part of a budget set aside. Settled once, with what was really used."""

    def __init__(self, budget: Budget, estimate: Use, *, parent: Reservation | None = None, drawn: Use) -> None:
        self.estimate = estimate
        self.left = estimate  # not yet drawn by calls of its own
        self.parent = parent
        self.drawn = drawn  # taken from the parent's part
        self.settled = False
        self.booked = NOTHING  # by calls of its own, all of them together
        self._budget = budget

    def reserve(self, estimate: Use) -> Reservation | None:
        """Set aside for one call inside of what this is for (a judge's, in a row): from this part first, from the
        budget for what goes beyond it. None if that does not fit; there is nothing to wait for then.
        """
        with self._budget._lock:
            return self._budget._reserve(estimate, self)

    def settle(self, used: Use) -> None:
        """Book what was used, without what inner reservations have booked themselves. Settling again does nothing."""
        with self._budget._lock:
            if not self.settled:
                self.settled = True
                self._budget._settle(self, used)

    def release(self) -> None:
        """Nothing was used."""
        self.settle(NOTHING)


_spending: ContextVar[Reservation | None] = ContextVar("assay_spending", default=None)


@contextmanager
def spending(reservation: Reservation | None) -> Iterator[None]:
    """Calls made inside belong to `reservation`: the engine says so of a row, the gateway asks with `spending_on`."""
    token = _spending.set(reservation)
    try:
        yield
    finally:
        _spending.reset(token)


def spending_on() -> Reservation | None:
    """The reservation that calls made here belong to; None outside of an evaluation with a budget."""
    return _spending.get()
