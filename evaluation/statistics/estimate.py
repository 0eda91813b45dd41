"""What every figure looks like: a value, its interval, the method, and the reason why something is not known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One figure with its uncertainty. `n` counts units (items); what could not be computed is None and `reason` says
    why.
    """

    n: int
    value: float | None
    low: float | None = None
    high: float | None = None
    stderr: float | None = None
    sd: float | None = None  # between units, ddof 1
    confidence: float = 0.95
    method: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference(Estimate):
    """A paired difference, candidate minus baseline, with the p-value of "no difference" (two-sided)."""

    p: float | None = None
