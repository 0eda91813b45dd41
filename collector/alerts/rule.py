"""What an alert watches, and when it fires and is resolved. Pure.

A figure over a window that ends now is compared with a line. An alert fires when the figure is beyond the line, and is
resolved when it is back on the good side of a second line, which lies a little before the first: a figure that wavers
around one line is told once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from assay.collector.filter import compile_filter, compile_trace_filter
from assay.collector.stats import SCORES, StatsQuery

GOES_BACK = 0.1  # of the line's size: how far the second line lies before it, where nobody says
COUNT = "count"

Turn = Literal["fired", "resolved"]


class Rule(BaseModel):
    """One figure of `/api/v1/stats`, and its line: exactly one of `above` and `below`."""

    model_config = ConfigDict(extra="forbid")

    measure: Annotated[
        str, Field(max_length=300, description="As /stats has them: error_rate, latency_p95_ms, cost_usd, scores.x …")
    ]
    of: Literal["traces", "spans"] = "traces"
    filter: str | None = None
    window_s: Annotated[int, Field(ge=60, le=30 * 86_400)] = 3600
    above: FiniteFloat | None = None
    below: FiniteFloat | None = None
    clears_at: Annotated[
        FiniteFloat | None, Field(description="Resolved only from here on; a tenth before the line when absent.")
    ] = None
    min_n: Annotated[int, Field(ge=0, description="Of fewer traces, spans or scores nothing is said.")] = 10
    every_s: Annotated[int, Field(ge=10, le=86_400)] = 60

    @model_validator(mode="after")
    def _one_line(self) -> Rule:
        if (self.above is None) == (self.below is None):
            raise ValueError("an alert has a line: either `above` or `below`")
        if self.clears_at is not None and beyond(self.model_dump(), self.clears_at):
            raise ValueError("`clears_at` has to be on the good side of the line")
        return self

    def checked(self) -> dict[str, Any]:
        """The rule as it is kept.

        Raises:
            InvalidRequest: there is no such measure, or the filter cannot be read.
        """
        text = (self.filter or "").strip() or None
        if self.of == "traces":
            compile_trace_filter(text)
        else:
            compile_filter(text, "spans", "s")
        StatsQuery(of=self.of, measures=(self.measure,)).checked()
        return {**self.model_dump(), "filter": text}


def beyond(rule: Mapping[str, Any], value: float) -> bool:
    """Whether a figure is on the wrong side of the line."""
    return bool(value > rule["above"] if rule["above"] is not None else value < rule["below"])


def is_clear(rule: Mapping[str, Any], value: float) -> bool:
    """Whether a figure is back behind the second line."""
    line: float = rule["above"] if rule["above"] is not None else rule["below"]
    back = abs(line) * GOES_BACK
    if rule["above"] is not None:
        clears_at = line - back if rule["clears_at"] is None else rule["clears_at"]
        return bool(value <= clears_at) or math.isclose(value, clears_at)
    clears_at = line + back if rule["clears_at"] is None else rule["clears_at"]
    return bool(value >= clears_at) or math.isclose(value, clears_at)


def turn(rule: Mapping[str, Any], state: str, value: float | None, n: int) -> Turn | None:
    """What becomes of an alert now; None: it stays as it is. Too little data, or none, decides nothing."""
    if value is None or (n < rule["min_n"] and rule["measure"] != COUNT):
        return None
    if state != "firing":
        return "fired" if beyond(rule, value) else None
    return "resolved" if is_clear(rule, value) else None


def query_of(rule: Mapping[str, Any], project: str, now_ns: int) -> StatsQuery:
    """The question to `/stats`: the measure, and of how many."""
    return StatsQuery(
        of=rule["of"],
        measures=tuple(dict.fromkeys((COUNT, rule["measure"]))),
        filter=rule["filter"],
        project=project,
        start=now_ns - rule["window_s"] * 10**9,
        end=now_ns,
    )


def figure(rule: Mapping[str, Any], rows: list[dict[str, Any]]) -> tuple[float | None, int]:
    """Value and n of the measure, from what `/stats` answers. Of nothing there is no mean, and a count of 0."""
    row: Mapping[str, Any] = rows[0] if rows else {COUNT: 0}
    n = int(row.get(COUNT) or 0)
    found = row.get(rule["measure"])
    if rule["measure"].startswith(SCORES):
        return (None, 0) if not found or found["mean"] is None else (float(found["mean"]), int(found["n"]))
    return None if found is None else float(found), n
