"""Evaluation: data sets, scorers, judges, the gateway client, the engine, statistics. See README.md for the
decisions.
"""

from __future__ import annotations

from assay.evaluation.compared import Comparison
from assay.evaluation.dataset import Dataset, Item, read_items
from assay.evaluation.engine import aevaluate, evaluate
from assay.evaluation.experiment import Limits
from assay.evaluation.gate import Gate
from assay.evaluation.gateway import Completion, Gateway
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
