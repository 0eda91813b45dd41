"""Measures of one ranking, as trec_eval defines them. Pure: document ids in, a number out.

`ranking` holds every document once, best first. `grades` says how relevant a document is; a document that is not in it
is not relevant, and neither is one with a grade of 0 or below.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

Grades = Mapping[str, float]
Gain = Literal["linear", "exp"]


def relevant(grades: Grades) -> set[str]:
    return {document for document, grade in grades.items() if grade > 0}


def precision_at_k(ranking: Sequence[str], grades: Grades, k: int) -> float:
    """Relevant documents among the first k, divided by k, however many were retrieved."""
    return len(relevant(grades).intersection(ranking[:k])) / k


def recall_at_k(ranking: Sequence[str], grades: Grades, k: int) -> float:
    """Relevant documents among the first k, divided by all relevant ones."""
    wanted = relevant(grades)
    return len(wanted.intersection(ranking[:k])) / len(wanted)


def hit_at_k(ranking: Sequence[str], grades: Grades, k: int) -> bool:
    return not relevant(grades).isdisjoint(ranking[:k])


def reciprocal_rank(ranking: Sequence[str], grades: Grades, k: int | None) -> float:
    """1 / the rank of the first relevant document; 0 if none is among the first k."""
    wanted = relevant(grades)
    ranks = (rank for rank, document in enumerate(ranking[:k], start=1) if document in wanted)
    return 1 / first if (first := next(ranks, None)) else 0.0


def average_precision(ranking: Sequence[str], grades: Grades, k: int | None) -> float:
    """The precision at each relevant document among the first k, added up and divided by all relevant documents."""
    wanted = relevant(grades)
    ranks = [rank for rank, document in enumerate(ranking[:k], start=1) if document in wanted]
    return sum(found / rank for found, rank in enumerate(ranks, start=1)) / len(wanted)


def ndcg(ranking: Sequence[str], grades: Grades, k: int | None, gain: Gain = "linear") -> float:
    """The gains of the first k, each divided by log2(rank + 1), over the same of the best ranking there is (Järvelin
    and Kekäläinen 2002). The gain is the grade, or 2**grade - 1 (Burges et al. 2005).
    """
    best = sorted(grades.values(), reverse=True)
    return _discounted([grades.get(document, 0) for document in ranking[:k]], gain) / _discounted(best[:k], gain)


def _discounted(grades: Sequence[float], gain: Gain) -> float:
    return math.fsum(_gain(grade, gain) / math.log2(rank + 1) for rank, grade in enumerate(grades, start=1))


def _gain(grade: float, gain: Gain) -> float:
    if grade <= 0:
        return 0.0
    return 2.0**grade - 1 if gain == "exp" else grade


def unjudged_at_k(ranking: Sequence[str], grades: Grades, k: int) -> float:
    """Share of the first k (of those there are) that nobody judged. The ranking is not empty."""
    first = ranking[:k]
    return sum(document not in grades for document in first) / len(first)
