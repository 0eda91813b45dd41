"""One labelled row: what people said of it, and what the judge said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from assay.scores import ScoreValue

Outcome = Literal["scored", "failed", "not_applicable"]
Kind = Literal["binary", "number", "category"]
Place: TypeAlias = Literal["first", "second", "tie"]

PLACES = ("first", "second", "tie")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """`verdict` is set when, and only when, the outcome is "scored": a judge that failed has no opinion."""

    id: str
    label: ScoreValue  # by people; of several labels the one that most gave
    labels: tuple[ScoreValue, ...] = ()  # each person's
    outcome: Outcome = "scored"
    verdict: ScoreValue | None = None
    explanation: str | None = None
    error: str | None = None
    input: Any = None
    output: Any = None
    expected: Any = None
    cluster: str | None = None
    author: str | None = None  # the model that wrote the output
    trace_id: str | None = None
    places: tuple[Place, Place] | None = None  # of a judge of pairs: the place chosen in one order, and in the other


def scored(pairs: Sequence[Pair]) -> list[tuple[ScoreValue, ScoreValue]]:
    """Verdict and label of every row that has both."""
    return [(pair.verdict, pair.label) for pair in pairs if pair.outcome == "scored" and pair.verdict is not None]


def places_of(score: Mapping[str, Any] | None) -> tuple[Place, Place] | None:
    """What a judge of pairs chose in each order, as its score's metadata say; None of other judges."""
    metadata = (score or {}).get("metadata") or {}
    order, swapped = metadata.get("order"), metadata.get("swapped")
    return (order, swapped) if order in PLACES and swapped in PLACES else None


def kind_of(values: Sequence[ScoreValue]) -> Kind:
    """Yes-or-no when every value is a bool, or 0 or 1; labels as soon as one is a text; else numbers."""
    if any(isinstance(value, str) for value in values):
        return "category"
    return "binary" if all(value in (0, 1) for value in values) else "number"
