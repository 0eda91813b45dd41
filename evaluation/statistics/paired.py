"""Two samples, paired by item: the test and the interval that suit the data."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import scipy

from assay.evaluation.statistics.clusters import cluster_sums, group_count
from assay.evaluation.statistics.estimate import Difference, Estimate
from assay.evaluation.statistics.means import NOT_FINITE, all_equal, mean_interval
from assay.evaluation.statistics.paired_rates import mcnemar
from assay.evaluation.statistics.permutation import sign_flip

FEW_ITEMS_FOR_T = 30  # below: the sign-flip test, which assumes symmetry instead of normality
FEW_CLUSTERS_FOR_T = 10  # below: the sign-flip test on whole clusters


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
    differ the t test is undefined and the sign-flip test, which is not, takes its place. Sources: Miller 2024, arXiv
    2411.00640, section 4 (pairing), and those of `mcnemar`, `sign_flip` and `clustered_stderr`.

    Args:
        differences: candidate minus baseline, one per item.
        binary: every difference is -1, 0 or 1, from results that were right or wrong.
    """
    d = np.asarray(differences, dtype=float)
    n = len(d)
    if n == 0:
        return Difference(n=0, value=None, confidence=confidence, reason="no item was scored in both")
    if not np.isfinite(d).all():
        return Difference(n=n, value=None, confidence=confidence, reason=NOT_FINITE)
    if clusters is not None and group_count(clusters) < n:
        sums, sizes = cluster_sums(d, clusters)
        if len(sums) < FEW_CLUSTERS_FOR_T or all_equal(d):
            return sign_flip(sums, sizes=sizes, confidence=confidence, seed=seed)
        return _t_difference(mean_interval(d.tolist(), clusters=clusters, confidence=confidence), len(sums) - 1)
    if binary:
        return mcnemar(int((d > 0).sum()), int((d < 0).sum()), n, confidence=confidence)
    if n < FEW_ITEMS_FOR_T or all_equal(d):
        return sign_flip(d, confidence=confidence, seed=seed)
    return _t_difference(mean_interval(d.tolist(), confidence=confidence), n - 1)


def _t_difference(estimate: Estimate, df: int) -> Difference:
    """The paired t test of an estimate that has a standard error."""
    assert estimate.value is not None
    assert estimate.stderr is not None
    p = 2 * float(scipy.stats.t.sf(abs(estimate.value) / estimate.stderr, df))
    method = "paired t" if estimate.method == "t" else f"paired {estimate.method}"
    fields = {name: getattr(estimate, name) for name in Estimate.__dataclass_fields__}
    return Difference(**{**fields, "method": method}, p=p)
