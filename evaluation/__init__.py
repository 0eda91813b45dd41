"""Evaluation: data sets, scorers, judges, the gateway client, the engine, statistics.

Names load on first use: the collector's pages take the pure parts and have no use for the rest. See README.md for the
decisions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.lazy import lazy_names

if TYPE_CHECKING:
    from assay.evaluation.alignment import Alignment, align
    from assay.evaluation.artifacts import Artifact
    from assay.evaluation.compared import Comparison
    from assay.evaluation.comparisons import Comparisons, compare
    from assay.evaluation.data.dataset import Dataset, Item, read_dataset, read_items
    from assay.evaluation.data.dataset_diff import DatasetDiff
    from assay.evaluation.data.datasets import (
        DatasetSummary,
        DatasetVersion,
        dataset_history,
        load_dataset,
        register_dataset,
        search_datasets,
        split_dataset,
    )
    from assay.evaluation.data.traces_to_dataset import dataset_from_traces
    from assay.evaluation.engine import aevaluate, evaluate, resume
    from assay.evaluation.gate import Gate
    from assay.evaluation.gateway import Completion, Embeddings, Gateway, answering, default_gateway
    from assay.evaluation.judges import PairwiseComparison, acompare_pairwise, compare_pairwise
    from assay.evaluation.limits import Limits
    from assay.evaluation.models import Prediction, as_task
    from assay.evaluation.planning import PowerReport, power
    from assay.evaluation.result import EvaluationResult
    from assay.evaluation.scorers import Judge, Scorer, judge, scorer

__all__ = [
    "Alignment",
    "Artifact",
    "Comparison",
    "Comparisons",
    "Completion",
    "Dataset",
    "DatasetDiff",
    "DatasetSummary",
    "DatasetVersion",
    "Embeddings",
    "EvaluationResult",
    "Gate",
    "Gateway",
    "Item",
    "Judge",
    "Limits",
    "PairwiseComparison",
    "PowerReport",
    "Prediction",
    "Scorer",
    "acompare_pairwise",
    "aevaluate",
    "align",
    "answering",
    "as_task",
    "compare",
    "compare_pairwise",
    "dataset_from_traces",
    "dataset_history",
    "default_gateway",
    "evaluate",
    "judge",
    "load_dataset",
    "power",
    "read_dataset",
    "read_items",
    "register_dataset",
    "resume",
    "scorer",
    "search_datasets",
    "split_dataset",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Alignment": "alignment",
        "Artifact": "artifacts",
        "Comparison": "compared",
        "Comparisons": "comparisons",
        "Completion": "gateway",
        "Dataset": "data.dataset",
        "DatasetDiff": "data.dataset_diff",
        "DatasetSummary": "data.datasets",
        "DatasetVersion": "data.datasets",
        "Embeddings": "gateway",
        "EvaluationResult": "result",
        "Gate": "gate",
        "Gateway": "gateway",
        "Item": "data.dataset",
        "Judge": "scorers",
        "Limits": "limits",
        "PairwiseComparison": "judges",
        "PowerReport": "planning",
        "Prediction": "models",
        "Scorer": "scorers",
        "acompare_pairwise": "judges",
        "aevaluate": "engine",
        "align": "alignment",
        "answering": "gateway",
        "as_task": "models",
        "compare": "comparisons",
        "compare_pairwise": "judges",
        "dataset_from_traces": "data.traces_to_dataset",
        "dataset_history": "data.datasets",
        "default_gateway": "gateway",
        "evaluate": "engine",
        "judge": "scorers",
        "load_dataset": "data.datasets",
        "power": "planning",
        "read_dataset": "data.dataset",
        "read_items": "data.dataset",
        "register_dataset": "data.datasets",
        "resume": "engine",
        "scorer": "scorers",
        "search_datasets": "data.datasets",
        "split_dataset": "data.datasets",
    },
)
