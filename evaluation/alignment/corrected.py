"""What people would have said, estimated from a judge's scores and what an alignment knows of its errors. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from assay.evaluation.statistics import Estimate, ppi_mean, rogan_gladen

FEWEST_LABELS = 30


def corrected_mean(
    record: Mapping[str, Any],
    values: Sequence[float],
    *,
    mean: float | None = None,
    stderr: float | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """The corrected mean of a judge's scores, or the reason why there is none.

    Yes-or-no verdicts are corrected by Rogan and Gladen, from sensitivity and specificity: these may be measured where
    yes is rarer or more frequent than it is here. Numbers are corrected by PPI++, which holds as far as the labelled
    rows are like these. Both need 30 labels.

    Args:
        record: what an alignment stores.
        values: the judge's mean score of each item.
        mean, stderr: of these values as their summary has them. With clusters or repeats the values are worth fewer
            items than they are; the standard error says how many.
    """
    n = len(values)
    nothing = Estimate(n=n, value=None, confidence=confidence)
    labels = int(record.get("n") or 0)
    if labels < FEWEST_LABELS:
        return replace(nothing, reason=f"a correction needs {FEWEST_LABELS} labels, and there are {labels}")
    if not n:
        return replace(nothing, reason="nothing was judged")
    mean = sum(values) / n if mean is None else mean
    if record.get("kind") == "binary":
        counts = record["calibration"]
        worth = _effective(n, mean, stderr)
        return rogan_gladen(
            min(max(mean, 0.0), 1.0) * worth,
            worth,
            sensitivity=(counts["true_positives"], counts["positives"]),
            specificity=(counts["true_negatives"], counts["negatives"]),
            confidence=confidence,
        )
    if record.get("kind") == "number":
        verdicts, people = zip(*record["pairs"], strict=True)
        return ppi_mean(people, verdicts, values, confidence=confidence)
    return replace(nothing, reason="labels have no mean to correct")


def _effective(n: int, rate: float, stderr: float | None) -> int:
    """How many independent verdicts tell as much about the rate as these do; at most as many as there are."""
    if not stderr or not 0 < rate < 1:
        return n
    return max(1, min(n, round(rate * (1 - rate) / stderr**2)))
