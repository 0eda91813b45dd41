"""Figures as they stand in a table: each with its unit, scores with their interval, changes against a period before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assay.command.columns import UNKNOWN, Column, cost, count, duration, share, text, time

SCORES = "scores."
TIME = "time"  # of the rows, where there are steps of time
SHOW: dict[str, Callable[[Any], str]] = {"error_rate": share, "cost_usd": cost}
LAST_TO_GO = ("count", "error_rate")


def columns(keys: Sequence[str], measures: Sequence[str], *, by_time: bool) -> list[Column]:
    """When, which group, and each figure."""
    found = [Column(TIME, "from UTC", show=time)] if by_time else []
    found += [Column(key, least=8, most=40) for key in keys]
    return found + [Column(name, title(name), right=True) for name in measures]


def shown(row: Mapping[str, Any], measures: Sequence[str]) -> dict[str, Any]:
    """A row with its figures spelled out."""
    before = row.get("previous")
    return {**row, **{name: _cell(name, row.get(name), before) for name in measures}}


def first_to_go(measures: Sequence[str]) -> list[str]:
    """What is left out where the terminal is too narrow, in turn."""
    return [name for name in reversed(measures) if name not in LAST_TO_GO]


def title(measure: str) -> str:
    """latency_p95_ms -> p95, cost_usd -> cost, scores.helpful -> helpful"""
    short = text(measure).removeprefix(SCORES).removeprefix("latency_").removesuffix("_ms").removesuffix("_usd")
    return short.removesuffix("_count" if measure != "error_count" else "").replace("_", " ")


def figure(measure: str, value: Any) -> str:
    """One figure in words."""
    if isinstance(value, Mapping):
        if value.get("mean") is None:
            return UNKNOWN
        interval = "" if value.get("ci_low") is None else f" [{value['ci_low']:.2f}, {value['ci_high']:.2f}]"
        return f"{value['mean']:.2f}{interval} n={count(value['n'])}"
    if value is None:
        return UNKNOWN
    if measure in SHOW:
        return SHOW[measure](value)
    if measure.endswith("_ms"):
        return duration(value)
    return count(value) if float(value).is_integer() else text(value)


def _cell(measure: str, value: Any, before: Mapping[str, Any] | None) -> str:
    now = figure(measure, value)
    if before is None:
        return now
    was, is_now = _number(before.get(measure)), _number(value)
    if was is None or is_now is None:
        return now
    if measure == "error_rate" or measure.startswith(SCORES):
        points = (is_now - was) * (100 if measure == "error_rate" else 1)
        return f"{now} ({points:+.1f} pp)" if measure == "error_rate" else f"{now} ({points:+.2f})"
    return f"{now} ({(is_now - was) / was:+.0%})" if was else now


def _number(value: Any) -> float | None:
    found = value.get("mean") if isinstance(value, Mapping) else value
    return None if found is None else float(found)
