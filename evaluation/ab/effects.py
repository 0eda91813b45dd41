"""Effects of an A/B test: each arm against the baseline, metric by metric, corrected within its family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from assay.evaluation.ab.confidence_sequences import (
    HIGHEST_RATIO,
    arm_contrast,
    asymptotic_interval,
    empirical_bernstein,
)
from assay.evaluation.ab.design import Design, Metric
from assay.evaluation.ab.report import ArmMetric, Effect
from assay.evaluation.ab.sequential import BinaryCounts, binary_interval, binary_log_e, rate_interval
from assay.evaluation.ab.units import Booleans, Floats, Sample, scaled
from assay.evaluation.ab.words import describe, metric_words
from assay.evaluation.statistics import holm

BINARY = "exact sequential test on the arms of successes and of failures (Lindon and Malek), interval by its inversion"
BOUNDED = "empirical-Bernstein confidence sequence on weighted outcomes (mixture of bets), p-value from the same"
DRIFT = "the intervals of two looks contradict each other: the effect seems to change over time"
APPROXIMATE_UNITS, APPROXIMATE_SPLIT, APPROXIMATE_SKEW = 300, 0.3, 2.0  # conditions of the asymptotic display

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One arm against the baseline in one metric, before any correction."""

    metric: Metric
    arm: int
    n: int
    estimate: float | None = None
    p_value: float | None = None
    interval: Callable[[float], Interval | None] | None = None  # by level; None: there is no such interval
    approximate: Callable[[float], Interval] | None = None
    reason: str | None = None


def evidence(sample: Sample, metric: Metric, arm: int) -> Evidence:
    """What the closed units of `arm` and the baseline say about `metric`, at every look so far.

    p-value and interval are those of the whole history: 1 over the greatest e-value at any instant, and the
    intersection of the intervals now and at that instant, which excludes 0 exactly when the former is below the level.
    """
    values = sample.values[metric.name]
    share = sample.share(arm, sample.phase)
    rows = sample.closed & np.isin(sample.arm, (0, arm)) & ~np.isnan(values) & (share > 0) & (share < 1)
    in_arm, phase, exposed = sample.rows(rows)
    in_arm, values = in_arm == arm, values[rows]
    nothing = Evidence(metric=metric, arm=arm, n=len(values))
    if not in_arm.any() or in_arm.all():
        return _without(nothing, "there is no outcome in both arms yet")
    if metric.kind == "binary" and not np.isin(values, (0.0, 1.0)).all():
        return _without(nothing, 'outcomes other than 0 and 1: declare the metric as "bounded"')
    y, _ = scaled(metric, values)
    if metric.kind == "binary":
        log_e, interval = _binary(sample, arm, in_arm, y == 1, phase, relative=metric.relative)
    else:
        log_e, interval = _bounded(metric, in_arm, y, share[rows])
    looks = np.flatnonzero(np.append(exposed[1:] != exposed[:-1], True))
    best = int(looks[np.argmax(log_e[looks])])
    return Evidence(
        metric=metric,
        arm=arm,
        n=len(values),
        estimate=_estimate(metric, in_arm, y, phase),
        p_value=float(min(1.0, np.exp(-log_e[best]))),
        interval=_running(interval, len(y) - 1, best),
        approximate=_display(metric, in_arm, y, share[rows]),
    )


def _without(nothing: Evidence, reason: str) -> Evidence:
    return Evidence(metric=nothing.metric, arm=nothing.arm, n=nothing.n, reason=reason)


def _binary(
    sample: Sample, arm: int, in_arm: Booleans, success: Booleans, phase: np.ndarray, *, relative: bool
) -> tuple[Floats, Callable[[int, float], Interval | None]]:
    weights = np.nan_to_num(sample.share(arm, np.arange(len(sample.phases))), nan=0.5)

    def interval(look: int, level: float) -> Interval | None:
        until = slice(look + 1)
        counts = BinaryCounts.of(in_arm[until], success[until], weights, phase[until])
        found = binary_interval(counts, alpha=level, scale="ratio" if relative else "difference")
        return found if found is None or not relative else (found[0] - 1, found[1] - 1)

    return binary_log_e(in_arm, success, weights, phase=phase), interval


def _bounded(
    metric: Metric, in_arm: Booleans, y: Floats, share: Floats
) -> tuple[Floats, Callable[[int, float], Interval | None]]:
    contrast = arm_contrast(y, in_arm, share, highest_ratio=HIGHEST_RATIO if metric.relative else 1.0)

    def interval(look: int, level: float) -> Interval:
        if metric.relative:
            low, high = contrast.ratio(look, level)
            return low - 1, high - 1
        low, high = contrast.difference(look, level)
        return low * (metric.high - metric.low), high * (metric.high - metric.low)

    return contrast.log_e(), interval


