"""What every route needs: the service behind it, the project it speaks of, and the list it answers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request

from assay.collector.api.parameters import Cursor, sealed_cursor
from assay.collector.service import Service
from assay.settings import DEFAULT_PROJECT


def service(request: Request) -> Service:
    """The service that this app serves."""
    found: Service = request.app.state.service
    return found


ServiceDep = Annotated[Service, Depends(service)]
Project = Annotated[str, Query(description="Project to look in.", min_length=1, max_length=200)]
AnyProject = Annotated[str | None, Query(description="Project to look in; every one when absent.", max_length=200)]
Limit = Annotated[int, Query(description="How many items at most.", ge=1, le=1000)]

DEFAULT = DEFAULT_PROJECT


__all__ = ["DEFAULT", "AnyProject", "Cursor", "Limit", "Project", "ServiceDep", "page", "service"]


def page(items: list[Any], next_cursor: str | None = None) -> dict[str, Any]:
    """A list as every route answers it."""
    return {"items": items, "next_cursor": sealed_cursor(next_cursor)}
