"""Latency, cost and tokens of a row as numbers, and limits that a row keeps or does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from assay.errors import ConfigurationError
from assay.evaluation.agents.usage_of import cost_usd, latency_ms, total_tokens
from assay.scores import Score
from assay.traces import Trace


@dataclass(frozen=True, kw_only=True)
class Latency:
    """How long the row's task took.

    Definition: the duration of the trace's root span, in milliseconds.
    Range: 0 and up.
    Direction: lower is better.
    Source: spans of the row's trace.
    Pitfalls: The mean is drawn by a few slow rows. Rows that run side by side slow each other down where they share a
        machine: compare runs of the same concurrency. Timeouts are failed rows, not slow ones.
    """

    name: str = "latency_ms"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"

    def __call__(self, trace: Trace) -> float:
        return latency_ms(trace)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What the row's model calls cost, in US dollars.

    Definition: the sum over the trace's model calls, of tokens times price.
    Range: 0 and up.
    Direction: lower is better.
    Source: the collector's prices (the setting ASSAY_PRICES adds your own).
    Pitfalls: A price that is not known is an error, never 0. Judges are not in it: their calls are traces of their own.
    """

    name: str = "total_cost_usd"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"

    def __call__(self, trace: Trace) -> float:
        return cost_usd(trace)


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """How many tokens the row's model calls used, input and output.

    Definition: the sum over the trace's model calls; cached and reasoning tokens are part of it.
    Range: 0 and up.
    Direction: lower is better.
    Source: what the providers report.
    Pitfalls: A model call that does not say its tokens is an error, never 0. Tokens of different models are not alike.
    """

    name: str = "total_tokens"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"

    def __call__(self, trace: Trace) -> int:
        return total_tokens(trace)


@dataclass(frozen=True, kw_only=True)
class MaxLatency:
    """Whether the row's task took no longer than a limit.

    Definition: the duration of the trace's root span is at most `ms` milliseconds.
    Range: true or false.
    Direction: higher is better.
    Source: spans of the row's trace.
    Pitfalls: As for Latency.
    """

    ms: float
    name: str = "max_latency"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __post_init__(self) -> None:
        _check_limit("MaxLatency", "ms", self.ms)

    def __call__(self, trace: Trace) -> Score:
        took = latency_ms(trace)
        return Score(name=self.name, value=took <= self.ms, explanation=f"{took:.4g} ms of {self.ms:g} ms")


@dataclass(frozen=True, kw_only=True)
class MaxCost:
    """Whether the row's model calls cost no more than a limit.

    Definition: the sum over the trace's model calls is at most `usd` US dollars.
    Range: true or false.
    Direction: higher is better.
    Source: the collector's prices (the setting ASSAY_PRICES adds your own).
    Pitfalls: As for Cost: where a price is not known, nobody can say whether the limit was kept.
    """

    usd: float
    name: str = "max_cost"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __post_init__(self) -> None:
        _check_limit("MaxCost", "usd", self.usd)

    def __call__(self, trace: Trace) -> Score:
        cost = cost_usd(trace)
        return Score(name=self.name, value=cost <= self.usd, explanation=f"${cost:.4g} of ${self.usd:g}")


@dataclass(frozen=True, kw_only=True)
class MaxTokens:
    """Whether the row's model calls used no more tokens than a limit.

    Definition: the sum over the trace's model calls, input and output, is at most `tokens`.
    Range: true or false.
    Direction: higher is better.
    Source: what the providers report.
    Pitfalls: As for Tokens.
    """

    tokens: int
    name: str = "max_tokens"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __post_init__(self) -> None:
        _check_limit("MaxTokens", "tokens", self.tokens)

    def __call__(self, trace: Trace) -> Score:
        used = total_tokens(trace)
        return Score(name=self.name, value=used <= self.tokens, explanation=f"{used} of {self.tokens} tokens")


def _check_limit(scorer: str, name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ConfigurationError(f"{scorer}({name}=) is a number above 0, not {value!r}.")
