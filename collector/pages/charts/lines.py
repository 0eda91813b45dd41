"""Lines over time: with gaps where nothing is known, intervals as bands, and the period before dashed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.collector.pages.charts.chart import PATH_WIDTH, Chart, Dot, Mark, Series, Spot, Stroke
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
from assay.collector.pages.charts.palette import NEUTRAL
from assay.collector.pages.charts.scale import ValueAxis, share_axis, value_axis
from assay.collector.pages.charts.units import COUNT, Unit

SPOT_PX = 12
FEW_POINTS = 40  # up to here, points of groups are marked with their shapes


def lines(
    title: str,
    frame: Frame,
    series: Sequence[Series],
    *,
    unit: Unit = COUNT,
    height: int = HEIGHT_PX,
    log: bool = False,
    within_one: bool = False,
    marks: Sequence[Mark] = (),
) -> Chart:
    """`within_one`: the axis goes from 0 to 1 where all values do."""
    everything = [
        value
        for one in series
        for values in (one.values, one.before, one.low, one.high)
        for value in values or ()
        if value is not None
    ]
    fits = within_one and all(0 <= value <= 1 for value in everything)
    axis = share_axis() if fits else value_axis(everything, log=log, whole=unit.is_whole)
    head, rows = table(frame, series, unit)
    return Chart(
        title=title,
        unit=unit.name,
        label=in_words(title, frame, series, unit),
        height=height,
        y_ticks=y_ticks(axis, unit, height),
        x_ticks=frame.ticks(),
        bands=[Stroke(path, one.tone) for one in series for path in band_paths(frame, one, axis, height)],
        strokes=[
            *(
                Stroke(path, one.tone, is_before=True)
                for one in series
                for path in stroke_paths(frame, one.before or (), axis, height)
            ),
            *(Stroke(path, one.tone) for one in series for path in stroke_paths(frame, one.values, axis, height)),
        ],
        dots=[dot for one in series for dot in _dots(frame, one, axis, height, with_shapes=len(series) > 1)],
        columns=[
            Spot(
                frame.left(n),
                round(100 / frame.count, 3),
                0,
                height,
                column_title(frame, series, unit, n),
                frame.link(n),
            )
            for n in range(frame.count)
        ],
        spots=[spot for one in series for spot in _spots(frame, one, axis, height, unit)],
        marks=mark_lines(frame, marks),
        legend=legend(series, unit),
        head=head,
        rows=rows,
        is_log=axis.is_log,
        is_empty=not any(value is not None for one in series for value in one.values),
    )


def stroke_paths(frame: Frame, values: Sequence[float | None], axis: ValueAxis, height: int) -> Iterator[str]:
    """One path for each run of known values; a value alone is no path, but a dot."""
    for run in _runs(values):
        if len(run) > 1:
            yield "M" + "L".join(_point(frame, n, values[n] or 0, axis, height) for n in run)


def band_paths(frame: Frame, one: Series, axis: ValueAxis, height: int) -> Iterator[str]:
    """What the interval covers; around a value alone it is as wide as a tenth of its bucket."""
    low, high = one.low or (), one.high or ()
    both = [None if a is None or b is None else b for a, b in zip(low, high, strict=True)]
    for run in _runs(both):
        if len(run) == 1:
            x, half = 10 * frame.middle(run[0]), PATH_WIDTH / frame.count / 10
            top, bottom = (y_place(axis, ends[run[0]] or 0, height) for ends in (high, low))
            yield f"M{x - half:.1f} {top}H{x + half:.1f}V{bottom}H{x - half:.1f}Z"
            continue
        forth = "L".join(_point(frame, n, high[n] or 0, axis, height) for n in run)
        back = "L".join(_point(frame, n, low[n] or 0, axis, height) for n in reversed(run))
        yield f"M{forth}L{back}Z"


def _runs(values: Sequence[float | None]) -> Iterator[list[int]]:
    run: list[int] = []
    for number, value in enumerate(values):
        if value is not None:
            run.append(number)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _point(frame: Frame, number: int, value: float, axis: ValueAxis, height: int) -> str:
    return f"{PATH_WIDTH / 100 * frame.middle(number):.1f} {y_place(axis, value, height)}"


def _dots(frame: Frame, one: Series, axis: ValueAxis, height: int, *, with_shapes: bool) -> Iterator[Dot]:
    all_of_them = with_shapes and one.tone != NEUTRAL and frame.count <= FEW_POINTS
    for run in _runs(one.values):
        if all_of_them or len(run) == 1:
            for number in run:
                yield Dot(frame.middle(number), y_place(axis, one.values[number] or 0, height), one.tone)


def _spots(frame: Frame, one: Series, axis: ValueAxis, height: int, unit: Unit) -> Iterator[Spot]:
    width = round(100 / frame.count, 3)
    for number, (value, href) in enumerate(zip(one.values, one.links, strict=False)):
        if value is None or href is None:
            continue
        top = round(max(0.0, y_place(axis, value, height) - SPOT_PX / 2), 2)
        title = f"{frame.text(number)}\n{one.name}: {unit.text(value)}"
        yield Spot(frame.left(number), width, top, SPOT_PX, title, href)
