"""The largest groups as a table: their share of the whole, and how they changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assay.collector.pages.charts import units
from assay.collector.pages.dashboards.figures_source import Figures
from assay.collector.pages.dashboards.groupings import Grouping
from assay.collector.pages.dashboards.links import Links
from assay.collector.pages.dashboards.measures import CALLS, MEASURES, TOOLS
from assay.collector.pages.dashboards.period import Period
from assay.collector.pages.dashboards.words import change_in_words
from assay.collector.pages.traces.filters import to_filter

MOST = 20
# Level of a grouping -> what is counted, what of it failed, how long it took, and the measure whose list it leads to
_COUNTED = {
    "call": ("model_calls", "model_error_count", "model_latency_p95_ms", "calls"),
    "tool": ("tool_calls", "tool_error_count", "tool_latency_p95_ms", "tools"),
}
_ROOTS = ("root_count", "root_error_count", "root_latency_p95_ms", "traces")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    name: str
    href: str
    count: int
    share: float | None  # of what all groups together have; tags overlap, so shares of them may exceed 1 together
    error_rate: float | None
    latency_p95_ms: float | None
    total_tokens: int | None
    cost_usd: float | None
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopGroups:
    label: str
    counted: str  # "Traces", "Model calls", "Tool calls"
    groups: list[Group]
    is_cut: bool  # there may be others


def top_groups(figures: Figures, project: str, period: Period, grouping: Grouping, q: str) -> TopGroups:
    whole, failed, latency, measure = _COUNTED.get(grouping.level, _ROOTS)
    only = {"call": CALLS, "tool": TOOLS}.get(grouping.level)
    needs = (whole, failed, latency, "total_tokens", "cost_usd")
    asked: dict[str, Any] = {
        "of_traces": grouping.level == "trace",
        "only": only,
        "trace_filter": to_filter(q),
        "in_buckets": False,
    }
    rows = figures.rows(project, period, needs, grouping=grouping, limit=MOST, **asked)
    [total] = figures.rows(project, period, (whole,), **asked) or [{whole: 0}]
    earlier = {}
    if period.has_before:
        before = figures.rows(project, period.before, (whole,), grouping=grouping, limit=10 * MOST, **asked)
        earlier = {grouping.values(row): row[whole] for row in before}
    links, shown = Links(project, q), MEASURES[measure]
    groups = [
        Group(
            name=grouping.name(grouping.values(row)),
            href=links.to(shown, period.query, grouping=grouping, values=grouping.values(row)),
            count=row[whole],
            share=row[whole] / total[whole] if total[whole] else None,
            error_rate=(row[failed] or 0) / row[whole],
            latency_p95_ms=row[latency],
            total_tokens=row["total_tokens"],
            cost_usd=row["cost_usd"],
            change=_change(row[whole], earlier.get(grouping.values(row)), period),
        )
        for row in rows
        if row[whole]
    ]
    return TopGroups(label=grouping.label, counted=shown.title, groups=groups, is_cut=len(rows) == MOST)


def _change(now: int, before: int | None, period: Period) -> str:
    if not period.has_before:
        return ""
    return "new" if before is None else change_in_words(now, before, units.COUNT)
