"""One limiter for threads and event loops alike, and timeouts that do not count the waiting for it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import warnings
from collections.abc import Callable

import pytest

from assay.evaluation.rates import Limiter, Pacing, Permit, limiter_for, patient_timeout
from assay.evaluation.rates.alarm import ThreadAlarm
from assay.evaluation.threads import Threads

EMPTY = {"x-ratelimit-limit-requests": "60000", "x-ratelimit-remaining-requests": "0"}  # a thousand a second


class HeldAlarm:
    """Rings when the test says so, so that waiting is certain and no time passes."""

    def __init__(self) -> None:
        self.now = 0.0
        self.due: list[tuple[float, Callable[[], None]]] = []

    def at(self, when: float, callback: Callable[[], None]) -> None:
        self.due.append((when, callback))

    def move_to(self, now: float) -> None:
        self.now = now
        due, self.due = self.due, []
        for when, callback in due:
            if when <= now:
                callback()
            else:
                self.due.append((when, callback))


@pytest.fixture
def alarm() -> HeldAlarm:
    return HeldAlarm()


@pytest.fixture
def limiter(alarm: HeldAlarm) -> Limiter:
    """A limiter that lets nobody through before 10."""
    limiter = Limiter(clock=lambda: alarm.now, alarm=alarm)
    permit = limiter.acquire_blocking()
    permit.answered(429, {"retry-after": "10"})
    permit.release()
    return limiter


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.fixture
def waiting_thread(limiter: Limiter) -> tuple[threading.Thread, list[Permit | Exception]]:
    got: list[Permit | Exception] = []

    def wait() -> None:
        try:
            got.append(limiter.acquire_blocking())
        except TimeoutError as error:
            got.append(error)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    until(lambda: len(limiter._waiting) == 1)
    return thread, got


def test_threads_and_loops_stand_in_one_line(
    alarm: HeldAlarm, limiter: Limiter, waiting_thread: tuple[threading.Thread, list[Permit | Exception]]
) -> None:
    thread, got = waiting_thread

    async def main() -> Permit:
        task = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        assert len(limiter._waiting) == 2
        await asyncio.to_thread(alarm.move_to, 10.0)
        await asyncio.to_thread(thread.join)
        alarm.move_to(1000.0)
        return await task

    permit = asyncio.run(main())
    (first,) = got
    assert isinstance(first, Permit)
    assert first.number < permit.number  # the thread came first


def test_a_loop_that_was_closed_around_a_waiting_call_keeps_nobody_else_waiting(
    alarm: HeldAlarm, limiter: Limiter
) -> None:
    loop = asyncio.new_event_loop()
    task = loop.create_task(limiter.acquire())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()  # and nobody cancelled the task
    alarm.move_to(1000.0)
    assert limiter._waiting == []
    assert not limiter._under_way
    limiter.acquire_blocking(timeout_s=60).release()
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # it was meant to be left behind
    task.get_coro().close()  # type: ignore[union-attr]


def test_many_threads_and_loops_get_through_and_leave_nothing_behind() -> None:
    limiter = Limiter()
    permit = limiter.acquire_blocking()
    permit.answered(200, EMPTY)
    permit.release()
    numbers: list[int] = []

    def block() -> None:
        for _ in range(20):
            permit = limiter.acquire_blocking(timeout_s=60)
            numbers.append(permit.number)
            permit.answered(200, {})
            permit.release()

    async def work() -> None:
        for _ in range(20):
            permit = await limiter.acquire(timeout_s=60)
            numbers.append(permit.number)
            permit.answered(200, {})
            permit.release()

    async def main() -> None:
        await asyncio.gather(*(work() for _ in range(4)))

    threads = [threading.Thread(target=block) for _ in range(4)]
    threads += [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 4 * 20 + 2 * 4 * 20 + 1))
    assert (limiter._waiting, limiter._under_way) == ([], {})


def test_the_alarms_thread_ends_when_there_is_nothing_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.evaluation.rates.alarm.IDLE_S", 0.01)
    alarm, rung = ThreadAlarm(), threading.Semaphore(0)
    for _ in range(2):  # and comes back
        alarm.at(time.monotonic() + 0.01, rung.release)
        assert rung.acquire(timeout=60)
        until(lambda: not alarm._running)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_limiters_that_let_through() -> None:
    def wait_a_little(limiter: Limiter) -> None:
        for headers in ({"retry-after-ms": "20"}, {}):
            permit = limiter.acquire_blocking(timeout_s=60)
            permit.answered(429 if headers else 200, headers)
            permit.release()

    wait_a_little(limiter_for(("forking", "m")))  # the alarm's thread runs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads, which is the point
        child = os.fork()
    if child == 0:
        try:
            wait_a_little(limiter_for(("forking", "m")))
        except BaseException:
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# Timeouts -------------------------------------------------------------------------------------------------------


def test_a_timeout_stands_still_while_a_call_waits_for_its_turn(alarm: HeldAlarm, limiter: Limiter) -> None:
    async def main() -> None:
        async with patient_timeout(0.5):
            task = asyncio.create_task(limiter.acquire())
            await asyncio.sleep(0.8)  # longer than the timeout
            alarm.move_to(10.0)
            (await task).release()

    asyncio.run(main())


def test_a_row_knows_how_long_it_waited(alarm: HeldAlarm, limiter: Limiter) -> None:
    async def wait() -> None:
        (await limiter.acquire()).release()

    async def main() -> float:
        with Pacing().row() as row:
            both = [asyncio.create_task(wait()) for _ in range(2)]  # at the same time: it counts once
            await asyncio.sleep(0.05)
            assert row.waited_s > 0
            alarm.move_to(1000.0)
            alarm.move_to(2000.0)
            await asyncio.gather(*both)
        return row.waited_s

    started = time.monotonic()
    waited_s = asyncio.run(main())
    assert 0.04 <= waited_s <= time.monotonic() - started


def test_a_timeout_goes_on_where_it_stood(alarm: HeldAlarm, limiter: Limiter) -> None:
    async def main() -> None:
        async with patient_timeout(0.05):
            task = asyncio.create_task(limiter.acquire())
            await asyncio.sleep(0)
            alarm.move_to(10.0)
            (await task).release()
            await asyncio.sleep(600)

    with pytest.raises(TimeoutError):
        asyncio.run(main())


def test_a_thread_that_waits_for_a_row_that_is_over_stops_waiting(limiter: Limiter) -> None:
    ended: list[BaseException] = []

    def task() -> None:
        try:
            limiter.acquire_blocking()
        except TimeoutError as error:
            ended.append(error)
            raise

    async def row() -> None:
        async with patient_timeout(600):
            waiting.append(asyncio.ensure_future(threads.run(task)))
            while not limiter._waiting:
                await asyncio.sleep(0.001)
            raise ZeroDivisionError  # the row fails, its thread is left behind

    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            await row()
        with pytest.raises(TimeoutError):
            await waiting[0]

    waiting: list[asyncio.Future[None]] = []
    threads = Threads()
    asyncio.run(main())
    threads.close()
    assert len(ended) == 1
    assert limiter._waiting == []


def test_a_thread_left_behind_sends_nothing_more() -> None:
    limiter, go = Limiter(), threading.Event()

    def task() -> None:
        go.wait(60)
        limiter.acquire_blocking()

    async def row() -> None:
        async with patient_timeout(0.01):
            running.append(asyncio.ensure_future(threads.run(task)))
            await asyncio.sleep(600)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await row()
        go.set()
        with pytest.raises(TimeoutError, match="what this call was made for has ended"):
            await running[0]

    running: list[asyncio.Future[None]] = []
    threads = Threads()
    asyncio.run(main())
    threads.close()


def test_a_timeout_without_seconds_never_ends() -> None:
    async def main() -> None:
        async with patient_timeout(None) as timeout:
            permit = await Limiter().acquire()
            permit.release()
        assert not timeout.expired()

    asyncio.run(main())
