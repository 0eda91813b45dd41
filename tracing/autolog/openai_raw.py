"""`with_raw_response`, `with_streaming_response`: the application has the HTTP answer, and reads it as it likes.

A body that has been read already is recorded at once. One that has not is followed while it is read, by whatever means:
`parse()`, `json()`, `iter_lines()`. Where the SDK makes a stream of it, the stream is watched instead.
"""

from __future__ import annotations

import json
import os
import re
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from assay.tracing.autolog.model_call import ModelCall
from assay.tracing.autolog.open_calls import closed, opened
from assay.tracing.autolog.openai_bytes import follow, follower_of
from assay.tracing.autolog.openai_endpoints import Endpoint
from assay.tracing.autolog.openai_stream import watch
from assay.tracing.autolog.values import get
from assay.tracing.tell import harmless

MAX_BODY_BYTES = 32 * 1024 * 1024  # of an answer that the application reads itself; past it nothing of it is recorded
VECTOR = re.compile(rb'"embedding"\s*:\s*\[[^\]]*\]')  # read by nobody here, and most of the body


def record_raw(response: Any, call: ModelCall, endpoint: Endpoint, finish: Callable[[Any], None]) -> None:
    """Record an HTTP answer, now or when it has been read.

    Args:
        finish: records an answer's JSON and ends the call.
    """
    body = getattr(response, "_content", None)
    if isinstance(body, bytes):
        finish(body_json(body))
    elif not follow(response, RawBody(response, call, endpoint, finish)):
        call.finish()


@harmless("watching a stream")
def adopt(stream: Any) -> None:
    """Watch a stream that the SDK just made of a raw answer, in place of the answer's body."""
    raw = follower_of(stream.response)
    if isinstance(raw, RawBody) and raw.endpoint.stream is not None and raw.let_go():
        watch(stream, raw.call, raw.endpoint.stream(content=raw.call.content), raw.endpoint.early_events)


def body_json(body: bytes) -> Any:
    """What a body says; None of one that is no JSON. The numbers of embeddings are left out before they are parsed."""
    try:
        return json.loads(VECTOR.sub(b'"embedding": null', body))
    except ValueError:
        return None


class RawBody:
    """Gathers what the application reads, and records it when that is over. A `Follower`."""

    def __init__(self, response: Any, call: ModelCall, endpoint: Endpoint, finish: Callable[[Any], None]) -> None:
        self.call = call
        self.endpoint = endpoint
        self._finish = finish
        self._encoding = str(response.headers.get("content-encoding") or "identity").lower()
        self._events = "text/event-stream" in str(response.headers.get("content-type") or "")
        self._body = bytearray()
        self._read_at: int | None = None
        self._over = False
        self._pid = os.getpid()
        opened(self)

    def let_go(self) -> bool:
        """Leave the call to somebody else. False when it is over."""
        was_over, self._over = self._over, True
        closed(self)
        return not was_over

    def data(self, data: bytes) -> None:
        self.call.first_chunk()
        self._read_at = time.time_ns()
        if len(self._body) <= MAX_BODY_BYTES:
            self._body += data

    def ended(self, error: BaseException | None = None) -> None:
        if not self.let_go():
            return
        body = self._decoded() if len(self._body) <= MAX_BODY_BYTES else b""
        if self._events and self.endpoint.stream is not None:
            reader = self.endpoint.stream(content=self.call.content)
            for event in events(body):
                reader.add(event)
            self.call.finish(reader.attributes(), error or reader.error)
        elif error is not None:
            self.call.finish(error=error)
        else:
            self._finish(body_json(body))

    def closed(self) -> None:
        self.ended()

    @harmless("ending an answer that nobody reads")
    def dropped(self) -> None:
        if os.getpid() == self._pid and self.let_go():
            self.call.finish(end_time=self._read_at)

    def __del__(self) -> None:
        self.dropped()

    def _decoded(self) -> bytes:
        if self._encoding == "identity":
            return bytes(self._body)
        if self._encoding not in ("gzip", "deflate"):
            return b""
        try:
            return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(bytes(self._body), MAX_BODY_BYTES)
        except zlib.error:
            return b""


def events(body: bytes) -> Iterator[Any]:
    """The JSON of each event of a stream, as far as it came. An error of the server's is an event of type `error`."""
    for block in re.split(r"\r?\n\r?\n", body.decode("utf-8", "replace")):
        lines = [line[len("data:") :].strip() for line in block.splitlines() if line.startswith("data:")]
        try:
            event = json.loads("\n".join(lines))
        except ValueError:  # `[DONE]`, a comment, or half an event
            continue
        if isinstance(error := get(event, "error"), dict):
            yield {"type": "error", "code": get(error, "code"), "message": get(error, "message")}
        else:
            yield event
