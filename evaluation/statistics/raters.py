"""Agreement of any number of raters: Fleiss's kappa and Gwet's AC1, which differ in what they hold for chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import scipy

from assay.evaluation.statistics.estimate import Estimate, Floats
from assay.evaluation.statistics.labels import label_order

# Shares of the labels -> agreement by chance, and what a rating of each label adds to an item's part of it
Chance = Callable[[Floats], tuple[float, Floats]]


def fleiss_kappa(
    ratings: Sequence[Sequence[Any]], *, labels: Sequence[Any] | None = None, confidence: float = 0.95
) -> Estimate:
    """Fleiss's kappa; `ratings` has one sequence per item, with the label of each rater, or None where one gave none.

    ``(p_a - p_e) / (1 - p_e)``, p_a the mean over items of the share of pairs of raters that agree,
    ``p_e = sum_k pi_k^2`` with pi_k the mean share of label k. Source: Fleiss 1971; for unequal numbers of raters and
    for the interval (items as the sample, t with n-1 degrees of freedom) Gwet 2014 and 2021.
    """

    def chance(shares: Floats) -> tuple[float, Floats]:
        return float(shares @ shares), shares

    return _agreement_beyond(chance, "Fleiss's kappa", ratings, labels, confidence)


def gwet_ac1(
    ratings: Sequence[Sequence[Any]], *, labels: Sequence[Any] | None = None, confidence: float = 0.95
) -> Estimate:
    """Gwet's AC1; `ratings` as in `fleiss_kappa`, of two raters ``list(zip(a, b))``.

    As Fleiss's kappa, with ``p_e = sum_k pi_k (1 - pi_k) / (q - 1)``: chance is small where one label prevails, so
    that two raters who nearly always agree on a rare label do not get a kappa near 0 (the paradox of kappa). Source:
    Gwet 2008; interval: Gwet 2014.

    Args:
        labels: all q labels that could have been given; those seen where nothing is said.
    """

    def chance(shares: Floats) -> tuple[float, Floats]:
        each = (1 - shares) / (len(shares) - 1)
        return float(shares @ each), each

    return _agreement_beyond(chance, "Gwet's AC1", ratings, labels, confidence)


def _agreement_beyond(
    chance: Chance,
    method: str,
    ratings: Sequence[Sequence[Any]],
    labels: Sequence[Any] | None,
    confidence: float,
) -> Estimate:
    """Agreement beyond `chance`, its variance from what each item contributes (linearised).

    ``var = sum_i (c_i - c)^2 / (n (n-1))``, ``c_i = n/n' (p_ai - p_e)/(1-p_e) - 2 (1-c) (p_ei - p_e)/(1-p_e)``: n
    items with a rating, n' of them with two or more (p_ai is 0, and so is its p_e, for the others).
    """
    rated = [[label for label in row if label is not None] for row in ratings]
    rated = [row for row in rated if row]
    n, several = len(rated), sum(len(row) > 1 for row in rated)

    def undefined(reason: str) -> Estimate:
        return Estimate(n=n, value=None, confidence=confidence, method=method, reason=reason)

    if several == 0:
        return undefined("no item was labelled by two raters")
    order = label_order((label for row in rated for label in row), labels, ordered=False)
    if len(order) < 2:
        return undefined(f"all raters gave one label only ({order[0]!r}): nothing is known of agreement beyond chance")
    codes = {label: code for code, label in enumerate(order)}
    counts = np.zeros((n, len(order)))
    for i, row in enumerate(rated):
        np.add.at(counts[i], [codes[label] for label in row], 1)
    raters = counts.sum(axis=1)
    shares = counts / raters[:, None]
    by_chance, each = chance(shares.mean(axis=0))
    if 1 - by_chance < 1e-12:
        return undefined("all raters gave one label only: nothing is known of agreement beyond chance")
    paired = raters > 1
    agree = np.zeros(n)
    agree[paired] = ((counts * (counts - 1)).sum(axis=1) / np.maximum(raters * (raters - 1), 1))[paired]
    value = (float(agree.sum()) / several - by_chance) / (1 - by_chance)
    parts = n / several * (agree - by_chance * paired) / (1 - by_chance)
    parts = parts - 2 * (1 - value) * (shares @ each - by_chance) / (1 - by_chance)
    estimate = Estimate(n=n, value=value, confidence=confidence, method=method)
    if n < 2:
        return replace(estimate, reason="one item has no spread")
    if np.ptp(parts) < 1e-12:
        return replace(estimate, reason=f"the raters agree on all {n} items alike: the spread cannot be estimated")
    stderr = math.sqrt(float(((parts - value) ** 2).sum()) / (n * (n - 1)))
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, n - 1)) * stderr
    return Estimate(
        n=n,
        value=value,
        low=max(value - half, -1.0),
        high=min(value + half, 1.0),
        stderr=stderr,
        confidence=confidence,
        method=method,
    )
