"""Whether judges score the answers of their own family of models higher than other judges do."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
import scipy

from assay.evaluation.statistics.estimate import Difference, Floats


def self_preference(
    scores: Sequence[float],
    judges: Sequence[Hashable],
    authors: Sequence[Hashable],
    *,
    items: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Difference:
    """The interaction of judge family and author family: what a judge adds to scores of its own family's answers.

    Least squares of ``score = judge + author + b * [judge is author]``; b is the value. Judges may be strict or kind
    and authors good or bad, neither counts. With two families and equal numbers b is
    ``(s_11 + s_22 - s_12 - s_21) / 2``. Standard error clustered by item (CR1: ``G/(G-1) * (N-1)/(N-k)``), t with G-1
    degrees of freedom; without items every score stands for itself. Source: Zheng et al. 2023, arXiv 2306.05685,
    section 3.3; Liang and Zeger 1986.

    Args:
        judges: the family of the judge behind each score.
        authors: the family of the model whose answer was scored.
        items: the question behind each score.

    Raises:
        ValueError: the lengths differ.
    """
    n, method = len(scores), "judge x author interaction, least squares"
    if not (n == len(judges) == len(authors) and (items is None or len(items) == n)):
        raise ValueError("scores, judges, authors and items must have the same length")
    own = np.array([float(judge == author) for judge, author in zip(judges, authors, strict=True)])
    nothing = Difference(n=n, value=None, confidence=confidence, method=method)
    if n == 0 or own.min() == own.max():
        return replace(nothing, reason="there must be scores of own and of others' answers")
    columns = np.column_stack([np.ones(n), own, *_indicators(judges), *_indicators(authors)])
    if np.linalg.matrix_rank(columns) < columns.shape[1]:
        reason = "own answers cannot be told from the judge or the author: it takes two judges and two authors, crossed"
        return replace(nothing, reason=reason)
    y = np.asarray(scores, dtype=float)
    inverse = np.linalg.inv(columns.T @ columns)
    coefficients = inverse @ columns.T @ y
    value, found = float(coefficients[1]), replace(nothing, value=float(coefficients[1]))
    labels = list(range(n)) if items is None else list(items)
    groups = len(set(labels))
    residuals = y - columns @ coefficients
    if groups < 2 or n <= columns.shape[1]:
        return replace(found, reason="too few items for a standard error")
    if np.abs(residuals).max() < 1e-12 * max(1.0, float(np.abs(y).max())):
        return replace(found, reason="the scores are explained without rest: their spread cannot be estimated")
    sums = _sums(columns * residuals[:, None], labels)
    adjustment = groups / (groups - 1) * (n - 1) / (n - columns.shape[1])
    stderr = math.sqrt(adjustment * float((inverse @ sums.T @ sums @ inverse)[1, 1]))
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, groups - 1)) * stderr
    return replace(
        found,
        low=value - half,
        high=value + half,
        stderr=stderr,
        p=2 * float(scipy.stats.t.sf(abs(value) / stderr, groups - 1)),
        method=f"{method}, {groups} {'scores' if items is None else 'items'}",
    )


def _indicators(labels: Sequence[Hashable]) -> list[Floats]:
    """One column per label but the first."""
    found = list(dict.fromkeys(labels))
    return [np.array([float(label == each) for label in labels]) for each in found[1:]]


def _sums(rows: Floats, labels: Sequence[Hashable]) -> Floats:
    index: dict[Hashable, int] = {}
    codes = [index.setdefault(label, len(index)) for label in labels]
    sums = np.zeros((len(index), rows.shape[1]))
    np.add.at(sums, codes, rows)
    return sums
