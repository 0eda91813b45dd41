"""`assay doctor`: what it finds, and what it says is to be done."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

import assay
from assay.cli import app
from assay.collector.server import Server
from assay.command.doctor_table import last_word
from assay.doctor_variables import LOOKS, check_variables
from assay.finding import Check
from assay.settings import configure, load_settings
from assay.tracing import runtime
from assay.tracing.autolog.library import Library
from assay.tracing.checkup import check_libraries, check_orphans, check_spool


def doctor(*options: str) -> tuple[Result, list[dict[str, Any]]]:
    result = CliRunner().invoke(app, ["doctor", "--json", *options])
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result, json.loads(result.stdout)


@pytest.fixture
def awake(collector: Server) -> Server:
    """A collector that has loaded its API already, which takes long on a busy machine."""
    httpx.get(f"{collector.url}/api/v1/projects", trust_env=False, timeout=120)
    return collector


def of(checks: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(check for check in checks if check["name"] == name)


def test_a_span_is_sent_and_read_back(awake: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_ENDPOINT", awake.url)
    result, checks = doctor()
    assert of(checks, "delivery")["state"] == "ok"
    assert "sent and read back" in of(checks, "delivery")["detail"]
    assert of(checks, "destination")["detail"] == f"{awake.url}, by ASSAY_ENDPOINT"
    assert of(checks, "orphans")["detail"] == "nothing has arrived in this project yet"
    assert result.exit_code == 0


def test_spans_without_their_parent_are_counted_with_the_likely_cause(
    awake: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opentelemetry import trace as otel
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

    elsewhere = SpanContext(trace_id=5, span_id=6, is_remote=False, trace_flags=TraceFlags(1))
    with otel.use_span(NonRecordingSpan(elsewhere)), assay.start_span("orphan"):
        pass
    with assay.start_span("whole"), assay.start_span("below"):
        pass
    assert runtime.flush(10)
    _, checks = doctor()
    found = [check for check in checks if check["name"] == "orphans"]
    assert len(found) == 2, found
    summary, cause = found
    assert (summary["state"], summary["detail"]) == (
        "warning",
        "1 of 3 spans of the last hour came without their parent (33.3%)",
    )
    assert "'orphan' in trace 00000000000000000000000000000005" in cause["detail"]
    assert "opened in the same process and has not arrived" in cause["hint"]


def test_orphans_are_not_counted_where_sql_cannot_be_asked() -> None:
    def refuse(statement: str) -> Any:
        raise assay.AssayError("no key may read", hint="Make one.")

    [check] = check_orphans(refuse)
    assert (check.state, check.hint) == ("warning", "Make one.")


@pytest.fixture
def reachable(tmp_path: Path) -> Iterator[Server]:
    """A collector that other machines can reach, and so one that asks for keys."""
    open_one = Server(data_dir=tmp_path / "keyed")
    open_one.start()
    open_one.service.registry.keys.create("all", ["admin"])
    open_one.stop()
    server = Server(data_dir=tmp_path / "keyed", host="0.0.0.0")
    server.start()
    httpx.get(server.url, trust_env=False, timeout=120)  # the API is loaded: see `awake`
    yield server
    server.stop()


def test_a_key_for_one_project_is_no_fault(reachable: Server) -> None:
    key = reachable.service.registry.keys.create("shop", ["ingest", "read"], project="shop")["key"]
    configure(endpoint=reachable.url, api_key=key, project="shop")
    result, checks = doctor()
    assert of(checks, "key")["detail"] == "the key that is set is accepted"
    assert of(checks, "delivery")["detail"].endswith("ms (project shop)")
    assert result.exit_code == 0


def test_a_key_that_only_sends_is_no_refused_one(reachable: Server) -> None:
    key = reachable.service.registry.keys.create("shop", ["ingest"])["key"]
    configure(endpoint=reachable.url, api_key=key)
    _, checks = doctor()
    assert (of(checks, "key")["state"], of(checks, "delivery")["state"]) == ("warning", "warning")
    configure(api_key="no key of theirs")
    _, checks = doctor()
    assert (of(checks, "key")["state"], of(checks, "delivery")["state"]) == ("failed", "failed")


def test_a_collector_that_is_away_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_ENDPOINT", "http://127.0.0.1:9")
    result, checks = doctor()
    assert of(checks, "collector")["state"] == "failed"
    assert "does not answer" in of(checks, "collector")["detail"]
    assert not [check for check in checks if check["name"] in ("delivery", "orphans")]
    assert result.exit_code == 1


def test_a_refusal_names_the_step_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector that is there, and takes no spans."""

    class Full(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            self._answer(200, {"version": assay.__version__, "pid": 1})

        def do_POST(self) -> None:
            self._answer(503, {"message": "the disk is full"})

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

    with HTTPServer(("127.0.0.1", 0), Full) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        monkeypatch.setenv("ASSAY_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
        result, checks = doctor()
        server.shutdown()
        thread.join()
    found = of(checks, "delivery")
    assert found["detail"] == "sending a span is answered 503: the disk is full"
    assert "disk is full" in found["hint"]
    assert result.exit_code == 1


def test_spans_for_files_need_a_directory_that_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_ENDPOINT", f"file:{tmp_path / 'spans'}")
    _, checks = doctor()
    assert of(checks, "delivery")["state"] == "ok"
    assert not [check for check in checks if check["name"] == "collector"]


def test_what_waits_on_disk_is_told(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, spool_max_bytes=1000)
    assert check_spool(settings).detail == "nothing waits to be sent"
    waiting = tmp_path / "spool" / "shop-0123"
    waiting.mkdir(parents=True)
    (waiting / f"{1:020d}-7-0.12s.900b.0123abcd.otlp").touch()
    check = check_spool(settings)
    assert (check.state, check.detail[:30]) == ("failed", "12 spans wait to be sent, 0.0 ")
    assert "shop-0123" in check.detail
    assert "the same project and endpoint" in check.hint


def test_a_stranger_can_read_it_at_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("ASSAY_PORT", "0")  # whether the usual one is free on this machine is another question
    shown = CliRunner().invoke(app, ["doctor"]).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "-> Start one with: assay serve." in " ".join(shown.split())
    assert shown.rstrip().endswith("Works. Worth a look: collector.")


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        pytest.param({}, ["OTEL variables"], id="nothing"),
        pytest.param({"OTEL_SDK_DISABLED": "true"}, ["OTEL_SDK_DISABLED"], id="off"),
        pytest.param({"OTEL_SDK_DISABLED": "false"}, ["OTEL variables"], id="not off"),
        pytest.param({"ASSAY_TRACING": "false"}, ["ASSAY_TRACING"], id="ours off"),
        pytest.param(
            {"ASSAY_ENDPOINT": "http://a:1", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://b:2"},
            ["OTEL_EXPORTER_OTLP_ENDPOINT"],
            id="two endpoints",
        ),
        pytest.param(
            {"ASSAY_ENDPOINT": "http://a:1/", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:1"},
            ["OTEL variables"],
            id="the same endpoint twice",
        ),
        pytest.param({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4317"}, ["OTEL_EXPORTER_OTLP_ENDPOINT"], id="grpc"),
        pytest.param({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:port"}, ["OTEL_EXPORTER_OTLP_ENDPOINT"], id="no port"),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a:1"}, ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"], id="traces"
        ),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20x"}, ["OTEL_EXPORTER_OTLP_HEADERS"], id="headers"
        ),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_HEADERS": "a=b", "ASSAY_API_KEY": "k"}, ["OTEL variables"], id="headers and a key"
        ),
        pytest.param(
            {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"},
            ["OTEL_TRACES_SAMPLER"],
            id="sampled",
        ),
        pytest.param({"ASSAY_SAMPEL_RATE": "1", "ASSAY_SAMPLE_RATE": "1"}, ["ASSAY_SAMPEL_RATE"], id="misspelled"),
        pytest.param({"OTEL_PROPAGATORS": "b3"}, ["OTEL_PROPAGATORS"], id="no traceparent"),
        pytest.param({"OTEL_PROPAGATORS": "tracecontext,baggage"}, ["OTEL variables"], id="usual propagators"),
    ],
)
def test_variables_that_get_in_the_way_are_named(environment: dict[str, str], names: list[str]) -> None:
    assert [check.name for check in check_variables(environment)] == names


def test_a_variable_that_is_misspelled_is_told_what_was_meant() -> None:
    assert [check.hint for check in check_variables({"ASSAY_SAMPEL_RATE": "1", "ASSAY_X": "y"})] == [
        "Did you mean ASSAY_SAMPLE_RATE?",
        "All there are: assay settings",
    ]


def test_no_variable_can_be_so_odd_that_the_doctor_fails() -> None:
    for odd in ("", " ", "=,;", "http://[", "\x00", "x" * 10_000):
        assert check_variables(dict.fromkeys(LOOKS, odd))


def test_headers_are_named_without_their_values() -> None:
    [check] = check_variables({"OTEL_EXPORTER_OTLP_HEADERS": "authorization=secret,x-team=shop"})
    assert "secret" not in check.detail


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (("ok",), "All is well."),
        (("ok", "warning"), "Works. Worth a look: check 1."),
        (("failed", "warning", "failed"), "Has to be done: check 0, check 2."),
    ],
)
def test_the_last_word_says_what_it_comes_down_to(states: tuple[Any, ...], said: str) -> None:
    assert last_word([Check(f"check {number}", state, "") for number, state in enumerate(states)]) == said


def library(**changes: Any) -> Library:
    return Library(**{"name": "lib", "imports": "httpx", "distribution": "httpx", "minimum": "0.1", **changes})


@pytest.mark.parametrize(
    ("changes", "said", "hint"),
    [
        pytest.param({}, "on with assay.autolog(): traced by httpx itself", "", id="itself"),
        pytest.param({"module": "m"}, "on with assay.autolog(): traced by assay", "", id="by us"),
        pytest.param({"package": "leftpad"}, "off: leftpad is missing", "pip install leftpad", id="missing"),
        pytest.param({"minimum": "99"}, "off: 99 or newer is traced", "pip install 'httpx>=99'", id="too old"),
    ],
)
def test_a_library_is_told_with_what_traces_it_or_what_is_missing(
    changes: dict[str, Any], said: str, hint: str
) -> None:
    check = check_libraries([library(**changes)])[0]
    assert said in check.detail
    assert hint in check.hint
