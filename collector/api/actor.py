"""Who asks: what the audit log says of a request."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from assay.collector.registry import Actor


def actor(request: Request) -> Actor:
    """The caller of this request. No key is asked for yet, so all that is known is the address."""
    return Actor(address=request.client.host if request.client else None)


ActorDep = Annotated[Actor, Depends(actor)]
