"""Confidence sequences of means: intervals that hold at every look at once, so that looking costs nothing.

Arrays hold units along their last axis, in order of exposure; leading axes (replicates of a simulation) are free. What
a unit's bet depends on are the units before it, never its own outcome: that is what makes the sequences exact, for
outcomes that are bounded, whatever their distribution and however it drifts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

TRUNCATION = 0.5  # greatest bet, as a share of the one that could lose everything; as Waudby-Smith and Ramdas advise
ABOVE_1, BELOW_1 = math.nextafter(1, 2), math.nextafter(1, 0)
BETS = tuple(0.8 / 2**k for k in range(8))  # of the mixture: from some ten units to about a million
HIGHEST_RATIO = 2.0  # a ratio of means above it is reported as not bounded
NORMAL_OPTIMUM = 5_000  # units at which the asymptotic sequence is narrowest; fixed, so that nobody chooses it late
_HALVINGS = 40


def empirical_bernstein(values: npt.ArrayLike, *, alpha: float) -> tuple[Floats, Floats]:
    """Confidence sequence, after every value, of the mean of values between 0 and 1.

    ``(sum l_i x_i -+ (log(2/alpha) + sum (x_i - m_{i-1})^2 (-log(1-l_i) - l_i))) / sum l_i`` with the bets
    ``l_i = min(sqrt(2 log(2/alpha) / (v_{i-1} i log(1+i))), 1/2)``, m and v the mean and variance so far, begun with
    one value of 1/2 and variance 1/4. Source: Waudby-Smith and Ramdas 2024, arXiv 2010.09686, theorem 2.
    """
    x = np.asarray(values, dtype=float)
    n = np.arange(1, x.shape[-1] + 1)
    mean = (0.5 + np.cumsum(x, axis=-1)) / (n + 1)
    variance = (0.25 + np.cumsum((x - mean) ** 2, axis=-1)) / (n + 1)
    bet = np.minimum(np.sqrt(2 * np.log(2 / alpha) / (_before(variance, 0.25) * n * np.log1p(n))), TRUNCATION)
    total = np.cumsum(bet, axis=-1)
    centre = np.cumsum(bet * x, axis=-1) / total
    radius = (np.log(2 / alpha) + np.cumsum((x - _before(mean, 0.5)) ** 2 * _psi(bet), axis=-1)) / total
    return np.clip(centre - radius, 0, 1), np.clip(centre + radius, 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Running sums of an arm (b) against the baseline (a) after every unit: all that the test and its interval need.

    Of outcomes between 0 and 1, each divided by the greatest residual that its phase allows (`arm_contrast`). Where
    ``mean_b - r mean_a = d``, every ``exp(+-l (sum_b - r sum_a - d n) - psi(l) (spread_b + r^2 spread_a))`` with
    ``psi(l) = -log(1-l) - l`` is expected not to grow; nor is the average over both signs and all `BETS`, which is the
    e-value. The mixture takes the place of the bets of `empirical_bernstein`: it tells rates of .50 and .55 apart in
    96 % of tests with 10,000 units, they in 55 %.
    """

    n: Floats
    sum_a: Floats
    sum_b: Floats
    spread_a: Floats
    spread_b: Floats
    highest_ratio: float

    def log_e(self) -> Floats:
        """Log e-value that the means differ, at every look."""
        return _log_mixture(self.sum_b - self.sum_a, self.spread_a + self.spread_b)

    def estimate(self, look: int) -> float:
        """The difference of the means, averaged over phases."""
        return float((self.sum_b[look] - self.sum_a[look]) / self.n[look])

    def difference(self, look: int, alpha: float) -> tuple[float, float]:
        """All differences of the means whose e-value is below 1/alpha; 0 is in it exactly when `log_e` is."""
        spread, limit = float(self.spread_a[look] + self.spread_b[look]), -np.log(alpha)
        far = 1.0
        while _log_mixture(far, spread) < limit:
            far *= 2
        surplus = edge(lambda x: bool(_log_mixture(x, spread) >= limit), 0.0, far)
        centre, radius = self.estimate(look), surplus / float(self.n[look])
        return max(centre - radius, -1.0), min(centre + radius, 1.0)

    def ratio(self, look: int, alpha: float) -> tuple[float, float]:
        """All ratios mean_b / mean_a whose e-value is below 1/alpha, from 0 to `highest_ratio`; beyond it, infinity.

        Fieller's way, contrasting mean_b with r times mean_a, so 1 is in it exactly when 0 is in `difference`.
        """
        s_a, s_b, v_a, v_b = (float(x[look]) for x in (self.sum_a, self.sum_b, self.spread_a, self.spread_b))
        limit = -np.log(alpha)

        def outside(r: float) -> bool:
            return bool(_log_mixture(s_b - r * s_a, v_b + r**2 * v_a) >= limit)

        middle = min(max(s_b / s_a, 0.0), self.highest_ratio) if s_a > 0 else 1.0
        if middle == self.highest_ratio and outside(middle):
            return self.highest_ratio, np.inf
        low, high = 0.0, np.inf
        if not outside(middle):  # else no ratio fits: an estimate of a mean is below 0
            low = edge(outside, middle, 0.0)
            high = edge(outside, middle, self.highest_ratio) if outside(self.highest_ratio) else np.inf
        if outside(1.0):  # whatever the shape of the set elsewhere, 1 is not in it
            low, high = (max(low, ABOVE_1), high) if s_b > s_a else (low, min(high, BELOW_1))
        return low, high


