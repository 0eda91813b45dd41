"""The statistics of evaluation: pure functions from numbers to estimates, each with its formula and source.

Three rules hold for all of them. What is undefined is None, with the reason in words, never 0 and never NaN. A
p-value and the interval beside it come from the same procedure, so that the interval excludes 0 exactly when p falls
below 1 - confidence. The unit is the item (or the cluster of items): repeats of an item are averaged before they come
here.

Only numpy and scipy are loaded with this package: the collector's pages load it too, and what brings pandas along is
imported by the functions that need it. statsmodels and scikit-learn are the oracles of the tests instead.
"""

from __future__ import annotations

from assay.evaluation.statistics.bounds import failure_bounds
from assay.evaluation.statistics.estimate import Difference, Estimate
from assay.evaluation.statistics.means import clustered_stderr, mean_interval
from assay.evaluation.statistics.multiplicity import holm
from assay.evaluation.statistics.paired import paired_difference
from assay.evaluation.statistics.paired_rates import bonett_price, mcnemar, mcnemar_dual
from assay.evaluation.statistics.permutation import sign_flip
from assay.evaluation.statistics.power_analysis import detectable_effect
from assay.evaluation.statistics.rates import proportion_interval
from assay.evaluation.statistics.sums import interval_of_sums

__all__ = [
    "Difference",
    "Estimate",
    "bonett_price",
    "clustered_stderr",
    "detectable_effect",
    "failure_bounds",
    "holm",
    "interval_of_sums",
    "mcnemar",
    "mcnemar_dual",
    "mean_interval",
    "paired_difference",
    "proportion_interval",
    "sign_flip",
]
