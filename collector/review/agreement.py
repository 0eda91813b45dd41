"""How far reviewers agree, and where they do not. Pure; the formulas are in assay.evaluation.statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Literal

from assay.collector.review.rubric import PREFERENCES, Definition
from assay.evaluation.statistics import Estimate, krippendorff_alpha, proportion_interval

# What the distance between two answers is: of yes and no, and of a choice, they are the same or not.
SCALES: Mapping[str, Literal["nominal", "ordinal", "interval"]] = {
    "bool": "nominal",
    "choice": "nominal",
    "preference": "ordinal",
    "number": "interval",
}
RESAMPLES = 500


def agreement(rubric: Sequence[Definition], items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Krippendorff's alpha of each score of the rubric, and how its answers are spread. Texts have no agreement.

    Args:
        items: as the registry tells them, each with its `labels`.
    """
    return [_of(definition, items) for definition in rubric if definition.type in SCALES]


def _of(definition: Definition, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    ratings = [_numbers(definition, item) for item in items]
    alpha = krippendorff_alpha(ratings, scale=SCALES[definition.type], resamples=RESAMPLES)
    pairs = [one == other for given in ratings for one, other in combinations(given, 2)]
    return {
        "score": definition.name,
        "type": definition.type,
        "items": alpha.n,
        "alpha": _estimate(alpha),
        "same": sum(pairs),  # pairs of people who gave the same answer to the same item
        "pairs": len(pairs),
        "answers": _spread(definition, items),
    }


def _numbers(definition: Definition, item: Mapping[str, Any]) -> list[Any]:
    given = (label["values"].get(definition.name) for label in item["labels"])
    return [PREFERENCES[value] if definition.type == "preference" else value for value in given if value is not None]


def _spread(definition: Definition, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How often each answer was given, in the rubric's order; other numbers in theirs."""
    given = [
        value
        for item in items
        for label in item["labels"]
        if (value := label["values"].get(definition.name)) is not None
    ]
    known: Sequence[Any] = {
        "bool": (True, False),
        "preference": tuple(PREFERENCES),
        "choice": definition.options,
    }.get(definition.type, tuple(float(step) for step in definition.steps) or tuple(sorted(set(given))))
    return [{"value": value, "count": given.count(value)} for value in known]


def preferred(definition: Definition, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How often the first of two outputs was preferred: an item's opinion is the mean of its reviewers', ties half."""
    means = [sum(numbers) / len(numbers) for item in items if (numbers := _numbers(definition, item))]
    found = {
        "score": definition.name,
        "first": sum(mean > 0.5 for mean in means),
        "ties": sum(mean == 0.5 for mean in means),
        "second": sum(mean < 0.5 for mean in means),
        "items": len(means),
    }
    return {**found, "share": _estimate(proportion_interval(means))} if means else {**found, "share": None}


def disagreements(rubric: Sequence[Definition], items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Items that people see differently, those with the most to talk about first; each with the scores that differ."""
    compared = [each for each in rubric if each.type in SCALES]
    found = [
        {**item, "differ": differ}
        for item in items
        if (differ := [each.name for each in compared if len(set(_numbers(each, item))) > 1])
    ]
    return sorted(found, key=lambda item: (-len(item["differ"]), item["position"]))


def _estimate(found: Estimate) -> dict[str, Any]:
    fields = ("value", "low", "high", "confidence", "method", "reason")
    return {name: getattr(found, name) for name in fields}
