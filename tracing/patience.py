"""Waiting in steps that are counted, so that a machine that is too busy for us does not use up the time we have.

Steps and not the clock: where the machine is starved, or another thread of this process holds the interpreter without
getting a processor, each step itself takes longer. What waits for a disk or a lock lets the steps pass at their pace.
"""

from __future__ import annotations

import math
import time

from assay.tracing.flag import Flag

STEP_S = 0.1
LONGEST_S = 60.0  # by the clock, however busy the machine is


def wait_patiently(flag: Flag, timeout_s: float) -> bool:
    """Wait for `flag` for `timeout_s` of a machine that is not busy. Whether it was set."""
    end = time.monotonic() + max(timeout_s, LONGEST_S)
    for _ in range(math.ceil(timeout_s / STEP_S)):
        if flag.wait(STEP_S):
            return True
        if time.monotonic() >= end:
            break
    return flag.is_set()
