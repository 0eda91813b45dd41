"""The span in which work is handed over is the parent of what the work does, wherever it is done."""

from __future__ import annotations

import asyncio
import multiprocessing
import multiprocessing.pool
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

import assay
from assay.settings import configure
from assay.tracing import runtime
from assay.tracing.follow import follow_work
from support.other_process import parent_seen, report
from support.spans import Caught, catch_spans


def work(name: str = "work") -> str:
    with assay.start_span(name):
        return threading.current_thread().name


class Runner(threading.Thread):
    def run(self) -> None:
        work()


def in_thread() -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def in_subclass() -> None:
    runner = Runner()
    runner.start()
    runner.join()
    assert "run" not in vars(runner)


def in_timer() -> None:
    timer = threading.Timer(0, work)
    timer.start()
    timer.join()


def in_executor() -> None:
    with ThreadPoolExecutor() as pool:
        pool.submit(work).result()


def in_map() -> None:
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(work, ["work"]))


def in_thread_pool() -> None:
    with multiprocessing.pool.ThreadPool(1) as pool:
        pool.map(work, ["work"])


def in_to_thread() -> None:
    asyncio.run(asyncio.to_thread(work))


def in_run_in_executor() -> None:
    async def main() -> None:
        await asyncio.get_running_loop().run_in_executor(None, work)

    asyncio.run(main())


def in_callback() -> None:
    async def main() -> None:
        done = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(lambda: done.set_result(work()))
        await done

    asyncio.run(main())


def in_task_group() -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(later())

    async def later() -> None:
        work()

    asyncio.run(main())


def from_another_thread() -> None:
    async def later() -> None:
        work()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(later(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


WAYS = (
    *(in_thread, in_subclass, in_timer, in_executor, in_map, in_thread_pool, in_to_thread, in_run_in_executor),
    *(in_callback, in_task_group, from_another_thread),
)


@pytest.mark.parametrize("hand_over", WAYS)
def test_the_span_and_its_context_follow_the_work(hand_over: Callable[[], None], spans: Caught) -> None:
    with assay.context(session_id="s"), assay.start_span("caller"):
        hand_over()
    assert spans.tree() == {"work": "caller", "caller": None}
    assert spans.attributes("work") == {"session.id": "s"}
    assert assay.current_trace_id() is None


def test_a_worker_started_inside_a_span_does_not_keep_it(spans: Caught) -> None:
    with ThreadPoolExecutor(1) as pool:
        with assay.start_span("caller"):
            pool.submit(work, "inside").result()
        pool.submit(work, "outside").result()
    assert spans.tree() == {"inside": "caller", "caller": None, "outside": None}
    assert spans.attributes("outside")["assay.root.thread"].startswith("ThreadPoolExecutor")


def test_our_own_threads_keep_no_span(spans: Caught) -> None:
    with assay.start_span("caller"):
        work()
        assert runtime.flush(10)
        ours = [thread for thread in threading.enumerate() if thread.name.startswith("assay-")]
    assert ours
    assert all("run" not in vars(thread) for thread in ours)


def test_a_thread_that_fails_fails_as_without_us(spans: Caught, monkeypatch: pytest.MonkeyPatch) -> None:
    failed: queue.SimpleQueue[Any] = queue.SimpleQueue()
    monkeypatch.setattr(threading, "excepthook", lambda arguments: failed.put(arguments.exc_value))
    error = ValueError("no")

    def fail() -> None:
        raise error

    with assay.start_span("caller"):
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        with ThreadPoolExecutor() as pool, pytest.raises(ValueError, match="no") as raised:
            pool.submit(fail).result()
    assert failed.get_nowait() is raised.value is error


def test_following_is_undone_and_done_again() -> None:
    with catch_spans():
        patched = threading.Thread.start
        follow_work()
        assert threading.Thread.start is patched
        follow_work(disable=True)
        follow_work(disable=True)
        assert threading.Thread.start is patched.__wrapped__  # type: ignore[attr-defined]
        with assay.start_span("caller"):
            assert ThreadPoolExecutor(1).submit(parent_seen).result() is None
        follow_work()
        with assay.start_span("caller") as span:
            assert ThreadPoolExecutor(1).submit(parent_seen).result() == span.span_id


def test_the_setting_turns_it_off() -> None:
    with catch_spans(follow_work=False) as spans:
        with assay.start_span("caller"):
            in_thread()
        assert spans.tree()["work"] is None
    configure(follow_work=True)


def test_where_tracing_is_off_nothing_is_wrapped() -> None:
    with catch_spans():
        pass
    with catch_spans(tracing=False), ThreadPoolExecutor(1) as pool:
        assert pool.submit(parent_seen).result() is None


@pytest.fixture
def forked() -> Iterator[Executor]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        yield pool


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_work_in_a_process_pool_has_the_parent_of_where_it_was_handed_over(spans: Caught, forked: Executor) -> None:
    with assay.start_span("first") as first:
        assert forked.submit(parent_seen).result() == first.span_id
        assert list(forked.map(parent_seen, [1])) == [first.span_id]
    with assay.start_span("second") as second:
        assert forked.submit(parent_seen).result() == second.span_id
    assert forked.submit(parent_seen).result() is None


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_work_in_a_pool_made_inside_a_span_has_its_own_parent(spans: Caught) -> None:
    with assay.start_span("maker"):
        pool = multiprocessing.get_context("fork").Pool(1)
    with pool, assay.start_span("user") as user:
        assert pool.apply(parent_seen) == user.span_id
        assert pool.map(parent_seen, [1]) == pool.starmap(parent_seen, [(1,)]) == [user.span_id]
        assert list(pool.imap(parent_seen, [1])) == list(pool.imap_unordered(parent_seen, [1])) == [user.span_id]
        pool.close()
        pool.join()


@pytest.mark.chaos
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_process_started_in_any_way_continues_the_trace(method: str, spans: Caught) -> None:
    context: Any = multiprocessing.get_context(method)
    results = context.Queue()
    with assay.start_span("caller") as caller:
        process = context.Process(target=report, args=(results,))
        process.start()
        assert results.get(timeout=30) == caller.trace_id
        process.join(60)
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            assert pool.submit(parent_seen).result(60) == caller.span_id
