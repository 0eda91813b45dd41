"""The time a page of figures looks at, and what has to be said about it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from assay.collector.pages.charts.scale import moment_text
from assay.collector.pages.dashboards import period as periods
from assay.collector.pages.dashboards.figures_source import Figures
from assay.collector.pages.dashboards.period import Period
from assay.collector.pages.formats import count
from assay.collector.pages.time_range import TimeRange


@dataclass(frozen=True, slots=True)
class Look:
    period: Period
    spans: int  # that start in the period
    notes: tuple[str, ...]
    has_any: bool  # whether the project has spans at all


def look(
    source: Figures,
    project: str,
    chosen: TimeRange,
    *,
    is_default: bool = False,
    now: Callable[[], int] = time.time_ns,
) -> Look:
    """The period to show, cut to what can be looked at quickly.

    `is_default`: nobody asked for this time, so that where nothing came in it, that of the newest spans is shown.
    """
    known = source.known(project)
    period = periods.period_of(chosen, now(), known)
    notes = []
    counts = source.counts(project, period)
    if known and is_default and not any(time >= period.start_ns for time in counts):
        length = period.length_text
        period = periods.around_newest(known)
        counts = source.counts(project, period)
        notes.append(f"Nothing came in the last {length}. These are those before {moment_text(known[1])}, the newest.")
    there = sum(number for time, number in counts.items() if time >= period.start_ns)
    shown = periods.narrowed(period, counts, periods.MOST_SPANS)
    if shown.looked_from_ns is not None:
        notes.append(
            f"{count(there)} spans start in this time. Only the newest part was looked at, from"
            f" {moment_text(shown.start_ns)} on. Choose less time to see another part."
        )
    elif not shown.has_before:
        notes.append("The period before was left out: together, there is too much to look at.")
    return Look(shown, there, tuple(notes), known is not None)
