"""The routes for readers: figures, sessions, one trace in parts, metrics, and news as they come."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from assay.collector.server import Server
from support.queried import SECOND, span, store_spans

START = 1_795_262_400 * SECOND


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A collector with one trace of a session."""
    server = Server(data_dir=tmp_path_factory.mktemp("reading") / ".assay", grpc_port=None)
    server.start()
    store_spans(server.service, [span(1, 0, start=START, session_id="a/b"), span(1, 1, start=START, parent=0)])
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client
    server.stop()


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v1/stats", {"measures": "count,latency_p95_ms", "group_by": "name", "bucket": "1d", "of": "traces"}),
        ("/api/v1/sessions", {"filter": "span_count = 2"}),
        ("/api/v1/values", {"field": "name"}),
        ("/api/v1/spans", {"order_by": "duration_ms desc"}),
    ],
)
def test_lists_answer_items(api: httpx.Client, path: str, query: dict[str, str]) -> None:
    answer = api.get(path, params=query)
    assert answer.status_code == 200
    assert answer.json()["items"]


def test_a_time_beyond_what_the_store_can_hold_is_as_early_or_late_as_can_be(api: httpx.Client) -> None:
    ever = {"from": "0001-01-01", "to": "9999-12-31T23:59:59Z"}
    for more in ({}, {"of": "traces"}, {"previous": "true"}, {"measures": "cost_usd,count"}):
        answer = api.get("/api/v1/stats", params={**ever, **more})
        assert answer.status_code == 200
        assert answer.json()["items"][0].get("count", 2) == (1 if more.get("of") else 2)


@pytest.mark.parametrize(
    ("path", "query", "says"),
    [
        ("/api/v1/stats", {"measures": "speed"}, "It is one of: count"),
        ("/api/v1/stats", {"from": "yesterday"}, "2026-11-21T10:00:00Z"),
        ("/api/v1/stats", {"previous": "true"}, "from"),
        ("/api/v1/traces", {"order_by": "speed desc"}, "Fields are:"),
        ("/api/v1/spans", {"filter": "nam = 'x'"}, "Did you mean name?"),
        ("/api/v1/live", {"filter": "nam = 'x'"}, "Did you mean name?"),
        ("/api/v1/values", {"field": "nam"}, "Fields are:"),
    ],
)
def test_what_is_not_known_is_refused_with_what_is(
    api: httpx.Client, path: str, query: dict[str, str], says: str
) -> None:
    answer = api.get(path, params=query)
    assert answer.status_code == 400
    assert says in json.dumps(answer.json()["error"])


def test_a_trace_is_read_in_parts(api: httpx.Client) -> None:
    trace_id, span_id = f"{1:032x}", f"{1:08x}{1:08x}"
    assert api.get(f"/api/v1/traces/{trace_id}/skeleton").json()["parent"] == [-1, 0]
    assert api.get(f"/api/v1/spans/{trace_id}/{span_id}").json()["span_id"] == span_id
    assert api.get(f"/api/v1/spans/{trace_id}/{'0' * 16}").status_code == 404
    assert api.get(f"/api/v1/traces/{'0' * 32}/skeleton").status_code == 404


def test_a_session_is_found_by_any_name(api: httpx.Client) -> None:
    assert api.get("/api/v1/sessions/a/b").json()["trace_count"] == 1
    assert api.get("/api/v1/sessions/a").status_code == 404


@pytest.mark.parametrize("path", ["traces/" + "0" * 32, "sessions/nobody's", "users/nobody"])
def test_deleting_what_is_not_there_is_told(api: httpx.Client, path: str) -> None:
    answer = api.delete(f"/api/v1/{path}")
    assert (answer.status_code, answer.json()["error"]["code"][-9:]) == (404, "not_found")


def test_rules_are_not_kept_for_projects_that_do_not_exist(api: httpx.Client) -> None:
    asked = {"project": "typo"}
    for answer in (
        api.put("/api/v1/retention", params=asked, json={"days": 3}),
        api.post("/api/v1/repricings", params=asked),
    ):
        assert (answer.status_code, answer.json()["error"]["message"]) == (404, "There is no project 'typo'.")


def test_metrics_are_in_the_format_of_prometheus(api: httpx.Client) -> None:
    answer = api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = answer.text.splitlines()
    assert "assay_spans_stored_total 2.0" in lines
    assert "assay_queue_bytes 0.0" in lines
    assert any(line.startswith('assay_commit_seconds_bucket{le="+Inf"}') for line in lines)


def test_a_reader_who_comes_back_hears_what_it_missed(api: httpx.Client) -> None:
    heard: dict[str, str] = {}
    asked = {"of": "spans", "filter": "parent_span_id is not null"}
    with api.stream("GET", "/api/v1/live", params=asked, headers={"last-event-id": "0"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            heard[name] = value
            if name == "data":
                break
    assert heard["event"] == "span"
    assert int(heard["id"]) == 2
    assert json.loads(heard["data"])["span_id"] == f"{1:08x}{1:08x}"
