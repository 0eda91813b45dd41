"""`with_raw_response`, `with_streaming_response`: the application has the HTTP answer and parses it when it likes."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from typing import Any

from assay.tracing.autolog.model_call import ModelCall
from assay.tracing.autolog.openai_stream import on_close


def watch_raw(raw: Any, call: ModelCall, record: Callable[[Any], None]) -> None:
    """Record the body if it has been read already, else what `parse()` makes of it, else only that it was closed.

    Args:
        record: records a parsed answer, which may be a stream, and ends the call.
    """
    body = _body_read(raw.http_response)
    if body is not None:
        record(body)
        return
    parse, parsing = raw.parse, False

    def closed() -> None:
        if not parsing:  # `parse` closes the response as well, when it has read it
            call.finish()

    def begin() -> None:
        nonlocal parsing
        parsing = True

    if inspect.iscoroutinefunction(parse):

        @functools.wraps(parse)
        async def parse_and_record(*args: Any, **kwargs: Any) -> Any:
            begin()
            try:
                answer = await parse(*args, **kwargs)
            except BaseException as error:
                call.finish(error=error)
                raise
            record(answer)
            return answer

    else:

        @functools.wraps(parse)
        def parse_and_record(*args: Any, **kwargs: Any) -> Any:
            begin()
            try:
                answer = parse(*args, **kwargs)
            except BaseException as error:
                call.finish(error=error)
                raise
            record(answer)
            return answer

    raw.parse = parse_and_record
    on_close(raw.http_response, closed)


def _body_read(response: Any) -> Any:
    """The JSON of a response that is in memory already; None when it is not, or is no JSON (a stream of events)."""
    content = getattr(response, "_content", None)
    if not isinstance(content, bytes) or not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return None
