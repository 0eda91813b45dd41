"""`GET /api/v1/live`: server-sent events of what has just been committed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from assay.collector.api.deps import AnyProject, ServiceDep
from assay.collector.api.traces import Filter
from assay.collector.news import check_filter, last_row, news
from assay.collector.service import Service
from assay.errors import CollectorUnavailable

router = APIRouter(prefix="/api/v1", tags=["traces"])

LOOK_EVERY_S = 0.25
HEARTBEAT_EVERY_S = 15.0


@router.get("/live", response_class=StreamingResponse)
async def follow(
    request: Request,
    service: ServiceDep,
    project: AnyProject = None,
    filter: Filter = None,
    of: Annotated[Literal["traces", "spans"], Query(description="What comes, and what the filter is of.")] = "traces",
    last_event_id: Annotated[int | None, Header(ge=0, description="Where a connection that broke had come to.")] = None,
) -> StreamingResponse:
    """Events `trace` (a row as in the list, again when it grows) or `span`, as they are committed.

    An event `missed` says how many spans were passed over for a reader who was away too long or reads too slowly.
    Every 15 seconds without news there is a comment.
    """
    check_filter(of, filter)
    after = await run_in_threadpool(last_row, service.store) if last_event_id is None else last_event_id
    place = service.live.follower()
    place.__enter__()

    async def events() -> AsyncIterator[bytes]:
        try:
            async for event in _events(service, of, filter, project, after):
                yield event
        finally:
            place.__exit__(None, None, None)

    return StreamingResponse(events(), media_type="text/event-stream", headers={"cache-control": "no-store"})


async def _events(
    service: Service, of: str, filter: str | None, project: str | None, after: int
) -> AsyncIterator[bytes]:
    live = service.live
    name, seen, quiet_since = of.removesuffix("s"), -1, time.monotonic()
    yield b": following\n\n"
    while not live.stopped:
        commits = live.commits
        if commits != seen:
            try:
                found = await run_in_threadpool(news, service.store, of, filter, project, after)
            except CollectorUnavailable:  # busy; the rows do not run away
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            seen = commits
            if found.missed:
                yield _event("missed", found.last_row, {"spans": found.missed})
            for item in found.items:
                yield _event(name, found.last_row, item)
            if found.items or found.missed:
                quiet_since = time.monotonic()
            after = found.last_row
        if time.monotonic() - quiet_since >= HEARTBEAT_EVERY_S:
            yield b": still here\n\n"
            quiet_since = time.monotonic()
        await asyncio.sleep(LOOK_EVERY_S)


def _event(name: str, number: int, data: Any) -> bytes:
    return b"event: %s\nid: %d\ndata: %s\n\n" % (name.encode(), number, orjson.dumps(data))
