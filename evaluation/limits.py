"""What a run may use up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assay.errors import ConfigurationError

UNKNOWN_PRICES = ("refuse", "allow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run may use up. None is without limit.

    `max_cost_usd`, `max_tokens` and `max_calls` count task and judges together; a row begins only if what a row is
    expected to use still fits, so that the rows then under way are all that can go over. `max_duration_s` works alike.
    `row_timeout_s` is for the task on one row, and for each scorer on it: what takes longer is recorded as a failure.
    Time spent waiting for a rate limit is not part of it. `retries` is how often a model call that failed in passing
    (rate limit, overload, timeout, lost connection) is sent again. `unknown_price="allow"` lets models without a known
    price run under `max_cost_usd`, which then counts only the others.
    """

    max_cost_usd: float | None = None
    max_tokens: int | None = None
    max_calls: int | None = None
    max_duration_s: float | None = None
    row_timeout_s: float | None = None
    retries: int = 4
    unknown_price: Literal["refuse", "allow"] = "refuse"

    def __post_init__(self) -> None:
        for name in ("max_cost_usd", "max_tokens", "max_calls", "max_duration_s", "row_timeout_s"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not value > 0):
                raise ConfigurationError(f"Limits({name}=) must be a number above 0, not {value!r}.")
        retries: object = self.retries
        if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
            raise ConfigurationError(f"Limits(retries=) is a whole number of 0 or more, not {retries!r}.")
        if self.unknown_price not in UNKNOWN_PRICES:
            raise ConfigurationError(f"Limits(unknown_price=) is 'refuse' or 'allow', not {self.unknown_price!r}.")
