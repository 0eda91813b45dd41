"""The statistics of evaluation: pure functions from numbers to estimates, each with its formula and source.

Three rules hold for all of them. What is undefined is None, with the reason in words, never 0 and never NaN. A
p-value and the interval beside it come from the same procedure, so that the interval excludes 0 exactly when p falls
below 1 - confidence. The unit is the item (or the cluster of items): repeats of an item are averaged before they come
here.

Only numpy and scipy: the collector's pages load this too, and statsmodels would bring pandas along. It is the oracle of
the tests instead.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy  # loads scipy.stats, which takes a second, when it is first used

Floats = npt.NDArray[np.float64]

FEW_ITEMS_FOR_T = 30  # below: the sign-flip test, which assumes symmetry instead of normality
FEW_CLUSTERS_FOR_T = 10  # below: the sign-flip test on whole clusters
EXACT_SIGN_FLIPS = 2**14
SAMPLED_SIGN_FLIPS = 20_000


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


# One sample


def mean_interval(
    values: Sequence[float], *, clusters: Sequence[Hashable] | None = None, confidence: float = 0.95
) -> Estimate:
    """Mean with its t interval; with `clusters` (one label per value) the units of one cluster may depend on each
    other.

    Independent: ``mean +- t(n-1) * s / sqrt(n)``. Source: Miller 2024, arXiv 2411.00640, section 2.
    Clustered: see `clustered_stderr`, t with G-1 degrees of freedom.
    """
    x = np.asarray(values, dtype=float)
    n = len(x)
    if n == 0:
        return Estimate(n=0, value=None, confidence=confidence, reason="nothing was scored")
    mean = float(x.mean())
    sd = float(x.std(ddof=1)) if n > 1 else None
    nothing = Estimate(n=n, value=mean, sd=sd, confidence=confidence)
    if n == 1:
        return replace(nothing, reason="one item has no spread")
    groups = _group_count(clusters)
    if clusters is not None and groups < 2:
        return replace(nothing, reason="one cluster has no spread")
    if _all_equal(x):
        return replace(nothing, reason=f"all {n} values are equal: their spread cannot be estimated")
    if clusters is None:
        stderr, df, method = float(x.std(ddof=1)) / math.sqrt(n), n - 1, "t"
    else:
        stderr, df, method = clustered_stderr(x, clusters), groups - 1, f"t, {groups} clusters"
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, df)) * stderr
    return replace(nothing, low=mean - half, high=mean + half, stderr=stderr, method=method)


def clustered_stderr(values: Sequence[float] | Floats, clusters: Sequence[Hashable]) -> float:
    """Standard error of a mean whose errors go together within clusters.

    ``sqrt(G/(G-1) * sum_c (sum_{i in c} (x_i - mean))^2) / n``. Sources: Liang and Zeger 1986; Miller 2024, appendix A
    (there without G/(G-1)). Needs two clusters or more.
    """
    x = np.asarray(values, dtype=float)
    sums, _ = _cluster_sums(x - x.mean(), clusters)
    groups = len(sums)
    return math.sqrt(groups / (groups - 1) * float((sums**2).sum())) / len(x)


def proportion_interval(
    shares: Sequence[float],
    *,
    rows: int | None = None,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Mean of shares of success, one per item, with a Wilson interval.

    Every share 0 or 1 and no clusters: Wilson's interval as it stands (Wilson 1927; Brown, Cai and DasGupta 2001).
    Otherwise (shares of repeats, or clusters of items): Wilson's interval with the effective sample size
    ``n_eff = min(rows, p(1-p) / v)``, v the (clustered) variance of the mean, and t(G-1) in place of z (Korn and
    Graubard 1998). Where all are successes or all failures v says nothing, and n_eff is the number of clusters: the
    cautious end.

    Args:
        shares: successes / repeats of each item, within 0 and 1.
        rows: how many results stand behind the shares; None when each stands for one.
    """
    x = np.asarray(shares, dtype=float)
    n = len(x)
    rows = n if rows is None else rows
    if n == 0:
        return Estimate(n=0, value=None, confidence=confidence, reason="nothing was scored")
    p = float(x.mean())
    sd = float(x.std(ddof=1)) if n > 1 else None
    if clusters is None and rows == n and bool(np.isin(x, (0.0, 1.0)).all()):
        low, high = _wilson(p, n, float(scipy.stats.norm.ppf((1 + confidence) / 2)))
        stderr = math.sqrt(p * (1 - p) / n)
        return _proportion(n, p, low, high, stderr, sd, confidence, "Wilson")
    labels = list(range(n)) if clusters is None else clusters
    groups = _group_count(labels)
    if groups < 2:
        reason = "one item has no spread between items" if clusters is None else "one cluster has no spread"
        return Estimate(n=n, value=p, sd=sd, confidence=confidence, reason=reason)
    variance = clustered_stderr(x, labels) ** 2
    if p in (0.0, 1.0):
        n_eff = float(groups)
    else:
        n_eff = min(float(rows), p * (1 - p) / variance) if variance > 0 else float(rows)
    quantile = float(scipy.stats.t.ppf((1 + confidence) / 2, groups - 1))
    low, high = _wilson(p, n_eff, quantile)
    method = "Wilson, repeats" if clusters is None else f"Wilson, {groups} clusters"
    return _proportion(n, p, low, high, math.sqrt(variance), sd, confidence, method)