def _running(
    interval: Callable[[int, float], Interval | None], now: int, best: int
) -> Callable[[float], Interval | None]:
    """The intersection of the intervals of two looks; none where one of them does not exist."""

    def intersection(level: float) -> Interval | None:
        last, strongest = interval(now, level), interval(best, level) if best != now else (-np.inf, np.inf)
        if last is None or strongest is None:
            return None
        return max(last[0], strongest[0]), min(last[1], strongest[1])

    return intersection


def _estimate(metric: Metric, in_arm: Booleans, y: Floats, phase: np.ndarray) -> float | None:
    """Difference (or ratio less 1) of the means, phase by phase, weighted by the units of each."""
    means, sizes = [], []
    for number in np.unique(phase):
        rows = phase == number
        if (rows & in_arm).any() and (rows & ~in_arm).any():
            means.append((y[rows & in_arm].mean(), y[rows & ~in_arm].mean()))
            sizes.append(rows.sum())
    if not sizes:
        return None
    mean_b, mean_a = np.average(means, axis=0, weights=sizes)
    if metric.relative:
        return float(mean_b / mean_a - 1) if mean_a > 0 else None
    return float(mean_b - mean_a) * (metric.high - metric.low)


def _display(metric: Metric, in_arm: Booleans, y: Floats, share: Floats) -> Callable[[float], Interval] | None:
    """The asymptotic interval, where its conditions hold: 300 units per arm, a split within 30/70, moderate skew."""
    fair = (share >= APPROXIMATE_SPLIT).all() and (share <= 1 - APPROXIMATE_SPLIT).all()
    if metric.relative or not fair or min(in_arm.sum(), (~in_arm).sum()) < APPROXIMATE_UNITS or np.ptp(y) == 0:
        return None
    if abs(float(stats.skew(y))) > APPROXIMATE_SKEW:
        return None
    width = metric.high - metric.low

    def interval(level: float) -> Interval:
        low, high = asymptotic_interval(y, in_arm, share, alpha=level)
        return low * width, high * width

    return interval


# Families


def effects(design: Design, sample: Sample) -> list[Effect]:
    """All effects in the order of the metrics, then of the arms, each corrected within its family.

    Primary: Holm over arms. Guardrails: alpha divided by guardrails and arms. Exploratory: Benjamini and Hochberg over
    metrics and arms. Each interval is at the level at which its p-value was compared, so the two agree.
    """
    found = {
        metric.name: [evidence(sample, metric, arm) for arm in range(1, len(design.arms))] for metric in design.metrics
    }
    levels: dict[tuple[str, int], tuple[float, float | None, str]] = {}
    for role, correct in (("primary", _holm), ("guardrail", _split), ("exploratory", _false_discovery)):
        family = [e for metric in design.metrics if metric.role == role for e in found[metric.name]]
        if role == "primary" and design.primary.margin:
            correct = _split  # Holm tests "no difference", not "less than the margin"
        levels |= {
            (e.metric.name, e.arm): value for e, value in zip(family, correct(family, design.alpha), strict=True)
        }
    return [
        _effect(design, each, *levels[metric.name, each.arm])
        for metric in design.metrics
        for each in found[metric.name]
    ]


Corrected = list[tuple[float, float | None, str]]  # level of the interval, corrected p-value, words


def _holm(family: Sequence[Evidence], alpha: float) -> Corrected:
    """Holm 1979. Rejected ones keep the level they were rejected at, the others have that of the step that failed."""
    raw, m = [e.p_value for e in family], sum(e.p_value is not None for e in family)
    corrected = holm(raw)
    words = f"Holm over {m} arms" if m > 1 else "one comparison"
    rejected = sum(p is not None and p < alpha for p in corrected)
    order = sorted((i for i, p in enumerate(raw) if p is not None), key=lambda i: (raw[i], i))
    step = {index: min(place, rejected) for place, index in enumerate(order)}
    return [(alpha / max(m - step.get(i, 0), 1), corrected[i], words) for i in range(len(family))]


def _split(family: Sequence[Evidence], alpha: float) -> Corrected:
    """Bonferroni: every interval holds at once."""
    m = max(len(family), 1)
    words = f"alpha divided by {m} comparisons" if m > 1 else "one comparison"
    return [(alpha / m, None if e.p_value is None else min(1.0, m * e.p_value), words) for e in family]


