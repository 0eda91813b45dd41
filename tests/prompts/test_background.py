"""The thread that asks again: woken without waiting, it outlives faults, and ends with the program."""

from __future__ import annotations

import logging
import threading

import pytest

from assay.prompts import background
from assay.prompts.background import Background


class Work:
    """Counts its calls; each is waited for once."""

    def __init__(self, *delays: float | None) -> None:
        self.calls = 0
        self.seen = threading.Semaphore(0)
        self._delays = list(delays)

    def __call__(self) -> float | None:
        self.calls += 1
        self.seen.release()
        delay = self._delays.pop(0) if self._delays else None
        if delay is not None and delay < 0:
            raise RuntimeError("a fault")
        return delay

    def wait(self) -> None:
        assert self.seen.acquire(timeout=60)


def test_it_works_when_it_is_woken_and_not_before() -> None:
    work = Work()
    thread = Background(work)
    assert work.calls == 0
    for _ in range(3):
        thread.wake()
        work.wait()
    thread.end()


def test_it_works_again_after_as_long_as_it_was_told() -> None:
    work = Work(0.001, 0.001)
    thread = Background(work)
    thread.wake()
    for _ in range(3):
        work.wait()
    thread.end()


def test_it_outlives_a_fault_and_tells_of_it(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(background, "AFTER_A_FAULT_S", 0.001)
    work = Work(-1)
    thread = Background(work)
    thread.wake()
    work.wait()
    work.wait()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    thread.end()


def test_it_does_nothing_once_the_program_ends() -> None:
    work = Work()
    thread = Background(work)
    thread.wake()
    work.wait()
    thread.end()
    thread.wake()
    assert not work.seen.acquire(timeout=0.05)
