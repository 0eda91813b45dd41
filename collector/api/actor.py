"""Who asks: the key of a request, what it may touch, and what the audit log says of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from assay.collector.registry import Actor, Key
from assay.errors import Forbidden


def caller_key(request: Request) -> Key | None:
    """The key that this request was let in with; None where no key is needed."""
    found: Key | None = getattr(request.state, "key", None)
    return found


CallerKey = Annotated[Key | None, Depends(caller_key)]


def actor(request: Request, key: CallerKey) -> Actor:
    """The caller, as the audit log names them."""
    address = request.client.host if request.client else None
    if key is None:
        return Actor(address=address, is_admin=True)
    return Actor(key.id, address, is_admin="admin" in key.scopes)


ActorDep = Annotated[Actor, Depends(actor)]


def require_every_project(key: CallerKey) -> None:
    """Keep out keys for one project, from what reaches beyond it: else such a key could make itself a better one.

    Raises:
        Forbidden: the key is for one project.
    """
    if key is not None and key.project is not None:
        raise Forbidden(
            f"The key {key.name!r} is for the project {key.project!r} only.", hint="Use a key for every project."
        )
