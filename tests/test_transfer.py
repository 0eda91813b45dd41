"""What is exported and imported again is what it was, and importing it twice changes nothing."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay import transfer
from assay.client import Client, current_client
from assay.collector.server import Server
from assay.errors import ConfigurationError, DatasetError
from assay.otlp_spans import export_request, nanoseconds
from assay.settings import load_settings
from support.otlp import PROTOBUF, recorded

VALUES: dict[str, Any] = {
    "s": "text ü",
    "i": 2**53 + 1,
    "f": 1.5,
    "b": True,
    "list": ["a", "b"],
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.operation.name": "chat",
    "gen_ai.usage.input_tokens": 0,
    "session.id": "s1",
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """One that holds two traces, a score among them, and one for each test's import to go to."""
    source, target = (Server(data_dir=tmp_path_factory.mktemp(name)) for name in ("source", "target"))
    source.start()
    target.start()
    with recorded(service__name="shop") as recorder:
        for number in range(2):
            with recorder.tracer.start_as_current_span("root", attributes={**VALUES, "n": number}) as root:
                root.add_event("happened", {"k": [1, 2]})
                recorder.tracer.start_span("child", attributes={"long": f"{number} text " * 500}).end()
        source.service.ingest(recorder.body()).result()
        source.service.ingest(recorder.body(), project="renamed").result()
    trace_id = f"{root.get_span_context().trace_id:032x}"
    client = client_of(source)
    client.post("/scores", json={"name": "good", "value": 0.5, "trace_id": trace_id, "explanation": "why", "id": "x"})
    yield source, target
    source.stop()
    target.stop()


opened: list[Client] = []


def client_of(server: Server, project: str = "shop") -> Client:
    opened.append(Client(load_settings(endpoint=server.url, project=project)))
    return opened[-1]


@pytest.fixture(autouse=True)
def _connections_are_closed() -> Iterator[None]:
    yield
    while opened:
        opened.pop().close()


def contents(server: Server) -> tuple[list[Any], list[Any]]:
    client = client_of(server)
    spans = list(client.pages("/spans", order_by="start_time asc"))
    scores = [{key: row[key] for key in row if key != "created_at"} for row in client.pages("/scores")]
    return spans, scores


@pytest.mark.parametrize("format", ["jsonl", "otlp"])
def test_files_bring_back_what_was_there_however_often(
    servers: tuple[Server, Server], tmp_path: Path, format: transfer.Format
) -> None:
    source, target = servers
    written = transfer.export(client_of(source), tmp_path / "out", format)
    assert all(path.stat().st_size for path in written)
    for _ in range(2):
        done = transfer.import_files(client_of(target, "elsewhere"), [tmp_path / "out"])
        assert (done.rejected, done.scores) == (0, 1)
        assert contents(target) == contents(source)


def test_parquet_brings_back_the_public_fields(servers: tuple[Server, Server], tmp_path: Path) -> None:
    source, target = servers
    transfer.export(client_of(source), tmp_path / "out", "parquet")
    transfer.import_files(client_of(target, "elsewhere"), [tmp_path / "out"])
    left_out = {"span_kind", "scope_name", "scope_version", "dropped_attributes_count"}
    public = [
        [{key: span[key] for key in span if key not in left_out} for span in contents(server)[0]] for server in servers
    ]
    assert public[0] == public[1]


def test_an_otlp_request_is_imported_whole_or_packed_and_split_into_small_ones(
    collector: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "BYTES_PER_REQUEST", 100)
    with recorded(service__name="shop") as recorder:
        recorder.tracer.start_span("one").end()
        body = recorder.body()
    (tmp_path / "a.pb.gz").write_bytes(gzip.compress(body + body))
    done = transfer.import_files(current_client(), [tmp_path / "a.pb.gz"])
    assert done.requests == 2
    assert [span["name"] for span in current_client().pages("/spans", project="shop")] == ["one"]
    assert PROTOBUF["content-type"] == transfer.PROTOBUF


def test_a_span_written_by_hand_needs_no_attributes(collector: Server, tmp_path: Path) -> None:
    span = {
        **{"trace_id": "a" * 32, "span_id": "b" * 16, "name": "ask", "project": "mine", "kind": "llm"},
        **{"start_time": "2026-01-02T03:04:05.000000007Z", "input": "why?", "output": "so", "input_tokens": 3},
    }
    (tmp_path / "spans.jsonl").write_text(json.dumps(span) + "\n\n")
    transfer.import_files(current_client(), [tmp_path / "spans.jsonl"])
    [stored] = current_client().pages("/spans", project="mine")
    assert {name: stored[name] for name in span} == span


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        pytest.param("a.txt", b"", "no kind that can be imported", id="unknown-kind"),
        pytest.param("a.pb", b"\x12\x00", "no ExportTraceServiceRequest", id="another-message"),
        pytest.param("a.pb", b"\x0a\x7fx", "cut short", id="cut"),
        pytest.param("a.pb", b"\x0a" + b"\xff" * 8 + b"\x7f", "a.pb is no ExportTrace", id="length-of-exabytes"),
        pytest.param("a.pb", b"\x0a" + b"\xff" * 20, "no ExportTraceServiceRequest", id="endless-number"),
        pytest.param("a.jsonl", b"{\n", "line 1: not JSON", id="not-json"),
        pytest.param("a.jsonl", b"[]\n", "line 1: not an object", id="not-an-object"),
        pytest.param("a.jsonl", b'{"start_time": "x"}\n', "a.jsonl: This row is no span", id="no-span"),
        pytest.param("a.jsonl", b'{"k": 1}\n', "a.jsonl: This row is neither", id="neither"),
        pytest.param("a.parquet", b"PAR1", "no Parquet file", id="no-parquet"),
    ],
)
def test_a_file_that_is_something_else_is_named(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises((ConfigurationError, DatasetError), match=told):
        transfer.import_files(Client(load_settings(endpoint="http://127.0.0.1:9")), [tmp_path / name])


def test_an_export_never_writes_over_something(tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    with pytest.raises(ConfigurationError, match="is not empty"):
        transfer.export(Client(load_settings(endpoint="http://127.0.0.1:9")), tmp_path, "jsonl")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-01 00:00:01.5", 1_500_000_000),
        ("1970-01-01T01:00:00.25+01:00", 250_000_000),
        ("1969-12-31T23:59:59.999999999Z", -1),
    ],
)
def test_times_keep_their_nanoseconds(text: str, expected: int) -> None:
    assert nanoseconds(text) == expected


def test_an_empty_export_is_an_empty_request() -> None:
    assert export_request([]) == b""
