"""The index of where traces lie: it may say too much, never too little."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from assay.collector.near import slices
from assay.collector.nested_calls import NestedCalls
from assay.collector.service import Service
from assay.collector.trace_blocks import ANYWHERE, BLOCKS_AT_ONCE, MOST_RANGES, TraceBlocks, joined
from support.export import until
from support.queried import span, store_spans

COLUMNS = "row_id BIGINT, trace_id VARCHAR, span_id VARCHAR, parent_span_id VARCHAR, kind VARCHAR, total_tokens BIGINT"


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    """Rows of traces t0, t1, … in turn, three spans each, ten of a block; the 20 newest are of t0 again."""
    with duckdb.connect(config={"threads": "1"}) as db:
        db.execute(f"CREATE TABLE span_log ({COLUMNS}, start_time TIMESTAMP_NS)")
        add(db, 0, 100, "'t' || range // 3")
        add(db, 100, 120, "'t0'")
        yield db


def add(db: duckdb.DuckDBPyConnection, first: int, end: int, trace: str, span: str = "NULL, NULL, NULL, NULL") -> None:
    db.execute(
        f"INSERT INTO span_log SELECT range, {trace}, {span}, make_timestamp_ns(range) FROM range({first}, {end})"
    )


def spans_at(db: duckdb.DuckDBPyConnection, blocks: TraceBlocks, trace_id: str) -> list[int]:
    """Row numbers of a trace's spans as they are found with the condition."""
    where = blocks.condition(db, [trace_id])
    found = db.execute(f"SELECT row_id FROM span_log s WHERE {where} AND trace_id = ? ORDER BY 1", [trace_id])
    return [row_id for (row_id,) in found.fetchall()]


def test_a_trace_is_looked_for_where_it_lies_and_in_what_is_newer(db: duckdb.DuckDBPyConnection) -> None:
    blocks = TraceBlocks(block_rows=10)
    assert blocks.ranges(db, ["t3"]) == [(0, 19), (120, None)]
    assert blocks.ranges(db, ["t3", "t20"]) == [(0, 19), (60, 69), (120, None)]
    assert blocks.ranges(db, ["of nobody"]) == [(120, None)]
    assert blocks.ranges(db, ["t0"]) == [(0, 9), (100, None)]


def test_every_span_is_found_whatever_is_added_or_deleted_meanwhile(db: duckdb.DuckDBPyConnection) -> None:
    blocks = TraceBlocks(block_rows=10)
    for trace in range(33):
        assert spans_at(db, blocks, f"t{trace}")[:3] == [trace * 3, trace * 3 + 1, trace * 3 + 2]
    db.execute("DELETE FROM span_log WHERE row_id BETWEEN 50 AND 74")
    add(db, 120, 145, "'t7'")
    assert spans_at(db, blocks, "t7") == [21, 22, 23, *range(120, 145)]
    assert spans_at(db, blocks, "t24") == []
    assert spans_at(db, TraceBlocks(block_rows=10), "t16") == [48, 49]


def test_a_large_store_is_added_in_parts_and_found_whole_before_that(db: duckdb.DuckDBPyConnection) -> None:
    blocks = TraceBlocks(block_rows=2)
    assert blocks.ranges(db, ["t0"])[-1] == (2 * BLOCKS_AT_ONCE, None)
    assert spans_at(db, TraceBlocks(block_rows=2), "t30") == [90, 91, 92]
    for _ in range(120 // 2 // BLOCKS_AT_ONCE):
        blocks.ranges(db, ["t0"])
    assert blocks.ranges(db, ["t30"]) == [(90, 93), (120, None)]


def test_who_extends_until_nothing_is_left_has_all_of_it(db: duckdb.DuckDBPyConnection) -> None:
    blocks = TraceBlocks(block_rows=2)
    while blocks.is_behind:
        blocks.extend(db)
    assert blocks.ranges(db, ["t30"]) == [(90, 93), (120, None)]


def test_an_empty_store_says_anywhere(db: duckdb.DuckDBPyConnection) -> None:
    db.execute("DELETE FROM span_log")
    blocks = TraceBlocks(block_rows=10)
    assert blocks.condition(db, ["t1"]) == ANYWHERE
    assert blocks.starts(db) == []
    assert blocks.last_row(db) == 0


def test_blocks_start_where_their_first_span_does(db: duckdb.DuckDBPyConnection) -> None:
    blocks = TraceBlocks(block_rows=40)
    assert blocks.starts(db) == [0, 40, 80]


def test_spans_that_came_late_do_not_widen_the_slice_of_the_newest(db: duckdb.DuckDBPyConnection) -> None:
    blocks = TraceBlocks(block_rows=40)
    assert slices(db, blocks, (None, None)) == [(80, None), (None, 79)]
    db.execute(
        "INSERT INTO span_log SELECT range, 'late', NULL, NULL, NULL, NULL, make_timestamp_ns(5) FROM range(120, 160)"
    )
    assert slices(db, TraceBlocks(block_rows=40), (None, None))[0] == (80, None)


def test_many_ranges_are_joined_where_they_are_nearest() -> None:
    assert joined([(0, 9), (10, 19), (30, 39), (40, None)]) == [(0, 19), (30, None)]
    apart = [(at * 100, at * 100 + 9) for at in range(MOST_RANGES)]
    assert joined([*apart, (apart[-1][0] + 20, None)]) == [*apart[:-1], (apart[-1][0], None)]


def test_calls_around_others_are_noticed_whichever_comes_first(db: duckdb.DuckDBPyConnection) -> None:
    calls = NestedCalls(TraceBlocks(block_rows=10))
    assert calls.none(db)
    add(db, 120, 121, "'t5'", "'inner', 'outer', 'llm', 10")
    assert calls.none(db)  # the one around it has not arrived
    add(db, 121, 150, "'t' || range", "'alone ' || range, 'agent', 'llm', 10")
    assert calls.none(db)
    add(db, 150, 151, "'t5'", "'outer', NULL, 'llm', 10")
    assert not calls.none(db)
    assert not calls.none(db)


def test_a_call_inside_one_that_came_long_before_is_noticed(db: duckdb.DuckDBPyConnection) -> None:
    calls = NestedCalls(TraceBlocks(block_rows=10))
    add(db, 120, 121, "'t5'", "'outer', NULL, 'llm', NULL")
    add(db, 121, 150, "'t' || range", "'alone ' || range, 'agent', 'llm', 10")
    assert calls.none(db)
    add(db, 150, 151, "'t5'", "'inner', 'outer', 'llm', 10")
    assert not calls.none(db)


def test_where_traces_lie_is_known_before_anybody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.collector.service.UPKEEP_EVERY_S", 0.01)
    service = Service(tmp_path / ".assay")
    store_spans(service, [span(1, number, start=number) for number in range(4)])
    blocks = service.store.trace_blocks = TraceBlocks(block_rows=2)
    until(lambda: not blocks.is_behind)
    with service.store.read() as db:
        assert blocks.ranges(db, ["of nobody"]) == [(4, None)]
    service.close()