def failure_bounds(values: Sequence[float], failed: int, lowest: float, highest: float) -> tuple[float, float] | None:
    """The mean if every failed result had scored `lowest`, and if every one had scored `highest`; None of nothing."""
    n = len(values) + failed
    if n == 0:
        return None
    total = math.fsum(values)
    return (total + lowest * failed) / n, (total + highest * failed) / n


# One sample, from sums that a database made


def interval_of_sums(
    *,
    n: int,
    clusters: int,
    mean: float | None,
    spread: float | None,
    all_equal: bool,
    binary: bool,
    confidence: float = 0.95,
) -> Estimate:
    """What `mean_interval`, or `proportion_interval` of `binary` values, says of the values behind these sums.

    Args:
        clusters: as many as `n` where the values are independent.
        spread: the sum over clusters of ``(total of the cluster - its size * mean)^2``.
        all_equal: whether the least and the greatest value are the same.
    """
    if n == 0 or mean is None or spread is None:
        return Estimate(n=0, value=None, confidence=confidence, reason="nothing was scored")
    independent = clusters == n
    if binary and independent:
        low, high = _wilson(mean, n, float(scipy.stats.norm.ppf((1 + confidence) / 2)))
        return _proportion(n, mean, low, high, math.sqrt(mean * (1 - mean) / n), None, confidence, "Wilson")
    nothing = Estimate(n=n, value=mean, confidence=confidence)
    if clusters < 2:
        return replace(nothing, reason="one item has no spread" if independent else "one cluster has no spread")
    stderr = math.sqrt(clusters / (clusters - 1) * spread) / n
    quantile = float(scipy.stats.t.ppf((1 + confidence) / 2, clusters - 1))
    if binary:
        variance = stderr**2
        n_eff = float(clusters) if mean in (0.0, 1.0) else n
        if variance > 0 and mean not in (0.0, 1.0):
            n_eff = min(float(n), mean * (1 - mean) / variance)
        low, high = _wilson(mean, n_eff, quantile)
        return _proportion(n, mean, low, high, stderr, None, confidence, f"Wilson, {clusters} clusters")
    if all_equal:
        return replace(nothing, reason=f"all {n} values are equal: their spread cannot be estimated")
    method = "t" if independent else f"t, {clusters} clusters"
    half = quantile * stderr
    return replace(nothing, low=mean - half, high=mean + half, stderr=stderr, method=method)


# Two samples, paired by item


