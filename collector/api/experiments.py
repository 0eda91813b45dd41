"""Experiments: what was evaluated, with what, and what came of it; and comparisons of two of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from assay.collector.api.actor import ActorDep
from assay.collector.api.deps import DEFAULT, Cursor, Limit, Project, ServiceDep, page
from assay.collector.registry import DatasetReference
from assay.collector.registry.experiments import ExperimentStatus

router = APIRouter(prefix="/api/v1", tags=["experiments"])

AnyProject = Annotated[str | None, Query(description="Any project when absent.", min_length=1, max_length=200)]
SIXTY_FOUR_BITS = 2**63 - 1


class DatasetOf(BaseModel):
    """The data an experiment runs on; without name and version when it is not registered."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str | None, Field(max_length=200)] = None
    version: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None
    hash: Annotated[str | None, Field(max_length=200)] = None
    item_count: Annotated[int | None, Field(ge=0, le=2**31 - 1)] = None


class NewExperiment(BaseModel):
    """An experiment that begins. `config` holds everything that is needed to run it again."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str | None, Field(description="A UUID in 32 hex digits. Sent twice, it is one experiment.")] = None
    name: str
    dataset: DatasetOf = DatasetOf()
    scorers: list[dict[str, Any]] = []
    config: dict[str, Any] = {}
    baseline_id: str | None = None
    tags: dict[str, str] = {}
    repeats: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1
    seed: Annotated[int | None, Field(ge=-SIXTY_FOUR_BITS, le=SIXTY_FOUR_BITS)] = None


class ExperimentChange(BaseModel):
    """Fields to replace; what is absent stays. A status other than `running` ends the experiment."""

    model_config = ConfigDict(extra="forbid")

    status: ExperimentStatus | None = None
    summary: list[dict[str, Any]] | None = None
    config: dict[str, Any] | None = None
    tags: dict[str, str] | None = None
    baseline_id: str | None = None
    error: str | None = None
    finished_at: AwareDatetime | None = None


class NewComparison(BaseModel):
    """The experiment against a baseline: one row per scorer, and the verdict in words."""

    model_config = ConfigDict(extra="forbid")

    baseline_id: str
    rows: list[dict[str, Any]]
    verdict: str | None = None


@router.post("/experiments", status_code=201)
def create_experiment(
    body: NewExperiment, service: ServiceDep, actor: ActorDep, response: Response, project: Project = DEFAULT
) -> dict[str, Any]:
    """Begin an experiment. The same one sent again, by its id, is answered as it is, with 200."""
    experiment, is_new = service.registry.experiments.create(
        project,
        body.name,
        id=body.id,
        dataset=DatasetReference(**body.dataset.model_dump()),
        scorers=body.scorers,
        config=body.config,
        baseline_id=body.baseline_id,
        tags=body.tags,
        repeats=body.repeats,
        seed=body.seed,
        actor=actor,
    )
    response.status_code = 201 if is_new else 200
    return experiment


@router.get("/experiments")
def list_experiments(
    service: ServiceDep,
    project: Project = DEFAULT,
    name: Annotated[str | None, Query(max_length=200)] = None,
    status: Annotated[ExperimentStatus | None, Query()] = None,
    dataset: Annotated[str | None, Query(description="Name of a registered data set.", max_length=200)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Experiments, newest first."""
    found = service.registry.experiments.page(
        project, name=name, status=status, dataset=dataset, limit=limit, cursor=cursor
    )
    return page(found.items, found.next_cursor)


@router.get("/experiments/{experiment_id}")
def get_experiment(experiment_id: str, service: ServiceDep, project: AnyProject = None) -> dict[str, Any]:
    """One experiment, without its rows."""
    return service.registry.experiments.get(experiment_id, project)


@router.put("/experiments/{experiment_id}")
def update_experiment(
    experiment_id: str, body: ExperimentChange, service: ServiceDep, actor: ActorDep, project: AnyProject = None
) -> dict[str, Any]:
    """Replace some fields of an experiment: how it stands, what came of it."""
    return service.registry.experiments.update(
        experiment_id,
        project=project,
        status=body.status,
        summary=body.summary,
        config=body.config,
        tags=body.tags,
        baseline_id=body.baseline_id,
        error=body.error,
        finished_at=body.finished_at,
        actor=actor,
    )


@router.post("/experiments/{experiment_id}/comparisons", status_code=201)
def add_comparison(
    experiment_id: str,
    body: NewComparison,
    service: ServiceDep,
    actor: ActorDep,
    response: Response,
    project: AnyProject = None,
) -> dict[str, Any]:
    """Keep a comparison with a baseline. One equal to the last of the two is answered as it is, with 200."""
    comparison, is_new = service.registry.experiments.add_comparison(
        experiment_id, body.baseline_id, body.rows, verdict=body.verdict, project=project, actor=actor
    )
    response.status_code = 201 if is_new else 200
    return comparison


@router.get("/experiments/{experiment_id}/comparisons")
def list_comparisons(
    experiment_id: str,
    service: ServiceDep,
    project: AnyProject = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Comparisons of an experiment, newest first."""
    found = service.registry.experiments.comparisons(experiment_id, project=project, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)
