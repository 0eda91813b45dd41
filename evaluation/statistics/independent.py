"""Two independent groups, from their sums: did a rate or a mean change from one to the other?"""

from __future__ import annotations

import math
from collections.abc import Callable

import scipy

from assay.evaluation.statistics.estimate import Difference


def rate_difference(
    successes: int, n: int, successes_before: int, n_before: int, *, confidence: float = 0.95
) -> Difference:
    """The first rate minus the second, by the score test of Miettinen and Nurminen, and its inversion.

    ``z(d) = (p1 - p2 - d) / sqrt(N/(N-1) * (r1(1-r1)/n1 + r2(1-r2)/n2))`` with the likeliest r1, r2 such that
    ``r1 - r2 = d``; the interval holds every d with ``|z(d)|`` below the quantile. Source: Miettinen and Nurminen 1985.
    """
    if n == 0 or n_before == 0:
        return Difference(n=n + n_before, value=None, confidence=confidence, reason="one of the groups is empty")
    rate, before = successes / n, successes_before / n_before

    def z(difference: float) -> float:
        r1, r2 = _likeliest(successes, n, successes_before, n_before, difference)
        total = n + n_before
        variance = total / (total - 1) * (r1 * (1 - r1) / n + r2 * (1 - r2) / n_before)
        distance = rate - before - difference
        if variance <= 0:
            return 0.0 if distance == 0 else math.copysign(math.inf, distance)
        return distance / math.sqrt(variance)

    quantile = float(scipy.stats.norm.ppf((1 + confidence) / 2))
    value = rate - before
    return Difference(
        n=n + n_before,
        value=value,
        low=_end(z, quantile, value, -1.0),
        high=_end(z, -quantile, value, 1.0),
        confidence=confidence,
        method="score (Miettinen-Nurminen)",
        p=float(2 * scipy.stats.norm.sf(abs(z(0.0)))),
    )


def mean_difference(
    n: int,
    mean: float,
    sd: float | None,
    n_before: int,
    mean_before: float,
    sd_before: float | None,
    *,
    confidence: float = 0.95,
) -> Difference:
    """The first mean minus the second, by Welch's test: their spreads may differ. Source: Welch 1947."""
    value = mean - mean_before
    nothing = Difference(n=n + n_before, value=value, confidence=confidence)
    if n < 2 or n_before < 2 or sd is None or sd_before is None:
        return _because(nothing, "a group of one has no spread")
    a, b = sd**2 / n, sd_before**2 / n_before
    if a + b == 0:
        return _because(nothing, "all values of a group are equal: their spread cannot be estimated")
    stderr = math.sqrt(a + b)
    df = (a + b) ** 2 / (a**2 / (n - 1) + b**2 / (n_before - 1))
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, df)) * stderr
    p = float(2 * scipy.stats.t.sf(abs(value) / stderr, df))
    return Difference(
        n=n + n_before,
        value=value,
        low=value - half,
        high=value + half,
        stderr=stderr,
        confidence=confidence,
        method="Welch's t",
        p=p,
    )


def _because(nothing: Difference, reason: str) -> Difference:
    return Difference(n=nothing.n, value=nothing.value, confidence=nothing.confidence, reason=reason)


def _end(z: Callable[[float], float], quantile: float, value: float, limit: float) -> float:
    """Where z reaches the quantile between the observed difference and the farthest one that can be."""
    if (z(limit) - quantile) * (z(value) - quantile) > 0:
        return limit
    return float(scipy.optimize.brentq(lambda difference: z(difference) - quantile, value, limit, xtol=1e-10))


def _likeliest(s1: int, n1: int, s2: int, n2: int, d: float) -> tuple[float, float]:
    """The likeliest pair of rates that differ by `d`: the root of a cubic, by Miettinen and Nurminen's appendix."""
    total, successes = n1 + n2, s1 + s2
    l3, l2 = total, (n1 + 2 * n2) * d - total - successes
    l1, l0 = (n2 * d - total - 2 * s2) * d + successes, s2 * d * (1 - d)
    q = l2**3 / (3 * l3) ** 3 - l1 * l2 / (6 * l3**2) + l0 / (2 * l3)
    root = math.sqrt(max(l2**2 / (3 * l3) ** 2 - l1 / (3 * l3), 0.0))
    p = math.copysign(root, q)
    cosine = q / p**3 if p else 0.0
    angle = (math.pi + math.acos(min(1.0, max(-1.0, cosine)))) / 3
    r2 = 2 * p * math.cos(angle) - l2 / (3 * l3)
    r2 = min(1.0, max(0.0, r2))
    return min(1.0, max(0.0, r2 + d)), r2
