"""Scorers, for `from assay.scorers import ExactMatch, Correctness, scorer`. Each loads on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.evaluation.scorers import OTHERS, SCORERS
from assay.lazy import lazy_names

# What editors and type checkers read; tests hold it equal to the table in evaluation/scorers
if TYPE_CHECKING:
    from assay.evaluation.judges.correctness import Correctness as Correctness
    from assay.evaluation.judges.own import judge as judge
    from assay.evaluation.judges.verdict import Judge as Judge
    from assay.evaluation.scorers.contains import Contains as Contains
    from assay.evaluation.scorers.exact_match import ExactMatch as ExactMatch
    from assay.evaluation.scorers.protocol import RunRow as RunRow
    from assay.evaluation.scorers.protocol import RunScorer as RunScorer
    from assay.evaluation.scorers.protocol import Scorer as Scorer
    from assay.evaluation.scorers.protocol import scorer as scorer
    from assay.scores import Score as Score

__all__ = sorted([*SCORERS, *OTHERS, "Score"])

__getattr__ = lazy_names(__name__, {**SCORERS, **OTHERS, "Score": "assay.scores"})


def __dir__() -> list[str]:
    return __all__
