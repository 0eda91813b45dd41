"""OTLP over HTTP, as plain ASGI beside the framework, since most bytes of the collector's life pass here.

A 200 means that everything which `partial_success` does not count as rejected is committed and fsynced. Every error is
a google.rpc.Status in the encoding of the request, and none is a redirect: exporters take any status below 400 for
success.

Source: opentelemetry-specification, protocol/otlp.md.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from assay.collector.api.errors import TooLarge, status_of
from assay.collector.inflate import Inflater
from assay.collector.intake import Held
from assay.collector.otlp import CONTENT_TYPES, SIGNALS, Encoding, Signal, encode_error, encode_success, retry_after_s
from assay.collector.service import Service
from assay.errors import AssayError, CollectorUnavailable, InvalidRequest

logger = logging.getLogger("assay.collector")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LANGFUSE_PREFIX = "/api/public/otel"  # where the SDK of Langfuse sends to
OTLP_PATHS: Mapping[str, Signal] = {
    f"{prefix}/v1/{signal.name}": signal for prefix in ("", LANGFUSE_PREFIX) for signal in SIGNALS
}
OTLP_PREFIXES = ("/v1/", "/v1development/", f"{LANGFUSE_PREFIX}/")  # whoever asks below them speaks OTLP

MAX_BODY_BYTES = 64 * 1024**2  # after decompression; the specification's recommended limit
SILENT_FOR_S = 30.0  # how long a sender may pause within a body
ENCODINGS: Mapping[str, Encoding] = {media_type: encoding for encoding, media_type in CONTENT_TYPES.items()}
NO_HEADERS: Mapping[str, str] = {}
PREFLIGHT_HEADERS = {
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "content-type,content-encoding,authorization,x-project-name",
    "access-control-max-age": "7200",
}


class Refused(AssayError):
    """A request that is answered with a status of its own."""

    def __init__(self, status: int, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class OtlpReceiver:
    """Answers requests to OTLP_PATHS, whatever is wrong with them."""

    def __init__(
        self, service: Service, *, max_body_bytes: int = MAX_BODY_BYTES, cors_origins: Collection[str] = ()
    ) -> None:
        """
        Args:
            cors_origins: of web pages that may send from a browser, as browsers write them: `https://example.org`.
        """
        self._service = service
        self._max_body_bytes = max_body_bytes
        self._cors_origins = frozenset(cors_origins)

    def takes(self, scope: Scope) -> bool:
        """Whether a request is for OTLP, be it a good one or not."""
        request = _Request.of(scope)
        return request.path.startswith(OTLP_PREFIXES) or (request.method == "POST" and request.encoding == "protobuf")

    def allows_origin(self, scope: Scope) -> bool:
        """Whether a browser sends this to us for a web page that may."""
        return bool(self._cors_origins) and self.takes(scope) and self._is_allowed(_Request.of(scope))

    async def preflight(self, scope: Scope, send: Send) -> bool:
        """Answer a browser that asks whether a page may send; whether that is what this was."""
        request = _Request.of(scope)
        if request.method != "OPTIONS" or request.path not in OTLP_PATHS or not self._is_allowed(request):
            return False
        await self._answer(request, send, 204, b"", PREFLIGHT_HEADERS)
        return True

    async def receive(self, scope: Scope, receive: Receive, send: Send, *, project: str | None = None) -> int:
        """Answer one request; how many bytes it carried.

        Args:
            project: of the sender's key: what it sends is filed there, whatever it says.
        """
        request = _Request.of(scope)
        with self._service.intake.hold() as held:
            try:
                answer = await self._export(request, receive, held, project)
            except AssayError as error:
                await self._refuse(request, send, error)
            except Exception:
                logger.exception("%s %s failed", request.method, request.path)
                # Only 429 and 503 are sent again: a 500 would lose the batch for a fault that may pass.
                await self._refuse(
                    request, send, CollectorUnavailable("The collector failed.", hint="Its log says why.")
                )
            else:
                await self._answer(request, send, 200, answer)
            return held.n_bytes

    async def refuse(self, scope: Scope, send: Send, error: AssayError) -> None:
        """Answer as OTLP asks: a status that tells whether to try again, and a google.rpc.Status that says why."""
        await self._refuse(_Request.of(scope), send, error)

    async def _refuse(self, request: _Request, send: Send, error: AssayError) -> None:
        status = _status(error)
        retry_s = retry_after_s(error) if status in (429, 503) else None
        headers = {405: {"allow": "POST"}, 401: {"www-authenticate": "Bearer"}}.get(status, {})
        if retry_s:
            headers = {"retry-after": str(retry_s)}
        body = encode_error(status, str(error), request.encoding or "protobuf", retry_s=retry_s)
        await self._answer(request, send, status, body, headers)

    async def _export(self, request: _Request, receive: Receive, held: Held, project: str | None) -> bytes:
        signal = OTLP_PATHS.get(request.path)
        if signal is None:
            raise Refused(404, f"{request.path} is no path of OTLP here.", hint=f"There are {', '.join(OTLP_PATHS)}.")
        if request.method != "POST":
            raise Refused(405, "OTLP is sent with POST.")
        if request.encoding is None:
            raise Refused(
                415,
                f"Content-Type {request.headers.get('content-type', '(none)')!r} is not understood.",
                hint=f"Send {' or '.join(CONTENT_TYPES.values())}.",
            )
        self._refuse_too_long(request.headers.get("content-length", ""))
        if self._service.full():
            raise CollectorUnavailable("The collector has more waiting than it may hold.", hint="Send it again later.")
        body = await self._read_body(receive, request.headers.get("content-encoding", ""), held)
        held.complete()
        stored = self._service.ingest(
            body,
            request.headers.get("x-project-name") or None,
            only_project=project,
            decode=signal.decoders[request.encoding],
        )
        accepted = await asyncio.wrap_future(stored)
        self._service.intake.tell_rejected(signal.records, accepted.rejected)
        return encode_success(signal, accepted.rejected, request.encoding)

    def _refuse_too_long(self, content_length: str) -> None:
        if content_length.isdecimal() and int(content_length) > self._max_body_bytes:
            raise TooLarge(
                f"The body has {content_length} bytes; at most {self._max_body_bytes} are taken.",
                hint="Send smaller batches.",
            )

    async def _read_body(self, receive: Receive, content_encoding: str, held: Held) -> bytes:
        """The whole body, decompressed, never holding more than the limit."""
        encoding = content_encoding.strip().lower() or "identity"
        inflate = None if encoding == "identity" else Inflater(encoding, self._max_body_bytes)
        pieces: list[bytes] = []
        more = True
        while more:
            message = await _next_message(receive)
            piece = message.get("body", b"")
            piece = inflate(piece) if inflate else piece
            if held.n_bytes + len(piece) > self._max_body_bytes:
                raise TooLarge(f"The body has more than {self._max_body_bytes} bytes.", hint="Send smaller batches.")
            held.add(len(piece))
            pieces.append(piece)
            more = message.get("more_body", False)
        if inflate:
            inflate.finish()
        return b"".join(pieces)

    def _is_allowed(self, request: _Request) -> bool:
        return request.headers.get("origin") in self._cors_origins

    async def _answer(
        self, request: _Request, send: Send, status: int, body: bytes, headers: Mapping[str, str] = NO_HEADERS
    ) -> None:
        pairs = dict(headers)
        if status != 204:
            pairs |= {
                "content-type": CONTENT_TYPES[request.encoding or "protobuf"],
                "content-length": str(len(body)),
            }
        if self._is_allowed(request):
            pairs |= {"access-control-allow-origin": request.headers["origin"], "vary": "origin"}
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs.items()],
            }
        )
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})


@dataclass(frozen=True, slots=True)
class _Request:
    """What is told of a request before its body."""

    method: str
    path: str
    headers: Mapping[str, str]
    encoding: Encoding | None  # None: a Content-Type that is not understood

    @classmethod
    def of(cls, scope: Scope) -> _Request:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        return cls(scope["method"], scope["path"], headers, ENCODINGS.get(media_type))


async def _next_message(receive: Receive) -> MutableMapping[str, Any]:
    try:
        async with asyncio.timeout(SILENT_FOR_S):
            message = await receive()
    except TimeoutError as error:
        raise Refused(408, f"Nothing came for {SILENT_FOR_S:.0f} s.", hint="Send the whole body.") from error
    if message["type"] == "http.disconnect":
        raise InvalidRequest("The connection ended before the body did.")
    return message


def _status(error: AssayError) -> int:
    if isinstance(error, Refused):
        return error.status
    status, _ = status_of(error)
    return 503 if status == 500 else status
