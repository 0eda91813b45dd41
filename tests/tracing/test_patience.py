"""The time that a queue has at the end of a program is counted in steps, not read from a clock."""

from __future__ import annotations

import pytest

from assay.tracing import patience
from assay.tracing.flag import Flag
from assay.tracing.patience import LONGEST_S, STEP_S, wait_patiently


class Machine(Flag):
    """Its clock, and a flag that is set after so many looks at it; each look takes `a_look_s`."""

    def __init__(self, a_look_s: float, *, set_at: int | None = None) -> None:
        super().__init__()
        self._a_look_s, self._set_at = a_look_s, set_at
        self.now_s, self.looks = 1000.0, 0

    def monotonic(self) -> float:
        return self.now_s

    def wait(self, timeout_s: float) -> bool:
        self.looks += 1
        self.now_s += self._a_look_s
        if self.looks == self._set_at:
            self.set()
        return self.is_set()


@pytest.mark.parametrize(
    ("machine", "found", "took_s"),
    [
        pytest.param(Machine(STEP_S), False, 2.0, id="idle, never"),
        pytest.param(Machine(STEP_S, set_at=5), True, 0.5, id="idle, soon"),
        pytest.param(Machine(10 * STEP_S, set_at=18), True, 18.0, id="busy, as much work as on an idle one"),
        pytest.param(Machine(10 * STEP_S), False, 20.0, id="busy, never"),
        pytest.param(Machine(100 * STEP_S), False, LONGEST_S, id="standing still"),
    ],
)
def test_a_busy_machine_gets_more_time_within_a_bound(
    machine: Machine, found: bool, took_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "time", machine)
    assert wait_patiently(machine, 2.0) is found
    assert machine.now_s - 1000.0 == pytest.approx(took_s)


def test_no_time_is_one_look() -> None:
    flag = Flag()
    assert not wait_patiently(flag, 0.0)
    flag.set()
    assert wait_patiently(flag, 0.0)
