"""Long text is stored once however often it is sent, and comes back to the byte."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.batch import span_batch
from assay.collector.canonical import span_row
from assay.collector.columns import SPAN_COLUMNS
from assay.collector.content import KnownContent, digest, pieces
from assay.collector.decode import DecodedSpan, Scope
from assay.collector.rows import append_spans, delete_spans, sweep_content
from assay.collector.store import SpanStore
from assay.collector.whole import stored_columns, whole_spans

TODAY = datetime.now(UTC).date()


def message(number: int) -> dict[str, str]:
    return {"role": "user" if number % 2 else "assistant", "content": f"Message {number}: " + "words, words " * 20}


def span(number: int, attributes: dict[str, Any]) -> DecodedSpan:
    return DecodedSpan(
        trace_id=f"{1:032x}", span_id=f"{number:016x}", parent_span_id=None, name="chat", span_kind=None,
        start_time=number, end_time=number + 1, status="ok", status_message=None, attributes=attributes, events=[],
        links=[], trace_state=None, dropped_attributes_count=0, scope=Scope("test", ""),
        resource={"service.name": "shop"},
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SpanStore]:
    store = SpanStore(tmp_path / "assay.duckdb")
    yield store
    store.close()


def add(store: SpanStore, *spans: DecodedSpan, received_at: int | None = None) -> None:
    batch = span_batch([span_row(one, received_at=received_at or time.time_ns()) for one in spans])
    assert batch is not None
    store.write(lambda cursor: append_spans(cursor, [batch], store.content))


def read(store: SpanStore) -> list[dict[str, Any]]:
    with store.read() as db:
        result = db.execute(f"SELECT {', '.join(stored_columns())} FROM span_log ORDER BY start_time")
        names = [column[0] for column in result.description or []]
        return whole_spans(db, [dict(zip(names, row, strict=True)) for row in result.fetchall()])


def content_bytes(store: SpanStore) -> int:
    with store.read() as db:
        [(size,)] = db.execute("SELECT coalesce(sum(length(text)), 0) FROM content").fetchall()
    return int(size)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=30,
)


@given(
    st.text() | JSON.map(json.dumps) | st.lists(JSON.map(lambda value: {"role": value}), max_size=30).map(json.dumps)
)
def test_pieces_joined_are_what_was_cut(text: str) -> None:
    assert "".join(pieces(text)) == text


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["compact", "spaced"])
@pytest.mark.parametrize("escaped", [False, True], ids=["json", "json-in-json"])
def test_a_longer_conversation_shares_the_pieces_of_the_shorter(separators: tuple[str, str], escaped: bool) -> None:
    def spelled(turns: int) -> list[str]:
        text = json.dumps([message(number) for number in range(turns)], separators=separators)
        return pieces(json.dumps(text) if escaped else text)

    assert len(set(spelled(20)) & set(spelled(21))) >= 19


def test_whole_spans_are_what_was_sent_to_the_byte(store: SpanStore) -> None:
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": json.dumps([message(1), message(2)], indent=1),
        "structure": {"list": [message(3)] * 3},
        "short": "text",
        "number": 9007199254740993,
        "list": ["a", 1, None],
        "quoted": '"' * 500,
        "": "empty key",
    }
    add(store, span(1, attributes))
    [row] = read(store)
    assert json.loads(row["attributes"]) == attributes
    assert json.loads(row["resource"]) == {"service.name": "shop"}
    assert json.loads(row["input_messages"])[0]["parts"][0]["content"] == message(1)["content"]
    assert [column.name for column in SPAN_COLUMNS] == list(row)


def test_the_view_of_the_file_says_what_the_collector_says(store: SpanStore) -> None:
    add(store, span(1, {"input.value": "long " * 500, "a": 1, "b": {"c": "d" * 300}}), span(2, {"a": "x"}))
    rows = read(store)
    with store.read() as db:
        seen = db.execute(
            "SELECT input, attributes, resource, input_messages FROM spans ORDER BY start_time"
        ).fetchall()
    for row, (text, attributes, resource, messages) in zip(rows, seen, strict=True):
        assert (text, messages) == (row["input"], row["input_messages"])
        assert json.loads(attributes) == json.loads(row["attributes"])
        assert json.loads(resource) == json.loads(row["resource"])


def test_a_conversation_costs_what_its_messages_cost_not_what_its_turns_repeat(store: SpanStore) -> None:
    messages = [message(number) for number in range(100)]
    sent = 0
    for turn in range(1, 51):
        text = json.dumps(messages[: 2 * turn])
        sent += len(text)
        add(store, span(turn, {"gen_ai.operation.name": "chat", "gen_ai.input.messages": text}))
    assert content_bytes(store) < sent / 10
    assert json.loads(read(store)[-1]["attributes"])["gen_ai.input.messages"] == json.dumps(messages)


def test_messages_that_are_sent_as_they_are_read_are_stored_once(store: SpanStore) -> None:
    sent = [{"role": "user", "parts": [{"type": "text", "content": f"Größe {number}? " * 30}]} for number in range(5)]
    text = json.dumps(sent)  # with spaces and escapes, as nobody here writes it
    add(store, span(1, {"gen_ai.operation.name": "chat", "gen_ai.input.messages": text}))
    [row] = read(store)
    assert json.loads(row["input_messages"]) == sent
    assert content_bytes(store) < len(text) * 1.3  # beside it only the resource


def test_long_input_is_cut_inline_and_whole_in_the_span(store: SpanStore) -> None:
    text = "word " * 1000
    add(store, span(1, {"input.value": text}))
    with store.read() as db:
        [(inline,)] = db.execute("SELECT input FROM span_log").fetchall()
    assert inline == text[:1024]
    assert read(store)[0]["input"] == text


def test_content_of_a_commit_that_failed_is_not_referred_to(store: SpanStore) -> None:
    batch = span_batch([span_row(span(1, {"input.value": "long " * 100}), received_at=time.time_ns())])
    assert batch is not None

    def fail(cursor: Any) -> None:
        append_spans(cursor, [batch], store.content)
        raise RuntimeError("after the insert")

    with pytest.raises(RuntimeError):
        store.write(fail)
    add(store, span(1, {"input.value": "long " * 100}))
    assert json.loads(read(store)[0]["attributes"]) == {"input.value": "long " * 100}


def test_days_share_no_content_so_that_each_can_be_deleted(store: SpanStore) -> None:
    day = 86_400 * 10**9
    add(store, span(1, {"input.value": "long " * 100}), received_at=10 * day)
    add(store, span(2, {"input.value": "long " * 100}), received_at=11 * day)
    first = datetime.fromtimestamp(10 * 86_400, UTC).date()
    store.write(lambda cursor: delete_spans(cursor, "received_at < make_timestamp_ns(?)", [11 * day]))
    assert store.write(lambda cursor: sweep_content(cursor, [first], store.content)) == 2  # the text and the resource
    assert json.loads(read(store)[0]["attributes"]) == {"input.value": "long " * 100}


def test_sweeping_leaves_what_a_span_still_refers_to(store: SpanStore) -> None:
    shared, alone = "shared " * 100, "alone " * 100
    add(store, span(1, {"input.value": shared}), span(2, {"input.value": shared, "other": {"deep": alone}}))
    store.write(lambda cursor: delete_spans(cursor, "span_id = ?", [f"{2:016x}"]))
    assert store.write(lambda cursor: sweep_content(cursor, [TODAY], store.content)) == 1
    assert json.loads(read(store)[0]["attributes"]) == {"input.value": shared}
    add(store, span(3, {"other": {"deep": alone}}))
    assert json.loads(read(store)[1]["attributes"]) == {"other": {"deep": alone}}


def test_known_content_forgets_the_oldest_first_and_never_gives_an_id_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.collector.content.KNOWN_PIECES", 3)
    known, given_out = KnownContent(), set()
    for number in range(20):
        for found, new in known.identify([digest("always"), digest(str(number))], day=1):
            assert not new or found not in given_out
            given_out.add(found)
        known.keep()
    assert len(given_out) == 21