def arm_contrast(
    values: npt.ArrayLike, in_arm: npt.ArrayLike, weight: npt.ArrayLike, *, highest_ratio: float = 1.0
) -> Contrast:
    """Bet on the difference of an arm and the baseline, unit after unit. Outcomes lie between 0 and 1.

    `weight` is the probability of the arm for each unit, among the two, in the unit's phase. A unit's outcome enters
    as an augmented inverse-probability-weighted one, ``m + 1(in the arm) (y - m) / weight`` with m the arm's mean so
    far, and likewise for the baseline: unbiased for any split. Its residual is at most 1/weight, by which units are
    scaled. So the inequality of Fan et al. behind `empirical_bernstein` holds exactly, for weights that change by phase
    and effects that change over time, of which it bounds the average. `highest_ratio` is the greatest r that
    `Contrast.ratio` may be asked about. Sources: Waudby-Smith and Ramdas, arXiv 2010.09686 (the inequality); Howard et
    al., arXiv 1810.08240, sections 3.4 and 4.2 (discrete mixtures, treatment effects).
    """
    y, arm, w = np.broadcast_arrays(np.asarray(values, dtype=float), np.asarray(in_arm, dtype=bool), weight)
    mean_b, mean_a = _running_mean(y, arm), _running_mean(y, ~arm)
    off_b, off_a = np.where(arm, (y - mean_b) / w, 0.0), np.where(arm, 0.0, (y - mean_a) / (1 - w))
    bound = np.maximum(1 / w, highest_ratio / (1 - w))
    return Contrast(
        n=np.cumsum(1 / bound, axis=-1),
        sum_a=np.cumsum((mean_a + off_a) / bound, axis=-1),
        sum_b=np.cumsum((mean_b + off_b) / bound, axis=-1),
        spread_a=np.cumsum((off_a / bound) ** 2, axis=-1),
        spread_b=np.cumsum((off_b / bound) ** 2, axis=-1),
        highest_ratio=highest_ratio,
    )


