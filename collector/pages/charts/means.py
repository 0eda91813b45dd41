"""Figures → places on an axis, in percent. The templates draw them as SVG; nothing here is markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Tone = Literal["plain", "good", "bad"]
MARGIN = 0.04  # of the axis on each side, so that no mark is cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    low: float
    high: float

    def place(self, value: float) -> float:
        """Percent along the axis; what lies outside is put on its end."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    @property
    def ends(self) -> tuple[float, float]:
        """What it spans without its margins: what to write beside it."""
        margin = MARGIN * (self.high - self.low) / (1 + 2 * MARGIN)
        return self.low + margin, self.high - margin


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A mean and its interval along an axis. None: there is none to draw."""

    mean: float | None
    left: float | None
    width: float | None
    marks: list[float]
    zero: float | None
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A mean at a moment, in percent of a chart: `x` from its left, the others from its top."""

    x: float
    y: float
    top: float | None  # of its interval
    bottom: float | None
    row: Mapping[str, Any]


def axis_of_means(rows: Iterable[Mapping[str, Any]]) -> Axis:
    """The axis that the rows of one summary share: 0 to 1 where everything fits in, else what they span."""
    values = [row[key] for row in rows for key in ("mean", "ci_low", "ci_high") if row.get(key) is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    if low >= 0 and high <= 1:
        return _with_margin(0.0, 1.0)
    return _with_margin(min(low, 0.0), high if high > low else low + 1)


def axis_of_course(rows: Iterable[Mapping[str, Any]]) -> Axis:
    """What the means and intervals of a course span: it is looked at for its changes, wherever 0 is."""
    values = [row[key] for row in rows for key in ("mean", "ci_low", "ci_high") if row.get(key) is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    return _with_margin(low, high) if high > low else _with_margin(low - 0.5, high + 0.5)


def axis_of_difference(row: Mapping[str, Any]) -> Axis:
    """An axis with 0 in its middle that holds a difference and its interval."""
    sizes = [abs(row[key]) for key in ("difference", "ci_low", "ci_high") if row.get(key) is not None]
    reach = max([*sizes, 1e-9])
    return _with_margin(-reach, reach)


def points_over_time(rows: Sequence[Mapping[str, Any]], times: Sequence[int], axis: Axis) -> list[Point]:
    """Rows with a mean as points, placed by their `times`; one alone stands in the middle."""
    moments = Axis(low=min(times), high=max(times)) if len(set(times)) > 1 else None
    return [
        Point(
            x=2 + 0.96 * moments.place(time) if moments else 50.0,
            y=_from_top(axis, row["mean"]),
            top=None if row["ci_high"] is None else _from_top(axis, row["ci_high"]),
            bottom=None if row["ci_low"] is None else _from_top(axis, row["ci_low"]),
            row=row,
        )
        for row, time in zip(rows, times, strict=True)
        if row["mean"] is not None
    ]


def _from_top(axis: Axis, value: float) -> float:
    return round(100 - axis.place(value), 2)


def mean_shape(row: Mapping[str, Any], axis: Axis) -> Shape:
    ends = [axis.place(mark) for mark in (0.0, 0.5, 1.0)] if axis.high < 1.1 else [axis.place(0.0)]
    return _shape(row.get("mean"), row, axis, ends, None, "plain")


def difference_shape(row: Mapping[str, Any], *, axis: Axis | None = None, tone: Tone | None = None) -> Shape:
    """On an axis of its own, coloured by its outcome, where neither is given."""
    axis = axis or axis_of_difference(row)
    tones: dict[str, Tone] = {"improved": "good", "regressed": "bad"}
    tone = tone or tones.get(row.get("outcome") or "", "plain")
    zero = axis.place(0.0)
    return _shape(row.get("difference"), row, axis, [zero], zero, tone)


def _shape(
    mean: float | None, row: Mapping[str, Any], axis: Axis, marks: list[float], zero: float | None, tone: Tone
) -> Shape:
    low, high = row.get("ci_low"), row.get("ci_high")
    left = width = None
    if low is not None and high is not None:
        left = axis.place(low)
        width = round(axis.place(high) - left, 2)
    place = None if mean is None else axis.place(mean)
    return Shape(mean=place, left=left, width=width, marks=marks, zero=zero, tone=tone)


def _with_margin(low: float, high: float) -> Axis:
    margin = MARGIN * (high - low)
    return Axis(low=low - margin, high=high + margin)
