"""GenAI events in log records reach their span, whichever came first; results of evaluations become scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from assay.collector.decode_logs import decode_logs
from assay.collector.server import Server
from assay.collector.service import Accepted, Service
from assay.errors import CollectorUnavailable
from support.otlp_messages import NOW, SPAN_ID, TRACE_ID, logs, pairs, record, span, traces
from support.otlp_transports import Transport, api_items

CALL = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini"}
ANSWERED = {**CALL, "gen_ai.response.id": "resp-1"}

USER = [{"role": "user", "parts": [{"type": "text", "content": "How do I reset it?"}]}]
ASSISTANT = [
    {"role": "assistant", "parts": [{"type": "text", "content": "Press the button."}], "finish_reason": "stop"}
]

# The same exchange in each form that is published or seen
FORMS = {
    "details": [
        record(
            "gen_ai.client.inference.operation.details",
            {**CALL, "gen_ai.input.messages": USER, "gen_ai.output.messages": ASSISTANT},
        )
    ],
    "details as JSON text": [
        record(
            "gen_ai.client.inference.operation.details",
            {"gen_ai.input.messages": json.dumps(USER), "gen_ai.output.messages": json.dumps(ASSISTANT)},
        )
    ],
    "one event per message": [
        record("gen_ai.user.message", {"gen_ai.system": "openai"}, {"content": "How do I reset it?"}),
        record(
            "gen_ai.choice",
            {},
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Press the button."}},
            time_unix_nano=NOW + 2,
        ),
    ],
    "bodies of JSON text, names in attributes": [
        record(
            "", {"event.name": "gen_ai.user.message"}, '{"role": "user", "content": "How do I reset it?", "name": null}'
        ),
        record(
            "",
            {"event.name": "gen_ai.choice"},
            '{"index": 0, "message": {"role": "assistant", "content": "Press the button."}, "finish_reason": "stop"}',
            time_unix_nano=NOW + 2,
        ),
    ],
}


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("logs") / "data")
    yield service
    service.close()


def send(collector: Service, request: Message) -> Accepted:
    if "Logs" in type(request).__name__:
        return collector.ingest(request.SerializeToString(), decode=decode_logs).result()
    return collector.ingest(request.SerializeToString()).result()


def stored(collector: Service, service: str) -> list[tuple[Any, ...]]:
    with collector.store.read() as cursor:
        return cursor.execute(
            "SELECT input, output, json_array_length(events), start_time FROM spans WHERE project = ? ORDER BY span_id",
            [service],
        ).fetchall()


def scores(collector: Service, service: str) -> list[tuple[Any, ...]]:
    with collector.store.read() as cursor:
        return cursor.execute(
            "SELECT name, value, source, explanation, trace_id, span_id FROM score_log WHERE project = ?", [service]
        ).fetchall()


def test_events_give_their_span_its_messages(transport: Transport, server: Server, service: str) -> None:
    transport.send(traces(span(CALL), service=service))
    answer = transport.send(logs(*FORMS["details"], service=service))
    assert (answer.status, answer.body in (b"", b"{}")) == (200, True)
    [only] = api_items(server, "spans", service)
    assert (only["input"], only["output"]) == ("How do I reset it?", "Press the button.")
    assert only["finish_reasons"] == ["stop"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("logs_first", [False, True])
def test_the_order_of_arrival_and_sending_again_change_nothing(
    collected: Service, service: str, form: str, logs_first: bool
) -> None:
    requests: Sequence[Message] = (traces(span(CALL), service=service), logs(*FORMS[form], service=service))
    for request in reversed(requests) if logs_first else requests:
        send(collected, request)
    once = stored(collected, service)
    for request in requests:
        send(collected, request)
    assert stored(collected, service) == once
    assert [row[:3] for row in once] == [("How do I reset it?", "Press the button.", len(FORMS[form]))]


def test_events_that_come_one_by_one_stand_in_order_of_time(collected: Service, service: str) -> None:
    user, choice = FORMS["one event per message"]
    own = Span.Event(name="retry", time_unix_nano=NOW + 1, attributes=pairs({"n": 1}))
    send(collected, logs(choice, service=service))
    send(collected, traces(span(CALL, events=[own]), service=service))
    send(collected, logs(user, service=service))
    with collected.store.read() as cursor:
        [(events,)] = cursor.execute("SELECT events FROM spans WHERE project = ?", [service]).fetchall()
    assert [event["name"] for event in json.loads(events)] == ["retry", "gen_ai.user.message", "gen_ai.choice"]


def test_what_was_sent_of_a_span_stays_as_it_was_when_events_join_it(collected: Service, service: str) -> None:
    sent = {**CALL, "long": "x" * 5000, "nested": {"a": [1, {"b": "y" * 500}]}, "big": 9007199254740993}
    fields = dict(parent_span_id=TRACE_ID[:8], trace_state="a=b", kind=3, dropped_attributes_count=4)
    links = [Span.Link(trace_id=TRACE_ID, span_id=SPAN_ID)]
    columns = "* EXCLUDE (project, service_name, resource, input_messages, output_messages, input, output, events, "
    columns += "finish_reasons, attributes)"
    kept = "scope_name, scope_version, span_kind, trace_state, dropped_attributes_count"
    shown = []
    for name, records in ((service, []), (f"{service}-more", FORMS["details"])):
        send(collected, traces(span(sent, links=links, **fields), service=name))
        send(collected, logs(*records, service=name))
        with collected.store.read() as cursor:
            [(attributes, *row)] = cursor.execute(
                f"SELECT attributes, {columns} FROM spans WHERE project = ?", [name]
            ).fetchall()
            more = cursor.execute(f"SELECT {kept} FROM span_log WHERE project = ?", [name]).fetchall()
        assert json.loads(attributes) == sent
        shown.append([row, more])
    assert shown[0] == shown[1]


def test_events_wait_through_a_restart(tmp_path: Path) -> None:
    first = Service(tmp_path)
    send(first, logs(*FORMS["details"]))
    first.close()
    second = Service(tmp_path)
    send(second, traces(span(CALL)))
    assert [row[:2] for row in stored(second, "shop")] == [("How do I reset it?", "Press the button.")]
    with second.store.read() as cursor:
        assert cursor.execute("SELECT count(*) FROM log_event_log").fetchall() == [(0,)]
    second.close()


def test_what_a_crash_left_apart_is_merged_at_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Service(tmp_path)
    send(first, logs(*FORMS["details"]))
    monkeypatch.setattr(first.logs, "follow", lambda spans, filing: None)  # as if killed between the two commits
    send(first, traces(span(CALL)))
    first.close()
    second = Service(tmp_path)
    second.writer.put_job(lambda cursor: None).result()
    assert [row[:2] for row in stored(second, "shop")] == [("How do I reset it?", "Press the button.")]
    second.close()


def test_another_projects_events_do_not_reach_a_span(collected: Service, service: str) -> None:
    send(collected, traces(span(CALL), service=service))
    send(collected, logs(*FORMS["details"], service=f"{service}-other"))
    assert [row[:2] for row in stored(collected, service)] == [(None, None)]


def test_an_exception_in_a_log_record_makes_its_span_an_error(collected: Service, service: str) -> None:
    said = {"exception.type": "RateLimitError", "exception.message": "slow down", "error.type": "RateLimitError"}
    send(collected, traces(span(CALL), service=service))
    send(collected, logs(record("gen_ai.client.operation.exception", said), service=service))
    with collected.store.read() as cursor:
        found = cursor.execute("SELECT status, status_message FROM spans WHERE project = ?", [service]).fetchall()
    assert found == [("error", "slow down")]


# Results of evaluations -------------------------------------------------------------------------------------------

RESULT = {
    "gen_ai.evaluation.name": "Relevance",
    "gen_ai.evaluation.score.value": 0.75,
    "gen_ai.evaluation.score.label": "relevant",
    "gen_ai.evaluation.explanation": "It answers.",
    "gen_ai.response.id": "resp-1",
}
IDS = (TRACE_ID.hex(), SPAN_ID.hex())
SCORE = ("Relevance", "0.75", "code", "It answers.")


def result(values: dict[str, Any] | None = None, **fields: Any) -> Any:
    return record("gen_ai.evaluation.result", RESULT if values is None else values, **fields)


def test_a_result_is_a_score_of_its_span_however_often_it_is_sent(
    transport: Transport, server: Server, service: str
) -> None:
    for _ in range(3):
        assert transport.send(logs(result(), service=service)).status == 200
    [score] = api_items(server, "scores", service)
    assert (score["name"], score["value"], score["source"], score["explanation"]) == (
        "Relevance",
        0.75,
        "code",
        "It answers.",
    )
    assert (score["trace_id"], score["span_id"]) == IDS
    assert score["metadata"]["gen_ai.evaluation.score.label"] == "relevant"
    assert score["author"] == "tests"


def test_a_result_among_a_spans_events_is_a_score_too(collected: Service, service: str) -> None:
    event = Span.Event(name="gen_ai.evaluation.result", time_unix_nano=NOW, attributes=pairs(RESULT))
    for _ in range(2):
        send(collected, traces(span(CALL, events=[event]), service=service))
    assert scores(collected, service) == [(*SCORE, *IDS)]


@pytest.mark.parametrize("span_first", [True, False])
def test_a_result_without_ids_is_linked_by_the_response(collected: Service, service: str, span_first: bool) -> None:
    requests: list[Message] = [
        traces(span(ANSWERED), service=service),
        logs(result(trace_id=b"", span_id=b""), service=service),
    ]
    for request in requests if span_first else reversed(requests):
        send(collected, request)
    for request in requests:
        send(collected, request)
    assert scores(collected, service) == [(*SCORE, *IDS)]


def test_a_result_that_can_be_linked_to_nothing_is_kept(collected: Service, service: str) -> None:
    alone = {name: value for name, value in RESULT.items() if name != "gen_ai.response.id"}
    for _ in range(2):
        send(collected, logs(result(alone, trace_id=b"", span_id=b""), service=service))
    assert scores(collected, service) == [(*SCORE, None, None)]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        pytest.param({"gen_ai.evaluation.score.label": "pass"}, ('"pass"', "code", None), id="label"),
        pytest.param({"gen_ai.evaluation.score.value": 0}, ("0.0", "code", None), id="zero"),
        pytest.param(
            {"gen_ai.evaluation.score.value": 1.0, "gen_ai.request.model": "judge"}, ("1.0", "llm", None), id="judge"
        ),
        pytest.param({"error.type": "timeout"}, (None, "code", "timeout"), id="error"),
        pytest.param({}, (None, "code", "the result has no value"), id="nothing"),
    ],
)
def test_a_result_says_what_it_says(
    collected: Service, service: str, said: dict[str, Any], kept: tuple[Any, ...]
) -> None:
    send(collected, logs(result({"gen_ai.evaluation.name": "Pass", **said}), service=service))
    with collected.store.read() as cursor:
        rows = cursor.execute("SELECT value, source, error FROM scores WHERE project = ?", [service]).fetchall()
    assert rows == [kept]


def test_a_result_that_does_not_say_of_what_is_rejected(transport: Transport, service: str) -> None:
    answer = transport.send(logs(result({"gen_ai.evaluation.score.value": 1.0}), result(), service=service))
    assert (answer.status, answer.rejected) == (200, 1)
    assert "gen_ai.evaluation.name" in answer.message


def test_a_span_whose_events_cannot_be_merged_now_is_to_be_sent_again(
    collected: Service, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(collected, logs(*FORMS["details"], service=service))

    def refuse(*args: object, **options: object) -> object:
        raise CollectorUnavailable("The collector is stopping.")

    with monkeypatch.context() as patch:
        patch.setattr(collected.writer, "put_job", refuse)
        with pytest.raises(CollectorUnavailable):
            send(collected, traces(span(CALL), service=service))
    send(collected, traces(span(CALL), service=service))
    assert [row[:2] for row in stored(collected, service)] == [("How do I reset it?", "Press the button.")]
