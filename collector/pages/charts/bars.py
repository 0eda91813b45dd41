"""Bars over time, several series stacked upon each other."""

from __future__ import annotations

from collections.abc import Sequence

from assay.collector.pages.charts.chart import Box, Chart, Mark, Series, Spot, Stroke
from assay.collector.pages.charts.frame import (
    HEIGHT_PX,
    Frame,
    column_title,
    in_words,
    legend,
    mark_lines,
    table,
    y_place,
    y_ticks,
)
from assay.collector.pages.charts.lines import stroke_paths
from assay.collector.pages.charts.scale import value_axis
from assay.collector.pages.charts.units import COUNT, Unit

GAP = 0.12  # of a bucket's width
LEAST_PX = 1.5  # so that one error among a thousand is seen
LEAST_SPOT_PX = 8


def bars(
    title: str,
    frame: Frame,
    series: Sequence[Series],
    *,
    unit: Unit = COUNT,
    height: int = HEIGHT_PX,
    marks: Sequence[Mark] = (),
    before: Sequence[float | None] | None = None,
) -> Chart:
    """`before`: the whole stack in the period before, drawn as a dashed line."""
    sums = [sum(one.values[number] or 0 for one in series) for number in range(frame.count)]
    axis = value_axis([*sums, *(before or ())], whole=unit.is_whole)
    floor = y_place(axis, 0, height)
    boxes, spots = list[Box](), list[Spot]()
    width = round(100 / frame.count * (1 - GAP), 3)
    for number in range(frame.count):
        x, base, top = round(frame.left(number) + 100 / frame.count * GAP / 2, 3), 0.0, floor
        for one in series:
            value = one.values[number]
            if not value or value < 0:
                continue
            base += value
            bottom, top = top, min(y_place(axis, base, height), top - LEAST_PX)
            boxes.append(Box(x, width, round(top, 2), round(bottom - top, 2), one.tone))
            if one.links and one.links[number]:
                reach = max(LEAST_SPOT_PX, bottom - top)
                said = f"{frame.text(number)}\n{one.name}: {unit.text(value)}"
                spots.append(Spot(x, width, round(bottom - reach, 2), round(reach, 2), said, one.links[number]))
    columns = [
        Spot(
            frame.left(n),
            round(100 / frame.count, 3),
            0,
            height,
            column_title(frame, series, unit, n),
            frame.link(n),
        )
        for n in range(frame.count)
    ]
    shown = [*series, *([Series(name="Period before", values=before)] if before else [])]
    head, rows = table(frame, shown, unit)
    return Chart(
        title=title,
        unit=unit.name,
        label=in_words(title, frame, series, unit),
        height=height,
        y_ticks=y_ticks(axis, unit, height),
        x_ticks=frame.ticks(),
        boxes=boxes,
        strokes=[Stroke(path, "gn", is_before=True) for path in stroke_paths(frame, before or (), axis, height)],
        columns=columns,
        spots=spots,
        marks=mark_lines(frame, marks),
        legend=[*legend(series, unit), *(legend([Series(name="", values=(), before=before)], unit)[1:])],
        head=head,
        rows=rows,
        is_empty=not any(sums),
    )
