"""A heat map over time: a row for each band of values, the darker the more lies in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from assay.collector.pages.charts.chart import Box, Cell, Chart, Mark, Spot, Tick
from assay.collector.pages.charts.frame import HEIGHT_PX, Frame, mark_lines, top_px
from assay.collector.pages.charts.scale import moment_text
from assay.collector.pages.charts.units import Unit

LEVELS = 5


def heat(
    title: str,
    frame: Frame,
    bands: Sequence[float],
    counts: Mapping[tuple[int, float], int],
    *,
    unit: Unit,
    height: int = HEIGHT_PX,
    marks: Sequence[Mark] = (),
    link: Mapping[tuple[int, float], str] | None = None,
) -> Chart:
    """`bands` are the lower ends of the rows, upwards; `counts` what lies in (number of a bucket, band)."""
    most = max(counts.values(), default=0)
    row_px = (height - top_px(height)) / max(1, len(bands))
    boxes, spots = list[Box](), list[Spot]()
    width = round(100 / frame.count, 3)
    for (number, band), count in sorted(counts.items()):
        if not count:
            continue
        y = round(height - (bands.index(band) + 1) * row_px, 2)
        boxes.append(Box(frame.left(number), width, y, round(row_px, 2), "heat", level_of(count, most)))
        said = f"{frame.text(number)}\n{unit.text(band)} or more: {count:,}"
        href = (link or {}).get((number, band))
        spots.append(Spot(frame.left(number), width, y, round(row_px, 2), said, href))
    said_of_all = f"{sum(counts.values()):,} in {len(bands)} bands"
    every = max(1, math.ceil(len(bands) / 5))
    return Chart(
        title=title,
        unit=unit.name,
        label=f"{title}, {frame.text(0)} to {moment_text(frame.end_ns)}: {said_of_all}",
        height=height,
        y_ticks=[Tick(round(height - n * row_px, 2), unit.tick(bands[n])) for n in range(0, len(bands), every)],
        x_ticks=frame.ticks(),
        boxes=boxes,
        spots=spots,
        marks=mark_lines(frame, marks),
        head=["Time (UTC)", *(f"{unit.text(band)} +" for band in bands)],
        rows=[
            [
                frame.cell(n),
                *(Cell(f"{counts.get((n, band), 0):,}", (link or {}).get((n, band))) for band in bands),
            ]
            for n in range(frame.count)
        ],
        is_empty=not most,
    )


def level_of(count: int, most: int) -> int:
    """1 to 5, by logarithm: one slow call among thousands is still seen."""
    return 1 if most <= 1 else 1 + min(LEVELS - 1, int(LEVELS * math.log(count) / math.log(most + 1)))
