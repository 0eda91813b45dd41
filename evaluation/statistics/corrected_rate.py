"""A rate that an imperfect judge measured, corrected by what is known of its errors (Rogan and Gladen)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import scipy

from assay.evaluation.statistics.estimate import Estimate
from assay.evaluation.statistics.rates import proportion_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A judge's verdicts on items whose truth people gave: right among the positive and among the negative ones."""

    true_positives: int
    positives: int
    true_negatives: int
    negatives: int
    sensitivity: Estimate  # P(judge says yes | it is so), Wilson; None with a reason where no item was so
    specificity: Estimate  # P(judge says no | it is not so)


def calibration(judge: Sequence[bool], human: Sequence[bool], *, confidence: float = 0.95) -> Calibration:
    """Sensitivity and specificity of a judge's yes-or-no verdicts, the human labels taken as the truth.

    ``se = TP / (TP + FN)``, ``sp = TN / (TN + FP)``, each with Wilson's interval. Source: Yerushalmy 1947.

    Raises:
        ValueError: the lengths differ.
    """
    if len(judge) != len(human):
        raise ValueError(f"{len(judge)} verdicts cannot be paired with {len(human)} labels")
    positive = [bool(verdict) for verdict, label in zip(judge, human, strict=True) if label]
    negative = [not verdict for verdict, label in zip(judge, human, strict=True) if not label]
    sensitivity = proportion_interval([float(right) for right in positive], confidence=confidence)
    specificity = proportion_interval([float(right) for right in negative], confidence=confidence)
    return Calibration(
        true_positives=sum(positive),
        positives=len(positive),
        true_negatives=sum(negative),
        negatives=len(negative),
        sensitivity=sensitivity if positive else replace(sensitivity, reason="no item is positive by human label"),
        specificity=specificity if negative else replace(specificity, reason="no item is negative by human label"),
    )


def rogan_gladen(
    positives: float,
    n: int,
    *,
    sensitivity: tuple[int, int],
    specificity: tuple[int, int],
    confidence: float = 0.95,
) -> Estimate:
    """The true rate behind `positives` of `n` verdicts of a judge whose errors were measured on other, labelled items.

    ``theta = (p + sp - 1) / (se + sp - 1)``, cut to 0 and 1. Interval: with successes and failures added,
    ``p' = (n p + z^2/2) / (n + z^2)``, ``se' = (m1 se + 1) / (m1 + 2)``, ``sp' = (m0 sp + 1) / (m0 + 2)`` and theta'
    from them, ``theta' + d +- z sqrt(p'(1-p')/(n+z^2) + (1-theta')^2 sp'(1-sp')/(m0+2) + theta'^2 se'(1-se')/(m1+2)) /
    (se' + sp' - 1)`` with ``d = 2 z^2 (theta' se'(1-se')/(m1+2) - (1-theta') sp'(1-sp')/(m0+2))``, cut to 0 and 1.
    Sources: Rogan and Gladen 1978; Lang and Reiczigel 2014; Lee et al. 2025, arXiv 2511.21140. Undefined where
    se + sp <= 1: such a judge knows no more than a coin.

    Args:
        positives: verdicts "yes"; no whole number where items count for less than one, as in clusters.
        sensitivity: (verdicts "yes", labelled items that are so).
        specificity: (verdicts "no", labelled items that are not so).

    Raises:
        ValueError: a count is above its total.
    """
    for right, of in ((positives, n), sensitivity, specificity):
        if not 0 <= right <= of:
            raise ValueError(f"{right} of {of} is no share")
    (true_positives, m1), (true_negatives, m0) = sensitivity, specificity
    nothing = Estimate(n=n, value=None, confidence=confidence, method="Rogan-Gladen")
    if n == 0:
        return replace(nothing, reason="nothing was judged")
    if m1 == 0 or m0 == 0:
        missing = "positive" if m1 == 0 else "negative"
        return replace(nothing, reason=f"no labelled item is {missing}: the judge's errors on such items are unknown")
    p, se, sp = positives / n, true_positives / m1, true_negatives / m0
    if se + sp <= 1 + 1e-12:
        reason = f"sensitivity {se:.2f} and specificity {sp:.2f} add up to no more than 1: the judge tells nothing"
        return replace(nothing, reason=reason)
    value = min(max((p + sp - 1) / (se + sp - 1), 0.0), 1.0)
    z = float(scipy.stats.norm.ppf((1 + confidence) / 2))
    p = (positives + z**2 / 2) / (n + z**2)
    se, sp = (true_positives + 1) / (m1 + 2), (true_negatives + 1) / (m0 + 2)
    informed = se + sp - 1
    if informed <= 1e-12:
        reason = f"{m1} and {m0} labelled items are too few to tell the judge from a coin"
        return replace(nothing, value=value, reason=reason)
    theta = (p + sp - 1) / informed
    se_variance, sp_variance = se * (1 - se) / (m1 + 2), sp * (1 - sp) / (m0 + 2)
    stderr = math.sqrt(p * (1 - p) / (n + z**2) + (1 - theta) ** 2 * sp_variance + theta**2 * se_variance) / informed
    centre = theta + 2 * z**2 * (theta * se_variance - (1 - theta) * sp_variance)
    low, high = max(centre - z * stderr, 0.0), min(centre + z * stderr, 1.0)
    return replace(
        nothing,
        value=value,
        low=min(low, value),
        high=max(high, value),
        stderr=stderr,
        method="Rogan-Gladen, plug-in interval",
    )
