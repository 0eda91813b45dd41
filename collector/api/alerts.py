"""Alerts: figures that are watched, and who is told."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from assay.collector.alerts import declaring
from assay.collector.alerts.action import Action
from assay.collector.alerts.rule import Rule
from assay.collector.api.actor import ActorDep, CallerKey
from assay.collector.api.deps import DEFAULT, AnyProject, Cursor, Limit, Project, ServiceDep, page
from assay.collector.registry import Key

router = APIRouter(prefix="/api/v1", tags=["alerts"])


class AlertBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rule: Rule
    action: Annotated[Action | None, Field(description="null: it is only shown. Left out of a change: as it was.")] = (
        None
    )


class NewAlert(AlertBody):
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^/\x00-\x1f\x7f]+$")]


@router.get("/alerts")
def list_alerts(service: ServiceDep, project: AnyProject = None) -> dict[str, Any]:
    """Alerts with what was measured last. Of a webhook's address only the host is told."""
    return page([declaring.shown(service, alert) for alert in service.registry.alerts.all(project)])


@router.post("/alerts", status_code=201)
def create_alert(
    body: NewAlert, service: ServiceDep, actor: ActorDep, key: CallerKey, project: Project = DEFAULT
) -> dict[str, Any]:
    """Watch a figure."""
    return declaring.declare(
        service, project, body.name, body.rule, body.action, actor=actor, only_project=_only_project(key)
    )


@router.get("/alerts/{name}")
def get_alert(name: str, service: ServiceDep, project: Project = DEFAULT) -> dict[str, Any]:
    """One of them."""
    return declaring.shown(service, service.registry.alerts.get(project, name))


@router.put("/alerts/{name}")
def change_alert(
    name: str, body: AlertBody, service: ServiceDep, actor: ActorDep, key: CallerKey, project: Project = DEFAULT
) -> dict[str, Any]:
    """Watch another figure, or tell somebody else."""
    return declaring.change(
        service,
        project,
        name,
        body.rule,
        body.action,
        keep_action="action" not in body.model_fields_set,
        actor=actor,
        only_project=_only_project(key),
    )


@router.post("/alerts/{name}/on")
def switch_alert_on(name: str, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT) -> dict[str, Any]:
    """Watch its figure again."""
    return declaring.switch(service, project, name, on=True, actor=actor)


@router.post("/alerts/{name}/off")
def switch_alert_off(name: str, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT) -> dict[str, Any]:
    """Keep it, and watch nothing."""
    return declaring.switch(service, project, name, on=False, actor=actor)


@router.post("/alerts/{name}/test")
def try_alert(name: str, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT) -> dict[str, Any]:
    """Carry out its action once, as a test; the history tells what came of it."""
    return declaring.try_out(service, project, name, actor=actor)


@router.get("/alerts/{name}/events")
def list_alert_events(
    name: str, service: ServiceDep, project: Project = DEFAULT, limit: Limit = 100, cursor: Cursor = None
) -> dict[str, Any]:
    """When it fired and was resolved, newest first, and what became of telling that."""
    found = service.registry.alerts.events(project, name, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)


@router.delete("/alerts/{name}")
def remove_alert(name: str, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT) -> dict[str, Any]:
    """Forget it and its history."""
    service.registry.alerts.remove(project, name, actor=actor)
    return {"removed": name}


def _only_project(key: Key | None) -> bool:
    return key is not None and key.project is not None
