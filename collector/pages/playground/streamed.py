"""What a model answers, as a response that is sent while it is made: one JSON object in each line."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.to_thread
from fastapi.responses import StreamingResponse

from assay.collector.pages.playground.figures import figures_line
from assay.collector.pages.playground.workbench import Asking
from assay.collector.pages.security import PAGE_HEADERS
from assay.errors import AssayError

LINES = "application/x-ndjson"
AT_ONCE = anyio.CapacityLimiter(64)  # threads of their own: answers that take long must not keep pages waiting


def streamed(asked: Asking) -> StreamingResponse:
    """Hang up, and the model is given up."""
    return StreamingResponse(_lines(asked), media_type=LINES, headers={**PAGE_HEADERS, "X-Accel-Buffering": "no"})


async def _lines(asked: Asking) -> AsyncIterator[str]:
    try:
        is_over = False
        while not is_over:
            event, is_over = await anyio.to_thread.run_sync(_next, asked, limiter=AT_ONCE, abandon_on_cancel=True)
            if event is not None:
                yield json.dumps(event) + "\n"
    finally:
        asked.close()


def _next(asked: Asking) -> tuple[Any, bool]:
    """The next event, if there is one, and whether it was the last. A failure is an event too: the answer has begun."""
    try:
        event = next(asked, None)
    except AssayError as error:
        return {"problem": error.message, "hint": error.hint}, True
    if isinstance(event, dict) and "duration_ms" in event:
        return {**event, "shown": figures_line(event)}, True
    return event, event is None
