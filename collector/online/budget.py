"""Whether a scorer may judge one more trace today. Pure.

What one more costs is known when it is done; until then it is taken to cost what the others did on average. While
nothing is known yet, one is judged alone. So a budget is passed by no more than what one trace costs above the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Spending:
    """What a scorer has used today, what that was for, and how many traces are under way."""

    cost_usd: float
    calls: int
    judged: int
    in_flight: int

    @classmethod
    def of(cls, today: Mapping[str, Any], in_flight: int) -> Spending:
        return cls(today["cost_usd"], today["calls"], today["scored"] + today["failed"], in_flight)


def why_not(limits: Mapping[str, Any], spent: Spending, *, source: str) -> str | None:
    """The limit that one more trace would pass, in words; None: it may begin. What asks no model uses none up."""
    if source != "llm":
        return None
    if (most := limits.get("usd_per_day")) is not None and _passes(spent.cost_usd, most, spent):
        return f"${spent.cost_usd:.4f} of ${most:g} are spent today"
    if (most := limits.get("calls_per_day")) is not None and _passes(spent.calls, most, spent):
        return f"{spent.calls:,} of {most:,} model calls were made today"
    return None


def must_wait(limits: Mapping[str, Any], spent: Spending, *, source: str) -> bool:
    """Whether the trace under way has to tell first what one costs."""
    bounded = limits.get("usd_per_day") is not None or limits.get("calls_per_day") is not None
    return source == "llm" and bounded and spent.judged == 0 and spent.in_flight > 0


def _passes(used: float, most: float, spent: Spending) -> bool:
    if most == 0:
        return True
    each = used / spent.judged if spent.judged else 0.0
    return used >= most or used + each * (spent.in_flight + 1) > most * (1 + 1e-9)
