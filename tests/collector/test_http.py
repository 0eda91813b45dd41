"""The collector over HTTP: what senders, programs and browsers get."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from assay.collector.receive_http import MAX_BODY_BYTES
from assay.collector.server import Server
from assay.errors import CollectorUnavailable, ConfigurationError
from support.otlp import PROTOBUF, one_span


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Asks one collector for all tests to which it does not matter what others have sent."""
    server = Server(data_dir=tmp_path_factory.mktemp("http") / ".assay")
    server.start()
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
        yield client
    server.stop()


@pytest.fixture
def fresh(collector: Server) -> Iterator[httpx.Client]:
    """Asks a collector that holds nothing yet."""
    with httpx.Client(base_url=collector.url, trust_env=False, timeout=60) as client:
        yield client


def spans(http: httpx.Client, project: str = "shop") -> list[dict[str, object]]:
    items: list[dict[str, object]] = http.get("/api/v1/spans", params={"project": project}).json()["items"]
    return items


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_the_standard_exporter_is_understood(collector: Server, fresh: httpx.Client, compression: Compression) -> None:
    exporter = OTLPSpanExporter(endpoint=f"{collector.url}/v1/traces", compression=compression)
    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    with provider.get_tracer("t").start_as_current_span("hello", attributes={"a": 1}):
        pass
    provider.shutdown()
    [span] = spans(fresh)
    assert (span["name"], span["attributes"], span["dialect"]) == ("hello", {"a": 1}, "generic")


def test_two_posts_on_one_connection_and_an_empty_answer_to_each(http: httpx.Client) -> None:
    for _ in range(2):
        answer = http.post("/v1/traces", content=one_span(), headers=PROTOBUF)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"] == "application/x-protobuf"


def test_a_body_in_chunks_without_a_length_is_read_whole(fresh: httpx.Client) -> None:
    body = one_span(service__name="shop")
    answer = fresh.post("/v1/traces", content=(body[i : i + 7] for i in range(0, len(body), 7)), headers=PROTOBUF)
    assert answer.status_code == 200
    assert len(spans(fresh)) == 1


def test_rejected_spans_are_counted_and_the_others_stored(fresh: httpx.Client) -> None:
    good, bad = one_span(service__name="shop"), one_span(service__name="shop")
    bad = bad.replace(bad[bad.index(b"\x0a\x10") + 2 :][:16], bytes(16), 1)  # the trace id, all zero
    answer = fresh.post("/v1/traces", content=good + bad, headers=PROTOBUF)
    assert answer.status_code == 200
    assert ExportTraceServiceResponse.FromString(answer.content).partial_success.rejected_spans == 1
    assert len(spans(fresh)) == 1


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        pytest.param({"content-type": "application/x-protobuf"}, b"\xff\xff\xff", 400, id="not-protobuf"),
        pytest.param({"content-type": "text/plain"}, b"", 415, id="another-type"),
        pytest.param({}, b"", 415, id="no-type"),
        pytest.param({**PROTOBUF, "content-encoding": "br"}, b"", 415, id="another-encoding"),
        pytest.param({**PROTOBUF, "content-encoding": "gzip"}, b"plain", 400, id="not-gzip"),
        pytest.param({**PROTOBUF, "content-encoding": "gzip"}, gzip.compress(b"x" * 999)[:-9], 400, id="cut-gzip"),
        pytest.param({**PROTOBUF, "content-encoding": "gzip"}, gzip.compress(bytes(80_000_000)), 413, id="bomb"),
    ],
)
def test_a_request_that_cannot_be_taken_is_answered_with_why(
    http: httpx.Client, headers: dict[str, str], body: bytes, status: int
) -> None:
    answer = http.post("/v1/traces", content=body, headers=headers)
    assert answer.status_code == status
    assert Status.FromString(answer.content).message
    assert http.post("/v1/traces", content=one_span(), headers=PROTOBUF).status_code == 200


