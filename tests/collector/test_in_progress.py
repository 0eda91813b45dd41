"""Open spans: seen while they are open, replaced when they end, interrupted when their program is gone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.message import Message
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from assay.collector import queries
from assay.collector.decode_logs import decode_logs
from assay.collector.deletions import Selection, delete_day
from assay.collector.news import last_row, news
from assay.collector.service import Accepted, Service
from support.otlp_messages import NOW, logs, pairs, record, span, traces

ROOT, CHILD = b"rootroot", b"childchi"
numbers = iter(range(1, 10**6))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("open") / "data")
    yield service
    service.close()


class Shop:
    """A project of its own in the shared collector, and one trace in it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.name = f"shop-{next(numbers)}"
        self.trace = self.name.ljust(16, ".").encode()[:16]

    def announce(self, span_id: bytes = ROOT, *, instance: str | None = None, **values: Any) -> Accepted:
        body = {"name": "agent", "kind": "internal"}
        if span_id != ROOT:
            body = {"name": "step", "parent_span_id": ROOT.hex()}
        attributes = {"openinference.span.kind": "AGENT", "input.value": "hello " * 400, "session.id": self.name}
        started = record(
            "assay.span.started",
            {**attributes, **values},
            body,
            trace_id=self.trace,
            span_id=span_id,
            time_unix_nano=NOW + (span_id != ROOT),
        )
        return self.say(started, instance=instance)

    def say(self, *records: LogRecord, instance: str | None = None) -> Accepted:
        request = logs(*records, service=self.name)
        named = pairs({"service.instance.id": instance or f"process of {self.name}"})
        request.resource_logs[0].resource.attributes.extend(named)
        return self.send(request)

    def end(self, span_id: bytes = ROOT, **fields: Any) -> Accepted:
        name, parent = ("agent", b"") if span_id == ROOT else ("step", ROOT)
        start = NOW + (span_id != ROOT)
        one = span(
            {"session.id": self.name},
            trace_id=self.trace,
            span_id=span_id,
            parent_span_id=parent,
            name=name,
            start_time_unix_nano=start,
            **fields,
        )
        return self.send(traces(one, service=self.name))

    def send(self, request: Message) -> Accepted:
        decode = {"decode": decode_logs} if "Logs" in type(request).__name__ else {}
        return self.service.ingest(request.SerializeToString(), **decode).result()  # type: ignore[arg-type]

    def traces(self, **asked: Any) -> list[dict[str, Any]]:
        return queries.list_traces(self.service.store, project=self.name, **asked).items

    def spans(self, **asked: Any) -> list[dict[str, Any]]:
        return queries.list_spans(self.service.store, project=self.name, **asked).items

    def whole(self) -> dict[str, Any]:
        found = queries.get_trace(self.service.store, self.trace.hex(), project=self.name)
        assert found is not None
        return found

    def later(self, seconds: float) -> None:
        """Let upkeep see what it would see in so many seconds."""
        self.service.in_progress._clock = lambda: time.time() + seconds
        try:
            self.service.in_progress.step()
        finally:
            self.service.in_progress._clock = time.time


@pytest.fixture
def shop(shared: Service) -> Shop:
    return Shop(shared)


def states(found: list[dict[str, Any]]) -> list[tuple[str, str, bool]]:
    return [(each["name"], each["status"], each["end_time"] is None) for each in found]


OPEN = ("agent", "in_progress", True)
ENDED = ("agent", "unset", False)


def test_an_open_span_is_in_lists_and_in_its_trace(shop: Shop) -> None:
    shop.announce()
    assert states(shop.traces()) == states(shop.spans()) == states([shop.whole()]) == [OPEN]
    [trace], [one] = shop.traces(), shop.whole()["spans"]
    assert (trace["session_id"], trace["kind"], trace["span_count"]) == (shop.name, "agent", 1)
    assert trace["duration_ms"] >= 0
    assert one["input"] == trace["input"] == "hello " * 400
    assert one["attributes"]["openinference.span.kind"] == "AGENT"
    assert queries.get_span(shop.service.store, shop.trace.hex(), ROOT.hex())["status"] == "in_progress"  # type: ignore[index]


