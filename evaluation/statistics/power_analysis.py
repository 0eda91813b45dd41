"""How many items a comparison needs, and what it can find with those there are."""

from __future__ import annotations

import scipy


def detectable_effect(stderr: float | None, *, confidence: float = 0.95, power: float = 0.8) -> float | None:
    """Smallest true difference that a test with this standard error finds with this power; None when it is not known.

    ``(z(1-alpha/2) + z(power)) * stderr``. Source: Miller 2024, section 5.
    """
    if stderr is None or stderr <= 0:
        return None
    return float(scipy.stats.norm.ppf((1 + confidence) / 2) + scipy.stats.norm.ppf(power)) * stderr
