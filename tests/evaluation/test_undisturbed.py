"""What runs ask of the interpreter: it has its own settings again when the last one has ended."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

import pytest

from assay.evaluation.undisturbed import SWITCH_S, YOUNG_OBJECTS, undisturbed
from support.frozen import thawed


@pytest.fixture(autouse=True)
def interval() -> Iterator[float]:
    before, thresholds = sys.getswitchinterval(), gc.get_threshold()
    with thawed():
        yield before
    sys.setswitchinterval(before)
    gc.set_threshold(*thresholds)


def test_threads_take_turns_quickly_until_the_last_of_several_runs_has_ended(interval: float) -> None:
    first, second = undisturbed(), undisturbed()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert sys.getswitchinterval() == pytest.approx(SWITCH_S)
    assert gc.get_freeze_count() > 0
    second.__exit__(None, None, None)
    assert sys.getswitchinterval() == pytest.approx(interval)
    assert gc.get_freeze_count() == 0


def test_a_shorter_interval_of_the_program_stays() -> None:
    sys.setswitchinterval(SWITCH_S / 5)
    shorter = sys.getswitchinterval()  # in whole microseconds
    with undisturbed():
        assert sys.getswitchinterval() == shorter
    assert sys.getswitchinterval() == shorter


def test_garbage_is_collected_seldom_while_rows_run() -> None:
    gc.set_threshold(700, 10, 10)
    with undisturbed():
        assert gc.get_threshold() == (YOUNG_OBJECTS, 10, 10)
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("chosen", [0, 2 * YOUNG_OBJECTS])
def test_rarer_collections_of_the_program_stay(chosen: int) -> None:
    gc.set_threshold(chosen)
    with undisturbed():
        assert gc.get_threshold()[0] == chosen
    assert gc.get_threshold()[0] == chosen


def test_what_the_program_froze_stays_frozen() -> None:
    gc.freeze()
    with undisturbed():
        pass
    assert gc.get_freeze_count() > 0
