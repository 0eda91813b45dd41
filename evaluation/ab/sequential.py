"""Exact sequential inference for assignments and right-or-wrong outcomes: valid at every look, however often one looks.

Everything rests on one fact. If a prompt changes nothing, the units that succeeded are a fair draw from the arms: each
came from an arm with the probability that the arm had when the unit was assigned. The evidence against that is an
e-process (Lindon and Malek 2022, arXiv 2011.03567): the likelihood of the arms under a Dirichlet prior around the
weights, over the likelihood under the weights. It starts at 1, is expected to stay there when the null holds, whatever
the rate of success is and however it moves, and so exceeds 1/alpha ever with probability alpha at most (Ville 1939).

Arrays hold units along their last axis, in order of exposure; leading axes (replicates of a simulation) are free.
Phases multiply: within one the weights are fixed, and each has its own prior.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy  # loads scipy.special when it is first used

from assay.evaluation.ab.confidence_sequences import edge

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

CONCENTRATION = 100.0  # of the prior of a binary outcome: made for effects of some points at some thousand units
BASE_RATE_SHARE = 0.01  # part of alpha that goes to the base rate of an interval, on top of the test's
_Pair = tuple[float, float]
_Box = tuple[_Pair, _Pair]  # where the rate of the baseline lies, and that of the arm
_Evidence = Callable[[Floats, Floats], Floats]  # against pairs of rates; the set is where it is below 0
_GRID = np.linspace(0.0, 1.0, 33)
_FINE = np.linspace(-1.0, 1.0, 17)


def assignment_log_e(
    arm: npt.ArrayLike,
    weights: Sequence[Sequence[float]] | Floats,
    *,
    phase: npt.ArrayLike = 0,
    counted: npt.ArrayLike = True,
    concentration: float,
) -> Floats:
    """Log e-value, after every unit, that the `counted` units were not assigned by `weights` (phases x arms).

    Each unit multiplies the evidence by the Dirichlet-multinomial's prediction of its arm over the arm's weight,
    ``((k w_j + n_j) / (k + n)) / w_j``, with the counts of its phase before it: one division per new unit. Their
    product is the closed form of `counts_log_e`. A unit in an arm of weight 0 is infinite evidence.
    """
    arm, phase, counted = np.broadcast_arrays(arm, phase, counted)
    gains = np.zeros(arm.shape)
    for number, shares in enumerate(np.asarray(weights, dtype=float)):
        rows = counted & (phase == number)
        before = np.cumsum(rows, axis=-1) - rows
        for j, share in enumerate(shares):
            mine = rows & (arm == j)
            seen = (np.cumsum(mine, axis=-1) - mine)[mine]
            if share > 0:
                gains[mine] = np.log((concentration * share + seen) / ((concentration + before[mine]) * share))
            else:
                gains[mine] = np.inf
    return np.cumsum(gains, axis=-1)


def counts_log_e(counts: npt.ArrayLike, weights: npt.ArrayLike, *, concentration: float) -> float:
    """The same from the counts of one phase, in closed form.

    ``log [B(k w + n) / B(k w)] - sum_j n_j log w_j``, B the multivariate beta function; for two arms
    ``B(k w + b, k (1-w) + a) / B(k w, k (1-w)) / (w^b (1-w)^a)``. Arms of weight 0 without units drop out.
    """
    n, w = np.asarray(counts, dtype=float), np.asarray(weights, dtype=float)
    if (n[w <= 0] > 0).any():
        return float("inf")
    n, prior = n[w > 0], concentration * w[w > 0]
    mixture = _log_beta(prior + n) - _log_beta(prior)
    return float(mixture - scipy.special.xlogy(n, w[w > 0]).sum())


def p_value(log_e: Floats) -> Floats:
    """The p-value at every look: 1 over the greatest e-value so far, at most 1 (Ville 1939)."""
    return np.exp(-np.maximum(np.maximum.accumulate(log_e, axis=-1), 0.0))


# Two arms and a binary outcome


def binary_log_e(
    in_arm: npt.ArrayLike,
    success: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    phase: npt.ArrayLike = 0,
    concentration: float = CONCENTRATION,
) -> Floats:
    """Log e-value after every unit that the arm has another rate of success than the baseline.

    The average of two e-processes, on the arms of the successes and on the arms of the failures: the first has the
    power where successes are rare, the second where failures are. `weights` holds, by phase, the probability of the arm
    among units that are in the arm or in the baseline. Exact for any base rate, also one that changes, and any split.
    Source: Lindon and Malek 2022.
    """
    share = np.atleast_1d(np.asarray(weights, dtype=float))
    both = np.stack([1 - share, share], axis=-1)
    arm, hit = np.asarray(in_arm).astype(np.int64), np.asarray(success, dtype=bool)
    successes = assignment_log_e(arm, both, phase=phase, counted=hit, concentration=concentration)
    failures = assignment_log_e(arm, both, phase=phase, counted=~hit, concentration=concentration)
    log_e: Floats = np.logaddexp(successes, failures) - np.log(2)
    return log_e


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryCounts:
    """Successes and failures of an arm (b) and the baseline (a) by phase, with the arm's share of the two."""

    weights: Floats
    successes_b: Floats
    successes_a: Floats
    failures_b: Floats
    failures_a: Floats

    @classmethod
    def of(cls, in_arm: Booleans, success: Booleans, weights: npt.ArrayLike, phase: npt.ArrayLike = 0) -> BinaryCounts:
        """Counts of units, one row per unit."""
        share = np.atleast_1d(np.asarray(weights, dtype=float))
        phases = np.broadcast_to(np.asarray(phase, dtype=np.int64), in_arm.shape)

        def count(rows: Booleans) -> Floats:
            return np.bincount(phases[rows], minlength=len(share)).astype(float)

        return cls(
            weights=share,
            successes_b=count(in_arm & success),
            successes_a=count(~in_arm & success),
            failures_b=count(in_arm & ~success),
            failures_a=count(~in_arm & ~success),
        )

    def log_e(self, concentration: float = CONCENTRATION) -> float:
        """`binary_log_e` after these units, in closed form."""
        of_successes, of_failures = (
            sum(
                counts_log_e([n_a, n_b], [1 - w, w], concentration=concentration)
                for w, n_b, n_a in zip(self.weights, b, a, strict=True)
            )
            for b, a in ((self.successes_b, self.successes_a), (self.failures_b, self.failures_a))
        )
        return float(np.logaddexp(of_successes, of_failures) - np.log(2))

    def log_e_of_rates(self, concentration: float = CONCENTRATION) -> Callable[[Floats, Floats], Floats]:
        """The log e-value against rates of success (of baseline, of arm); where they are equal it is `log_e`.

        A success comes from the arm with probability ``w p_b / (w p_b + (1-w) p_a)``, a failure likewise.
        """
        mixed = [
            scipy.special.betaln(concentration * self.weights + b, concentration * (1 - self.weights) + a).sum()
            - scipy.special.betaln(concentration * self.weights, concentration * (1 - self.weights)).sum()
            for b, a in ((self.successes_b, self.successes_a), (self.failures_b, self.failures_a))
        ]
        rows = list(
            zip(self.weights, self.successes_b, self.successes_a, self.failures_b, self.failures_a, strict=True)
        )

        def log_e(p_a: Floats, p_b: Floats) -> Floats:
            successes, failures = np.full(p_a.shape, mixed[0]), np.full(p_a.shape, mixed[1])
            q_a, q_b = 1 - p_a, 1 - p_b
            with np.errstate(divide="ignore", invalid="ignore"):
                for w, s_b, s_a, f_b, f_a in rows:
                    successes -= _log_likelihood(s_b, s_a, w * p_b, (1 - w) * p_a)
                    failures -= _log_likelihood(f_b, f_a, w * q_b, (1 - w) * q_a)
            found: Floats = np.nan_to_num(np.logaddexp(successes, failures), nan=np.inf, posinf=np.inf) - np.log(2)
            return found

        return log_e


