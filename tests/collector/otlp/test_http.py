"""OTLP over HTTP: paths, methods, headers, compression, limits, browsers."""

from __future__ import annotations

import gzip
import http.client
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status

from assay.collector.receive_http import OTLP_PATHS
from assay.collector.server import Server
from support.otlp_messages import otlp_json, span, traces
from support.otlp_transports import ALLOWED_ORIGIN, JSON, MAX_BODY_BYTES, PROTOBUF, api_items, plain_client

Stored = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with plain_client(server) as client:
        yield client


def one(service: str) -> bytes:
    return traces(span(), service=service).SerializeToString()


@pytest.mark.parametrize("path", OTLP_PATHS)
@pytest.mark.parametrize(("media_type", "success"), [(PROTOBUF, b""), (JSON, b"{}")])
def test_every_path_takes_both_encodings(client: httpx.Client, path: str, media_type: str, success: bytes) -> None:
    answer = client.post(path, content=success, headers={"content-type": media_type})
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, success, media_type)


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "Application/JSON", "application/json ;charset=UTF-8"]
)
def test_the_media_type_is_matched_without_case_and_parameters(
    client: httpx.Client, service: str, stored: Stored, media_type: str
) -> None:
    answer = client.post(
        "/v1/traces", content=otlp_json(traces(span(), service=service)), headers={"content-type": media_type}
    )
    assert (answer.status_code, answer.json()) == (200, {})
    assert len(stored(service)) == 1


def test_another_method_is_refused_whatever_it_carries(client: httpx.Client) -> None:
    answer = client.put("/v1/traces", content=b"x", headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("media_type", ["text/plain", "application/protobuf", "application/x-www-form-urlencoded", ""])
def test_another_media_type_is_never_guessed_at(client: httpx.Client, service: str, media_type: str) -> None:
    answer = client.post("/v1/traces", content=one(service), headers={"content-type": media_type} if media_type else {})
    assert (answer.status_code, answer.headers["content-type"]) == (415, PROTOBUF)
    assert Status.FromString(answer.content).message


def raw_chunks(body: bytes) -> Iterator[bytes]:
    yield from (body[start : start + 100] for start in range(0, len(body), 100))


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("identity", bytes),
        ("", bytes),
        ("gzip", lambda body: gzip.compress(body[:20]) + gzip.compress(body[20:])),
    ],
    ids=["gzip", "upper-case", "deflate", "identity", "empty", "two-members"],
)
@pytest.mark.parametrize("chunked", [False, True])
def test_compressed_or_not_in_chunks_or_not_it_is_the_same(
    client: httpx.Client, service: str, stored: Stored, encoding: str, pack: Callable[[bytes], bytes], chunked: bool
) -> None:
    body = pack(one(service))
    headers = {"content-type": PROTOBUF, "content-encoding": encoding}
    answer = client.post("/v1/traces", content=raw_chunks(body) if chunked else body, headers=headers)
    assert answer.status_code == 200
    assert ("transfer-encoding" in answer.request.headers) is chunked
    assert len(stored(service)) == 1


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        pytest.param("br", b"", 415, id="unknown"),
        pytest.param("gzip, gzip", b"", 415, id="twice"),
        pytest.param("gzip", b"plain", 400, id="not-gzip"),
        pytest.param("deflate", b"plain", 400, id="not-deflate"),
        pytest.param("gzip", gzip.compress(b"x" * 99)[:-9], 400, id="cut"),
        pytest.param("gzip", gzip.compress(b"x" * 99) + b"more", 400, id="more-than-gzip"),
        pytest.param("deflate", zlib.compress(b"x" * 99) + b"more", 400, id="more-than-deflate"),
        pytest.param("gzip", gzip.compress(b"") * 2000, 400, id="many-members"),
        pytest.param("gzip", gzip.compress(bytes(MAX_BODY_BYTES + 1)), 413, id="bomb"),
        pytest.param("deflate", zlib.compress(bytes(MAX_BODY_BYTES + 1)), 413, id="deflate-bomb"),
    ],
)
@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
def test_what_cannot_be_unpacked_is_refused(
    client: httpx.Client, encoding: str, body: bytes, status: int, media_type: str
) -> None:
    headers = {"content-type": media_type, "content-encoding": encoding}
    answer = client.post("/v1/traces", content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, media_type)
    assert message_of(answer)


def message_of(answer: httpx.Response) -> str:
    """Of a google.rpc.Status in the encoding that the answer says."""
    if answer.headers["content-type"] == JSON:
        text: str = answer.json()["message"]
        return text
    return str(Status.FromString(answer.content).message)


@pytest.mark.parametrize("chunked", [False, True])
def test_the_limit_holds_for_what_comes_in_pieces(client: httpx.Client, chunked: bool) -> None:
    body = bytes(MAX_BODY_BYTES + 1)
    pieces = (body[start : start + 100_000] for start in range(0, len(body), 100_000))
    answer = client.post("/v1/traces", content=pieces if chunked else body, headers={"content-type": PROTOBUF})
    assert answer.status_code == 413
    assert client.post("/v1/traces", content=b"", headers={"content-type": PROTOBUF}).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_told_of_post(client: httpx.Client, method: str) -> None:
    for path in OTLP_PATHS:
        answer = client.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
