"""A flag is set by other threads at any moment of its waiting or setting, also one in which a handler interrupts it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from assay.tracing import flag as module
from assay.tracing.flag import Flag

PATIENCE_S = 60.0


def at_every_line(do: Callable[[], object], run: Callable[[], object]) -> int:
    """Run `run`, and `do` in its thread, as a signal handler would, before each line of the flag's own."""
    moments = 0

    def look(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal moments
        if frame.f_code.co_filename != module.__file__:
            return None
        if event == "line":
            moments += 1
            sys.settrace(None)
            do()
            sys.settrace(look)
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        run()
    finally:
        sys.settrace(before)
    return moments


def used_by_another_thread(flag: Flag) -> None:
    """Ends only if the other thread is not held up by where this one stands."""
    thread = threading.Thread(target=lambda: (flag.set(), flag.wait(PATIENCE_S)), daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


@pytest.mark.parametrize("run", [Flag.set, lambda flag: flag.wait(PATIENCE_S)], ids=["setting", "waiting"])
def test_wherever_a_handler_comes_another_thread_can_set_it(run: Callable[[Flag], object]) -> None:
    flag = Flag()
    assert at_every_line(lambda: used_by_another_thread(flag), lambda: run(flag)) >= 2
    assert flag.is_set()


@pytest.mark.parametrize("run", [Flag.set, lambda flag: flag.wait(0.01)], ids=["setting", "waiting"])
def test_wherever_a_handler_comes_it_can_set_it_itself(run: Callable[[Flag], object]) -> None:
    flag = Flag()
    at_every_line(flag.set, lambda: run(flag))
    assert flag.is_set()
    assert flag.wait(0.0)


def test_it_is_waited_for_until_the_time_is_over() -> None:
    flag = Flag()
    assert not flag.wait(0.001)
    assert not flag.wait(-1.0)
    assert not flag.is_set()


def test_everybody_who_waits_goes_on() -> None:
    flag, found = Flag(), list[bool]()
    threads = [threading.Thread(target=lambda: found.append(flag.wait(PATIENCE_S))) for _ in range(5)]
    for thread in threads:
        thread.start()
    flag.set()
    flag.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert found == [True] * 5
