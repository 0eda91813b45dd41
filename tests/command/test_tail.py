"""`assay traces tail`: live events read, connections made again, lines that fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from assay.cli import app
from assay.collector.server import Server
from assay.command.ink import Ink
from assay.command.tail import line
from assay.errors import CollectorUnavailable, InvalidRequest
from assay.live_events import LiveEvent, events, follow
from assay.settings import configure
from support.otlp import one_span

runner = CliRunner()


def test_events_are_read_and_comments_passed_over() -> None:
    sent = [": following", "", "event: trace", "id: 7", 'data: {"a":', "data: 1}", "", "data: {}", ""]
    assert list(events(iter(sent))) == [LiveEvent("trace", {"a": 1}, "7"), LiveEvent("message", {}, None)]


class Scripted:
    """A client whose connections answer one after the other; an exception breaks one."""

    def __init__(self, *answers: list[str] | Exception) -> None:
        self.answers = list(answers)
        self.headers: list[dict[str, str]] = []

    @contextmanager
    def stream(self, method: str, path: str, *, headers: dict[str, str], **params: Any) -> Iterator[Any]:
        self.headers.append(headers)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        yield type("Response", (), {"iter_lines": lambda _: iter(answer)})()

    def close(self) -> None: ...


def test_a_connection_that_breaks_goes_on_where_it_was() -> None:
    scripted = Scripted(
        ["event: trace", "id: 3", "data: {}", ""],
        CollectorUnavailable("away"),
        ["event: trace", "id: 5", "data: {}", ""],
    )
    waits: list[float] = []
    troubles: list[str] = []
    found = follow(lambda: scripted, trouble=troubles.append, wait=waits.append)  # type: ignore[arg-type, return-value]
    assert [next(found).id, next(found).id] == ["3", "5"]
    assert scripted.headers == [{}, {"last-event-id": "3"}, {"last-event-id": "3"}]
    assert waits == [0.5, 1.0]
    assert troubles[-1] == "away"


@pytest.mark.parametrize("error", [CollectorUnavailable("nobody"), InvalidRequest("no filter")])
def test_who_cannot_begin_is_told_at_once(error: Exception) -> None:
    with pytest.raises(type(error)):
        next(follow(lambda: Scripted(error)))  # type: ignore[arg-type, return-value]


def test_where_no_collector_runs_none_is_started() -> None:
    assert isinstance(runner.invoke(app, ["traces", "tail"]).exception, CollectorUnavailable)


def test_what_arrives_is_followed_until_there_is_enough(asked: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from assay.command import tail

    real = tail._connect
    configure(project="arriving")

    def connect() -> Any:
        asked.service.ingest(one_span("arrived", service__name="arriving")).result()
        return real()

    monkeypatch.setattr(tail, "_connect", connect)
    monkeypatch.setattr("assay.live_events._opened", _from_the_beginning)
    ended = runner.invoke(app, ["traces", "tail", "--filter", "name = 'arrived'", "--limit", "1", "--json"])
    assert (json.loads(ended.stdout)["name"], ended.exit_code) == ("arrived", 0)
    shown = runner.invoke(app, ["traces", "tail", "--spans", "--filter", "name = 'arrived'", "--limit", "1"])
    assert "arrived" in shown.stdout


def _from_the_beginning(client: Any, of: str, filter: str | None, last_id: str | None) -> Any:
    return client.stream("GET", "/live", headers={"last-event-id": "0"}, of=of, filter=filter)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_line_fits(width: int) -> None:
    row = {
        **{
            "start_time": "2026-11-22T05:29:27.051179074Z",
            "trace_id": "a" * 32,
            "name": "東京" * 40,
            "status": "error",
        },
        **{
            "duration_ms": 12.5,
            "total_tokens": 12,
            "cost_usd": 0.1,
            "input": "x" * 500,
            "status_message": "\x1b[2J no",
        },
    }
    told = line(row, Ink(width, is_coloured=False))
    assert cell_len(told) <= max(width, 75)
    assert "\x1b" not in told