def _false_discovery(family: Sequence[Evidence], alpha: float) -> Corrected:
    """Benjamini and Hochberg 1995; intervals at the level of the last rejection, or of the one that failed."""
    raw, m = [e.p_value for e in family], sum(e.p_value is not None for e in family)
    order = sorted((i for i, p in enumerate(raw) if p is not None), key=lambda i: (raw[i], i))
    corrected: list[float | None] = [None] * len(family)
    least = 1.0
    for place in range(m, 0, -1):
        p = raw[order[place - 1]]
        least = min(least, (p or 0.0) * m / place)
        corrected[order[place - 1]] = least
    rejected = sum(p is not None and p < alpha for p in corrected)
    words = f"false discovery rate over {m} exploratory comparisons" if m > 1 else "one comparison"

    def level(p: float | None) -> float:
        return alpha * (rejected if p is not None and p < alpha else min(rejected + 1, m)) / max(m, 1)

    return [(level(p) if p is not None else alpha, p, words) for p in corrected]


def _effect(design: Design, e: Evidence, level: float, p_value: float | None, family: str) -> Effect:
    interval = e.interval(level) if e.interval is not None else None
    reason, low, high, estimate = e.reason, None, None, e.estimate
    if interval is None and reason is None:
        reason = "the sizes of the arms contradict their weights"
    elif interval is not None and interval[0] > interval[1]:
        reason = DRIFT
    elif interval is not None:
        low, high = (end if np.isfinite(end) else None for end in interval)
        if estimate is not None:  # the running interval may have left out the estimate of now
            estimate = float(np.clip(estimate, *interval))
        elif low is None or high is None:
            reason = "the baseline's mean is 0"
    if low is None and high is None:
        p_value = None
    verdict = _verdict(e.metric, low, high)
    near = e.approximate(level) if e.approximate is not None and low is not None else None
    effect = Effect(
        metric=e.metric.name,
        role=e.metric.role,
        arm=design.arms[e.arm],
        baseline=design.baseline,
        scale="relative" if e.metric.relative else "absolute",
        n=e.n,
        difference=estimate,
        low=low,
        high=high,
        p_value=p_value,
        alpha=design.alpha,
        family=family,
        method=(BINARY if e.metric.kind == "binary" else BOUNDED) + metric_words(e.metric),
        verdict=verdict,
        words="",
        reason=reason,
        approximate=None
        if near is None
        else {
            "low": near[0],
            "high": near[1],
            "method": "asymptotic confidence sequence, approximate: for the eye only",
        },
    )
    return describe(effect, e.metric)


def _verdict(metric: Metric, low: float | None, high: float | None) -> str:
    """What the interval says, turned so that up is good. An end that is None lies nowhere yet."""
    if low is None and high is None:
        return "no verdict yet"
    bottom = -np.inf if low is None else low
    top = np.inf if high is None else high
    if not metric.higher_is_better:
        bottom, top = -top, -bottom
    if metric.role == "guardrail":
        return "held" if bottom > -metric.margin else "violated" if top < -metric.margin else "no verdict yet"
    if metric.equivalence is not None and -metric.equivalence < bottom and top < metric.equivalence:
        return "same"
    return "better" if bottom > 0 else "worse" if top < 0 else "no verdict yet"


# One arm


def arm_metric(sample: Sample, metric: Metric, arm: int, alpha: float) -> ArmMetric:
    """One metric of one arm with an interval that holds at every look."""
    closed = sample.closed & (sample.arm == arm)
    values = sample.values[metric.name][closed]
    missing = int(np.isnan(values).sum())
    values = values[~np.isnan(values)]
    n = len(values)
    method = (
        "beta-binomial confidence sequence" if metric.kind == "binary" else "empirical-Bernstein confidence sequence"
    )
    method += metric_words(metric)
    if n == 0:
        return ArmMetric(
            n=0, value=None, low=None, high=None, missing=missing, method=method, reason="there is no outcome yet"
        )
    moved = np.clip(values, metric.low, metric.high)
    if metric.kind == "binary" and np.isin(values, (0.0, 1.0)).all():
        low, high = rate_interval(values.sum(), n - values.sum(), alpha=alpha)
    else:
        width = metric.high - metric.low
        lows, highs = empirical_bernstein((moved - metric.low) / width, alpha=alpha)
        low, high = metric.low + width * float(lows[-1]), metric.low + width * float(highs[-1])
    return ArmMetric(n=n, value=float(moved.mean()), low=low, high=high, missing=missing, method=method)
