"""What stands on a dashboard: a named set of charts. Some are ready-made; others are kept in the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.collector.pages.dashboards.groupings import GROUPINGS
from assay.collector.pages.dashboards.measures import MEASURES
from assay.errors import InvalidRequest

MOST_FILTER_CHARS = 4000


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """`by` and `q` of the chart itself; where it has none, those of the page are taken."""

    measure: str
    by: str = ""
    q: str = ""

    def to_dict(self) -> dict[str, str]:
        return {"measure": self.measure, "by": self.by, "q": self.q}


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`unknown` names measures that this version does not have: they are said, not shown."""

    name: str
    title: str
    charts: tuple[ChartSpec, ...]
    is_ready: bool = False
    unknown: tuple[str, ...] = ()


def _ready(name: str, title: str, *charts: ChartSpec | str) -> Dashboard:
    specs = tuple(ChartSpec(one) if isinstance(one, str) else one for one in charts)
    return Dashboard(name, title, specs, is_ready=True)


OVERVIEW = "overview"
READY = {
    one.name: one
    for one in (
        _ready(OVERVIEW, "Overview", "traces", "errors", "latency", "cost", "tokens", "tool_errors", "scores"),
        _ready(
            "cost",
            "Cost",
            "cost",
            "tokens",
            ChartSpec("cost", by="model"),
            ChartSpec("tokens", by="model"),
            ChartSpec("calls", by="model"),
            ChartSpec("cost", by="prompt"),
        ),
        _ready("quality", "Quality", "scores", "errors", "call_errors", "latency", "spread"),
        _ready(
            "tools",
            "Tools",
            "tools",
            "tool_errors",
            "tool_latency",
            ChartSpec("tools", by="tool"),
            ChartSpec("tool_errors", by="tool"),
            ChartSpec("tool_latency", by="tool"),
        ),
    )
}


def dashboard_of(row: Mapping[str, Any]) -> Dashboard:
    """A dashboard as the registry keeps it."""
    charts = [
        ChartSpec(str(one.get("measure")), str(one.get("by") or ""), str(one.get("q") or "")) for one in row["charts"]
    ]
    known = tuple(one for one in charts if one.measure in MEASURES and (not one.by or one.by in GROUPINGS))
    unknown = tuple(f"{one.measure} by {one.by}" if one.by else one.measure for one in charts if one not in known)
    return Dashboard(row["name"], row["name"], known, unknown=unknown)


def checked_name(name: str) -> str:
    """`name`, if a new dashboard may have it.

    Raises:
        InvalidRequest: a ready-made one is called so.
    """
    if name.strip() in READY or name.strip() in ("new", "edit"):
        raise InvalidRequest(f"A dashboard of ours is called {name.strip()!r}.", hint="Choose another name.")
    return name


def charts_of_form(measures: Sequence[str], groups: Sequence[str], filters: Sequence[str]) -> list[ChartSpec]:
    """The charts that a form describes, line by line; lines without a measure are left out.

    Raises:
        InvalidRequest: a line speaks of what there is not.
    """
    charts = []
    for number, measure in enumerate(measures):
        if not measure:
            continue
        by = groups[number] if number < len(groups) else ""
        q = filters[number].strip() if number < len(filters) else ""
        if measure not in MEASURES:
            raise InvalidRequest(f"There is no measure {measure!r}.", hint=f"It is one of: {', '.join(MEASURES)}.")
        if by and by not in GROUPINGS:
            raise InvalidRequest(f"Nothing is grouped by {by!r}.", hint=f"It is one of: {', '.join(GROUPINGS)}.")
        if len(q) > MOST_FILTER_CHARS:
            raise InvalidRequest(
                f"The filter of chart {number + 1} has {len(q):,} characters.", hint="At most 4,000 can be kept."
            )
        charts.append(ChartSpec(measure, by, q))
    return charts