def test_filters_and_orders_hold_for_open_spans(shop: Shop) -> None:
    shop.announce()
    wanted = f"status = 'in_progress' and session_id = '{shop.name}' and input ilike '%hello%'"
    assert states(shop.traces(filter=wanted)) == states(shop.spans(filter=wanted)) == [OPEN]
    assert shop.traces(filter="status = 'ok'") == shop.spans(filter="status = 'ok'") == []
    assert states(shop.traces(order_by="duration_ms desc")) == [OPEN]


def test_children_that_end_first_hang_below_their_open_parent(shop: Shop) -> None:
    shop.announce()
    shop.end(CHILD)
    assert states(shop.whole()["spans"]) == [OPEN, ("step", "unset", False)]
    assert (shop.traces()[0]["span_count"], shop.traces()[0]["status"]) == (2, "in_progress")
    skeleton = queries.get_skeleton(shop.service.store, shop.trace.hex(), project=shop.name)
    assert skeleton is not None
    assert (skeleton["parent"], skeleton["made_up_root"]) == ([-1, 0], False)


@pytest.mark.parametrize("order", ["announced first", "ended first"])
def test_the_span_itself_takes_its_place(order: str, shop: Shop) -> None:
    steps = [shop.announce, shop.end]
    for step in steps if order == "announced first" else steps[::-1]:
        step()
    assert states(shop.traces()) == states(shop.spans()) == states(shop.whole()["spans"]) == [ENDED]
    shop.later(0)
    assert states(shop.traces()) == states(shop.whole()["spans"]) == [ENDED]
    assert (shop.name, shop.trace.hex()) not in shop.service.store.open_spans.traces


def test_announced_twice_is_there_once(shop: Shop) -> None:
    shop.announce()
    shop.announce()
    assert states(shop.whole()["spans"]) == [OPEN]


def test_a_program_that_is_silent_for_a_minute_leaves_interrupted_spans(shop: Shop) -> None:
    shop.announce()
    shop.end(CHILD)
    shop.later(30)
    assert shop.traces()[0]["status"] == "in_progress"
    shop.later(90)
    assert states(shop.whole()["spans"]) == [("agent", "interrupted", True), ("step", "unset", False)]
    assert states(shop.traces(filter="status = 'interrupted'")) == [("agent", "interrupted", True)]
    shop.end()  # it comes all the same, from a spool
    assert states(shop.whole()["spans"])[0] == ENDED


def test_signs_of_life_keep_it_in_progress_and_bring_it_back(shop: Shop) -> None:
    shop.announce()
    shop.later(61)
    assert shop.traces()[0]["status"] == "interrupted"
    shop.say(record("assay.process.alive", trace_id=b"", span_id=b""))
    assert shop.traces()[0]["status"] == "in_progress"


def test_an_orderly_end_interrupts_at_once(shop: Shop) -> None:
    shop.announce()
    shop.say(record("assay.process.ended", trace_id=b"", span_id=b""))
    assert shop.traces()[0]["status"] == "interrupted"


def test_anothers_end_is_not_ours(shop: Shop) -> None:
    shop.announce()
    shop.say(record("assay.process.ended", trace_id=b"", span_id=b""), instance="another")
    stranger = Shop(shop.service)
    stranger.say(record("assay.process.ended", trace_id=b"", span_id=b""), instance=f"process of {shop.name}")
    assert shop.traces()[0]["status"] == "in_progress"


def test_after_a_day_an_interrupted_span_is_one_among_the_others(shop: Shop) -> None:
    shop.announce()
    shop.later(61)
    shop.service.in_progress._keep_at = 0.0
    shop.later(61 + 86_400)
    assert (shop.name, shop.trace.hex()) not in shop.service.store.open_spans.traces
    assert states(shop.traces()) == states(shop.whole()["spans"]) == [("agent", "interrupted", True)]
    assert shop.whole()["spans"][0]["input"] == "hello " * 400


