"""Data sets: versioned test data. Their names may hold slashes; see prompts.py for what that means to routes."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from assay.collector.api.actor import ActorDep
from assay.collector.api.deps import DEFAULT, Cursor, Limit, Project, ServiceDep, page

router = APIRouter(prefix="/api/v1", tags=["datasets"])

MAX_ITEMS = 100_000
SPLIT_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_.\-]*$")


class Item(BaseModel):
    """One test case. Without an id it gets one that is derived from its content."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    input: Any
    expected: Any = None
    metadata: dict[str, Any] = {}
    output: Any = None


class NewDatasetVersion(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    items: Annotated[list[Item], Field(max_length=MAX_ITEMS)]
    description: Annotated[str | None, Field(max_length=10_000)] = None
    message: Annotated[str | None, Field(description="What changed.", max_length=10_000)] = None
    item_schema: Annotated[
        dict[str, Any] | None, Field(alias="schema", description="JSON schemas of the items' fields, by field.")
    ] = None
    cluster: Annotated[str | None, Field(description="Field that items share that belong together.")] = None


class NewSplit(BaseModel):
    """The part of every item, and how it was found: shares by part, seed, and what the items are stratified by."""

    model_config = ConfigDict(extra="forbid")

    shares: dict[Annotated[str, Field(pattern=SPLIT_NAME.pattern, max_length=64)], Annotated[float, Field(gt=0, le=1)]]
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] = 0
    stratify: str | None = None
    cluster: str | None = None
    items: dict[str, str]

    @model_validator(mode="after")
    def _known(self) -> NewSplit:
        if unknown := set(self.items.values()) - set(self.shares):
            raise ValueError(f"{min(unknown)!r} is none of the shares")
        return self


@router.post("/datasets", status_code=201)
def register_dataset(
    body: NewDatasetVersion, service: ServiceDep, actor: ActorDep, response: Response, project: Project = DEFAULT
) -> dict[str, Any]:
    """Register a version. When a version with the same items exists, in any order, that one is answered, with 200."""
    items = [item.model_dump(exclude=set() if "output" in item.model_fields_set else {"output"}) for item in body.items]
    version, is_new = service.registry.datasets.register(
        project,
        body.name,
        items,
        description=body.description,
        message=body.message,
        schema=body.item_schema,
        cluster=body.cluster,
        actor=actor,
    )
    response.status_code = 201 if is_new else 200
    return version


@router.get("/datasets")
def list_datasets(
    service: ServiceDep,
    project: Project = DEFAULT,
    filter: Annotated[str | None, Query(description="A part of the name, in any case.", max_length=200)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Data sets in the order of their names."""
    found = service.registry.datasets.page(project, filter=filter, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)


@router.get("/datasets/{name:path}/versions")
def list_dataset_versions(
    name: str, service: ServiceDep, project: Project = DEFAULT, limit: Limit = 100, cursor: Cursor = None
) -> dict[str, Any]:
    """Versions of a data set, newest first."""
    found = service.registry.datasets.versions(project, name, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)


@router.get("/datasets/{name:path}/versions/{version}")
def get_dataset_version(name: str, version: int, service: ServiceDep, project: Project = DEFAULT) -> dict[str, Any]:
    """One version, without its items."""
    return service.registry.datasets.version(project, name, version)


@router.put("/datasets/{name:path}/versions/{version}/split")
def split_dataset_version(
    name: str,
    version: int,
    body: NewSplit,
    service: ServiceDep,
    actor: ActorDep,
    project: Project = DEFAULT,
    replace: Annotated[bool, Query(description="Also where the version has been split otherwise.")] = False,
) -> dict[str, Any]:
    """Say which part each item of a version belongs to."""
    spec = body.model_dump(exclude={"items"}, exclude_none=True)
    return service.registry.datasets.split(project, name, version, spec, body.items, replace=replace, actor=actor)


@router.get("/datasets/{name:path}/items")
def list_dataset_items(
    name: str,
    service: ServiceDep,
    project: Project = DEFAULT,
    version: Annotated[int | None, Query(description="The latest when absent.")] = None,
    split: Annotated[str | None, Query(description="One part of it; all when absent.", max_length=64)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Items of a version, in the order they were given."""
    found = service.registry.datasets.items(project, name, version, split=split, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)
