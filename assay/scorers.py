"""Scorers, for `from assay.scorers import ExactMatch, Correctness, scorer`."""

from assay.evaluation.scorers import Contains, Correctness, ExactMatch, Judge, Scorer, judge, scorer
from assay.scores import Score

__all__ = ["Contains", "Correctness", "ExactMatch", "Judge", "Score", "Scorer", "judge", "scorer"]
