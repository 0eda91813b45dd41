"""Did every arm get its share? Where not, units were lost or assigned by something else: no figure can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy  # loads scipy.stats, which takes a second, when it is first used

from assay.evaluation.ab.sequential import Floats, assignment_log_e, p_value

CONCENTRATION = 2_500.0  # of the prior: made for skews of a percent, which no eye sees


def sample_ratio_p(arm: npt.ArrayLike, phase: npt.ArrayLike, weights: npt.ArrayLike) -> Floats:
    """Always-valid p-value, after every unit, that the arms have their shares; any number of arms and phases.

    `weights` is phases x arms, `arm` and `phase` number its columns and rows. The sequential Dirichlet-multinomial
    e-process of `assignment_log_e` over all units. Source: Lindon and Malek 2022, arXiv 2011.03567.
    """
    shares = np.atleast_2d(np.asarray(weights, dtype=float))
    return p_value(assignment_log_e(arm, shares, phase=phase, concentration=CONCENTRATION))


def chi_square_p(counts: Sequence[Sequence[int]], weights: Sequence[Sequence[float]]) -> float | None:
    """p-value of the chi-square test over phases, for a test that has ended: one look, at its stated end.

    Expected counts by phase; df is the sum over phases of arms with a positive weight, less one each. None where
    nothing was expected; 0 where an arm of weight 0 has units. Source: Fabijan et al. 2019 (sample ratio mismatch).
    """
    statistic, df = 0.0, 0
    for seen, share in zip(counts, weights, strict=True):
        n, w = np.asarray(seen, dtype=float), np.asarray(share, dtype=float)
        if (n[w <= 0] > 0).any():
            return 0.0
        if n.sum() == 0:
            continue
        expected = n.sum() * w[w > 0]
        statistic += float(((n[w > 0] - expected) ** 2 / expected).sum())
        df += int((w > 0).sum()) - 1
    return float(scipy.stats.chi2.sf(statistic, df)) if df else None
