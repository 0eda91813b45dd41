"""What the playground has done: models asked and columns run over data, in the process that is made for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from fastapi import Request

from assay.collector import queries
from assay.collector.pages.playground.origins import model_of
from assay.collector.pages.playground.runs import DataRuns, Told
from assay.collector.stats import StatsQuery
from assay.evaluation.playground.tags import RUN_TAG

if TYPE_CHECKING:
    from assay.collector.service import Service

MODULE = "assay.evaluation.playground"
MOST_MODELS = 20


class Asking(Iterator[Any], Protocol):
    """See `collector/workers.py`."""

    def close(self) -> None: ...


class Workbench(Protocol):
    """Raises (all of it): CollectorUnavailable where the process cannot be had; later, whatever it answers."""

    @property
    def runs(self) -> DataRuns: ...

    def ask(self, project: str, params: Mapping[str, Any]) -> Asking:
        """One column once: what evaluation/playground/running.py tells."""
        ...

    def over_data(self, project: str, params: Mapping[str, Any]) -> Told:
        """Columns over a data set: what evaluation/playground/over_data.py tells."""
        ...

    def models(self, project: str) -> Sequence[str]:
        """Names of models to offer: those that the project called lately."""
        ...


class ServiceWorkbench:
    """See `Workbench`."""

    def __init__(self, service: Service, runs: DataRuns) -> None:
        self._service = service
        self.runs = runs

    def ask(self, project: str, params: Mapping[str, Any]) -> Asking:
        return self._stream(project, "run", params)

    def over_data(self, project: str, params: Mapping[str, Any]) -> Told:
        return self._stream(project, "over_data", params)

    def models(self, project: str) -> Sequence[str]:
        query = StatsQuery(
            group_by=("provider", "request_model"),
            filter="request_model is not null and start_time > now() - interval 30 day",
            project=project,
            limit=MOST_MODELS,
        )
        return list(dict.fromkeys(model_of(row) for row in queries.stats(self._service.store, query)))

    def _stream(self, project: str, method: str, params: Mapping[str, Any]) -> Asking:
        self._service.registry.projects.create(project)  # where it is there already, nothing happens
        return self._service.workers.get(MODULE, project).stream(method, params)


async def get_workbench(request: Request) -> Workbench:
    # A coroutine, so that two requests cannot make the runs twice.
    state = request.app.state
    if not hasattr(state, "playground_runs"):
        experiments = state.service.registry.experiments
        state.playground_runs = DataRuns(lambda project, run_id: experiments.tagged(project, RUN_TAG, run_id))
    return ServiceWorkbench(state.service, state.playground_runs)
