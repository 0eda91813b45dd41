"""What the overview asks for besides the charts: groups in both periods, errors, and what people have to look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import Request

from assay.collector import queries
from assay.collector.pages.dashboards.figures_source import Figures, get_figures
from assay.collector.pages.dashboards.groupings import GROUPINGS
from assay.collector.pages.dashboards.links import Links
from assay.collector.pages.dashboards.measures import CALLS, MEASURES
from assay.collector.pages.dashboards.period import Period
from assay.collector.pages.overview.changes import (
    LEAST,
    Changes,
    Compared,
    changes,
    compared_errors,
    compared_latency,
    compared_score,
)
from assay.collector.service import Service

Row = dict[str, Any]
NEEDS = ("count", "error_count", "latency_log_mean", "latency_log_sd")
MOST_GROUPS = 20
GROUPS = {"name": queries.Grouped("name", "parent_span_id is null"), "model": queries.Grouped("model", CALLS)}
MOST_SHOWN = 5


class Overview:
    def __init__(self, service: Service, figures: Figures) -> None:
        self._store = service.store
        self._registry = service.registry
        self.figures = figures

    def changes(self, project: str, period: Period) -> Changes:
        """Errors and latency by name of the trace and by model, and scores, against the period before."""
        if not period.has_before:
            return Changes([], 0, 0)
        pairs, too_few = list[Compared](), 0
        for of, href, row, before in self._groups(project, period):
            if min(row["count"], before["count"]) < LEAST:
                too_few += 1
                continue
            pairs.append(compared_errors(of, href, row, before))
            latency = compared_latency(of, href, row, before)
            pairs += [latency] if latency else []
        for name, href, row, before in self._scores(project, period):
            if min(row["n"], before["n"]) < LEAST:
                too_few += 1
            else:
                pairs.append(compared_score(name, href, row, before))
        return changes(pairs, too_few) if pairs else Changes([], 0, too_few)

    def errors(self, project: str, period: Period) -> list[Row]:
        return queries.error_messages(self._store, project=project, start=period.start_ns, end=period.end_ns)

    def experiments(self, project: str) -> list[Row]:
        return self._registry.experiments.page(project, limit=MOST_SHOWN).items

    def ab_tests(self, project: str) -> list[Row]:
        """Those that run."""
        return self._registry.ab_tests.page(project, status="running", limit=MOST_SHOWN).items

    def queues(self, project: str) -> list[Row]:
        """Open review queues in which something waits."""
        open_ones = self._registry.review_queues.page(project, status="open", limit=50).items
        return [one for one in open_ones if one["waiting"]][:MOST_SHOWN]

    def _groups(self, project: str, period: Period) -> Iterator[tuple[str, str, Row, Row]]:
        found = queries.compared_groups(
            self._store,
            GROUPS,
            project=project,
            measures=NEEDS,
            start=period.before.start_ns,
            end=period.end_ns,
            parted_at=period.start_ns,
            gap=period.gap,
            limit=MOST_GROUPS,
        )
        links = Links(project, "")
        for key, of, measure in (("name", "traces named", "traces"), ("model", "calls of", "calls")):
            grouping, (now, before) = GROUPINGS[key], found[key]
            earlier = {grouping.values(row): row for row in before if row[key] is not None}
            for row in now:
                if (values := grouping.values(row)) in earlier:
                    href = links.to(MEASURES[measure], period.query, grouping=grouping, values=values)
                    yield f"{of} {grouping.name(values)}", href, row, earlier[values]

    def _scores(self, project: str, period: Period) -> Iterator[tuple[str, str, Row, Row]]:
        rows = queries.score_stats(
            self._store,
            project=project,
            start=period.before.start_ns,
            end=period.end_ns,
            gap=period.gap,
            parted_at=period.start_ns,
        )
        now = {row["name"]: row for row in rows if row["time"] == period.start_ns}
        before = {row["name"]: row for row in rows if row["time"] != period.start_ns}
        links = Links(project, "")
        for name, row in now.items():
            if name in before:
                yield name, links.to(MEASURES["traces"], period.query), row, before[name]


def get_overview(request: Request) -> Overview:
    return Overview(request.app.state.service, get_figures(request))
