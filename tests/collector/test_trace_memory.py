"""Rows that are remembered are those that the store would give, whatever was written, and whenever."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.collector import queries
from assay.collector.decode_logs import decode_logs
from assay.collector.deletions import Selection
from assay.collector.service import Service
from assay.collector.trace_memory import FIELDS_BYTES, MAX_ROW_BYTES, TraceMemory
from support.otlp_messages import NOW, logs, record, span, traces

numbers = itertools.count(1)
ONE, OTHER = ("shop", "1"), ("shop", "2")


def row(trace: tuple[str, str], text: str = "") -> dict[str, Any]:
    return {"project": trace[0], "trace_id": trace[1], "input": text}


@pytest.fixture
def memory() -> TraceMemory:
    return TraceMemory()


def kept(memory: TraceMemory, *rows: dict[str, Any]) -> None:
    with memory.reading() as reading:
        reading.keep(rows)


def known(memory: TraceMemory) -> list[tuple[str, str]]:
    return list(memory.known([ONE, OTHER]))


def test_what_is_written_is_forgotten_before_it_can_be_seen_and_nothing_else_is(memory: TraceMemory) -> None:
    kept(memory, row(ONE), row(OTHER))
    with memory.changing([ONE]):
        assert known(memory) == [OTHER]


def test_who_does_not_say_what_it_writes_has_everything_forgotten(memory: TraceMemory) -> None:
    kept(memory, row(ONE), row(OTHER))
    with memory.changing(None):
        assert known(memory) == []


@pytest.mark.parametrize("touched", [[ONE], None])
def test_a_row_that_may_have_been_read_before_a_change_is_not_kept(memory: TraceMemory, touched: Any) -> None:
    with memory.reading() as reading:
        with memory.changing(touched):
            pass
        reading.keep([row(ONE)])
    assert known(memory) == []


@pytest.mark.parametrize("touched", [[ONE], None])
def test_a_row_that_is_read_while_it_changes_is_not_kept(memory: TraceMemory, touched: Any) -> None:
    with memory.changing(touched), memory.reading() as reading:
        reading.keep([row(ONE)])
        assert known(memory) == []


def test_a_row_that_was_read_during_a_change_is_not_kept_after_it(memory: TraceMemory) -> None:
    with memory.changing([ONE]):
        reading = memory.reading()
        inside = reading.__enter__()
    inside.keep([row(ONE), row(OTHER)])
    reading.__exit__(None, None, None)
    assert known(memory) == [OTHER]


def test_a_row_that_is_read_after_a_change_is_kept_also_when_the_change_failed(memory: TraceMemory) -> None:
    with pytest.raises(OSError, match="full"), memory.changing([ONE]):
        raise OSError("full")
    kept(memory, row(ONE))
    assert known(memory) == [ONE]


def test_the_rows_that_were_not_used_for_longest_make_room(memory: TraceMemory) -> None:
    size = FIELDS_BYTES + 1000
    memory = TraceMemory(max_bytes=3 * size)
    each = [("shop", str(number)) for number in range(4)]
    kept(memory, *(row(one, "x" * 900) for one in each[:3]))
    memory.known([each[0]])
    kept(memory, row(each[3], "x" * 900))
    assert list(memory.known(each)) == [each[0], each[2], each[3]]


def test_a_row_takes_its_place_but_once(memory: TraceMemory) -> None:
    memory = TraceMemory(max_bytes=2 * FIELDS_BYTES + 1000)
    for _ in range(9):
        kept(memory, row(ONE), row(OTHER))
    assert known(memory) == [ONE, OTHER]


def test_very_large_rows_are_not_kept(memory: TraceMemory) -> None:
    kept(memory, row(ONE, "x" * MAX_ROW_BYTES), row(OTHER))
    assert known(memory) == [OTHER]


def test_what_a_reader_does_with_a_row_stays_with_that_reader(memory: TraceMemory) -> None:
    kept(memory, row(ONE, "asked"))
    memory.known([ONE])[ONE]["input"] = "changed"
    assert memory.known([ONE])[ONE]["input"] == "asked"


# In a collector ---------------------------------------------------------------------------------------------------


class Shop:
    """A project of its own in a shared collector, with a few traces of a few spans."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.name = f"shop-{next(numbers)}"

    def ids(self, trace: int, number: int) -> dict[str, Any]:
        return {"trace_id": f"{self.name} {trace}".rjust(16).encode(), "span_id": f"{trace}{number}".rjust(8).encode()}

    def send(self, request: Any) -> None:
        decode = {"decode": decode_logs} if "Logs" in type(request).__name__ else {}
        self.service.ingest(request.SerializeToString(), **decode).result()  # type: ignore[arg-type]

    def say(self, event: str, trace: int, number: int, values: dict[str, Any], body: Any = None) -> None:
        self.send(logs(record(event, values, body, **self.ids(trace, number)), service=self.name))

    def start(self, trace: int, number: int) -> int:
        return NOW - 10**12 * trace + number

    def end(self, trace: int, number: int) -> None:
        parent = {"parent_span_id": self.ids(trace, 0)["span_id"]} if number else {}
        values = {"gen_ai.operation.name": "chat", "gen_ai.response.id": f"r{number}", "gen_ai.usage.input_tokens": 9}
        one = span(values, **self.ids(trace, number), **parent, start_time_unix_nano=self.start(trace, number))
        self.send(traces(one, service=self.name))

    def announce(self, trace: int, number: int) -> None:
        body = {"name": "open", "kind": "internal"}
        at = {**self.ids(trace, number), "time_unix_nano": self.start(trace, number)}
        self.send(logs(record("assay.span.started", {"session.id": "s"}, body, **at), service=self.name))

    def converse(self, trace: int, number: int) -> None:
        told = [{"role": "user", "parts": [{"type": "text", "content": f"question {next(numbers)}"}]}]
        self.say("gen_ai.client.inference.operation.details", trace, number, {"gen_ai.input.messages": told})

    def evaluate(self, trace: int, number: int) -> None:
        self.say("gen_ai.evaluation.result", trace, number, self._result())

    def evaluate_answer(self, trace: int, number: int) -> None:
        values = {**self._result(), "gen_ai.response.id": f"r{number}"}
        apart = record("gen_ai.evaluation.result", values, trace_id=b"", span_id=b"")
        self.send(logs(apart, service=self.name))

    def _result(self) -> dict[str, Any]:
        return {"gen_ai.evaluation.name": "told", "gen_ai.evaluation.score.value": float(next(numbers))}

    def score(self, trace: int, number: int) -> None:
        self.service.append({"score_log": [self._score(trace, next(numbers))]})

    def _score(self, trace: int, value: int) -> dict[str, Any]:
        return {"id": f"{self.name} {value}", "project": self.name, "name": "said", "value": str(value),
                "source": "human", "status": "scored", "trace_id": self.ids(trace, 0)["trace_id"].hex(),
                "created_at": value}  # fmt: skip

    def delete(self, trace: int, number: int) -> None:
        self.service.delete(Selection(self.name, trace_ids=(self.ids(trace, 0)["trace_id"].hex(),)))

    def rewrite(self, trace: int, number: int) -> None:
        cost = float(next(numbers))
        self.service.writer.put_job(lambda db: db.execute("UPDATE span_log SET cost_usd = ?", [cost])).result()

    def keep_up(self, trace: int, number: int) -> None:
        self.service.in_progress.step()

    def seen(self) -> list[Any]:
        """What a list, and the page of each of its traces, show."""
        found = queries.list_traces(self.service.store, project=self.name).items
        outlines = [
            queries.get_outline(self.service.store, one["trace_id"], project=self.name, most=9) or {} for one in found
        ]
        opened = {trace_id for _, trace_id in self.service.store.open_spans.of(self.name)}
        moving = ("columns", "end_time", "duration_ms")  # while a span is open
        return [
            {name: one[name] for name in one if one["trace_id"] not in opened or name not in moving}
            for one in (*found, *outlines)
        ]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Its upkeep runs when a test says so: what it changes between two looks would be taken for a difference."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assay.collector.service.UPKEEP_EVERY_S", 3600)
        service = Service(tmp_path_factory.mktemp("memory") / "data")
        yield service
        service.close()