def normal_mixture_radius(
    n: npt.ArrayLike, variance: npt.ArrayLike, *, tau2: npt.ArrayLike, alpha: float
) -> npt.NDArray[np.float64]:
    """Half-width, after n units, of the interval of a mean with known variance per unit: the mixture SPRT, inverted.

    ``sqrt(2 V (V + n t2) / (n^2 t2) log(sqrt((V + n t2) / V) / alpha))`` with effects drawn from N(0, tau2). The
    p-value of a mean x is ``sqrt((V + n t2) / V) exp(-n^2 t2 x^2 / (2 V (V + n t2)))``. Source: Johari, Pekelis and
    Walsh, arXiv 1512.04922.
    """
    n, v, t = np.asarray(n, dtype=float), np.asarray(variance, dtype=float), np.asarray(tau2, dtype=float)
    spread = v + n * t
    return np.asarray(np.sqrt(2 * v * spread / (n**2 * t) * np.log(np.sqrt(spread / v) / alpha)))


def asymptotic_interval(
    values: npt.ArrayLike, in_arm: npt.ArrayLike, weight: npt.ArrayLike, *, alpha: float
) -> tuple[float, float]:
    """Asymptotic confidence sequence of the difference of two means, after the last unit. For the eye only.

    `normal_mixture_radius` with the variance estimated from the same augmented pseudo-outcomes as `arm_contrast`. It
    holds in the limit: with 90/10 splits or long tails it is wrong too often (9 to 15 % instead of 5 % at 10,000
    units). Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, arXiv 2103.06476, theorem 2.2.
    """
    y, arm, w = np.broadcast_arrays(np.asarray(values, dtype=float), np.asarray(in_arm, dtype=bool), weight)
    mean_b, mean_a = _running_mean(y, arm), _running_mean(y, ~arm)
    pseudo = mean_b - mean_a + np.where(arm, (y - mean_b) / w, -(y - mean_a) / (1 - w))
    n, centre, variance = len(pseudo), float(pseudo.mean()), float(pseudo.var())
    if variance == 0:
        return centre, centre
    rho2 = (-(alpha**2) - 2 * np.log(alpha) + np.log(-2 * np.log(alpha) + 1 - alpha**2)) / NORMAL_OPTIMUM
    radius = float(normal_mixture_radius(n, variance, tau2=rho2 * variance, alpha=alpha))
    return centre - radius, centre + radius


def edge(outside: Callable[[float], bool], inside: float, far: float) -> float:
    """The border of a set between `inside` it and `far`, which is the answer if it is in the set too. Errs outwards."""
    if not outside(far):
        return float(far)
    for _ in range(_HALVINGS):
        middle = (inside + far) / 2
        inside, far = (inside, middle) if outside(middle) else (middle, far)
    return float(far)


def _log_mixture(surplus: npt.ArrayLike, spread: npt.ArrayLike) -> Floats:
    """``log mean_l cosh(l surplus) exp(-psi(l) spread)`` over `BETS`, without overflow."""
    size = np.abs(np.asarray(surplus, dtype=float))
    total: Floats = np.asarray(-np.inf)
    for bet in BETS:
        log_cosh = bet * size + np.log1p(np.exp(-2 * bet * size)) - np.log(2)
        total = np.logaddexp(total, log_cosh - _psi(bet) * np.asarray(spread, dtype=float))
    total -= np.log(len(BETS))
    return total


def _psi(bet: npt.ArrayLike) -> Floats:
    bets = np.asarray(bet, dtype=float)
    return np.asarray(-np.log1p(-bets) - bets)


def _before(x: Floats, first: npt.ArrayLike) -> Floats:
    """Each value's predecessor."""
    start = np.broadcast_to(first, (*x.shape[:-1], 1))
    return np.concatenate([start, x[..., :-1]], axis=-1)


def _running_mean(y: Floats, rows: Booleans) -> Floats:
    """Mean of `rows` before each unit, begun with one value of 1/2."""
    total, n = np.cumsum(np.where(rows, y, 0.0), axis=-1), np.cumsum(rows, axis=-1)
    return _before((0.5 + total) / (1 + n), 0.5)