def binary_interval(
    counts: BinaryCounts,
    *,
    alpha: float,
    scale: Literal["difference", "ratio"] = "difference",
    concentration: float = CONCENTRATION,
) -> tuple[float, float] | None:
    """All differences (or ratios, arm over baseline) of the two rates that `binary_log_e` does not reject at `alpha`.

    The set of pairs of rates with an e-value below 1/alpha, projected: it holds "no difference" exactly when
    ``log_e < log(1/alpha)``, so p-value and interval cannot disagree. The arms of successes say little about how common
    success is; each rate is therefore also held within its own beta-binomial confidence sequence at half of alpha/100.
    The guarantee is thus 1 - 1.01 alpha, for rates that do not change during the test.

    None when the sizes of the arms contradict their weights so much that no pair of rates explains them.
    """
    limit = -np.log(alpha)
    s_a, f_a = float(counts.successes_a.sum()), float(counts.failures_a.sum())
    s_b, f_b = float(counts.successes_b.sum()), float(counts.failures_b.sum())
    rejects_none = counts.log_e(concentration) >= limit
    if s_a + f_a == 0 or s_b + f_b == 0:
        if rejects_none:
            return None
        return (-1.0, 1.0) if scale == "difference" else (0.0, np.inf)
    rates = s_a / (s_a + f_a), s_b / (s_b + f_b)
    log_e = counts.log_e_of_rates(concentration)
    if log_e(np.array(rates[:1]), np.array(rates[1:]))[0] >= limit:
        return None
    level = BASE_RATE_SHARE * alpha / 2
    box = rate_interval(s_a, f_a, alpha=level), rate_interval(s_b, f_b, alpha=level)
    find = _differences if scale == "difference" else _ratios
    return find(lambda p_a, p_b: log_e(p_a, p_b) - limit, rates, box, rejects_none)


