"""What sways a judge that should not: the place of an answer, and its length (or any other feature of it)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy

from assay.evaluation.statistics.estimate import Difference, Estimate
from assay.evaluation.statistics.logistic import logistic_fit
from assay.evaluation.statistics.paired_rates import mcnemar
from assay.evaluation.statistics.rates import clopper_pearson, proportion_interval

Choice = Literal["first", "second", "tie"]

CHOICES = ("first", "second", "tie")


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionBias(Estimate):
    """`value` is the share of the inconsistent pairs in which the first place was favoured: 0.5 without bias.

    `n` counts the inconsistent pairs that favour a place, `p` tests them against a fair coin.
    """

    p: float | None = None
    pairs: int = 0
    consistent: int = 0  # the same answer, or a tie, in both orders
    first: int = 0  # inconsistent, the first place favoured
    second: int = 0
    consistency: Estimate  # share of the pairs, Wilson


def position_bias(order: Sequence[Choice], swapped: Sequence[Choice], *, confidence: float = 0.95) -> PositionBias:
    """How far verdicts on pairs depend on which answer stands first: each pair judged in both orders.

    A pair is consistent when the same answer wins in both orders ("first" and then "second", or the reverse), or both
    are ties. Otherwise a place was favoured: the first where "first" was said (twice, or beside a tie). Two-sided
    binomial test of the favoured places against 1/2, Clopper and Pearson's interval. Sources: Zheng et al. 2023, arXiv
    2306.05685, section 3.4; Wang et al. 2023, arXiv 2305.17926.

    Args:
        order: the place chosen with the answers in their first order.
        swapped: the place chosen with the answers of the same pair changed about.

    Raises:
        ValueError: lengths differ, or a verdict is none of "first", "second", "tie".
    """
    if len(order) != len(swapped):
        raise ValueError(f"{len(order)} verdicts in one order cannot be paired with {len(swapped)} in the other")
    if unknown := {*order, *swapped} - set(CHOICES):
        raise ValueError(f"{sorted(map(str, unknown))[0]!r} is no verdict: it is one of {', '.join(CHOICES)}")
    same = {("first", "second"), ("second", "first"), ("tie", "tie")}
    swayed = [pair for pair in zip(order, swapped, strict=True) if pair not in same]
    first = sum("first" in pair for pair in swayed)
    pairs, n = len(order), len(swayed)
    share = clopper_pearson(first, n, confidence=confidence)
    consistency = proportion_interval([float(i >= n) for i in range(pairs)], confidence=confidence)
    return PositionBias(
        n=n,
        value=share.value,
        low=share.low,
        high=share.high,
        confidence=confidence,
        method="binomial, Clopper-Pearson",
        reason=None if n else ("no pair was judged" if pairs == 0 else f"all {pairs} pairs are consistent"),
        p=float(scipy.stats.binomtest(first, n, 0.5).pvalue) if n else None,
        pairs=pairs,
        consistent=pairs - n,
        first=first,
        second=n - first,
        consistency=consistency,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope(Estimate):
    """A log odds ratio per standard deviation of the feature, with the p-value of "no slope" (Wald)."""

    p: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbosityBias:
    """How often judge and people choose the longer answer, and the slope of length beside the people's choice."""

    judge: Estimate  # share of the judge's decided pairs in which the longer answer was chosen
    human: Estimate | None  # of the people's; None when they were not asked
    difference: Difference | None  # judge minus people, on the pairs that both decided
    slope: Slope  # of the difference in length, given the human choice
    equal_lengths: int  # pairs left out: neither answer is longer
    ties: int  # pairs left out: the judge saw no difference


