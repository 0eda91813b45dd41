"""The scorers that come with Assay, one file each. A name loads its module on first use.

A new scorer is a line in `SCORERS` here and one in `assay/scorers.py`, which is what editors and type checkers read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.evaluation.scorers.by_name import BuiltIn
from assay.lazy import lazy_names

if TYPE_CHECKING:
    from assay.evaluation.judges.own import judge as judge
    from assay.evaluation.judges.verdict import Judge as Judge
    from assay.evaluation.scorers.protocol import RunRow as RunRow
    from assay.evaluation.scorers.protocol import RunScorer as RunScorer
    from assay.evaluation.scorers.protocol import Scorer as Scorer
    from assay.evaluation.scorers.protocol import scorer as scorer

# Class -> module. What can be asked for by name, what docs/scorers.md lists and assay.scorers offers follow this table.
SCORERS: dict[str, str] = {
    "Contains": "assay.evaluation.scorers.contains",
    "Correctness": "assay.evaluation.judges.correctness",
    "ExactMatch": "assay.evaluation.scorers.exact_match",
}

# What is no scorer that could be asked for by name
OTHERS: dict[str, str] = {
    "Judge": "assay.evaluation.judges.verdict",
    "RunRow": "assay.evaluation.scorers.protocol",
    "RunScorer": "assay.evaluation.scorers.protocol",
    "Scorer": "assay.evaluation.scorers.protocol",
    "judge": "assay.evaluation.judges.own",
    "scorer": "assay.evaluation.scorers.protocol",
}

BUILT_IN = BuiltIn(SCORERS)  # exact_match -> ExactMatch and so on: what configuration files and commands call them

__all__ = sorted(["BUILT_IN", "OTHERS", "SCORERS", *SCORERS, *OTHERS])

__getattr__ = lazy_names(__name__, {**SCORERS, **OTHERS})
