"""Requests on their way: nothing lost within the bounds, whatever the collector does; drops counted exactly."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from threading import Condition

import httpx
import pytest

from assay.tracing import outbox as outbox_module
from assay.tracing.outbox import Outbox
from assay.tracing.requests import Request
from assay.tracing.spool import Spool
from support.export import Receiver, away, names_in, outbox, request_of, until


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(outbox_module, "LONGEST_PAUSE_S", 0.02)
    monkeypatch.setattr(outbox_module, "SILENCE_S", 0.2)
    monkeypatch.setattr("assay.tracing.tell._said", set())


def fill(box: Outbox, *names: str) -> None:
    for name in names:
        box.put(request_of(name))


def test_requests_are_sent_in_order_and_nothing_touches_the_disk(tmp_path: Path) -> None:
    receiver = Receiver()
    box = outbox(receiver, tmp_path / "spool")
    fill(box, *"abcde")
    assert box.settle(30)
    assert receiver.taken == list("abcde")
    assert not (tmp_path / "spool").exists()
    assert box.close(10)


def test_while_the_collector_is_away_requests_go_to_the_spool_and_then_out_in_order(tmp_path: Path) -> None:
    receiver = Receiver(after=away)
    box = outbox(receiver, tmp_path)
    box.put(request_of("a"))
    until(lambda: box.away)
    fill(box, *"bcd")
    until(lambda: len(spooled(tmp_path)) == 4)
    receiver.after = lambda request: httpx.Response(200)
    until(lambda: len(receiver.taken) == 4)
    assert receiver.taken == list("abcd")
    assert box.settle(30)
    assert spooled(tmp_path) == []
    assert box.close(10)


def test_what_is_just_being_spooled_when_the_program_ends_is_there_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, closing = threading.Event(), threading.Event()
    put = Spool.put

    def slowly(spool: Spool, request: Request) -> Path:
        writing.set()
        assert closing.wait(60)
        return put(spool, request)

    monkeypatch.setattr(Spool, "put", slowly)
    box = outbox(Receiver(after=away), tmp_path)
    box.put(request_of("a"))
    assert writing.wait(60)
    monkeypatch.setattr(box._changed, "wait_for", lambda *how: closing.set() or Condition.wait_for(box._changed, *how))
    assert not box.close(0.01)
    assert len(spooled(tmp_path)) == 1
    assert box._teller.dropped == 0


def test_the_next_process_sends_what_the_last_one_left(tmp_path: Path) -> None:
    first = outbox(Receiver(after=away), tmp_path)
    fill(first, *"abc")
    assert not first.close(10)
    assert first._teller.dropped == 0
    receiver = Receiver()
    second = outbox(receiver, tmp_path)
    second.start()
    until(lambda: set("abc") <= set(receiver.taken))
    assert list(dict.fromkeys(receiver.taken)) == list("abc")  # one that was under way at the end may come twice
    assert second.close(10)


def test_small_requests_of_the_spool_are_sent_together(tmp_path: Path) -> None:
    earlier = outbox(Receiver(after=away), tmp_path)
    fill(earlier, *map(str, range(50)))
    earlier.close(10)
    receiver = Receiver()
    box = outbox(receiver, tmp_path)
    box.start()
    until(lambda: len(receiver.taken) == 50)
    assert receiver.taken == [str(number) for number in range(50)]
    assert len(receiver.requests) == 1
    assert box.close(10)
    assert spooled(tmp_path) == []


def test_fresh_requests_take_turns_with_a_long_backlog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "SPANS_AT_ONCE", 1)
    earlier = outbox(Receiver(after=away), tmp_path)
    fill(earlier, *[f"old {number}" for number in range(20)])
    earlier.close(10)
    gate = threading.Event()
    receiver = Receiver(after=lambda request: httpx.Response(200) if gate.wait(30) else httpx.Response(503))
    box = outbox(receiver, tmp_path)
    box.start()
    until(lambda: receiver.requests)
    fill(box, "new 1", "new 2")
    gate.set()
    assert box.settle(30)
    until(lambda: len(set(receiver.taken)) == 22)
    assert max(receiver.taken.index("new 1"), receiver.taken.index("new 2")) < 8
    old = dict.fromkeys(
        name for name in receiver.taken if name.startswith("old")
    )  # one under way at the end goes twice
    assert list(old) == [f"old {number}" for number in range(20)]
    box.close(10)


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_what_a_person_can_put_right_is_kept_and_told(
    status: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = Receiver(httpx.Response(status), httpx.Response(status))
    box = outbox(receiver, tmp_path)
    fill(box, "a")
    assert box.settle(30) or box.settle(30) or box.settle(30)
    assert (receiver.taken, box._teller.dropped) == (["a"], 0)
    assert len([record for record in caplog.records if f"answered {status}" in record.getMessage()]) == 1
    box.close(10)


def test_a_request_that_is_too_large_is_sent_in_parts(tmp_path: Path) -> None:
    receiver = Receiver(after=lambda request: httpx.Response(413 if len(names_in(request.content)) > 3 else 200))
    box = outbox(receiver, tmp_path)
    box.put(request_of(*"abcdefgh"))
    assert box.settle(30)
    assert receiver.taken == list("abcdefgh")
    assert box._teller.dropped == 0
    box.close(10)


@pytest.mark.parametrize("from_spool", [False, True])
def test_the_one_that_is_refused_takes_no_other_with_it(
    from_spool: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse_x(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400 if "x" in names_in(request.content) else 200)

    receiver = Receiver(*[httpx.ConnectError("refused")] * from_spool, after=refuse_x)
    box = outbox(receiver, tmp_path)
    box.put(request_of(*"abcxdefxgh"))
    until(lambda: len(receiver.taken) == 8)
    assert box.settle(30)
    assert receiver.taken == list("abcdefgh")
    assert box._teller.dropped == 2
    assert "answered 400" in caplog.text
    box.close(10)


def test_who_refuses_everything_is_not_asked_for_every_span(tmp_path: Path) -> None:
    receiver = Receiver(after=lambda request: httpx.Response(400))
    box = outbox(receiver, tmp_path)
    box.put(request_of(*map(str, range(500))))
    assert box.settle(30)
    assert box._teller.dropped == 500
    assert len(receiver.requests) < 100
    box.close(10)


def test_retry_after_is_waited_for(tmp_path: Path) -> None:
    moments: list[float] = []

    def busy(request: httpx.Request) -> httpx.Response:
        moments.append(time.monotonic())
        return httpx.Response(503 if len(moments) == 1 else 200, headers={"retry-after": "0.4"})

    receiver = Receiver(after=busy)
    box = outbox(receiver, tmp_path)
    fill(box, "a")
    until(lambda: receiver.taken)
    assert moments[1] - moments[0] >= 0.4
    box.close(10)


def test_without_a_spool_requests_wait_in_memory_and_drops_are_counted_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver = Receiver(after=away)
    box = outbox(receiver)
    fill(box, *"abc")
    assert not box.close(10)
    box._teller.tell()
    assert box._teller.dropped == 3
    assert "Assay dropped" in caplog.text
    fill(box, "late")
    assert box._teller.dropped == 4


def test_without_a_spool_everything_arrives_when_the_collector_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "MAX_WAITING_BYTES", 1000)
    receiver = Receiver(after=away)
    box = outbox(receiver)
    filling = threading.Thread(target=fill, args=(box, *map(str, range(30))))
    filling.start()
    until(lambda: len(receiver.requests) > 2)
    assert filling.is_alive(), "memory is bounded"
    receiver.after = lambda request: httpx.Response(200)
    filling.join(30)
    assert box.settle(30)
    assert receiver.taken == [str(number) for number in range(30)]
    box.close(10)


def test_a_full_spool_leaves_the_rest_in_memory(tmp_path: Path) -> None:
    receiver = Receiver(after=away)
    box = outbox(receiver, tmp_path, max_bytes=len(request_of("0")) * 2 + 10)
    fill(box, *map(str, range(5)))
    until(lambda: len(spooled(tmp_path)) == 2)
    receiver.after = lambda request: httpx.Response(200)
    until(lambda: len(receiver.taken) == 5)
    assert sorted(receiver.taken) == ["0", "1", "2", "3", "4"]
    box.close(10)


def test_a_collector_that_says_nothing_does_not_hold_up_the_end(tmp_path: Path) -> None:
    released = threading.Event()
    receiver = Receiver(after=lambda request: httpx.Response(200 if released.wait(60) else 503))
    box = outbox(receiver, tmp_path)
    fill(box, *"abc")
    until(lambda: receiver.requests)
    began = time.monotonic()
    assert not box.close(30)
    assert time.monotonic() - began < 10
    released.set()
    assert len(spooled(tmp_path)) == 3
    assert box._teller.dropped == 0


def test_a_forked_child_sends_nothing_of_its_parents_and_all_of_its_own(tmp_path: Path) -> None:
    receiver = Receiver(after=away)
    box = outbox(receiver)
    fill(box, "parent")
    until(lambda: box.away)
    _end_thread_of(box)  # a fork takes the rest along, but not this
    box._fresh()
    receiver.after = lambda request: httpx.Response(200)
    fill(box, "child")
    assert box.close(10)
    until(lambda: "child" in receiver.taken)
    assert box._teller.dropped == 0


def _end_thread_of(box: Outbox) -> None:
    with box._changed:
        box._ended = True
        box._changed.notify_all()
    assert box._thread is not None
    box._thread.join()


def spooled(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.otlp"))
