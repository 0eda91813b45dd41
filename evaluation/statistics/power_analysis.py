"""How many items a comparison needs, and what it can find with those there are."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from assay.evaluation.statistics.clusters import cluster_sums


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedVariance:
    """What makes a paired difference vary, per item. Miller 2024, section 5, in his letters."""

    between: float  # omega^2: variance over items of the difference of the two true means
    within: tuple[float, float] = (0.0, 0.0)  # sigma_A^2, sigma_B^2: mean variance of one answer about its item's mean
    repeats: tuple[float, float] = (1, 1)  # K_A, K_B
    cluster_size: float = 1.0  # items per cluster
    intracluster: float = 0.0  # correlation of the differences within a cluster

    @property
    def design_effect(self) -> float:
        """``1 + (m - 1) ICC``: how many times as many items clusters cost. Source: Kish 1965."""
        return 1 + (self.cluster_size - 1) * self.intracluster

    @property
    def per_item(self) -> float:
        """``(omega^2 + sigma_A^2/K_A + sigma_B^2/K_B) * design effect``: n times the mean difference's variance."""
        chance = sum(variance / repeats for variance, repeats in zip(self.within, self.repeats, strict=True))
        return (self.between + chance) * self.design_effect


def detectable_effect(stderr: float | None, *, confidence: float = 0.95, power: float = 0.8) -> float | None:
    """Smallest true difference that a test with this standard error finds with this power; None when it is not known.

    ``(z(1-alpha/2) + z(power)) * stderr``. Source: Miller 2024, section 5.
    """
    if stderr is None or stderr <= 0:
        return None
    return _quantiles(confidence, power) * stderr


def sample_size(delta: float, variance: PairedVariance | float, *, confidence: float = 0.95, power: float = 0.8) -> int:
    """Items needed to find a true difference of `delta` with this power, two-sided.

    ``n = (z(1-alpha/2) + z(power))^2 (omega^2 + sigma_A^2/K_A + sigma_B^2/K_B) / delta^2``, rounded up. Source: Miller
    2024, arXiv 2411.00640, section 5, equation 9.

    Args:
        variance: of one item's difference; a number, or its parts.

    Raises:
        ValueError: delta is 0, or the variance is negative.
    """
    per_item = variance.per_item if isinstance(variance, PairedVariance) else variance
    if delta == 0 or per_item < 0:
        raise ValueError("delta must not be 0, nor a variance negative")
    return max(1, math.ceil(_quantiles(confidence, power) ** 2 * per_item / delta**2 - 1e-9))


def power(delta: float, n: int, variance: PairedVariance | float, *, confidence: float = 0.95) -> float | None:
    """Chance that a two-sided test of n items finds a true difference of `delta`; None where nothing varies.

    ``Phi(|delta|/se - z) + Phi(-|delta|/se - z)``, ``se = sqrt(variance / n)``. Source: as
    `sample_size`, solved for the power.
    """
    per_item = variance.per_item if isinstance(variance, PairedVariance) else variance
    if per_item <= 0 or n < 1:
        return None
    z = float(scipy.stats.norm.ppf((1 + confidence) / 2))
    shift = abs(delta) / math.sqrt(per_item / n)
    return float(scipy.stats.norm.cdf(shift - z) + scipy.stats.norm.cdf(-shift - z))


def intracluster_correlation(
    values: Sequence[float], clusters: Sequence[Hashable]
) -> tuple[float | None, float | None]:
    """How alike the items of one cluster are (ICC), and the cluster size for the design effect, None if undefined.

    ``(MSB - MSW) / (MSB + (m0 - 1) MSW)``, at least 0, MSB and MSW the mean squares between and within clusters and
    ``m0 = (N - sum n_c^2 / N) / (G - 1)``; the size is ``sum n_c^2 / N``, which for equal clusters is theirs. Sources:
    Donner 1986 (analysis of variance estimator); Kish 1965.
    """
    x = np.asarray(values, dtype=float)
    sums, sizes = cluster_sums(x, clusters)
    n, groups = len(x), len(sizes)
    if groups < 2 or groups == n or np.ptp(x) == 0:
        return None, None
    means = sums / sizes
    between = float((sizes * (means - x.mean()) ** 2).sum()) / (groups - 1)
    within = (float((x**2).sum()) - float((sizes * means**2).sum())) / (n - groups)
    size = (n - float((sizes**2).sum()) / n) / (groups - 1)
    spread = between + (size - 1) * within
    return max((between - within) / spread, 0.0), float((sizes**2).sum()) / n


def _quantiles(confidence: float, power: float) -> float:
    return float(scipy.stats.norm.ppf((1 + confidence) / 2) + scipy.stats.norm.ppf(power))