def test_a_body_that_says_it_is_too_long_is_refused_before_it_is_read(collector: Server) -> None:
    head = f"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-length: {MAX_BODY_BYTES + 1}\r\n"
    head += "content-type: application/x-protobuf\r\n\r\n"
    with socket.create_connection(("127.0.0.1", httpx.URL(collector.url).port or 0), timeout=120) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_a_bomb_that_grows_slowly_is_stopped_as_well(http: httpx.Client) -> None:
    stream = zlib.compressobj(wbits=31)
    bomb = b"".join(stream.compress(bytes(1_000_000)) for _ in range(100)) + stream.flush()
    answer = http.post("/v1/traces", content=bomb, headers={**PROTOBUF, "content-encoding": "gzip"})
    assert answer.status_code == 413


def test_other_methods_and_paths_are_not_redirected(http: httpx.Client) -> None:
    assert http.get("/v1/traces").status_code == 405
    assert http.get("/v1/traces").headers["allow"] == "POST"
    assert http.post("/v1/traces/", content=b"", headers=PROTOBUF).status_code == 404


def test_a_collector_that_is_too_busy_asks_to_come_again(
    fresh: httpx.Client, collector: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(collector.service.writer), "full", lambda self: True)
    answer = fresh.post("/v1/traces", content=one_span(), headers=PROTOBUF)
    assert answer.status_code == 503
    assert 1 <= int(answer.headers["retry-after"]) <= 5


def test_the_header_names_the_project_where_the_resource_does_not(fresh: httpx.Client) -> None:
    fresh.post("/v1/traces", content=one_span(x="y"), headers={**PROTOBUF, "x-project-name": "mine"})
    assert len(spans(fresh, "mine")) == 1


def test_without_a_project_every_project_is_listed(fresh: httpx.Client) -> None:
    for name in ("one", "two"):
        fresh.post("/v1/traces", content=one_span(service__name=name), headers=PROTOBUF)
    for path in ("/api/v1/spans", "/api/v1/traces"):
        assert {item["project"] for item in fresh.get(path).json()["items"]} == {"one", "two"}
        first = fresh.get(path, params={"limit": 1}).json()
        rest = fresh.get(path, params={"limit": 1, "cursor": first["next_cursor"]}).json()
        assert {first["items"][0]["project"], rest["items"][0]["project"]} == {"one", "two"}


def test_a_project_that_only_spans_name_is_listed(fresh: httpx.Client) -> None:
    fresh.post("/v1/traces", content=one_span(service__name="a service / of ours"), headers=PROTOBUF)
    names = {project["name"] for project in fresh.get("/api/v1/projects").json()["items"]}
    assert "a service / of ours" in names


def test_metrics_are_taken_and_dropped_so_that_a_service_that_sends_them_sees_no_error(collector: Server) -> None:
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{collector.url}/v1/metrics"))
    provider = MeterProvider(metric_readers=[reader])
    provider.get_meter("t").create_counter("requests").add(1)
    assert provider.force_flush()
    provider.shutdown()


def test_health_tells_which_process_answers(http: httpx.Client) -> None:
    assert http.get("/health").json()["pid"] == os.getpid()


def test_a_trace_is_answered_whole_and_in_pages(fresh: httpx.Client) -> None:
    fresh.post("/v1/traces", content=one_span("a", service__name="shop"), headers=PROTOBUF)
    [span] = spans(fresh)
    trace = fresh.get(f"/api/v1/traces/{span['trace_id']}", params={"project": "shop"}).json()
    assert (trace["name"], trace["span_count"], trace["next_cursor"]) == ("a", 1, None)
    assert trace["spans"] == [span]
    assert fresh.get(f"/api/v1/traces/{span['trace_id']}", params={"project": "other"}).status_code == 404


