"""API keys: made, listed without their secrets, revoked."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from assay.collector.api.actor import ActorDep, require_every_project
from assay.collector.api.deps import Cursor, Limit, ServiceDep, page
from assay.collector.registry.keys import Scope

router = APIRouter(prefix="/api/v1", tags=["keys"], dependencies=[Depends(require_every_project)])


class NewKey(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(examples=["ingest of the support bot"])]
    scopes: Annotated[list[Scope], Field(min_length=1)]
    project: Annotated[str | None, Field(description="The one project it is good for; every project when absent.")] = (
        None
    )
    expires_at: AwareDatetime | None = None


@router.post("/keys", status_code=201)
def create_key(body: NewKey, service: ServiceDep, actor: ActorDep) -> dict[str, Any]:
    """Make a key. `key` in the answer is told this once: only its hash is stored."""
    return service.registry.keys.create(
        body.name, body.scopes, project=body.project, expires_at=body.expires_at, actor=actor
    )


@router.get("/keys")
def list_keys(
    service: ServiceDep,
    project: Annotated[str | None, Query(description="Keys of every project when absent.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Keys, without their secrets."""
    found = service.registry.keys.page(project, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)


@router.delete("/keys/{key_id}")
def revoke_key(key_id: str, service: ServiceDep, actor: ActorDep) -> dict[str, Any]:
    """End a key, at once and for good."""
    return service.registry.keys.revoke(key_id, actor=actor)
