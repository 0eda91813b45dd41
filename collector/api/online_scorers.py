"""Online scorers: scorers that run on a share of the live traces."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AwareDatetime, Field

from assay.collector.api.actor import ActorDep
from assay.collector.api.deps import DEFAULT, AnyProject, Project, ServiceDep, page
from assay.collector.online import declaring
from assay.collector.online.definition import Declared, ScorerName

router = APIRouter(prefix="/api/v1", tags=["online scorers"])


class NewOnlineScorer(Declared):
    name: ScorerName
    since: Annotated[
        AwareDatetime | None, Field(description="Stored traces from then on are scored too; only new ones when absent.")
    ] = None


@router.get("/online-scorers")
def list_online_scorers(service: ServiceDep, project: AnyProject = None) -> dict[str, Any]:
    """Online scorers with their figures: waiting, today, by day, the last errors."""
    return page([declaring.shown(service, scorer) for scorer in service.registry.online_scorers.all(project)])


@router.post("/online-scorers", status_code=201)
def create_online_scorer(
    body: NewOnlineScorer, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT
) -> dict[str, Any]:
    """Have a scorer judge live traces: a sampled share of those that match a filter, once they are complete."""
    declared = Declared.model_validate(body.model_dump(exclude={"name", "since"}))
    return declaring.declare(service, project, body.name, declared, since=body.since, actor=actor)


@router.get("/online-scorers/{name}")
def get_online_scorer(name: str, service: ServiceDep, project: Project = DEFAULT) -> dict[str, Any]:
    """One of them."""
    return declaring.shown(service, service.registry.online_scorers.get(project, name))


@router.put("/online-scorers/{name}")
def change_online_scorer(
    name: str, body: Declared, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT
) -> dict[str, Any]:
    """Declare it anew. Another definition is another version; traces that were scored are not scored again."""
    return declaring.change(service, project, name, body, actor=actor)


@router.post("/online-scorers/{name}/pause")
def pause_online_scorer(name: str, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT) -> dict[str, Any]:
    """Score nothing more until it is resumed."""
    return declaring.pause(service, project, name, actor=actor)


@router.post("/online-scorers/{name}/resume")
def resume_online_scorer(name: str, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT) -> dict[str, Any]:
    """Go on with what waits, and with the traces that become complete from now on."""
    return declaring.resume(service, project, name, actor=actor)


@router.delete("/online-scorers/{name}")
def remove_online_scorer(name: str, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT) -> dict[str, Any]:
    """Forget it and what waits for it. Its scores stay."""
    service.registry.online_scorers.remove(project, name, actor=actor)
    return {"removed": name}
