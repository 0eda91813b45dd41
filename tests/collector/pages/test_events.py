"""What a page hears of while it is open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from assay.collector.pages.traces import event_pages
from assay.collector.pages.traces.list_source import TraceLists
from assay.collector.registry import Actor
from assay.collector.server import Server
from support.otlp import PROTOBUF, recorded


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(data_dir=tmp_path_factory.mktemp("events") / ".assay")
    server.start()
    yield server
    server.stop()


def send(server: Server, name: str, **attributes: Any) -> str:
    """The id of a trace of one span that the collector has stored."""
    with recorded(assay__project="shop") as recorder:
        with recorder.tracer.start_as_current_span(name, attributes=attributes) as span:
            pass
        body = recorder.body()
    httpx.post(f"{server.url}/v1/traces", content=body, headers=PROTOBUF, timeout=60).raise_for_status()
    return f"{span.get_span_context().trace_id:032x}"


def poll(server: Server, **query: Any) -> Any:
    answer = httpx.get(f"{server.url}/p/shop/events", params={"poll": "1", **query}, timeout=60)
    answer.raise_for_status()
    return answer.json()


def test_who_polls_hears_what_came_since(server: Server) -> None:
    before = poll(server)
    trace_id = send(server, "answer")
    heard = poll(server, after=before["id"])
    assert before["data"] == {"ids": [], "missed": 0}
    assert heard["data"] == {"ids": [trace_id], "missed": 0}
    assert poll(server, after=heard["id"])["data"]["ids"] == []


@pytest.mark.parametrize(
    ("query", "is_heard"),
    [
        ({"q": "name = 'answer'"}, True),
        ({"q": "name = 'other'"}, False),
        ({"q": "answ"}, True),
        ({"q": "status = 'ok' or true -- and so on", "from": "-1h"}, True),
        ({"to": "-1h"}, False),
    ],
)
def test_only_what_the_page_shows_is_heard_of(server: Server, query: dict[str, str], is_heard: bool) -> None:
    before = poll(server)["id"]
    trace_id = send(server, "answer")
    assert (trace_id in poll(server, after=before, **query)["data"]["ids"]) is is_heard


def test_spans_are_told_by_both_their_ids(server: Server) -> None:
    before = poll(server)["id"]
    trace_id = send(server, "answer")
    [told] = poll(server, after=before, topic="spans")["data"]["ids"]
    assert told.startswith(f"{trace_id}/")


def test_a_wrong_filter_is_refused(server: Server) -> None:
    answer = httpx.get(f"{server.url}/p/shop/events", params={"q": "nam = 'x'"}, timeout=60)
    assert answer.status_code == 400


def test_a_stream_says_where_it_is_and_then_what_it_missed(server: Server) -> None:
    before = poll(server)["id"]
    trace_id = send(server, "answer")
    events: list[dict[str, str]] = [{}]
    headers = {"last-event-id": str(before)}  # as a browser that comes back has it; it beats the address
    with httpx.stream("GET", f"{server.url}/p/shop/events?after=0", headers=headers, timeout=60) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                events[-1][name] = value
            elif len(events) == 2:
                break
            else:
                events.append({})
    assert events[0] == {"event": "here", "id": str(before), "data": "{}"}
    assert json.loads(events[1]["data"]) == {"ids": [trace_id], "missed": 0}


def test_what_comes_in_a_rush_is_told_together(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two messages a second at most: after each one the stream rests, however much comes."""
    rested: list[float] = []

    async def sleep(seconds: float) -> None:
        rested.append(seconds)
        if len(rested) == 1:
            sent.extend(await asyncio.to_thread(lambda: [send(server, "answer") for _ in range(3)]))

    async def first_two() -> list[bytes]:
        lists = TraceLists(server.service, Actor())
        stream = event_pages.messages(lists, ("traces", "shop", None), poll(server)["id"])
        await anext(stream)
        sent.append(await asyncio.to_thread(send, server, "answer"))
        told = [await anext(stream), await anext(stream)]
        await stream.aclose()
        return told

    sent: list[str] = []
    monkeypatch.setattr(event_pages, "sleep", sleep)
    first, second = (json.loads(event.decode().partition("data: ")[2])["ids"] for event in asyncio.run(first_two()))
    assert first == sent[:1]
    assert sorted(second) == sorted(sent[1:])
    assert rested == [event_pages.MESSAGE_EVERY_S]
