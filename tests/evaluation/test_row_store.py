"""Rows on their way: sent soon, sent again, and told about when they did not arrive."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from assay.errors import AssayError, CollectorUnavailable, InvalidRequest
from assay.evaluation import row_store
from assay.evaluation.row_store import BATCH_ROWS, RowStore


class Collector:
    """Takes batches, after raising the failures it was given."""

    def __init__(self, *failures: AssayError) -> None:
        self.failures = list(failures)
        self.batches: list[list[int]] = []
        self.arrived = threading.Event()

    def __call__(self, rows: Sequence[dict[str, Any]]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if any(row["n"] < 0 for row in rows):
            raise InvalidRequest("a negative row")
        self.batches.append([row["n"] for row in rows])
        self.arrived.set()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_store, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(row_store, "LONGEST_PAUSE_S", 0.001)


def send(store: RowStore, *numbers: int) -> None:
    for number in numbers:
        store.put({"n": number})


def test_rows_arrive_in_order_and_a_few_at_a_time() -> None:
    collector = Collector()
    store = RowStore(collector)
    send(store, *range(1200))
    store.close()
    assert [n for batch in collector.batches for n in batch] == list(range(1200))
    assert len(collector.batches) < 1200 / BATCH_ROWS + 5
    assert store.unstored == []


def test_a_lone_row_does_not_wait_for_others() -> None:
    collector = Collector()
    store = RowStore(collector)
    send(store, 1)
    assert collector.arrived.wait(5)
    store.close()


def test_an_absent_collector_is_tried_again() -> None:
    collector = Collector(CollectorUnavailable("away"), CollectorUnavailable("away"))
    store = RowStore(collector)
    send(store, 1, 2)
    store.close()
    assert (collector.batches, store.unstored) == ([[1, 2]], [])


def test_what_cannot_be_stored_is_kept_with_the_reason() -> None:
    store = RowStore(Collector(*[CollectorUnavailable("away")] * 1000), give_up_after_s=0.05)
    send(store, 1, 2)
    store.close()
    assert [(row["n"], reason) for row, reason in store.unstored] == [(1, "away"), (2, "away")]


def test_one_refused_row_costs_no_other() -> None:
    collector = Collector()
    store = RowStore(collector)
    send(store, 1, -2, 3)
    store.close()
    assert sorted(n for batch in collector.batches for n in batch) == [1, 3]
    assert [(row["n"], reason) for row, reason in store.unstored] == [(-2, "a negative row")]


def test_a_run_whose_rows_take_their_time_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_store, "SIGN_OF_LIFE_S", 0.001)
    collector = Collector(CollectorUnavailable("away"))
    store = RowStore(collector)
    assert collector.arrived.wait(5)
    store.close()
    assert collector.batches[0] == []
    assert store.unstored == []
