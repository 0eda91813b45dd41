"""Cohen's kappa of two raters: agreement beyond chance, plain or weighted by how far apart two labels are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import scipy

from assay.evaluation.statistics.agreement import label_pairs
from assay.evaluation.statistics.estimate import Estimate, Floats
from assay.evaluation.statistics.labels import label_order

Weights = Literal["linear", "quadratic"]


def cohen_kappa(
    a: Sequence[Any],
    b: Sequence[Any],
    *,
    weights: Weights | None = None,
    labels: Sequence[Any] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Cohen's kappa with its large-sample normal interval; pairs with a None are left out.

    ``(p_o - p_e) / (1 - p_e)``, p_o the (weighted) agreement seen and p_e that of two raters with the same shares of
    labels who know nothing of each other. Weights of labels i and j of q: ``1 - |i-j|/(q-1)`` (linear),
    ``1 - (i-j)^2/(q-1)^2`` (quadratic). Variance, with w_i. and w_.j the mean weights against the other's shares:
    ``(sum_ij p_ij (w_ij (1-p_e) - (w_i. + w_.j)(1-p_o))^2 - (p_o p_e - 2 p_e + p_o)^2) / (n (1-p_e)^4)``. Sources:
    Cohen 1960, 1968; Fleiss, Cohen and Everitt 1969. Undefined where both raters gave one label only.

    Args:
        labels: all labels in order; needed for weights unless the labels are numbers.
    """
    pairs = label_pairs(a, b)
    n, method = len(pairs), f"Cohen's kappa{f', {weights} weights' if weights else ''}"
    if n == 0:
        return Estimate(n=0, value=None, confidence=confidence, reason="no item was labelled by both")
    order = label_order((label for pair in pairs for label in pair), labels, ordered=weights is not None)
    codes = {label: code for code, label in enumerate(order)}
    shares = np.zeros((len(order), len(order)))
    np.add.at(shares, ([codes[x] for x, _ in pairs], [codes[y] for _, y in pairs]), 1 / n)
    agreement = _weights(len(order), weights)
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    seen = float((agreement * shares).sum())
    chance = float(rows @ agreement @ columns)
    if 1 - chance < 1e-12:
        reason = f"both raters gave one label only ({pairs[0][0]!r}): nothing is known of agreement beyond chance"
        return Estimate(n=n, value=None, confidence=confidence, method=method, reason=reason)
    value = (seen - chance) / (1 - chance) if 1 - seen > 1e-12 else 1.0
    means = (agreement @ columns)[:, None] + (rows @ agreement)[None, :]
    spread = float((shares * (agreement * (1 - chance) - means * (1 - seen)) ** 2).sum())
    variance = (spread - (seen * chance - 2 * chance + seen) ** 2) / (n * (1 - chance) ** 4)
    if variance < 1e-12:
        reason = f"{_without_spread(seen, rows, columns, n)}: the spread of kappa cannot be estimated"
        return Estimate(n=n, value=value, confidence=confidence, method=method, reason=reason)
    stderr = math.sqrt(variance)
    half = float(scipy.stats.norm.ppf((1 + confidence) / 2)) * stderr
    return Estimate(
        n=n,
        value=value,
        low=max(value - half, -1.0),
        high=min(value + half, 1.0),
        stderr=stderr,
        confidence=confidence,
        method=method,
    )


def _without_spread(seen: float, rows: Floats, columns: Floats, n: int) -> str:
    if 1 - seen < 1e-12:
        return f"the raters agree on all {n} items"
    if max(rows.max(), columns.max()) > 1 - 1e-12:
        return "one rater gave one label only"
    return "the raters' labels follow from each other"


def _weights(q: int, kind: Weights | None) -> Floats:
    """Agreement of two labels by their places: 1 for the same, 0 for the two ends."""
    if kind is None or q == 1:
        return np.eye(q)
    apart = np.abs(np.subtract.outer(np.arange(q), np.arange(q))) / (q - 1)
    return np.asarray(1 - (apart if kind == "linear" else apart**2), dtype=float)