def paired_difference(
    differences: Sequence[float],
    *,
    binary: bool = False,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Difference:
    """Test and interval for the mean of paired differences, the method chosen by what the data are.

    Binary results of one repeat: exact McNemar. Numbers: paired t from 30 items on, the sign-flip test below.
    Clusters: t on cluster sums from 10 clusters on, the sign-flip test on clusters below. Where no two differences
    differ the t test is undefined and the sign-flip test, which is not, takes its place.

    Args:
        differences: candidate minus baseline, one per item.
        binary: every difference is -1, 0 or 1, from results that were right or wrong.
    """
    d = np.asarray(differences, dtype=float)
    n = len(d)
    if n == 0:
        return Difference(n=0, value=None, confidence=confidence, reason="no item was scored in both")
    if clusters is not None and _group_count(clusters) < n:
        sums, sizes = _cluster_sums(d, clusters)
        if len(sums) < FEW_CLUSTERS_FOR_T or _all_equal(d):
            return sign_flip(sums, sizes=sizes, confidence=confidence, seed=seed)
        return _t_difference(mean_interval(d.tolist(), clusters=clusters, confidence=confidence), len(sums) - 1)
    if binary:
        return mcnemar(int((d > 0).sum()), int((d < 0).sum()), n, confidence=confidence)
    if n < FEW_ITEMS_FOR_T or _all_equal(d):
        return sign_flip(d, confidence=confidence, seed=seed)
    return _t_difference(mean_interval(d.tolist(), confidence=confidence), n - 1)


def mcnemar(wins: int, losses: int, n: int, *, confidence: float = 0.95) -> Difference:
    """Exact McNemar test of `n` paired right-or-wrong results, with an interval for the difference of the two rates.

    The p-value is that of a fair coin on the discordant items (McNemar 1947). Its dual interval (`mcnemar_dual`)
    takes the number of discordant items as fixed, and so leaves out their own chance: where nearly all point one way
    it covers the truth half the time only (benchmarks/coverage.py). Each end is therefore the wider of the dual and
    of Bonett and Price's interval (2012), which has no such gap; an end that would reach past 0 against the test
    stays at the dual's.
    """
    discordant = wins + losses
    difference = (wins - losses) / n
    p = float(scipy.stats.binomtest(wins, discordant, 0.5).pvalue) if discordant else 1.0
    low, high = bonett_price(wins, losses, n, confidence=confidence)
    if discordant:
        dual_low, dual_high = mcnemar_dual(wins, losses, n, confidence=confidence)
        low = dual_low if dual_low > 0 >= low else min(low, dual_low)
        high = dual_high if dual_high < 0 <= high else max(high, dual_high)
    variance = (discordant / n - difference**2) * n / (n - 1) if n > 1 else None
    sd = math.sqrt(max(variance, 0.0)) if variance is not None else None
    few = _fewest_for_significance(1 - confidence)
    reason = None
    if discordant < few:
        reason = f"{_items_differ(discordant, n)}, and an exact test needs {few} that do to tell"
    return Difference(
        n=n,
        value=difference,
        low=max(low, -1.0),
        high=min(high, 1.0),
        stderr=sd / math.sqrt(n) if sd is not None else None,
        sd=sd,
        confidence=confidence,
        method="exact McNemar",
        p=p,
        reason=reason,
    )


def mcnemar_dual(wins: int, losses: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The interval that excludes 0 exactly when the exact McNemar test rejects: ``(2 * CP(wins, m) - 1) * m / n``.

    CP is Clopper and Pearson's interval, m = wins + losses > 0. Source: Fagerland, Lydersen and Laake 2013.
    """
    discordant = wins + losses
    share = scipy.stats.binomtest(wins, discordant, 0.5).proportion_ci(confidence_level=confidence, method="exact")
    return (2 * float(share.low) - 1) * discordant / n, (2 * float(share.high) - 1) * discordant / n


def bonett_price(wins: int, losses: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Adjusted Wald interval for the difference of two paired rates. Source: Bonett and Price 2012.

    ``w = (wins+1)/(n+2), l = (losses+1)/(n+2): (w-l) +- z * sqrt((w + l - (w-l)^2) / (n+2))``, cut to -1 and 1.
    """
    w, lost = (wins + 1) / (n + 2), (losses + 1) / (n + 2)
    half = float(scipy.stats.norm.ppf((1 + confidence) / 2)) * math.sqrt((w + lost - (w - lost) ** 2) / (n + 2))
    return max(w - lost - half, -1.0), min(w - lost + half, 1.0)


def sign_flip(
    sums: Sequence[float] | Floats,
    *,
    sizes: Sequence[float] | Floats | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Difference:
    """Permutation test of a mean of differences: were the signs fair coins, how often would the mean be as far from 0?

    ``p = 2 * (1 + #{flipped sets whose mean is beyond 0}) / (1 + number of sets)``, capped at 1; over all 2^u - 1
    sets of u units while 2^u <= 2^14, else over 20,000 drawn with `seed`. The interval inverts the same test: its
    ends are the k-th smallest and k-th largest mean of a set, ``k = floor(alpha/2 * (1 + number of sets))``. Sources:
    Fisher 1935; Hartigan 1969 (typical values); Ernst 2004.

    Args:
        sums: one difference per unit; for clusters, the sum of the cluster's differences.
        sizes: items in each unit; None when each is one.
    """
    totals = np.asarray(sums, dtype=float)
    weights = np.ones_like(totals) if sizes is None else np.asarray(sizes, dtype=float)
    units, n = len(totals), round(weights.sum())
    value = float(totals.sum() / weights.sum())
    means = _flipped_set_means(totals, weights, seed)
    exact = 2**units <= EXACT_SIGN_FLIPS
    possible = len(means) + 1  # and the empty set: nothing flipped
    # 0.3 - 0.1 - 0.2 is not quite 0: means within rounding of 0 are at 0, and count on both sides
    near = 1e-12 * float(np.abs(totals).max(initial=0.0))
    beyond = min(int((means <= near).sum()), int((means >= -near).sum()))
    p = min(1.0, 2 * (1 + beyond) / possible)
    k = math.floor((1 - confidence) / 2 * possible + 1e-9)
    what = "item" if sizes is None else "cluster"
    result = Difference(
        n=n,
        value=value,
        sd=float(totals.std(ddof=1)) if sizes is None and units > 1 else None,
        stderr=_unit_stderr(totals, weights),
        confidence=confidence,
        method=f"sign-flip permutation, {'exact' if exact else f'{len(means):,} draws, seed {seed}'}"
        + ("" if sizes is None else f", {units} clusters"),
        p=p,
    )
    if k == 0:
        few = _fewest_for_significance(1 - confidence)
        return replace(result, reason=f"{units} {what}{'' if units == 1 else 's'} cannot tell: the test needs {few}")
    if not totals.any():
        result = replace(result, reason=f"no {what} of {units} differs")
    ordered = np.sort(means)
    # On the side of 0 the interval ends where the test does, whatever rounding did to the means.
    low, high = (0.0 if abs(end) <= near else float(end) for end in (ordered[k - 1], ordered[-k]))
    return replace(result, low=low, high=high)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction for a family of tests; None stays None and does not count.

    The k-th smallest p times the number of tests not yet passed, never less than the one before. Source: Holm 1979.
    """
    known = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, i) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        corrected[i] = largest
    return corrected


def detectable_effect(stderr: float | None, *, confidence: float = 0.95, power: float = 0.8) -> float | None:
    """Smallest true difference that a test with this standard error finds with this power; None when it is not known.

    ``(z(1-alpha/2) + z(power)) * stderr``. Source: Miller 2024, section 5.
    """
    if stderr is None or stderr <= 0:
        return None
    return float(scipy.stats.norm.ppf((1 + confidence) / 2) + scipy.stats.norm.ppf(power)) * stderr


# Helpers


def _t_difference(estimate: Estimate, df: int) -> Difference:
    """The paired t test of an estimate that has a standard error."""
    assert estimate.value is not None
    assert estimate.stderr is not None
    p = 2 * float(scipy.stats.t.sf(abs(estimate.value) / estimate.stderr, df))
    method = "paired t" if estimate.method == "t" else f"paired {estimate.method}"
    fields = {name: getattr(estimate, name) for name in Estimate.__dataclass_fields__}
    return Difference(**{**fields, "method": method}, p=p)


def _proportion(
    n: int, p: float, low: float, high: float, stderr: float, sd: float | None, confidence: float, method: str
) -> Estimate:
    # an end of all-right or all-wrong data is p itself but for rounding
    return Estimate(
        n=n,
        value=p,
        low=min(max(float(low), 0.0), p),
        high=max(min(float(high), 1.0), p),
        stderr=stderr,
        sd=sd,
        confidence=confidence,
        method=method,
    )


def _wilson(p: float, n: float, z: float) -> tuple[float, float]:
    """Wilson's score interval for a share `p` of (not necessarily whole) `n`."""
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return centre - half, centre + half


def _flipped_set_means(totals: Floats, weights: Floats, seed: int) -> Floats:
    """Means of all non-empty sets of units, or of as many drawn at random (an empty draw stands for itself: left
    out).
    """
    units = len(totals)
    if 2**units <= EXACT_SIGN_FLIPS:
        sums, sizes = np.zeros(1), np.zeros(1)
        for total, weight in zip(totals, weights, strict=True):
            sums, sizes = np.concatenate([sums, sums + total]), np.concatenate([sizes, sizes + weight])
        return np.asarray(sums[1:] / sizes[1:], dtype=float)
    rng = np.random.default_rng(seed)
    chosen = np.zeros((SAMPLED_SIGN_FLIPS, units))
    for start in range(
        0, SAMPLED_SIGN_FLIPS, 1000
    ):  # in pieces: the integers behind the coins are eight times as large
        chosen[start : start + 1000] = rng.integers(0, 2, size=(1000, units))
    chosen = chosen[chosen.any(axis=1)]
    return np.asarray((chosen @ totals) / (chosen @ weights), dtype=float)


def _unit_stderr(totals: Floats, weights: Floats) -> float | None:
    """Standard error of the mean over units of several items each: `clustered_stderr` from sums and sizes."""
    units, n = len(totals), float(weights.sum())
    if units < 2:
        return None
    spread = totals - weights * totals.sum() / n
    return math.sqrt(units / (units - 1) * float((spread**2).sum())) / n


def _fewest_for_significance(alpha: float) -> int:
    """Fewest coin throws whose most extreme outcome has a two-sided p of at most alpha: 6 at 5 %."""
    return math.ceil(1 - math.log2(alpha) - 1e-9)


def _items_differ(count: int, n: int) -> str:
    if count == 0:
        return f"no item of {n} differs"
    return f"only {count} of {n} item{'' if n == 1 else 's'} differ{'s' if count == 1 else ''}"


def _cluster_sums(values: Floats, clusters: Sequence[Hashable]) -> tuple[Floats, Floats]:
    """Sum and size of each cluster, in order of first appearance."""
    index: dict[Hashable, int] = {}
    codes = np.array([index.setdefault(label, len(index)) for label in clusters], dtype=np.intp)
    if len(codes) != len(values):
        raise ValueError(f"{len(values)} values have {len(codes)} cluster labels")
    return np.bincount(codes, weights=values).astype(float), np.bincount(codes).astype(float)


def _group_count(clusters: Sequence[Hashable] | None) -> int:
    return len(set(clusters)) if clusters is not None else 0


def _all_equal(x: Floats) -> bool:
    return bool(np.ptp(x) <= 1e-12 * max(1.0, float(np.abs(x).max())))
