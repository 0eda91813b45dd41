"""The writer: what is wrong stands alone, what is acknowledged is stored once, the rest is kept aside with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from assay.collector import convert, dead_letters, writer
from assay.collector.batch import SpanBatch
from assay.collector.dead_letters import DeadLetter
from assay.collector.decode import DecodedSpan
from assay.collector.scores import score_row
from assay.collector.service import Service
from assay.collector.store import SpanStore, due
from assay.errors import CollectorUnavailable
from support.load import batch
from support.otlp import one_span

MB = 1024**2


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path / ".assay")
    yield service
    service.close()


def rows(service: Service, sql: str) -> list[tuple[Any, ...]]:
    with service.store.read() as db:
        return db.execute(sql).fetchall()


def names(service: Service) -> list[str]:
    return [name for (name,) in rows(service, "SELECT name FROM span_log ORDER BY name")]


def several(*span_names: str) -> bytes:
    return b"".join(one_span(name) for name in span_names)


# Spans that cannot be stored -----------------------------------------------------------------------------------------


def test_a_span_that_cannot_be_converted_is_kept_aside_and_the_others_are_stored(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert_row = convert.span_row

    def fail_for_one(span: DecodedSpan, **how: Any) -> list[Any]:
        if span.name == "bad":
            raise ValueError("no such thing")
        return convert_row(span, **how)

    monkeypatch.setattr(convert, "span_row", fail_for_one)
    accepted = service.ingest(several("a", "bad", "b"), project="shop").result()
    assert (accepted.stored, len(accepted.rejected)) == (2, 1)
    assert "no such thing" in accepted.rejected[0]
    assert names(service) == ["a", "b"]
    [(project, reason, raw)] = rows(service, "SELECT project, reason, raw FROM dead_letter")
    assert (project, "no such thing" in reason, b'"bad"' in raw) == ("shop", True, True)


def test_a_value_that_fits_no_column_harms_only_its_span(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    convert_row = convert.span_row

    def too_large(span: DecodedSpan, **how: Any) -> list[Any]:
        row = convert_row(span, **how)
        return [2**70 if span.name == "bad" and value == row[8] else value for value in row]  # its start time

    monkeypatch.setattr(convert, "span_row", too_large)
    accepted = service.ingest(several("a", "bad", "b")).result()
    assert (accepted.stored, len(accepted.rejected)) == (2, 1)
    assert names(service) == ["a", "b"]


def test_a_span_that_the_database_refuses_is_found_in_its_group_and_its_batch(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = writer.append_spans

    def refuse_bad(cursor: duckdb.DuckDBPyConnection, batches: Sequence[SpanBatch], content: Any) -> int:
        if any("bad" in one.table.column("name").to_pylist() for one in batches):
            raise duckdb.ConversionException("refused")
        return append(cursor, batches, content)

    monkeypatch.setattr(writer, "append_spans", refuse_bad)
    futures = [service.ingest(one_span(f"good {number}")) for number in range(9)]
    mixed = service.ingest(several("first", "bad", "last"))
    futures += [service.ingest(one_span(f"more {number}")) for number in range(9)]
    assert {future.result().stored for future in futures} == {1}
    assert mixed.result().stored == 2
    assert "refused" in mixed.result().rejected[0]
    assert len(names(service)) == 9 + 2 + 9
    assert rows(service, "SELECT count(*) FROM dead_letter") == [(1,)]


def test_only_the_newest_dead_letters_are_kept_each_cut_to_a_size(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "MAX_DEAD_LETTERS", 3)
    letters = [DeadLetter("shop", number, f"reason \ud800 {number}", b"\x00raw") for number in range(5)]
    service.writer.put_job(lambda cursor: dead_letters.append(cursor, letters)).result()
    assert rows(service, "SELECT epoch_ns(received_at) FROM dead_letter ORDER BY ALL") == [(2,), (3,), (4,)]
    [span] = convert_spans(one_span("long", {"text": "x" * 100_000}))
    assert len(dead_letters.dead_letter(span, None, 0).raw) == dead_letters.MAX_RAW_BYTES


def convert_spans(body: bytes) -> list[DecodedSpan]:
    from assay.collector.decode import decode_request

    return decode_request(body).spans


# The same span again -------------------------------------------------------------------------------------------------


def test_repeats_and_those_with_other_content_are_counted(service: Service) -> None:
    body = one_span("first", {"text": 'he said "hi", {a=b}', "n": 1.5, "list": [1, 2]})
    for _ in range(3):
        service.ingest(body).result()
    assert (service.writer.counters.repeated, service.writer.counters.conflicts) == (2, 0)
    changed = ExportTraceServiceRequest.FromString(body)
    changed.resource_spans[0].scope_spans[0].spans[0].name = "second"
    service.ingest(changed.SerializeToString()).result()
    assert (service.writer.counters.repeated, service.writer.counters.conflicts) == (3, 1)
    assert names(service) == ["first"]


# Failures of the instance --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("committed", [False, True])
def test_spans_of_a_group_whose_instance_fails_are_stored_once(
    service: Service, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    """Whether or not the failed commit had reached the disk: nobody can know, and nobody has to send again."""
    failures = iter([committed])
    write = SpanStore.write

    def fail_once(store: SpanStore, work: Any, **touches: Any) -> Any:
        for committing in failures:
            if committing:
                write(store, work, **touches)
            connection = store._connection
            assert connection is not None
            store._give_up(connection, duckdb.FatalException("injected"))
            raise writer.StoreReopened(duckdb.FatalException("injected"), committing=committing)
        return write(store, work, **touches)

    monkeypatch.setattr(SpanStore, "write", fail_once)
    assert service.ingest(batch(1, 1, 10)).result().stored == 10
    assert rows(service, "SELECT count(*), count(DISTINCT span_id) FROM span_log") == [(10, 10)]


def test_a_read_that_takes_too_long_is_ended_and_others_go_on(service: Service) -> None:
    with pytest.raises(CollectorUnavailable, match="longer than"), service.store.read(timeout_s=0.2) as db:
        db.execute("SELECT count(*) FROM range(10000000000) a, range(1000) b").fetchall()
    assert rows(service, "SELECT 1") == [(1,)]


# Room ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wal", "free", "expected"),
    [
        pytest.param(0, 10**12, False, id="nothing-to-do"),
        pytest.param(63 * MB, 10**12, False, id="not-yet"),
        pytest.param(64 * MB, 10**12, True, id="large-enough"),
        pytest.param(10 * MB, 60 * MB, True, id="sooner-while-it-still-fits"),
        pytest.param(10 * MB, 29 * MB, False, id="no-longer-fits"),
        pytest.param(MB, MB, False, id="not-worth-it"),
    ],
)
def test_a_checkpoint_is_due(wal: int, free: int, expected: bool) -> None:
    assert due(wal, free, 64 * MB) is expected


def test_a_value_that_its_column_cannot_hold_is_told_and_not_to_be_sent_again(service: Service) -> None:
    score = score_row(project="p", name="helpful", value=True, source="user", trace_id="0" * 32, repeat=2**40)
    with pytest.raises(duckdb.ConversionException, match="out of range"):
        service.append({"score_log": [score]})
    service.append({"score_log": [{**score, "repeat": 1}]})
    assert rows(service, "SELECT repeat FROM score_log") == [(1,)]