@pytest.fixture
def shop(shared: Service) -> Shop:
    return Shop(shared)


WRITES: list[Callable[[Shop, int, int], None]] = [
    Shop.end,
    Shop.announce,
    Shop.converse,
    Shop.evaluate,
    Shop.evaluate_answer,
    Shop.score,
    Shop.delete,
    Shop.rewrite,
    Shop.keep_up,
]
WRITE = st.tuples(st.sampled_from([*WRITES, Shop.end, Shop.end]), st.integers(1, 2), st.integers(0, 2))


@settings(max_examples=15)
@given(writes=st.lists(WRITE, max_size=8))
def test_after_every_write_everybody_sees_what_is_stored(shared: Service, writes: list[Any]) -> None:
    shop = Shop(shared)
    shop.end(1, 0)
    for write, trace, number in writes:
        write(shop, trace, number)
        remembered = shop.seen()
        memory, shared.store.trace_memory = shared.store.trace_memory, TraceMemory()
        try:
            assert remembered == shop.seen()
        finally:
            shared.store.trace_memory = memory


@pytest.mark.parametrize("write", [write for write in WRITES if write not in (Shop.keep_up, Shop.announce)])
def test_a_write_to_a_trace_changes_its_row(shop: Shop, write: Callable[[Shop, int, int], None]) -> None:
    """What the property above would miss, were a kind of write without effect."""
    shop.end(1, 0)
    shop.end(2, 0)
    before = shop.seen()
    write(shop, 1, 1 if write is Shop.end else 0)
    assert shop.seen() != before


def test_a_trace_is_summed_up_again_only_when_something_of_it_was_written(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assay.collector import trace_list

    asked: list[int] = []
    sum_up = trace_list.trace_rows
    monkeypatch.setattr(
        trace_list, "trace_rows", lambda db, keys, *more: asked.append(len(keys)) or sum_up(db, keys, *more)
    )
    for trace in (1, 2, 3):
        shop.end(trace, 0)
    shop.seen()
    shop.score(2, 0)
    shop.announce(3, 1)
    shop.end(3, 1)
    shop.seen()
    assert asked[:1] == [3]
    assert sum(asked[1:]) == 2
