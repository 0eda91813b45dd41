"""The statistics of evaluation: pure functions from numbers to estimates, each with its formula and source.

Three rules hold for all of them. What is undefined is None, with the reason in words, never 0 and never NaN. A
p-value and the interval beside it come from the same procedure, so that the interval excludes 0 exactly when p falls
below 1 - confidence. The unit is the item (or the cluster of items): repeats of an item are averaged before they come
here.

Only numpy and scipy are loaded with this package: the collector's pages load it too, and what brings pandas along is
imported by the functions that need it. statsmodels and scikit-learn are the oracles of the tests instead.
"""

from __future__ import annotations

from assay.evaluation.statistics.agreement import prevalence, raw_agreement
from assay.evaluation.statistics.attempts import pass_at_k, pass_hat_k
from assay.evaluation.statistics.bootstrap import bootstrap_interval
from assay.evaluation.statistics.bounded_scores import bounded_mean_interval
from assay.evaluation.statistics.bounds import failure_bounds
from assay.evaluation.statistics.corrected_rate import Calibration, calibration, rogan_gladen
from assay.evaluation.statistics.correlation import RankCorrelation, rank_correlation
from assay.evaluation.statistics.estimate import Difference, Estimate
from assay.evaluation.statistics.independent import mean_difference, rate_difference
from assay.evaluation.statistics.judge_bias import (
    PositionBias,
    Slope,
    VerbosityBias,
    feature_slope,
    position_bias,
    verbosity_bias,
)
from assay.evaluation.statistics.kappa import cohen_kappa
from assay.evaluation.statistics.krippendorff import krippendorff_alpha
from assay.evaluation.statistics.means import clustered_stderr, mean_interval
from assay.evaluation.statistics.multiplicity import benjamini_hochberg, holm
from assay.evaluation.statistics.own_family import self_preference
from assay.evaluation.statistics.paired import paired_difference
from assay.evaluation.statistics.paired_rates import bonett_price, mcnemar, mcnemar_dual
from assay.evaluation.statistics.permutation import sign_flip
from assay.evaluation.statistics.power_analysis import (
    PairedVariance,
    detectable_effect,
    intracluster_correlation,
    power,
    sample_size,
)
from assay.evaluation.statistics.ppi import PredictionPowered, ppi_mean
from assay.evaluation.statistics.raters import fleiss_kappa, gwet_ac1
from assay.evaluation.statistics.rates import clopper_pearson, proportion_interval
from assay.evaluation.statistics.ratings import BradleyTerry, bradley_terry
from assay.evaluation.statistics.repeats import Repeats, repeats_decomposed
from assay.evaluation.statistics.sums import interval_of_sums
from assay.evaluation.statistics.wilcoxon import wilcoxon_signed_rank

__all__ = [
    "BradleyTerry",
    "Calibration",
    "Difference",
    "Estimate",
    "PairedVariance",
    "PositionBias",
    "PredictionPowered",
    "RankCorrelation",
    "Repeats",
    "Slope",
    "VerbosityBias",
    "benjamini_hochberg",
    "bonett_price",
    "bootstrap_interval",
    "bounded_mean_interval",
    "bradley_terry",
    "calibration",
    "clopper_pearson",
    "clustered_stderr",
    "cohen_kappa",
    "detectable_effect",
    "failure_bounds",
    "feature_slope",
    "fleiss_kappa",
    "gwet_ac1",
    "holm",
    "interval_of_sums",
    "intracluster_correlation",
    "krippendorff_alpha",
    "mcnemar",
    "mcnemar_dual",
    "mean_difference",
    "mean_interval",
    "paired_difference",
    "pass_at_k",
    "pass_hat_k",
    "position_bias",
    "power",
    "ppi_mean",
    "prevalence",
    "proportion_interval",
    "rank_correlation",
    "rate_difference",
    "raw_agreement",
    "repeats_decomposed",
    "rogan_gladen",
    "sample_size",
    "self_preference",
    "sign_flip",
    "verbosity_bias",
    "wilcoxon_signed_rank",
]
