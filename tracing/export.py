"""Spans out of the process: OTLP/HTTP in protobuf, sent to the collector that the settings lead to."""

from __future__ import annotations

import email.utils
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from assay.fork_guard import no_fork
from assay.tracing.tell import Teller, logger

if TYPE_CHECKING:
    import httpx
    from opentelemetry.sdk.trace import ReadableSpan

    from assay.destination import Destination
    from assay.settings import Settings

RETRY_STATUSES = frozenset({429, 502, 503, 504})
GIVE_UP_AFTER_S = 30.0
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
NO_COLLECTOR_FOR_S = 30.0  # how long "there is none to be had" is believed before it is tried again


class Undeliverable(Exception):
    """This batch will not arrive; the message says why, and what to do."""


class SpanSender:
    """Encodes batches and posts them, with retries within a bound. Lives on the export thread, where it may block.

    `closing` set means that the program is ending: every batch gets one try and no pauses.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        teller: Teller,
        find: Callable[[], Destination] | None = None,
        transport: httpx.BaseTransport | None = None,
        give_up_after_s: float = GIVE_UP_AFTER_S,
    ) -> None:
        self.closing = threading.Event()
        self._settings = settings
        self._teller = teller
        self._find = find or self._find_destination
        self._transport = transport
        self._give_up_after_s = give_up_after_s
        self._http: httpx.Client | None = None
        self._destination: Destination | None = None
        self._hopeless: tuple[float, str] | None = None  # when and why no collector could be had
        self._pid = os.getpid()
        self._loaded = False

    def __call__(self, spans: list[ReadableSpan]) -> None:
        if self._pid != os.getpid():  # forked: the connections and the embedded collector are the parent's
            self._pid, self._http, self._destination = os.getpid(), None, None
        self._load()
        bodies, broken = _encode(spans)
        if broken:
            self._teller.drop(broken, "an attribute cannot be encoded as protobuf.")
        for body, count in bodies:
            self._deliver(body, count)

    def _load(self) -> None:
        """Import what sending takes: here, on the export thread, and not while the program forks."""
        if not self._loaded:
            with no_fork():
                import httpx  # noqa: F401
                from google.protobuf.message import DecodeError  # noqa: F401
                from opentelemetry.exporter.otlp.proto.common import trace_encoder  # noqa: F401

                import assay.destination  # noqa: F401
            self._loaded = True

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def _deliver(self, body: bytes, count: int) -> None:
        try:
            self._post_until_taken(body)
        except Undeliverable as reason:
            self._teller.drop(count, str(reason))

    def _post_until_taken(self, body: bytes) -> None:
        started, pause = time.monotonic(), FIRST_PAUSE_S
        while True:
            response, reason = self._post(body)
            if response is not None:
                if response.is_success:
                    self._note_partial_success(response)
                    return
                reason = _refusal(response)
                if response.status_code not in RETRY_STATUSES:
                    raise Undeliverable(reason)
            asked = _retry_after_s(response)
            wait = asked if asked is not None else pause * random.uniform(0.5, 1.0)
            if self.closing.is_set() or time.monotonic() - started + wait > self._give_up_after_s:
                raise Undeliverable(reason)
            self.closing.wait(wait)  # woken when the program ends; then there is one last try
            pause = min(pause * 2, LONGEST_PAUSE_S)

    def _post(self, body: bytes) -> tuple[httpx.Response | None, str]:
        """One try: the answer, or None and the reason why there is none."""
        import httpx

        from assay.destination import http_client

        destination = self._current_destination()
        if self._http is None:
            timeout_s = self._settings.timeout_s
            self._http = http_client(destination.url, timeout_s=timeout_s, transport=self._transport)
        headers = {
            "content-type": "application/x-protobuf",
            "x-project-name": self._settings.project,
            **destination.headers,
        }
        try:
            return self._http.post(destination.traces_url, content=body, headers=headers), ""
        except httpx.TransportError as error:
            # The collector may have moved: an embedded one ends with its process, a server restarts on another port.
            self.close()
            self._destination = None
            why = f"{type(error).__name__}: {error}"
            return None, f"the collector at {destination.url} does not answer ({why}). Is it running? Try: assay serve"

    def _current_destination(self) -> Destination:
        from assay.errors import AssayError

        if self._destination is not None:
            return self._destination
        if self._hopeless is not None and time.monotonic() - self._hopeless[0] < NO_COLLECTOR_FOR_S:
            raise Undeliverable(self._hopeless[1])
        try:
            self._destination = self._find()
        except (AssayError, OSError, RuntimeError) as error:
            reason = str(error)
            self._hopeless = (time.monotonic(), reason)
            raise Undeliverable(reason) from error
        self._hopeless = None
        return self._destination

    def _find_destination(self) -> Destination:
        from assay.destination import find_destination

        with no_fork():
            return find_destination(self._settings)

    def _note_partial_success(self, response: httpx.Response) -> None:
        if not response.content:
            return
        from google.protobuf.message import DecodeError
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

        try:
            partial = ExportTraceServiceResponse.FromString(response.content).partial_success
        except DecodeError:
            return  # the spans were accepted; what else the answer says is not needed
        if partial.rejected_spans:
            self._teller.drop(partial.rejected_spans, f"the collector refused them: {partial.error_message}")
        elif partial.error_message:
            logger.info("The collector says: %s", partial.error_message)


def _encode(spans: Sequence[ReadableSpan]) -> tuple[list[tuple[bytes, int]], int]:
    """Request bodies with their span counts, and how many spans cannot be encoded.

    One bad attribute fails the whole batch in the encoder, so a failed batch is encoded span by span.
    """
    try:
        return [(_encode_batch(spans), len(spans))], 0
    except Exception:
        if len(spans) == 1:
            return [], 1
    parts = [_encode([span]) for span in spans]
    return [body for bodies, _ in parts for body in bodies], sum(broken for _, broken in parts)


def _encode_batch(spans: Sequence[ReadableSpan]) -> bytes:
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    message: Any = encode_spans(spans)
    return bytes(message.SerializeToString())


def _refusal(response: httpx.Response) -> str:
    hint = {
        401: " Set ASSAY_API_KEY to a key with the scope `ingest`.",
        403: " The key lacks the scope `ingest` for this project.",
        404: " Is ASSAY_ENDPOINT the base URL of a collector, without a path?",
    }.get(response.status_code, "")
    return f"{response.request.url} answered {response.status_code} {response.reason_phrase}.{hint}"


def _retry_after_s(response: httpx.Response | None) -> float | None:
    """Seconds that the answer asks to wait; RFC 9110 allows a number or a date."""
    value = response.headers.get("retry-after") if response is not None else None
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
