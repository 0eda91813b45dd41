"""OTLP over HTTP: `POST /v1/traces`, as plain ASGI beside the framework, since most bytes of the collector's life
pass here.

Source: opentelemetry-specification, protocol/otlp.md. A 200 means that every span which `partial_success` does not
count as rejected is committed and fsynced.
"""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from assay.collector.api.errors import status_of
from assay.collector.decode import encode_response
from assay.collector.service import Service
from assay.errors import AssayError, CollectorUnavailable

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

TRACES_PATH = "/v1/traces"
METRICS_PATH = "/v1/metrics"
OTLP_PATHS = (TRACES_PATH, METRICS_PATH)
PROTOBUF = "application/x-protobuf"
MAX_BODY_BYTES = 64 * 1024**2  # after decompression; the specification's recommended limit
MAX_EXPANSION = 100  # times the bytes read, once more than FREE_EXPANSION_BYTES have come out
FREE_EXPANSION_BYTES = 1024**2


class Refused(AssayError):
    """A request that gets a status other than 200, and whether the sender may try again."""

    def __init__(
        self, status: int, message: str, *, hint: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.headers = headers or {}


async def receive_traces(
    service: Service, scope: Scope, receive: Receive, send: Send, *, project: str | None = None
) -> None:
    """Answer one request to TRACES_PATH, whatever is wrong with it.

    Args:
        project: of the sender's key: its spans are filed there, whatever they say.
    """
    try:
        headers = _headers(scope)
        _refuse_what_is_no_export(service, scope, headers)
        body = await _read_body(receive, headers)
        future = service.ingest(body, headers.get("x-project-name") or None, only_project=project)
        accepted = await asyncio.wrap_future(future)
        await _answer(send, 200, encode_response(accepted.rejected))
    except AssayError as error:
        await answer_error(send, error)


async def drop_metrics(service: Service, scope: Scope, receive: Receive, send: Send) -> None:
    """Take metrics and keep none: nothing here is made of them, and many a service sends them along unasked.

    An error instead would fill that service's log, and an answer that asks to come again would make it come again.
    """
    try:
        headers = _headers(scope)
        _refuse_what_is_no_export(service, scope, headers)
        await _read_body(receive, headers)
        await _answer(send, 200, b"")
    except AssayError as error:
        await answer_error(send, error)


async def answer_error(send: Send, error: AssayError) -> None:
    """Answer as OTLP asks: a status that tells whether to try again, and a google.rpc.Status that says why."""
    if isinstance(error, Refused):
        status, headers = error.status, error.headers
    else:
        status, _ = status_of(error)
        headers = _retry_after() if status == 503 else {}
    await _answer(send, status, Status(message=str(error)).SerializeToString(), headers)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _refuse_what_is_no_export(service: Service, scope: Scope, headers: dict[str, str]) -> None:
    if scope["method"] != "POST":
        raise Refused(405, "OTLP is sent with POST.", headers={"allow": "POST"})
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != PROTOBUF:
        raise Refused(415, f"Content-Type {media_type or '(none)'} is not understood.", hint=f"Send {PROTOBUF}.")
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length) > MAX_BODY_BYTES:
        raise Refused(
            413, f"The body has {length} bytes; at most {MAX_BODY_BYTES} are taken.", hint="Send smaller batches."
        )
    if service.writer.full():
        raise CollectorUnavailable("The collector has more waiting than it may hold.", hint="Send it again later.")


async def _read_body(receive: Receive, headers: dict[str, str]) -> bytes:
    """The whole body, decompressed, never holding more than the limit."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("gzip", "identity", ""):
        raise Refused(415, f"Content-Encoding {encoding} is not understood.", hint="Send gzip or none.")
    inflate = _Gunzip() if encoding == "gzip" else None
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "The connection ended before the body did.")
        chunk = message.get("body", b"")
        chunk = inflate(chunk) if inflate else chunk
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise Refused(413, f"The body has more than {MAX_BODY_BYTES} bytes.", hint="Send smaller batches.")
        chunks.append(chunk)
        if not message.get("more_body", False):
            break
    if inflate:
        inflate.finish()
    return b"".join(chunks)


class _Gunzip:
    """Decompresses piece by piece, and stops at a body that grows beyond all measure."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self._read = self._written = 0

    def __call__(self, chunk: bytes) -> bytes:
        self._read += len(chunk)
        allowed = max(FREE_EXPANSION_BYTES, MAX_EXPANSION * self._read) - self._written
        try:
            out = self._stream.decompress(chunk, min(max(allowed, 0), MAX_BODY_BYTES) + 1)
        except zlib.error as error:
            raise Refused(400, f"The body is not gzip: {error}.") from error
        self._written += len(out)
        if len(out) > allowed or self._stream.unconsumed_tail:
            raise Refused(
                413, f"The body expands to more than {MAX_EXPANSION} times its size or {MAX_BODY_BYTES} bytes."
            )
        return out

    def finish(self) -> None:
        if not self._stream.eof:
            raise Refused(400, "The gzip body is truncated.")


def _retry_after() -> dict[str, str]:
    # Short, because SDKs drop a batch when the wait exceeds what is left of their ten seconds; random, so that
    # senders spread.
    return {"retry-after": str(random.randint(1, 3))}


async def _answer(send: Send, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
    pairs = {"content-type": PROTOBUF, "content-length": str(len(body)), **(headers or {})}
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.encode(), value.encode()) for name, value in pairs.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
