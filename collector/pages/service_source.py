"""The pages' data from the collector's own service: queries over the store, and the registry."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from assay.collector import ab_service, queries
from assay.collector.lineage import lineage
from assay.collector.pages.dashboards.period import DAY_NS
from assay.collector.pages.source import Row, Rows
from assay.collector.score_stats import score_stats
from assay.errors import DatasetNotFound, NotFound, TraceNotFound

if TYPE_CHECKING:
    from assay.collector.registry import Registry
    from assay.collector.service import Service

MOST_SPANS = 20_000  # spans of one trace that are read whole
MOST_IN_TREE = 200_000
LIST_PAGE = 100
LARGEST_PAGE = 1000
BY_VERSION = ("prompt_name", "prompt_version")
Found = TypeVar("Found")


class _Page(Protocol):
    @property
    def items(self) -> list[Row]: ...
    @property
    def next_cursor(self) -> str | None: ...


class ServiceSource:
    """See `Source`."""

    def __init__(self, service: Service, only_project: str | None = None) -> None:
        """`only_project`: there is no other, as for the holder of a key for one."""
        self._service = service
        self._store = service.store
        self._only_project = only_project

    @property
    def _registry(self) -> Registry:
        return self._service.registry  # whose first use takes long, so not where requests are taken in

    def projects(self) -> list[str]:
        if self._only_project is not None:
            return [self._only_project]
        registered = _every(lambda cursor: self._registry.projects.page(limit=LARGEST_PAGE, cursor=cursor))
        return sorted({project["name"] for project in registered} | set(queries.project_names(self._store)))

    def traces(self, project: str, *, filter: str | None, limit: int, cursor: str | None) -> Rows:
        return _rows(queries.list_traces(self._store, project=project, filter=filter, limit=limit, cursor=cursor))

    def trace(self, trace_id: str, project: str) -> Row:
        trace = _found(queries.get_trace(self._store, trace_id, project=project), trace_id, project)
        cursor = trace["next_cursor"]
        while cursor and len(trace["spans"]) < MOST_SPANS:
            more = queries.get_trace(self._store, trace_id, project=trace["project"], cursor=cursor) or {}
            trace["spans"] += more.get("spans", [])
            cursor = more.get("next_cursor")
        return trace

    def outline(self, trace_id: str, project: str) -> Row:
        found = queries.get_outline(self._store, trace_id, project=project, most=MOST_IN_TREE)
        return _found(found, trace_id, project)

    def project_of(self, trace_id: str) -> str:
        found = queries.project_of_trace(self._store, trace_id, project=self._only_project)
        return _found(found, trace_id, self._only_project)

    def span(self, project: str, trace_id: str, span_id: str) -> Row:
        found = queries.get_span(self._store, trace_id, span_id, project=project)
        if found is None:
            raise NotFound(
                f"Trace {trace_id!r} has no span {span_id!r}.", hint="Open the trace again to see its spans."
            )
        return found

    def trace_scores(self, project: str, trace_id: str) -> list[Row]:
        return queries.list_scores(self._store, project=project, trace_id=trace_id, limit=LARGEST_PAGE).items

    def prompts(self, project: str, *, filter: str | None, cursor: str | None) -> Rows:
        return _rows(self._registry.prompts.page(project, filter=filter, limit=LIST_PAGE, cursor=cursor))

    def prompt_calls(self, project: str, *, days: int) -> dict[str, Row]:
        found = queries.stats(
            self._store,
            queries.StatsQuery(
                measures=("model_calls", "unpriced_calls", "cost_usd"),
                group_by=("prompt_name",),
                filter=f"prompt_name is not null and start_time > now() - interval {days} day",
                project=project,
                limit=LARGEST_PAGE,
            ),
        )
        return {row["prompt_name"]: _calls(row) for row in found}

    def prompt_scores(self, project: str, *, days: int) -> dict[tuple[str, int], list[Row]]:
        now = time.time_ns()
        rows = score_stats(self._store, project=project, start=now - days * DAY_NS, end=now, group_by=BY_VERSION)
        found: dict[tuple[str, int], list[Row]] = {}
        for row in sorted(rows, key=lambda row: (-row["n"], row["name"])):
            found.setdefault((row["prompt_name"], row["prompt_version"]), []).append(row)
        return found

    def prompt_versions(self, project: str, name: str) -> list[Row]:
        prompts = self._registry.prompts
        return _every(lambda cursor: prompts.versions(project, name, limit=LARGEST_PAGE, cursor=cursor))

    def lineage(self, project: str, name: str, version: int) -> Row:
        return lineage(self._store, self._registry, project, name, version)

    def aliases(self, project: str, name: str) -> list[Row]:
        return self._registry.aliases.states(project, name)

    def alias_moves(self, project: str, name: str) -> list[Row]:
        return self._registry.aliases.every_move(project, name)

    def alias_at(self, project: str, name: str, alias: str, time: datetime) -> Row:
        return self._registry.aliases.at(project, name, alias, time)

    def ab_tests(self, project: str, *, cursor: str | None) -> Rows:
        return _rows(self._registry.ab_tests.page(project, limit=LIST_PAGE, cursor=cursor))

    def ab_test(self, project: str, name: str) -> Row:
        return self._registry.ab_tests.get(project, name)

    def ab_report(self, project: str, name: str) -> Row:
        return ab_service.report(self._store, self._registry, project, name)

    def experiments(self, project: str, *, cursor: str | None) -> Rows:
        return _rows(self._registry.experiments.page(project, limit=LIST_PAGE, cursor=cursor))

    def experiment(self, project: str, experiment_id: str) -> Row:
        return self._registry.experiments.get(experiment_id, project)

    def experiment_rows(self, experiment_id: str) -> list[Row]:
        return queries.experiment_rows(self._store, experiment_id)

    def datasets(self, project: str, *, filter: str | None, cursor: str | None) -> Rows:
        return _rows(self._registry.datasets.page(project, filter=filter, limit=LIST_PAGE, cursor=cursor))

    def item_metadata(self, project: str, dataset: Row) -> dict[str, Row]:
        name, version = dataset.get("name"), dataset.get("version")
        if not name or version is None:
            return {}
        datasets = self._registry.datasets
        try:
            items = _every(lambda cursor: datasets.items(project, name, version, limit=LARGEST_PAGE, cursor=cursor))
        except DatasetNotFound:
            return {}
        return {item["id"]: item["metadata"] for item in items}

    def alignments(self, project: str, judge: str, prompt_hash: str | None) -> list[Row]:
        return self._registry.alignments.page(project, judge=judge, prompt_hash=prompt_hash, limit=LIST_PAGE).items


def _found(found: Found | None, trace_id: str, project: str | None) -> Found:
    if found is None:
        where = f" in project {project!r}" if project else ""
        raise TraceNotFound(
            f"There is no trace {trace_id!r}{where}.",
            hint="It may not have arrived yet: a program sends its spans every few seconds, and when it ends.",
        )
    return found


def _calls(row: Row) -> Row:
    priced = row["model_calls"] - row["unpriced_calls"]
    return {"calls": row["model_calls"], "cost_usd_per_call": row["cost_usd"] / priced if priced else None}


def _rows(page: _Page) -> Rows:
    return Rows(items=page.items, next_cursor=page.next_cursor)


def _every(read: Callable[[str | None], _Page]) -> list[Row]:
    """All pages of a list, one after the other."""
    page = read(None)
    items = list(page.items)
    while page.next_cursor:
        page = read(page.next_cursor)
        items += page.items
    return items