def rate_interval(successes: float, failures: float, *, alpha: float) -> tuple[float, float]:
    """Confidence sequence of one rate: all p with ``B(1+s, 1+f) / (p^s (1-p)^f) < 1/alpha`` (uniform mixture).

    Sources: Robbins 1970; Howard et al. 2021, arXiv 1810.08240.
    """
    limit = scipy.special.betaln(1 + successes, 1 + failures) + np.log(alpha)

    def outside(p: float) -> bool:
        return bool(scipy.special.xlogy(successes, p) + scipy.special.xlog1py(failures, -p) <= limit)

    if successes + failures == 0:
        return 0.0, 1.0
    middle = successes / (successes + failures)
    return edge(outside, middle, 0.0), edge(outside, middle, 1.0)


def _differences(evidence: _Evidence, rates: _Pair, box: _Box, rejects_none: bool) -> tuple[float, float]:
    (low_a, high_a), (low_b, high_b) = box

    def outside(d: float) -> bool:
        low, high = max(low_a, low_b - d), min(high_a, high_b - d)
        return high < low or _lowest(lambda p: evidence(p, np.clip(p + d, 0, 1)), low, high) >= 0

    return _ends(outside, rates[1] - rates[0], low_b - high_a, high_b - low_a, rejects_none)


def _ratios(evidence: _Evidence, rates: _Pair, box: _Box, rejects_none: bool) -> tuple[float, float]:
    """On the log scale; where a rate may be 0, the end that this leaves open is 0 or infinity."""
    (low_a, high_a), (low_b, high_b) = box
    tiny = 1e-12

    def outside(log_ratio: float) -> bool:
        ratio = float(np.exp(log_ratio))
        low, high = max(low_a, low_b / ratio), min(high_a, high_b / ratio)
        return high < low or _lowest(lambda p: evidence(p, np.clip(p * ratio, 0, 1)), low, high) >= 0

    lowest, highest = np.log(max(low_b, tiny) / high_a), np.log(high_b / max(low_a, tiny))
    estimate = float(np.clip(np.log(max(rates[1], tiny) / max(rates[0], tiny)), lowest, highest))
    low, high = _ends(outside, estimate, lowest, highest, rejects_none)
    return (float(np.exp(low)) if low_b > tiny else 0.0), (float(np.exp(high)) if low_a > tiny else np.inf)


def _ends(
    outside: Callable[[float], bool], estimate: float, lowest: float, highest: float, rejects_none: bool
) -> tuple[float, float]:
    """Ends of an interval around `estimate`; whether 0 is in it is for the test to say.

    Few units may have rates in boxes apart from each other before the test rejects: the interval then reaches to 0.
    """
    if not rejects_none:
        low = edge(outside, min(estimate, 0.0), min(lowest, 0.0))
        return low, edge(outside, max(estimate, 0.0), max(highest, 0.0))
    if estimate > 0:
        return edge(outside, estimate, max(lowest, 0.0)), edge(outside, estimate, highest)
    return edge(outside, estimate, lowest), edge(outside, estimate, min(highest, 0.0))


def _lowest(function: Callable[[Floats], Floats], low: float, high: float) -> float:
    """The least value of a smooth function on an interval: a grid, and a finer one around its best point."""
    values = function(low + (high - low) * _GRID)
    best = int(np.argmin(values))
    step = (high - low) / (len(_GRID) - 1)
    finer = function(np.clip(low + (high - low) * _GRID[best] + step * _FINE, low, high))
    return float(min(values[best], finer.min()))


def _log_likelihood(n_b: float, n_a: float, rate_b: Floats, rate_a: Floats) -> Floats:
    """Of n_b events in the arm and n_a in the baseline, given how often each brings one forth."""
    total = -(n_b + n_a) * np.log(rate_b + rate_a) if n_b + n_a else np.zeros(rate_a.shape)
    for n, rate in ((n_b, rate_b), (n_a, rate_a)):
        if n:
            total = total + n * np.log(rate)
    return total


def _log_beta(a: Floats) -> float:
    """Logarithm of the multivariate beta function, as a chain of two-argument ones, which lose fewer digits."""
    heads = np.cumsum(a)[:-1]
    return float(scipy.special.betaln(heads, a[1:]).sum()) if len(a) > 1 else 0.0
