"""The scorers that come with Assay, one file each."""

from assay.evaluation.scorers.contains import Contains
from assay.evaluation.scorers.correctness import Correctness
from assay.evaluation.scorers.exact_match import ExactMatch
from assay.evaluation.scorers.judges import Judge, judge
from assay.evaluation.scorers.protocol import Scorer, scorer

# Registered names: what configuration files and the command line may call them
BUILT_IN: dict[str, type] = {
    "contains": Contains,
    "correctness": Correctness,
    "exact_match": ExactMatch,
}

__all__ = ["BUILT_IN", "Contains", "Correctness", "ExactMatch", "Judge", "Scorer", "judge", "scorer"]
