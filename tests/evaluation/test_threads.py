"""Blocking functions, awaited."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from assay.evaluation.threads import Threads

number: contextvars.ContextVar[int] = contextvars.ContextVar("number", default=0)


async def test_the_callers_context_goes_along_and_changes_stay_behind() -> None:
    threads = Threads()
    number.set(7)

    def look_and_change() -> int:
        seen = number.get()
        number.set(8)
        return seen

    assert await threads.run(look_and_change) == 7
    assert number.get() == 7
    threads.close()


async def test_threads_are_used_again() -> None:
    threads = Threads()
    names = [await threads.run(lambda: threading.current_thread().ident) for _ in range(20)]
    assert len(set(names)) <= 2
    threads.close()


async def test_a_function_that_hangs_takes_no_place_from_others() -> None:
    threads, release = Threads(), threading.Event()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await threads.run(release.wait, 10)
    assert await threads.run(lambda: 5) == 5
    release.set()
    threads.close()


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(3), StopIteration()], ids=repr)
async def test_what_is_raised_arrives(error: BaseException) -> None:
    threads = Threads()

    def fail() -> None:
        raise error

    with pytest.raises(RuntimeError if isinstance(error, StopIteration) else type(error)):
        await threads.run(fail)
    threads.close()
