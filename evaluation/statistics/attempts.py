"""Several attempts at a task: the chance that one of k succeeds (pass@k), and that all of k do (pass^k)."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

from assay.evaluation.statistics.estimate import Estimate
from assay.evaluation.statistics.means import mean_interval


def pass_at_k(
    n: int | Sequence[int],
    c: int | Sequence[int],
    k: int,
    *,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Chance that at least one of k attempts succeeds, from n attempts of which c did: ``1 - C(n-c, k) / C(n, k)``.

    Unbiased per task, unlike ``1 - (1 - c/n)^k``. Over tasks the mean, with the t interval over tasks (clustered where
    clusters are given), cut to 0 and 1. Undefined where a task has fewer than k attempts: to leave it out would prefer
    the tasks that did not fail. Source: Chen et al. 2021, arXiv 2107.03374.

    Args:
        n: attempts, of one task or of each.
        c: those that succeeded.
    """
    return _over_tasks(n, c, k, lambda n, c: 1 - math.comb(n - c, k) / math.comb(n, k), "pass@", clusters, confidence)


def pass_hat_k(
    n: int | Sequence[int],
    c: int | Sequence[int],
    k: int,
    *,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Chance that all of k attempts succeed, from n attempts of which c did: ``C(c, k) / C(n, k)``.

    Over tasks and undefined as `pass_at_k`. Source: Yao et al. 2024 (tau-bench), arXiv 2406.12045.
    """
    return _over_tasks(n, c, k, lambda n, c: math.comb(c, k) / math.comb(n, k), "pass^", clusters, confidence)


def _over_tasks(
    n: int | Sequence[int],
    c: int | Sequence[int],
    k: int,
    chance: Callable[[int, int], float],
    name: str,
    clusters: Sequence[Hashable] | None,
    confidence: float,
) -> Estimate:
    attempts = [n] if isinstance(n, int) else list(n)
    successes = [c] if isinstance(c, int) else list(c)
    if len(attempts) != len(successes):
        raise ValueError(f"{len(attempts)} numbers of attempts cannot be paired with {len(successes)} of successes")
    if k < 1 or any(not 0 <= good <= tried for tried, good in zip(attempts, successes, strict=True)):
        raise ValueError("k is 1 or more, and of n attempts between 0 and n succeed")
    method = f"{name}{k}"
    few = sum(tried < k for tried in attempts)
    if few:
        reason = f"{few} of {len(attempts)} tasks have fewer than {k} attempts"
        return Estimate(n=len(attempts), value=None, confidence=confidence, method=method, reason=reason)
    chances = [chance(tried, good) for tried, good in zip(attempts, successes, strict=True)]
    mean = mean_interval(chances, clusters=clusters, confidence=confidence)
    if mean.low is None or mean.high is None:
        return replace(mean, method=method)
    return replace(mean, low=max(mean.low, 0.0), high=min(mean.high, 1.0), method=f"{method}, {mean.method} over tasks")
