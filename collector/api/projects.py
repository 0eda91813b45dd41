"""Projects: listed, and made ahead of their first trace."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict

from assay.collector.api.actor import ActorDep, require_every_project
from assay.collector.api.deps import Cursor, Limit, ServiceDep, page

router = APIRouter(prefix="/api/v1", tags=["projects"], dependencies=[Depends(require_every_project)])


class NewProject(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str


@router.get("/projects")
def list_projects(service: ServiceDep, limit: Limit = 100, cursor: Cursor = None) -> dict[str, Any]:
    """Projects in the order of their names, those that only spans name among them."""
    service.register_projects()
    found = service.registry.projects.page(limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)


@router.post("/projects", status_code=201)
def create_project(body: NewProject, service: ServiceDep, actor: ActorDep, response: Response) -> dict[str, Any]:
    """Make a project; 200 when it is there already. Anything that is filed under a new name makes it as well."""
    project, is_new = service.registry.projects.create(body.name, actor=actor)
    response.status_code = 201 if is_new else 200
    return project
