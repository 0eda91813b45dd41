"""Which questions a dashboard asks: charts that can share a query do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.collector.pages.dashboards.definitions import ChartSpec
from assay.collector.pages.dashboards.figures_source import Figures
from assay.collector.pages.dashboards.groupings import GROUPINGS, Grouping
from assay.collector.pages.dashboards.measures import CALLS, MEASURES, TOOLS, Measure, shown_by
from assay.collector.pages.dashboards.period import Period
from assay.collector.pages.traces.filters import to_filter

Row = dict[str, Any]
_ONLY = {"call": CALLS, "tool": TOOLS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One chart with what it is drawn from. `q` is the filter that counts for it, as it was typed."""

    measure: Measure
    grouping: Grouping | None
    q: str
    rows: Sequence[Row] = ()
    before: Sequence[Row] = ()
    total: Row = field(default_factory=dict)
    total_before: Row = field(default_factory=dict)
    refused_by: str = ""  # by what it could not be grouped


@dataclass(frozen=True, slots=True)
class _Question:
    grouping: Grouping | None
    q: str
    of_traces: bool


def panels(
    source: Figures, project: str, period: Period, charts: Iterable[ChartSpec], *, by: str, q: str
) -> list[Panel]:
    """Every chart with its figures.

    Raises:
        InvalidRequest: a filter cannot be read.
    """
    wanted = [_wanted(spec, by, q) for spec in charts]
    needs: dict[_Question, dict[str, None]] = {}
    for panel in wanted:
        if panel.measure.shape in ("bars", "lines"):
            question = _question(panel)
            known = _known(panel.measure.needs, question)
            needs.setdefault(question, {}).update(dict.fromkeys(known))
    answers = {question: _ask(source, project, period, question, tuple(names)) for question, names in needs.items()}
    return [_filled(source, project, period, panel, answers) for panel in wanted]


def _wanted(spec: ChartSpec, by: str, q: str) -> Panel:
    grouping = GROUPINGS.get(spec.by or by)
    measure, can_group = shown_by(MEASURES[spec.measure], grouping.level if grouping else None)
    both = f"({to_filter(q)}) and ({to_filter(spec.q)})" if spec.q.strip() and q.strip() else spec.q or q
    refused = grouping.label if grouping and not can_group else ""
    return Panel(measure=measure, grouping=grouping if can_group else None, q=both, refused_by=refused)


def _question(panel: Panel) -> _Question:
    of_traces = panel.grouping is not None and panel.grouping.level == "trace" and panel.measure.over == "traces"
    return _Question(panel.grouping, panel.q, of_traces)


def _known(needs: Sequence[str], question: _Question) -> list[str]:
    """Sums over whole traces know nothing of calls without a price."""
    return [name for name in needs if not (question.of_traces and name == "unpriced_calls")]


@dataclass(frozen=True, slots=True)
class _Answer:
    rows: Sequence[Row]
    before: Sequence[Row] = ()
    total: Row = field(default_factory=dict)
    total_before: Row = field(default_factory=dict)


def _ask(source: Figures, project: str, period: Period, question: _Question, needs: tuple[str, ...]) -> _Answer:
    grouping = question.grouping
    trace_filter = to_filter(question.q)
    if grouping is None:
        found = source.over_time(project, period, needs, trace_filter=trace_filter)
        total, earlier = _sums(found.rows, needs), _sums(found.before, needs) if found.before else {}
        return _Answer(found.rows, found.before, total | found.whole, earlier | found.whole_before)
    return _Answer(
        source.rows(
            project,
            period,
            needs,
            grouping=grouping,
            of_traces=question.of_traces,
            only=_ONLY.get(grouping.level),
            trace_filter=trace_filter,
        )
    )


def _sums(rows: Sequence[Row], needs: Sequence[str]) -> Row:
    sums: Row = {}
    for name in needs:
        known = [row[name] for row in rows if row[name] is not None]
        sums[name] = sum(known) if known else None
    return sums


def _filled(source: Figures, project: str, period: Period, panel: Panel, answers: Mapping[_Question, _Answer]) -> Panel:
    measure, grouping = panel.measure, panel.grouping
    if measure.shape in ("bars", "lines"):
        answer = answers[_question(panel)]
        return _with(panel, answer.rows, answer.before, answer.total, answer.total_before)
    trace_filter = to_filter(panel.q)
    if measure.shape == "heat":
        return _with(panel, source.bands(project, period, trace_filter))
    return _with(panel, *source.scores(project, period, grouping=grouping, trace_filter=trace_filter))


def _with(
    panel: Panel, rows: Sequence[Row], before: Sequence[Row] = (), total: Row | None = None, earlier: Row | None = None
) -> Panel:
    return Panel(
        measure=panel.measure,
        grouping=panel.grouping,
        q=panel.q,
        refused_by=panel.refused_by,
        rows=rows,
        before=before,
        total=total or {},
        total_before=earlier or {},
    )
