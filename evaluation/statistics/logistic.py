"""Logistic regression with few columns, by Newton's method: enough for the slope of one feature."""

from __future__ import annotations

import numpy as np

from assay.evaluation.statistics.estimate import Floats

MOST_STEPS = 50
LARGEST_LOGIT = 15.0  # a fitted chance of 1 in three million: the data are separated, and the slope has no end


def logistic_fit(columns: Floats, outcomes: Floats) -> tuple[Floats, Floats] | None:
    """Coefficients and their covariance ``(X' W X)^-1``; None where the likelihood has no maximum.

    That is so when a column (or a mix of them) tells all outcomes apart, or when columns say the same twice. Source:
    McCullagh and Nelder 1989, chapter 4 (iteratively reweighted least squares).
    """
    coefficients: Floats = np.zeros(columns.shape[1])
    if np.linalg.matrix_rank(columns) < columns.shape[1]:
        return None
    for _ in range(MOST_STEPS):
        logits = columns @ coefficients
        if np.abs(logits).max() > LARGEST_LOGIT:
            return None
        chances = 1 / (1 + np.exp(-logits))
        information = columns.T @ (columns * (chances * (1 - chances))[:, None])
        step = np.linalg.solve(information, columns.T @ (outcomes - chances))
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-12:
            return coefficients, np.asarray(np.linalg.inv(information), dtype=float)
    return None