def verbosity_bias(
    judge: Sequence[Choice],
    lengths: Sequence[tuple[float, float]],
    human: Sequence[Choice] | None = None,
    *,
    confidence: float = 0.95,
) -> VerbosityBias:
    """Does the judge choose the longer answer more often than people do?

    The shares have Wilson's interval; judge and people are compared by the exact McNemar test on the pairs that both
    decided. The slope is that of `feature_slope` for the difference of the two lengths, given what people chose: length
    may go with quality, and what people see in it is no bias. Sources: Zheng et al. 2023, arXiv 2306.05685; Dubois et
    al. 2024, arXiv 2404.04475.

    Args:
        judge: the place chosen, one per pair; with both orders judged, one entry per order.
        lengths: of the first and the second answer (in tokens or characters: only their difference counts).
        human: the place that people chose; a tie is half of each.
    """
    sides: Sequence[Choice] = human if human is not None else ["tie"] * len(judge)
    if not len(judge) == len(lengths) == len(sides):
        raise ValueError("judge, lengths and human must have the same length")
    differ = [(j, a - b, h) for j, (a, b), h in zip(judge, lengths, sides, strict=True) if a != b]
    decided = [(j, d, h) for j, d, h in differ if j != "tie"]
    by_judge = [_longer(j, d) for j, d, _ in decided]
    by_people = [_longer(h, d) for _, d, h in differ if h != "tie"]
    both = [(_longer(j, d), _longer(h, d)) for j, d, h in decided if h != "tie"]
    wins, losses = sum(j > h for j, h in both), sum(j < h for j, h in both)
    all_decided = [(j, a - b, h) for j, (a, b), h in zip(judge, lengths, sides, strict=True) if j != "tie"]
    prefers = {"first": 1.0, "tie": 0.5, "second": 0.0}
    slope = feature_slope(
        [j == "first" for j, _, _ in all_decided],
        [d for _, d, _ in all_decided],
        None if human is None else [prefers[h] for _, _, h in all_decided],
        confidence=confidence,
    )
    return VerbosityBias(
        judge=proportion_interval([float(x) for x in by_judge], confidence=confidence),
        human=None if human is None else proportion_interval([float(x) for x in by_people], confidence=confidence),
        difference=mcnemar(wins, losses, len(both), confidence=confidence) if both and human is not None else None,
        slope=slope,
        equal_lengths=len(judge) - len(differ),
        ties=sum(j == "tie" for j in judge),
    )


def feature_slope(
    verdicts: Sequence[bool],
    feature: Sequence[float],
    human: Sequence[float] | None = None,
    *,
    confidence: float = 0.95,
) -> Slope:
    """Slope of a feature (length, bullet points, ...) in a judge's yes-or-no verdicts, given the human labels.

    ``logit P(yes) = b0 + b1 * (feature - mean) / sd + b2 * human``; the value is b1 with its Wald interval and p-value,
    from the maximum of the likelihood (`logistic_fit`). 0 means that the feature tells nothing beyond the labels.
    Source: Dubois et al. 2024, arXiv 2404.04475 (length-controlled regression).
    """
    n, method = len(verdicts), "logistic regression, Wald"
    outcomes, x = np.asarray(verdicts, dtype=float), np.asarray(feature, dtype=float)

    def undefined(reason: str) -> Slope:
        return Slope(n=n, value=None, confidence=confidence, method=method, reason=reason)

    if n < 2 or np.ptp(outcomes) == 0:
        return undefined("all verdicts are the same" if n else "nothing was judged")
    if np.ptp(x) == 0:
        return undefined("the feature does not vary")
    columns = [np.ones(n), (x - x.mean()) / x.std(ddof=1)]
    labels = None if human is None else np.asarray(human, dtype=float)
    if labels is not None and np.ptp(labels) > 0:
        columns.append(labels)
    fitted = logistic_fit(np.column_stack(columns), outcomes)
    if fitted is None:
        return undefined("feature and labels tell all verdicts apart (or say the same): the slope has no finite value")
    coefficients, covariance = fitted
    value, stderr = float(coefficients[1]), math.sqrt(float(covariance[1, 1]))
    half = float(scipy.stats.norm.ppf((1 + confidence) / 2)) * stderr
    return Slope(
        n=n,
        value=value,
        low=value - half,
        high=value + half,
        stderr=stderr,
        confidence=confidence,
        method=method,
        p=2 * float(scipy.stats.norm.sf(abs(value) / stderr)),
    )


def _longer(choice: Choice, difference: float) -> bool:
    """Whether the longer answer was chosen; `difference` is the first's length minus the second's."""
    return (choice == "first") == (difference > 0)
