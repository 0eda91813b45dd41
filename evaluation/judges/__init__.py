"""Judges: scorers that ask a model. Names load on first use; see evaluation/README.md for the decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.lazy import lazy_names

if TYPE_CHECKING:
    from assay.evaluation.judges.injection import InjectionReport, ainjection_test, injection_test
    from assay.evaluation.judges.own import judge
    from assay.evaluation.judges.pairwise import acompare_pairwise, compare_pairwise
    from assay.evaluation.judges.pairwise_result import PairwiseComparison
    from assay.evaluation.judges.verdict import Judge

__all__ = [
    "InjectionReport",
    "Judge",
    "PairwiseComparison",
    "acompare_pairwise",
    "ainjection_test",
    "compare_pairwise",
    "injection_test",
    "judge",
]

__getattr__ = lazy_names(
    __name__,
    {
        "InjectionReport": "injection",
        "Judge": "verdict",
        "PairwiseComparison": "pairwise_result",
        "acompare_pairwise": "pairwise",
        "ainjection_test": "injection",
        "compare_pairwise": "pairwise",
        "injection_test": "injection",
        "judge": "own",
    },
)