@pytest.mark.parametrize("path", ["/v1/traces/", "/v1/spans", "/v1development/profiles", "/api/public/otel/v1/trace"])
def test_unknown_paths_are_not_found_and_never_redirected(client: httpx.Client, path: str, media_type: str) -> None:
    answer = client.post(path, content=b"{}", headers={"content-type": media_type})
    assert (answer.status_code, answer.headers["content-type"]) == (404, media_type)
    assert path in message_of(answer)


@pytest.mark.parametrize("path", ["/", "/x/v1/traces"])
def test_what_an_exporter_sends_to_a_wrong_path_is_refused_in_its_encoding(client: httpx.Client, path: str) -> None:
    answer = client.post(path, content=b"", headers={"content-type": PROTOBUF})
    assert (answer.status_code, answer.headers["content-type"]) == (404, PROTOBUF)
    assert message_of(answer)


def test_a_bad_request_says_in_details_what_is_bad(client: httpx.Client) -> None:
    answer = client.post("/v1/traces", content=b"\xff", headers={"content-type": PROTOBUF})
    status, details = Status.FromString(answer.content), BadRequest()
    assert status.code == 3
    assert status.details[0].Unpack(details)
    assert details.field_violations[0].description == status.message
    answer = client.post("/v1/traces", content=b"[", headers={"content-type": JSON})
    [detail] = answer.json()["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert detail["fieldViolations"][0]["description"] == answer.json()["message"]


def test_a_partial_success_in_json_has_its_count_as_text(client: httpx.Client, service: str) -> None:
    body = otlp_json(traces(span(), span(trace_id=b""), service=service))
    answer = client.post("/v1/traces", content=body, headers={"content-type": JSON})
    assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"


def test_many_rejections_make_no_long_answer(client: httpx.Client, service: str) -> None:
    body = traces(*(span(trace_id=bytes(number % 16)) for number in range(5000)), service=service).SerializeToString()
    answer = client.post("/v1/traces", content=body, headers={"content-type": PROTOBUF})
    assert answer.status_code == 200
    assert len(answer.content) < 4096


def test_a_connection_is_kept_through_success_and_error(server: Server, service: str) -> None:
    url = httpx.URL(server.url)
    connection = http.client.HTTPConnection(url.host, url.port or 0, timeout=120)
    sockets = set()
    for body in (one(service), b"\xff", bytes(MAX_BODY_BYTES + 1), one(service)):
        connection.request("POST", "/v1/traces", body, {"content-type": PROTOBUF})
        sockets.add(connection.sock)
        connection.getresponse().read()
    assert len(sockets) == 1
    connection.close()


def test_langfuses_path_files_spans_like_the_standard_one(client: httpx.Client, service: str, stored: Stored) -> None:
    answer = client.post(
        "/api/public/otel/v1/traces", content=gzip.compress(one(service)), headers={**GZIPPED, "authorization": BASIC}
    )
    assert answer.status_code == 200
    assert len(stored(service)) == 1


GZIPPED = {"content-type": PROTOBUF, "content-encoding": "gzip"}
BASIC = "Basic cGstbGYtMTpzay1sZi0x"


# Browsers ---------------------------------------------------------------------------------------------------------


def test_a_page_that_may_send_is_told_so(client: httpx.Client, service: str) -> None:
    asked = {"origin": ALLOWED_ORIGIN, "access-control-request-method": "POST"}
    answer = client.options("/v1/traces", headers=asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == ALLOWED_ORIGIN
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert {"content-type", "content-encoding", "authorization"} <= set(
        answer.headers["access-control-allow-headers"].split(",")
    )
    for body, status in ((one(service), 200), (b"\xff", 400)):
        sent = client.post("/v1/traces", content=body, headers={"content-type": PROTOBUF, "origin": ALLOWED_ORIGIN})
        assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (status, ALLOWED_ORIGIN)


@pytest.mark.parametrize("origin", ["https://evil.example.org", "http://app.example.org", "null"])
def test_other_pages_may_not(client: httpx.Client, service: str, origin: str, stored: Stored) -> None:
    asked = client.options("/v1/traces", headers={"origin": origin, "access-control-request-method": "POST"})
    sent = client.post("/v1/traces", content=one(service), headers={"content-type": PROTOBUF, "origin": origin})
    assert (asked.status_code, sent.status_code) == (405, 403)
    assert not {"access-control-allow-origin"} & {*asked.headers, *sent.headers}
    assert message_of(sent)
    assert stored(service) == []


def test_the_page_that_may_send_may_do_nothing_else(client: httpx.Client) -> None:
    answer = client.post("/api/v1/scores", json={}, headers={"origin": ALLOWED_ORIGIN})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in client.get("/api/v1/spans", headers={"origin": ALLOWED_ORIGIN}).headers


def test_by_default_no_page_may_send(collector: Server) -> None:
    headers = {"content-type": PROTOBUF, "origin": ALLOWED_ORIGIN}
    with plain_client(collector) as client:
        assert client.post("/v1/traces", content=b"", headers=headers).status_code == 403


# Memory -----------------------------------------------------------------------------------------------------------


def test_bodies_under_way_are_bounded_together(server: Server, client: httpx.Client, service: str) -> None:
    with server.service.intake.hold() as others:
        others.add(64 * 1024**2 - 10)
        answer = client.post("/v1/traces", content=one(service), headers={"content-type": PROTOBUF})
        assert answer.status_code == 503
        assert api_items(server, "spans", service) == []
    assert client.post("/v1/traces", content=one(service), headers={"content-type": PROTOBUF}).status_code == 200
