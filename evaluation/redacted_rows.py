"""What is taken out of the rows of an experiment before they are sent: what `assay.init(redact=...)` says of spans.

Inputs and expected values stay: they are the data set's own, which was uploaded on purpose and is compared by its hash.
"""

from __future__ import annotations

from typing import Any

from assay.tracing.runtime import redactor

WRITTEN = ("output", "error")


def redacted_row(row: dict[str, Any], *, scores_only: bool = False) -> dict[str, Any]:
    """The row without what the rules find in output, error and explanations of scores.

    Args:
        scores_only: in output and error nothing was found before.
    """
    redact = redactor().document

    def explained(score: Any) -> Any:
        written = isinstance(score, dict) and (score.get("explanation") or score.get("error"))
        return redact(score, ("explanation", "error")) if written else score

    row = row if scores_only else redact(row, WRITTEN)
    scores = row.get("scores")
    if isinstance(scores, dict):
        return {**row, "scores": {name: explained(score) for name, score in scores.items()}}
    return {**row, "scores": [explained(score) for score in scores]} if isinstance(scores, list) else row
