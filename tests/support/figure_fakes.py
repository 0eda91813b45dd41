"""Dashboards and the overview of a project that has no spans yet: for pages that are tested over made-up data."""

from __future__ import annotations

from typing import Any

from assay.collector.pages.dashboards.figures_source import OverTime
from assay.collector.pages.overview.changes import Changes
from assay.collector.pages.source import Row, Source
from assay.errors import NotFound


class NoFigures:
    """See `Figures`: nothing was ever sent, and nobody put a dashboard together."""

    def known(self, project: str) -> None:
        return None

    def counts(self, project: str, period: Any) -> dict[int, int]:
        return {}

    def rows(self, project: str, period: Any, needs: Any, **asked: Any) -> list[Row]:
        return []

    def over_time(self, project: str, period: Any, needs: Any, **asked: Any) -> OverTime:
        return OverTime()

    def bands(self, project: str, period: Any, trace_filter: Any) -> list[Row]:
        return []

    def scores(self, project: str, period: Any, **asked: Any) -> tuple[list[Row], list[Row]]:
        return [], []

    def changes(self, project: str, period: Any) -> list[Row]:
        return []

    def saved(self, project: str) -> list[Row]:
        return []

    def dashboard(self, project: str, name: str) -> Row:
        raise NotFound(f"Project {project!r} has no dashboard {name!r}.")


class NoOverview:
    """See `Overview`: no figures, and the experiments and A/B tests of a source."""

    def __init__(self, source: Source) -> None:
        self.figures = NoFigures()
        self._source = source

    def changes(self, project: str, period: Any) -> Changes:
        return Changes([], 0, 0)

    def errors(self, project: str, period: Any) -> list[Row]:
        return []

    def experiments(self, project: str) -> list[Row]:
        return self._source.experiments(project, cursor=None).items[:5]

    def ab_tests(self, project: str) -> list[Row]:
        return [one for one in self._source.ab_tests(project, cursor=None).items if one["status"] == "running"]

    def queues(self, project: str) -> list[Row]:
        return [{"name": "tone", "waiting": 3}]
