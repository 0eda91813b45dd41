"""Figures → charts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.collector.pages import formats
from assay.collector.pages.charts.bars import bars
from assay.collector.pages.charts.chart import Chart, Mark, Series
from assay.collector.pages.charts.frame import Frame, between
from assay.collector.pages.charts.heat import heat
from assay.collector.pages.charts.lines import lines
from assay.collector.pages.charts.palette import OTHERS, slots
from assay.collector.pages.dashboards.gather import Panel
from assay.collector.pages.dashboards.groupings import Grouping, Values
from assay.collector.pages.dashboards.links import Links
from assay.collector.pages.dashboards.measures import Figure, Measure
from assay.collector.pages.dashboards.period import Period
from assay.collector.pages.dashboards.words import change_in_words

Row = Mapping[str, Any]
MOST_SCORES = 6
MOST_BANDS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A chart with what is said around it: the figure of the whole period, how it changed, what has to be known."""

    chart: Chart
    measure: Measure
    headline: str = ""
    interval: str = ""  # of the headline, where it is a share
    change: str = ""
    notes: tuple[str, ...] = ()
    is_grouped: bool = False  # so that even a line alone needs its name


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What all charts of a page share."""

    project: str
    period: Period
    marks: Sequence[Mark] = ()
    log: bool = False
    tones: Mapping[str, str] | None = None  # of groups

    def frame(self, measure: Measure, links: Links) -> Frame:
        """Buckets lead to what they count; of a measure that is one figure, to what that figure is made of."""
        queries = (self.period.bucket_query(number) for number in range(self.period.count))
        only = measure.figures[0].only if len(measure.figures) == 1 else None
        return replace(self.period.frame(), links=[links.to(measure, query, only=only) for query in queries])


def tones_of(panels: Iterable[Panel]) -> dict[str, str]:
    """A look for each group on the page, so that it has the same in every chart."""
    names = {
        panel.grouping.name(panel.grouping.values(row)) for panel in panels if panel.grouping for row in panel.rows
    }
    return slots(sorted(names))


def drawn(panel: Panel, scene: Scene) -> list[Drawn]:
    """The chart of a panel; of scores, one for each."""
    if panel.measure.shape == "scores":
        return list(_scores(panel, scene))
    if panel.measure.shape == "heat":
        return [_heat(panel, scene)]
    return [_grouped(panel, scene) if panel.grouping else _alone(panel, scene)]


def _alone(panel: Panel, scene: Scene) -> Drawn:
    measure, period, links = panel.measure, scene.period, Links(scene.project, panel.q)
    rows = {period.number(row["time"]): row for row in panel.rows}
    before = {period.before.number(row["time"]): row for row in panel.before}
    frame = scene.frame(measure, links)
    series = [_series(one, measure, rows, before, period, links, panel.total) for one in measure.figures]
    absent = 0.0 if measure.unit.is_whole else None
    if measure.shape == "bars":
        earlier = [
            absent if number not in before else measure.headline.value(before[number]) for number in range(period.count)
        ]
        series = [replace(one, before=None) for one in series]
        chart = bars(
            measure.title,
            frame,
            series,
            unit=measure.unit,
            marks=scene.marks,
            before=earlier if panel.before else None,
        )
    else:
        chart = lines(
            measure.title,
            frame,
            series,
            unit=measure.unit,
            log=scene.log and measure.has_log,
            marks=scene.marks,
        )
    value, value_before = _whole(measure.headline, panel.total), _whole(measure.headline, panel.total_before)
    named = f"{measure.headline.name} " if measure.headline in measure.figures and len(measure.figures) > 1 else ""
    return Drawn(
        chart=chart,
        measure=measure,
        headline="" if value is None else named + measure.unit.text(value),
        interval=_interval(measure.headline, panel.total, measure) if value is not None else "",
        change=change_in_words(value, value_before, measure.unit) if period.has_before else "",
        notes=tuple(_notes(panel)),
    )


def _series(
    figure: Figure,
    measure: Measure,
    rows: Mapping[int, Row],
    before: Mapping[int, Row],
    period: Period,
    links: Links,
    total: Row,
) -> Series:
    absent = 0.0 if measure.unit.is_whole else None
    numbers = range(period.count)
    values = [figure.value(rows[number]) if number in rows else absent for number in numbers]
    intervals = [figure.interval(rows[n]) if figure.interval and n in rows else (None, None) for n in numbers]
    linked = figure.only is not None and len(measure.figures) > 1
    return Series(
        name=figure.name,
        tone=figure.tone,
        values=values,
        before=[figure.value(before[number]) if number in before else absent for number in numbers]
        if before and figure.name in (measure.headline.name, measure.figures[0].name)
        else None,
        low=[low for low, _ in intervals] if figure.interval else None,
        high=[high for _, high in intervals] if figure.interval else None,
        links=[links.to(measure, period.bucket_query(n), only=figure.only) for n in numbers] if linked else (),
        href=links.to(measure, period.query, only=figure.only),
        total=_whole(figure, total),
    )


def _interval(figure: Figure, total: Row, measure: Measure) -> str:
    if figure.interval is None:
        return ""
    return f"({between(*figure.interval(total), measure.unit)})"


def _whole(figure: Figure, total: Row) -> float | None:
    return figure.value(total) if all(name in total for name in figure.needs) else None


def _notes(panel: Panel) -> Iterator[str]:
    if panel.refused_by:
        yield f"This cannot be shown by {panel.refused_by}."
    note = panel.measure.note
    number = _whole(note, panel.total) if note else None
    if number:
        yield f"{formats.count(number)} {panel.measure.note_text}."


def _grouped(panel: Panel, scene: Scene) -> Drawn:
    measure, grouping = panel.measure, panel.grouping
    figure = measure.grouped
    assert grouping is not None
    assert figure is not None
    links, period = Links(scene.project, panel.q), scene.period
    series = []
    for values, rows in _by_group(panel.rows, grouping).items():
        here = {period.number(row["time"]): row for row in rows}
        known = [figure.value(row) for row in rows]
        if not any(known) and (figure.adds_up or all(value is None for value in known)):
            continue
        sums = [value for value in known if value is not None]
        series.append(
            _of_group(
                grouping,
                values,
                [
                    figure.value(here[n]) if n in here else (0.0 if measure.unit.is_whole else None)
                    for n in range(period.count)
                ],
                measure,
                links,
                scene,
                sum(sums) if figure.adds_up else None,
                only=figure.only,
            )
        )
    series.sort(key=lambda one: -(one.total or 0))
    chart = lines(
        f"{measure.title} by {grouping.label}",
        scene.frame(measure, links),
        series,
        unit=measure.unit,
        log=scene.log and measure.has_log,
        marks=scene.marks,
    )
    what = f"{figure.name} of each" if len(measure.figures) > 1 and figure in measure.figures else ""
    return Drawn(chart=chart, measure=measure, headline=what, is_grouped=True)


def _by_group(rows: Sequence[Row], grouping: Grouping) -> dict[Values, list[Row]]:
    groups: dict[Values, list[Row]] = {}
    for row in rows:
        groups.setdefault(grouping.values(row), []).append(row)
    return groups


def _of_group(
    grouping: Grouping,
    values: Values,
    figures: Sequence[float | None],
    measure: Measure,
    links: Links,
    scene: Scene,
    total: float | None,
    *,
    only: str | None = None,
) -> Series:
    period, name = scene.period, grouping.name(values)
    return Series(
        name=name,
        tone=(scene.tones or {}).get(name, OTHERS),
        values=figures,
        links=[
            links.to(measure, period.bucket_query(n), only=only, grouping=grouping, values=values)
            if figures[n]
            else None
            for n in range(period.count)
        ],
        href=links.to(measure, period.query, only=only, grouping=grouping, values=values),
        total=total,
    )


def _heat(panel: Panel, scene: Scene) -> Drawn:
    counts: dict[tuple[int, float], int] = {}
    for row in panel.rows:
        counts[scene.period.number(row["time"]), float(row["latency_band_ms"])] = row["count"]
    bands = sorted({band for _, band in counts})[-MOST_BANDS:]
    shown = {(number, band): count for (number, band), count in counts.items() if band in bands}
    links, period = Links(scene.project, panel.q), scene.period
    there = {
        (number, band): links.to(panel.measure, period.bucket_query(number), only=_within(band))
        for number, band in shown
    }
    frame = scene.frame(panel.measure, links)
    return Drawn(
        chart=heat(panel.measure.title, frame, bands, shown, unit=panel.measure.unit, marks=scene.marks, link=there),
        measure=panel.measure,
        notes=tuple(_notes(panel)),
    )


def _within(band: float) -> str:
    return f"duration_ms >= {band:.0f} and duration_ms < {2 * band:.0f}" if band else "duration_ms < 1"


def _scores(panel: Panel, scene: Scene) -> Iterator[Drawn]:
    measure, period, links = panel.measure, scene.period, Links(scene.project, panel.q)
    names: dict[str, int] = {}
    for row in panel.rows:
        names[row["name"]] = names.get(row["name"], 0) + row["n"]
    frame = scene.frame(measure, links)
    for name in sorted(names, key=lambda name: (-names[name], name))[:MOST_SCORES]:
        rows = [row for row in panel.rows if row["name"] == name]
        if panel.grouping:
            series = [
                _of_group(panel.grouping, values, _means(of_group, period), measure, links, scene, None)
                for values, of_group in _by_group(rows, panel.grouping).items()
            ]
            title = f"Score {name} by {panel.grouping.label}"
        else:
            earlier = [row for row in panel.before if row["name"] == name]
            ends = {period.number(row["time"]): row for row in rows}
            series = [
                Series(
                    name=name,
                    values=_means(rows, period),
                    low=[ends[n]["ci_low"] if n in ends else None for n in range(period.count)],
                    high=[ends[n]["ci_high"] if n in ends else None for n in range(period.count)],
                    before=_means(earlier, period.before) if earlier else None,
                )
            ]
            title = f"Score {name}"
        chart = lines(title, frame, series[:8], unit=measure.unit, within_one=True, marks=scene.marks)
        now, before = _mean_of_means(rows), _mean_of_means([row for row in panel.before if row["name"] == name])
        alone = panel.grouping is None
        yield Drawn(
            chart=chart,
            measure=measure,
            headline=f"{formats.figure(now)}, {formats.count(names[name])} traces" if alone else "mean of each",
            change=change_in_words(now, before, measure.unit) if period.has_before and alone else "",
            is_grouped=not alone,
        )
    if len(names) > MOST_SCORES:
        rest = sorted(names, key=lambda name: (-names[name], name))[MOST_SCORES:]
        yield Drawn(
            chart=lines("Other scores", frame, [], unit=measure.unit),
            measure=measure,
            notes=(f"Not shown, with fewer values: {', '.join(rest[:20])}{', …' if len(rest) > 20 else ''}.",),
        )


def _means(rows: Sequence[Row], period: Period) -> list[float | None]:
    known = {period.number(row["time"]): row["mean"] for row in rows}
    return [known.get(number) for number in range(period.count)]


def _mean_of_means(rows: Sequence[Row]) -> float | None:
    number = sum(row["n"] for row in rows)
    return sum(row["n"] * row["mean"] for row in rows) / number if number else None