def test_a_score_is_stored_shown_on_its_trace_and_the_newest_counts(fresh: httpx.Client) -> None:
    fresh.post("/v1/traces", content=one_span("a", service__name="shop"), headers=PROTOBUF)
    [span] = spans(fresh)
    score = {"name": "helpful", "trace_id": span["trace_id"], "source": "human", "explanation": "why"}
    for value in (True, False):
        answer = fresh.post("/api/v1/scores", params={"project": "shop"}, json={**score, "value": value})
        assert answer.status_code == 201
    [trace] = fresh.get("/api/v1/traces", params={"project": "shop"}).json()["items"]
    assert trace["scores"] == {"helpful": False}
    [found] = fresh.get("/api/v1/scores", params={"project": "shop", "trace_id": span["trace_id"]}).json()["items"]
    assert (found["value"], found["explanation"], found["source"]) == (False, "why", "human")


@pytest.mark.parametrize(
    ("score", "says"),
    [
        ({"name": "x", "value": 1}, "trace_id"),
        ({"name": "x", "trace_id": "0" * 32}, "value"),
        ({"name": "", "value": 1, "trace_id": "0" * 32}, "name"),
        ({"name": "x", "value": 1, "trace_id": "nope"}, "trace_id"),
        ({"name": "x", "value": 1, "trace_id": "0" * 32, "source": "robot"}, "source"),
        ({"scores": [{"name": "x"}]}, "scores"),
        ({"name": "x", "value": float("inf"), "trace_id": "0" * 32}, "value"),
        ({"name": "x", "value": 1, "trace_id": "0" * 32, "repeat": 2**31}, "repeat"),
        ({"name": "x", "value": 1, "trace_id": "0" * 32, "repeat": -1}, "repeat"),
    ],
)
def test_a_score_that_cannot_be_is_refused_with_why(http: httpx.Client, score: dict[str, object], says: str) -> None:
    answer = http.post("/api/v1/scores", content=json.dumps(score), headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]


def test_experiment_rows_are_kept_in_order_and_the_newest_of_each_counts(http: httpx.Client) -> None:
    new = {"name": "e", "dataset": {"hash": "0" * 64, "item_count": 2}, "scorers": [], "repeats": 1, "seed": 0}
    made = http.post("/api/v1/experiments", json=new)
    assert made.status_code == 201, made.text
    path = f"/api/v1/experiments/{made.json()['id']}/rows"
    score = {"name": "exact", "value": True}
    first = {"item_id": "b", "status": "task_error", "input": {"q": 1}, "error": "no"}
    rows = [first, {"item_id": "a", "status": "ok", "input": "x", "output": [1], "scores": [score]}]
    assert http.post(path, json={"rows": rows}).json() == {"accepted": 2}
    http.post(path, json={"rows": [{"item_id": "b", "status": "ok", "output": "late", "scores": [score]}]})
    found = http.get(path).json()["items"]
    assert [(row["item_id"], row["status"], row["output"]) for row in found] == [("b", "ok", "late"), ("a", "ok", [1])]
    assert found[1]["scores"][0]["value"] is True
    assert http.get("/api/v1/experiments/nope/rows").status_code == 404
    for beyond in ({"repeat": 2**31}, {"input_tokens": 2**63}, {"output_tokens": -1}):
        refused = http.post(path, json={"rows": [{"item_id": "c", "status": "ok", **beyond}]})
        assert (refused.status_code, *beyond) == (400, *(name for name in beyond if name in refused.text))
    for time in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):  # as near as times in nanoseconds come to it
        late = {"item_id": time, "status": "ok", "started_at": time}
        assert http.post(path, json={"rows": [late]}).status_code == 201


def test_errors_have_one_form(http: httpx.Client) -> None:
    for answer in (
        http.get("/api/v1/nope"),
        http.get("/api/v1/traces", params={"limit": 0}),
        http.get("/api/v1/traces", params={"filter": "nope ="}),
        http.post("/api/v1/scores", content=b"{"),
        http.get("/api/v1/traces/" + "0" * 32),
    ):
        assert 400 <= answer.status_code < 500
        assert set(answer.json()["error"]) == {"code", "message", "hint"}


def test_the_api_is_described(http: httpx.Client) -> None:
    paths = http.get("/openapi.json").json()["paths"]
    assert {
        "/api/v1/traces",
        "/api/v1/spans",
        "/api/v1/scores",
        "/api/v1/prompts",
        "/api/v1/experiments",
    } <= paths.keys()


