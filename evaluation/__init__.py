"""Evaluation: data sets, scorers, judges, the gateway client, the engine, statistics.

Names load on first use: the collector's pages take the pure parts and have no use for the rest. See README.md for the
decisions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.lazy import lazy_names

if TYPE_CHECKING:
    from assay.evaluation.compared import Comparison
    from assay.evaluation.dataset import Dataset, Item, read_items
    from assay.evaluation.engine import aevaluate, evaluate
    from assay.evaluation.gate import Gate
    from assay.evaluation.gateway import Completion, Gateway
    from assay.evaluation.limits import Limits
    from assay.evaluation.result import EvaluationResult
    from assay.evaluation.scorers import Judge, Scorer, judge, scorer

__all__ = [
    "Comparison",
    "Completion",
    "Dataset",
    "EvaluationResult",
    "Gate",
    "Gateway",
    "Item",
    "Judge",
    "Limits",
    "Scorer",
    "aevaluate",
    "evaluate",
    "judge",
    "read_items",
    "scorer",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Comparison": "compared",
        "Completion": "gateway",
        "Dataset": "dataset",
        "EvaluationResult": "result",
        "Gate": "gate",
        "Gateway": "gateway",
        "Item": "dataset",
        "Judge": "scorers",
        "Limits": "limits",
        "Scorer": "scorers",
        "aevaluate": "engine",
        "evaluate": "engine",
        "judge": "scorers",
        "read_items": "dataset",
        "scorer": "scorers",
    },
)
