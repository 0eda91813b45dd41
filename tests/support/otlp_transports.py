"""The ways into the collector, so that one test can hold for all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import httpx
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from assay.collector.server import Server
from support.otlp_messages import otlp_json

PROTOBUF, JSON = "application/x-protobuf", "application/json"
MAX_BODY_BYTES = 3 * 1024**2  # of the collector that the tests of OTLP share
ALLOWED_ORIGIN = "https://app.example.org"

# name of the request's message -> path over HTTP, method over gRPC, message of the answer, its count in JSON
EXPORTS: Mapping[str, tuple[str, str, type[Message], str]] = {
    "ExportTraceServiceRequest": (
        "/v1/traces",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        ExportTraceServiceResponse,
        "rejectedSpans",
    ),
    "ExportLogsServiceRequest": (
        "/v1/logs",
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        ExportLogsServiceResponse,
        "rejectedLogRecords",
    ),
    "ExportMetricsServiceRequest": (
        "/v1/metrics",
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        ExportMetricsServiceResponse,
        "rejectedDataPoints",
    ),
}


@dataclass(frozen=True)
class Answer:
    """`status` is HTTP's, or that of HTTP which says what gRPC's code says."""

    status: int
    body: bytes = b""
    rejected: int = 0
    message: str = ""
    retry_after_s: int | None = None


def plain_client(server: Server) -> httpx.Client:
    """A client of its collector; without the certificates that each new one would read."""
    return httpx.Client(base_url=server.url, trust_env=False, verify=False, timeout=30)


class Transport(ABC):
    """Sends export requests, whole or as bytes, and reads answers."""

    def send(self, request: Message, **headers: str) -> Answer:
        return self.send_bytes(self.encode(request), like=request, **headers)

    def encode(self, request: Message) -> bytes:
        return request.SerializeToString()

    @abstractmethod
    def send_bytes(self, body: bytes, *, like: Message, **headers: str) -> Answer:
        """Send a body as it stands, to where a request of the type of `like` goes."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection."""


class _Http(Transport):
    content_type: str

    def __init__(self, server: Server) -> None:
        self.client = plain_client(server)

    def send_bytes(self, body: bytes, *, like: Message, **headers: str) -> Answer:
        path, _, kind, count = EXPORTS[type(like).__name__]
        sent = {"content-type": self.content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
        answer = self.client.post(path, content=body, headers=sent)
        assert answer.headers["content-type"] == self.content_type
        wait = answer.headers.get("retry-after")
        rejected, message = self.read(answer, kind, count)
        return Answer(answer.status_code, answer.content, rejected, message, int(wait) if wait else None)

    @abstractmethod
    def read(self, answer: httpx.Response, kind: type[Message], count: str) -> tuple[int, str]:
        """How many of `count` were rejected, and why."""

    def close(self) -> None:
        self.client.close()


class HttpProtobuf(_Http):
    content_type = PROTOBUF

    def read(self, answer: httpx.Response, kind: type[Message], count: str) -> tuple[int, str]:
        if answer.status_code != 200:
            return 0, Status.FromString(answer.content).message
        return _partial(kind, answer.content)


class HttpJson(_Http):
    content_type = JSON

    def encode(self, request: Message) -> bytes:
        return otlp_json(request)

    def read(self, answer: httpx.Response, kind: type[Message], count: str) -> tuple[int, str]:
        said = answer.json()
        if answer.status_code != 200:
            return 0, said["message"]
        partial = said.get("partialSuccess", {})
        return int(partial.get(count, "0")), partial.get("errorMessage", "")


STATUS_OF_CODE = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.UNIMPLEMENTED: 404,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 413,
    grpc.StatusCode.UNAVAILABLE: 503,
}


class Grpc(Transport):
    def __init__(self, server: Server) -> None:
        assert server.grpc_url is not None
        options = [("grpc.max_send_message_length", -1)]
        self.channel = grpc.insecure_channel(server.grpc_url.removeprefix("http://"), options=options)

    def send_bytes(
        self, body: bytes, *, like: Message, compression: grpc.Compression | None = None, **headers: str
    ) -> Answer:
        _, method, kind, _ = EXPORTS[type(like).__name__]
        metadata = [(name.replace("_", "-"), value) for name, value in headers.items()]
        try:
            answer = self.channel.unary_unary(method)(body, metadata=metadata, compression=compression, timeout=30)
        except grpc.RpcError as error:
            trailers = dict(error.trailing_metadata() or ())
            wait = trailers.get("google.rpc.retryinfo-bin")
            return Answer(STATUS_OF_CODE[error.code()], b"", 0, error.details() or "", _seconds(wait))
        rejected, message = _partial(kind, answer)
        return Answer(200, answer, rejected, message)

    def close(self) -> None:
        self.channel.close()


def _partial(kind: type[Message], body: bytes) -> tuple[int, str]:
    partial = kind.FromString(body).partial_success
    [count] = [value for field, value in partial.ListFields() if field.name.startswith("rejected")] or [0]
    return count, partial.error_message


def _seconds(info: bytes | None) -> int | None:
    return None if info is None else int(RetryInfo.FromString(info).retry_delay.seconds)


TRANSPORTS: Mapping[str, Callable[[Server], Transport]] = {
    "http-protobuf": HttpProtobuf,
    "http-json": HttpJson,
    "grpc": Grpc,
}


def api_items(server: Server, what: str, project: str) -> list[dict[str, Any]]:
    """One page of the API's lists of a project."""
    with plain_client(server) as client:
        items: list[dict[str, Any]] = client.get(f"/api/v1/{what}", params={"project": project}).json()["items"]
    return items
