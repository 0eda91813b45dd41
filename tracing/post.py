"""One request to the collector, and what its answer means: taken, later, in smaller parts, or never."""

from __future__ import annotations

import email.utils
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.fork_guard import no_fork

if TYPE_CHECKING:
    import httpx

    from assay.destination import Destination
    from assay.settings import Settings

NO_COLLECTOR_FOR_S = 30.0  # how long "there is none to be had" is believed before it is tried again
LONGEST_WAIT_S = 300.0  # that a collector may ask for
EMBEDDED_TIMEOUT_S = 120.0  # of a collector in this process: it is never away, but the program may keep it from the CPU


@dataclass(frozen=True, slots=True)
class Taken:
    """The collector has them, but for those it rejected for good."""

    rejected: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing is wrong with the spans: the collector is away or busy, or the way to it is not right."""

    reason: str
    trouble: str  # away | busy | key | address | none: told once each
    wait_s: float | None = None  # what it asked for


@dataclass(frozen=True, slots=True)
class Refused:
    """The collector will never take this request as it is."""

    reason: str


Outcome = Taken | Later | Refused
Post = Callable[[bytes], Outcome]

BUSY = frozenset({408, 425, 429, 502, 503, 504})
KEY = {
    401: "Set ASSAY_API_KEY to a key with the scope `ingest`.",
    403: "The key lacks the scope `ingest` for this project.",
    407: "A proxy stands before it.",
}
ADDRESS = frozenset({404, 405, 415, 421})


_loaded = False


def load_what_sending_takes() -> None:
    """Import it: here, on threads of ours, and not while the program forks."""
    global _loaded
    if not _loaded:
        with no_fork():
            import httpx  # noqa: F401
            from google.protobuf.message import DecodeError  # noqa: F401
            from opentelemetry.exporter.otlp.proto.common import trace_encoder  # noqa: F401

            import assay.destination
            import assay.tracing.deadline  # noqa: F401
        _loaded = True


class Poster:
    """Posts encoded spans to the collector that the settings lead to. Lives on one thread, where it may block."""

    def __init__(
        self,
        settings: Settings,
        *,
        find: Callable[[], Destination] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.posting_since: float | None = None  # when the request under way began, where one is
        self.embedded = False  # the collector lives in this process: slow at first, but it will answer
        self._settings = settings
        self._find = find or self._find_destination
        self._transport = transport
        self._http: httpx.Client | None = None
        self._destination: Destination | None = None
        self._hopeless: tuple[float, str] | None = None  # when and why no collector could be had
        self._pid = os.getpid()

    def __call__(self, body: bytes) -> Outcome:
        if self._pid != os.getpid():  # forked: the connections and the embedded collector are the parent's
            self._pid, self._http, self._destination = os.getpid(), None, None
        destination = self._current_destination()
        if isinstance(destination, Later):
            return destination
        import httpx

        from assay.destination import what_to_do

        self.posting_since = time.monotonic()
        try:
            return judge(self._post(destination, body))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            # The collector may have moved: an embedded one ends with its process, a server restarts on another port.
            self.close()
            self._destination = None
            said = str(error) if type(error) is httpx.TransportError else f"{type(error).__name__}: {error}"
            hint = what_to_do(destination.url)
            return Later(f"the collector at {destination.url} does not answer ({said}). {hint}", "away")
        finally:
            self.posting_since = None

    def close(self) -> None:
        http, self._http = self._http, None
        if http is not None:
            http.close()

    def _post(self, destination: Destination, body: bytes) -> httpx.Response:
        from assay.destination import http_client
        from assay.tracing.deadline import DeadlineTransport

        if self._http is None:
            timeout_s = max(self._settings.timeout_s, EMBEDDED_TIMEOUT_S if self.embedded else 0.0)
            with no_fork():
                transport = self._transport or DeadlineTransport(
                    timeout_s=timeout_s, verify=destination.url.lower().startswith("https:")
                )
            self._http = http_client(destination.url, timeout_s=timeout_s, transport=transport)
        headers = {"content-type": "application/x-protobuf", **destination.headers}
        if self._settings.project.isascii():  # the resource names it in any case
            headers["x-project-name"] = self._settings.project
        return self._http.post(destination.traces_url, content=body, headers=headers)

    def _current_destination(self) -> Destination | Later:
        if self._destination is not None:
            return self._destination
        from assay.errors import AssayError

        if self._hopeless is not None and time.monotonic() - self._hopeless[0] < NO_COLLECTOR_FOR_S:
            return Later(self._hopeless[1], "none", NO_COLLECTOR_FOR_S)
        try:
            self._destination = self._find()
        except (AssayError, OSError, RuntimeError) as error:
            self._hopeless = (time.monotonic(), str(error))
            return Later(str(error), "none", NO_COLLECTOR_FOR_S)
        self._hopeless = None
        self.embedded = self._lives_here(self._destination)
        return self._destination

    def _lives_here(self, destination: Destination) -> bool:
        """Not `destination.embedded`: that is false when scores have started the collector before us."""
        from assay.embedded import serves_here

        return not self._settings.endpoint and serves_here(destination.url)

    def _find_destination(self) -> Destination:
        with no_fork():
            from assay.destination import find_destination

            return find_destination(self._settings)


def judge(response: httpx.Response) -> Outcome:
    """What an answer means, by the OTLP specification; it is kind to answers that no collector gives."""
    status = response.status_code
    if response.is_success:
        if response.headers.get("content-type", "").startswith("text/html"):
            return Later(f"{response.request.url} answered with a web page. {_ADDRESS_HINT}", "address")
        return _partial_success(response.content)
    reason = f"{response.request.url} answered {status} {response.reason_phrase}."
    if status in BUSY:
        return Later(reason, "busy", retry_after_s(response))
    if status in KEY:
        return Later(f"{reason} {KEY[status]}", "key")
    if status in ADDRESS or 300 <= status < 400:
        return Later(f"{reason} {_ADDRESS_HINT}", "address")
    return Refused(reason)


_ADDRESS_HINT = "Is ASSAY_ENDPOINT the base URL of a collector, without a path?"


def _partial_success(body: bytes) -> Taken:
    if not body:
        return Taken()
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    try:
        partial = ExportTraceServiceResponse.FromString(body).partial_success
    except DecodeError:
        return Taken()  # the status said so; what else the answer says is not needed
    return Taken(max(0, partial.rejected_spans), partial.error_message)


def retry_after_s(response: httpx.Response) -> float | None:
    """Seconds that the answer asks to wait: a number or a date (RFC 9110), else a RetryInfo (google.rpc)."""
    value = response.headers.get("retry-after", "")
    try:
        asked = float(value)
    except ValueError:
        try:
            asked = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            found = _retry_info_s(response.content)
            if found is None:
                return None
            asked = found
    return min(max(0.0, asked), LONGEST_WAIT_S) if asked == asked else None  # NaN is not itself


def _retry_info_s(status: bytes) -> float | None:
    """`google.rpc.Status.details[].RetryInfo.retry_delay`, read without the package that defines it."""
    try:
        for number, detail in _fields(status):
            if number == 3 and isinstance(detail, bytes):
                any_message = dict(_fields(detail))
                if bytes(any_message.get(1, b"")).endswith(b"google.rpc.RetryInfo"):
                    delay = dict(_fields(dict(_fields(any_message.get(2, b""))).get(1, b"")))
                    return int(delay.get(1, 0)) + int(delay.get(2, 0)) / 1e9
    except (ValueError, IndexError, TypeError):
        pass  # not a Status: proxies answer in prose
    return None


def _fields(message: bytes | int) -> Iterator[tuple[int, bytes | int]]:
    """Numbers and values of a protobuf message of varints and length-delimited fields."""
    if isinstance(message, int):
        raise ValueError("a number where a message was to be")
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value, at = _varint(message, at)
        if tag & 7 == 0:
            yield tag >> 3, value
        elif tag & 7 == 2:
            yield tag >> 3, message[at : at + value]
            at += value
        else:
            raise ValueError("a type that these messages do not have")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number that is too long")
