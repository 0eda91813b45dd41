"""What came of a prompt version → what its page shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assay.collector.pages.charts.means import (
    Axis,
    Point,
    Shape,
    axis_of_course,
    axis_of_means,
    mean_shape,
    points_over_time,
)
from assay.collector.pages.formats import nanoseconds

Row = Mapping[str, Any]
BUCKETS = {"1d": "day", "1w": "week"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreLine:
    """One score: its mean as a row and a shape, and its course. `points` is empty where there is but one bucket."""

    row: dict[str, Any]  # with ci_low and ci_high, as the charts want them
    shape: Shape
    axis: Axis  # of the course
    points: list[Point]
    bucket: str


def score_lines(lineage: Row) -> list[ScoreLine]:
    return [_line(score) for score in lineage["scores"]]


def _line(score: Row) -> ScoreLine:
    over_time = [_row(one) for one in score["over_time"]]
    row, axis = _row(score), axis_of_course(over_time)
    times = [nanoseconds(one["time"]) for one in over_time]
    return ScoreLine(
        row=row,
        shape=mean_shape(row, axis_of_means([row])),
        axis=axis,
        points=points_over_time(over_time, times, axis) if len(over_time) > 1 else [],
        bucket=BUCKETS[score["bucket"]],
    )


def _row(one: Row) -> dict[str, Any]:
    return {**one, "ci_low": one["low"], "ci_high": one["high"]}


def filter_of_version(name: str, version: int) -> str:
    """The filter of the traces that used a version, beside whatever else they used."""
    return f"any(prompt_name = {text(name)} and prompt_version = {version})"


def filter_of_arm(test: str, arm: str) -> str:
    """The filter of the traces that were exposed to an arm."""
    return f"any(ab_test = {text(test)} and ab_arm = {text(arm)})"


def text(value: str) -> str:
    """A text as the filter language quotes it."""
    return "'" + value.replace("'", "''") + "'"
