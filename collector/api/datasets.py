"""Data sets: versioned test data. Their names may hold slashes; see prompts.py for what that means to routes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from assay.collector.api.actor import ActorDep
from assay.collector.api.deps import DEFAULT, Cursor, Limit, Project, ServiceDep, page

router = APIRouter(prefix="/api/v1", tags=["datasets"])

MAX_ITEMS = 100_000


class Item(BaseModel):
    """One test case. Without an id it gets one that is derived from its content."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    input: Any
    expected: Any = None
    metadata: dict[str, Any] = {}


class NewDatasetVersion(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    items: Annotated[list[Item], Field(max_length=MAX_ITEMS)]
    description: Annotated[str | None, Field(max_length=10_000)] = None


@router.post("/datasets", status_code=201)
def register_dataset(
    body: NewDatasetVersion, service: ServiceDep, actor: ActorDep, response: Response, project: Project = DEFAULT
) -> dict[str, Any]:
    """Register a version. When a version with the same items exists, in any order, that one is answered, with 200."""
    items = [item.model_dump() for item in body.items]
    version, is_new = service.registry.datasets.register(
        project, body.name, items, description=body.description, actor=actor
    )
    response.status_code = 201 if is_new else 200
    return version


@router.get("/datasets")
def list_datasets(
    service: ServiceDep, project: Project = DEFAULT, limit: Limit = 100, cursor: Cursor = None
) -> dict[str, Any]:
    """Data sets in the order of their names."""
    found = service.registry.datasets.page(project, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)


@router.get("/datasets/{name:path}/versions")
def list_dataset_versions(
    name: str, service: ServiceDep, project: Project = DEFAULT, limit: Limit = 100, cursor: Cursor = None
) -> dict[str, Any]:
    """Versions of a data set, newest first."""
    found = service.registry.datasets.versions(project, name, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)


@router.get("/datasets/{name:path}/items")
def list_dataset_items(
    name: str,
    service: ServiceDep,
    project: Project = DEFAULT,
    version: Annotated[int | None, Query(description="The latest when absent.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Items of a version, in the order they were given."""
    found = service.registry.datasets.items(project, name, version, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)