# Browsers and other machines ----------------------------------------------------------------------------------------


def test_a_page_elsewhere_cannot_make_a_browser_write(http: httpx.Client) -> None:
    evil = {"origin": "http://evil.example"}
    assert http.post("/api/v1/scores", json={}, headers=evil).status_code == 403
    assert http.post("/v1/traces", content=one_span(), headers={**PROTOBUF, **evil}).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "@127.0.0.1@evil.example"])
def test_a_name_that_is_not_ours_is_refused(http: httpx.Client, host: str) -> None:
    assert http.get("/health", headers={"host": host}).status_code in (400, 421)


def test_an_address_for_others_is_refused_without_an_admin_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="assay keys create"):
        Server(data_dir=tmp_path, host="0.0.0.0").start()


def test_where_others_can_reach_it_every_request_needs_a_key_of_the_right_scope(tmp_path: Path) -> None:
    loopback = Server(data_dir=tmp_path)
    loopback.start()
    keys = loopback.service.registry.keys
    admin = keys.create("all", ["admin"])["key"]
    ingest = keys.create("in", ["ingest"], project="mine")["key"]
    read = keys.create("out", ["read"], project="mine")["key"]
    loopback.stop()
    server = Server(data_dir=tmp_path, host="0.0.0.0")
    server.start()
    try:
        with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as http:

            def status(method: str, path: str, key: str, **more: object) -> int:
                headers = {"authorization": f"Bearer {key}", **PROTOBUF}
                return http.request(method, path, headers=headers, **more).status_code  # type: ignore[arg-type]

            assert http.get("/health").status_code == 200
            assert "ASSAY_API_KEY" in http.get("/api/v1/traces").json()["error"]["hint"]
            for path in ("/api/v1/traces", "/", "/openapi.json", "/p/mine/traces", "/api/v1/keys"):
                assert http.get(path).status_code == 401
            assert http.post("/v1/traces", content=one_span(), headers=PROTOBUF).status_code == 401
            assert status("POST", "/v1/traces", ingest, content=one_span(service__name="theirs")) == 200
            assert status("POST", "/v1/traces", read, content=one_span()) == 403
            assert status("GET", "/api/v1/traces?project=mine", read) == 200
            assert status("GET", "/api/v1/traces?project=theirs", read) == 403
            assert status("GET", "/p/theirs/traces", read) == 403
            assert status("GET", "/api/v1/traces?project=mine", ingest) == 403
            assert status("GET", "/api/v1/keys?project=mine", read) == 403
            assert status("GET", "/api/v1/keys", admin) == 200
            basic = httpx.BasicAuth("anyone", read)
            found = http.get("/api/v1/traces", params={"project": "mine"}, auth=basic).json()["items"]
            assert [trace["project"] for trace in found] == ["mine"]
    finally:
        server.stop()


# Life ---------------------------------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=str(port)):
            Server(data_dir=tmp_path, port=port).start()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_assay_serve_says_where_stops_when_told_and_keeps_everything(tmp_path: Path, number: int) -> None:
    command = [sys.executable, "-m", "assay", "serve", "--data-dir", str(tmp_path / "data"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            described = json.loads((tmp_path / "data" / "collector.json").read_text())
            assert described["url"] in line
            assert described["pid"] == process.pid
            second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
            assert second.returncode != 0
            assert str(process.pid) in second.stderr
            answer = httpx.post(
                f"{described['url']}/v1/traces", content=one_span(), headers=PROTOBUF, trust_env=False, timeout=60
            )
            assert answer.status_code == 200
        finally:
            process.send_signal(number)
        _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    assert not (tmp_path / "data" / "collector.json").exists()
    assert not (tmp_path / "data" / "assay.duckdb.wal").exists()


def test_a_stopped_collector_takes_nothing_more(collector: Server) -> None:
    service = collector.service
    service.writer.stop()
    with pytest.raises(CollectorUnavailable, match="stopping"):
        service.ingest(one_span()).result()
