"""Routes: what a page hears of while it is open. `static/js/live.js` is the other end."""

from __future__ import annotations

import time
from asyncio import sleep
from collections.abc import AsyncIterator
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from assay.collector.news import News
from assay.collector.pages import time_range, urls
from assay.collector.pages.traces import filters
from assay.collector.pages.traces.list_source import Topic, TraceLists, get_trace_lists
from assay.collector.pages.web import PageRoute
from assay.errors import CollectorUnavailable

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MESSAGE_EVERY_S = 0.5  # at most: what comes sooner is told together
LOOK_EVERY_S = 0.25
HEARTBEAT_EVERY_S = 15.0

Asked = tuple[Topic, str, str | None]  # the topic, the project, the filter


@router.get("/p/{project}/events", response_class=StreamingResponse)
async def events(
    lists: Annotated[TraceLists, Depends(get_trace_lists)],
    project: str,
    topic: Topic = "traces",
    q: str = "",
    start: Annotated[str, Query(alias="from")] = "",
    end: Annotated[str, Query(alias="to")] = "",
    after: Annotated[int | None, Query(ge=0)] = None,
    poll: bool = False,
    last_event_id: Annotated[int | None, Header(ge=0)] = None,
) -> Response:
    """What is new and matches `q`: `{"ids", "missed"}`, ids of traces, or `<trace>/<span>`; again when a trace grows.

    `here` comes first, with the id to go on from, and every 15 seconds. `poll`: one answer of JSON instead of a stream.
    """
    condition = filters.all_of(filters.to_filter(q), time_range.parse(start, end).filter)
    lists.check(topic, condition)
    since = last_event_id if last_event_id is not None else after
    if since is None:
        since = await run_in_threadpool(lists.last_row)
    asked: Asked = (topic, urls.name_of(project), condition)
    if poll:
        found = await run_in_threadpool(lists.news, *asked, since)
        return JSONResponse({"id": found.last_row, "data": told(found)}, headers={"cache-control": "no-store"})
    place = lists.live.follower()
    place.__enter__()

    async def stream() -> AsyncIterator[bytes]:
        try:
            async for event in messages(lists, asked, since):
                yield event
        finally:
            place.__exit__(None, None, None)

    # Proxies are asked not to hold the stream back
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)


async def messages(lists: TraceLists, asked: Asked, after: int) -> AsyncIterator[bytes]:
    """The events of one page, for as long as the collector runs."""
    live, seen, quiet_since = lists.live, -1, time.monotonic()
    yield _event("here", after, {})
    while not live.stopped:
        commits, found = live.commits, None
        if commits != seen:
            try:
                found = await run_in_threadpool(lists.news, *asked, after)
            except CollectorUnavailable:  # busy; the rows do not run away
                await sleep(MESSAGE_EVERY_S)
                continue
            seen, after = commits, found.last_row
            if found.items or found.missed:
                yield _event("message", after, told(found))
                quiet_since = time.monotonic()
        if time.monotonic() - quiet_since >= HEARTBEAT_EVERY_S:
            yield _event("here", after, {})
            quiet_since = time.monotonic()
        await sleep(LOOK_EVERY_S if found is None else MESSAGE_EVERY_S)


def told(found: News) -> dict[str, Any]:
    """What a page is told: which, and how many spans were not looked at."""
    return {"ids": ["/".join(item.values()) for item in found.items], "missed": found.missed}


def _event(name: str, number: int, data: Any) -> bytes:
    return b"event: %s\nid: %d\ndata: %s\n\n" % (name.encode(), number, orjson.dumps(data))
