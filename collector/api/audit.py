"""The audit log: who changed what, and who was refused."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from assay.collector.api.deps import AnyProject, Cursor, Limit, ServiceDep, page

router = APIRouter(prefix="/api/v1", tags=["audit"])


@router.get("/audit")
def list_audit(
    service: ServiceDep,
    project: AnyProject = None,
    actor: Annotated[str | None, Query(description="Id of a key, or `local`.", max_length=200)] = None,
    action: Annotated[
        str | None, Query(description="As `key.create`, or its first word alone: `key`.", max_length=200)
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Entries, newest first. They are only ever added to."""
    found = service.registry.audit.page(project, actor=actor, action=action, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)
