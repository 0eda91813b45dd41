"""Pricing what is stored again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from assay.collector import repricing
from assay.collector.api.actor import ActorDep
from assay.collector.api.deps import AnyProject, ServiceDep
from assay.prices import forget_own_prices

router = APIRouter(prefix="/api/v1", tags=["operation"])


Since = Annotated[AwareDatetime | None, Query(description="Spans that started earlier keep their cost.")]


@router.post("/repricings")
def reprice(service: ServiceDep, actor: ActorDep, since: Since = None, project: AnyProject = None) -> dict[str, Any]:
    """Price model calls again, by the prices of the day they started: after own prices changed, or the price list was
    renewed. Costs that spans reported themselves stay. `changed` in the answer counts the spans with another cost.
    """
    if project is not None:
        service.check_project(project)
    forget_own_prices()  # the file may be another one than at the start
    since_ns = max(0, int(since.timestamp() * 1e9)) if since else 0
    with service.store.read() as db:
        days = repricing.days_with_calls(db, since_ns=since_ns, project=project)
    changed = repricing.reprice(service.writer.put_job, days, since_ns=since_ns, project=project)
    service.registry.audit.add(actor, "traces.reprice", "traces", project=project, changed=changed)
    return {"changed": changed}