def test_pages_of_open_and_ended_traces_are_in_one_order(shared: Service) -> None:
    project = Shop(shared)
    ids = [bytes([number]) * 16 for number in range(1, 10)]
    for number, trace_id in enumerate(ids):
        project.trace = trace_id
        if number % 2:
            project.announce()
        else:
            project.end()
    for order_by in (None, "start_time asc", "name desc", "total_tokens desc"):
        found: list[str] = []
        cursor = None
        while True:
            page = queries.list_traces(shared.store, project=project.name, order_by=order_by, limit=2, cursor=cursor)
            found += [item["trace_id"] for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        wanted = sorted((each.hex() for each in ids), reverse=order_by != "start_time asc")
        assert found == wanted, order_by
    everything = [item["trace_id"] for item in queries.list_spans(shared.store, project=project.name).items]
    assert sorted(everything) == sorted(each.hex() for each in ids)


def test_readers_who_follow_see_them_begin_and_end(shop: Shop) -> None:
    store = shop.service.store
    seen = last_row(store)
    shop.announce()
    for of in ("traces", "spans"):
        assert [item["status"] for item in news(store, of, None, shop.name, seen).items] == ["in_progress"]
    seen = last_row(store)
    shop.end()
    assert [item["status"] for item in news(store, "traces", None, shop.name, seen).items] == ["unset"]


def test_they_are_not_counted_among_what_has_ended(shop: Shop) -> None:
    shop.announce()
    asked = queries.StatsQuery(of="spans", measures=("count",), project=shop.name)
    assert [row["count"] for row in queries.stats(shop.service.store, asked)] in ([], [0])


def test_what_is_deleted_is_gone_while_it_is_open(shop: Shop) -> None:
    shop.announce()
    shop.service.delete(Selection(project=shop.name, session_id=shop.name))
    assert shop.traces() == shop.spans() == []


def test_retention_takes_them_too(shop: Shop) -> None:
    shop.announce()
    today = datetime.now(UTC).date()
    for day in (today - timedelta(days=1), today):
        job = lambda cursor, day=day: delete_day(cursor, shop.service.store.content, day, [shop.name])  # noqa: E731
        shop.service.writer.put_job(job).result()
    assert shop.traces() == []


def test_each_project_has_room_for_so_many(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.collector.open_index.MAX_OF_PROJECT", 2)
    for number in range(3):
        shop.trace = bytes([number + 100]) * 16
        shop.announce()
    assert len(shop.traces()) == 2


@pytest.mark.parametrize(
    "hostile",
    [
        {"body": None},
        {"body": {"name": 5, "parent_span_id": "x' OR 1=1", "kind": []}},
        {"body": {"name": "x" * 100_000}},
        {"time_unix_nano": 0},
        {"time_unix_nano": 2**64 - 1},
        {"trace_id": b"short"},
    ],
)
def test_what_is_announced_in_a_wrong_way_harms_nobody(hostile: dict[str, Any], shop: Shop) -> None:
    fields = {"trace_id": shop.trace, **{name: value for name, value in hostile.items() if name != "body"}}
    shop.say(record("assay.span.started", {"a": "b"}, hostile.get("body", {"name": "x"}), **fields), instance="'\"; --")
    assert len(shop.traces()) <= 1
    shop.announce(CHILD)
    assert len(shop.traces()) == 1


def test_they_outlive_the_collector(tmp_path: Any) -> None:
    first = Service(tmp_path / "data")
    shop = Shop(first)
    shop.announce()
    first.close()
    shop.service = Service(tmp_path / "data")
    try:
        assert shop.traces()[0]["status"] == "in_progress"
        shop.later(59)  # the program may still be there: it was the collector that was away
        assert shop.traces()[0]["status"] == "in_progress"
        shop.later(61)
        assert shop.traces()[0]["status"] == "interrupted"
    finally:
        shop.service.close()
