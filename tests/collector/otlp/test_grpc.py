"""OTLP over gRPC: what is its own, beside what holds for every transport."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status

from assay.collector.server import Server
from assay.errors import ConfigurationError, MissingExtra
from support.otlp_messages import span, traces
from support.otlp_transports import MAX_BODY_BYTES, Grpc

Stored = Callable[[str], list[dict[str, Any]]]

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@pytest.fixture
def client(server: Server) -> Iterator[Grpc]:
    client = Grpc(server)
    yield client
    client.close()


def failure(client: Grpc, body: bytes, method: str = EXPORT, **options: Any) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        client.channel.unary_unary(method)(body, timeout=30, **options)
    return caught.value


@pytest.mark.parametrize(
    "compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip, grpc.Compression.Deflate]
)
def test_messages_are_taken_compressed_or_not(
    client: Grpc, service: str, stored: Stored, compression: grpc.Compression
) -> None:
    request = traces(span({"k": "x" * 10_000}), service=service)
    assert client.send_bytes(request.SerializeToString(), like=request, compression=compression).status == 200
    assert len(stored(service)) == 1


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_a_message_that_grows_beyond_the_limit_is_stopped(client: Grpc, compression: grpc.Compression) -> None:
    error = failure(client, bytes(MAX_BODY_BYTES + 1), compression=compression)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "google.rpc.retryinfo-bin" not in dict(error.trailing_metadata())


@pytest.mark.parametrize(
    "method",
    [
        "/opentelemetry.proto.collector.trace.v1.TraceService/Import",
        "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
    ],
)
def test_other_methods_are_unimplemented(client: Grpc, method: str) -> None:
    assert failure(client, b"", method).code() is grpc.StatusCode.UNIMPLEMENTED


def test_bad_data_is_an_invalid_argument_with_details(client: Grpc) -> None:
    error = failure(client, b"\xff")
    status = Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    violation = BadRequest()
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (status.code, status.message) == (3, error.details())
    assert status.details[0].Unpack(violation)


def test_a_call_without_a_message_is_refused(client: Grpc) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.channel.stream_unary(EXPORT)(iter(()), timeout=30)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_when_to_try_again_stands_where_each_sdk_looks(
    client: Grpc, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.service, "full", lambda: True)
    error = failure(client, b"")
    trailers = dict(error.trailing_metadata())
    in_details, apart = RetryInfo(), RetryInfo.FromString(trailers["google.rpc.retryinfo-bin"])
    assert Status.FromString(trailers["grpc-status-details-bin"]).details[0].Unpack(in_details)
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert in_details == apart
    assert 1 <= apart.retry_delay.seconds <= 5


def test_metadata_names_the_project_where_the_resource_does_not(client: Grpc, service: str, stored: Stored) -> None:
    assert client.send(traces(span(), service=None), x_project_name=service).status == 200
    assert len(stored(service)) == 1


def test_a_port_that_is_taken_is_said_to_be(server: Server, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port} for OTLP/gRPC"):
            Server(data_dir=tmp_path / "data", grpc_port=port).start()


def test_where_others_can_reach_it_every_call_needs_a_key(tmp_path: Path) -> None:
    first = Server(data_dir=tmp_path / "data")
    first.start()
    keys = first.service.registry.keys
    keys.create("admin", ["admin"])
    ingest, read = keys.create("ingest", ["ingest"], project="mine")["key"], keys.create("read", ["read"])["key"]
    first.stop()
    open_to_others = Server(data_dir=tmp_path / "data", host="0.0.0.0", grpc_port=0)
    open_to_others.start()
    client = Grpc(open_to_others)
    request = traces(span())
    try:
        assert client.send(request).status == 401
        assert client.send(request, authorization="Bearer wrong").status == 401
        assert client.send(request, authorization=f"Bearer {read}").status == 403
        assert client.send(request, authorization=f"Bearer {ingest}").status == 200
        with open_to_others.service.store.read() as cursor:
            assert cursor.execute("SELECT DISTINCT project FROM span_log").fetchall() == [("mine",)]
    finally:
        client.close()
        open_to_others.stop()


def test_grpcio_is_asked_for_only_where_grpc_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grpc", None)
    monkeypatch.delitem(sys.modules, "assay.collector.receive_grpc")
    server = Server(data_dir=tmp_path / "data")
    server.start()
    server.stop()
    assert server.grpc_url is None
    with pytest.raises(MissingExtra, match=r"assay\[server\]"):
        Server(data_dir=tmp_path / "data", grpc_port=0).start()
