"""Figures of a whole run as an experiment's summary keeps them: with pictures, undefined, and failed."""

from __future__ import annotations

from typing import Any

from assay.evaluation.summary import SummaryRow

MATRIX = {
    "kind": "confusion_matrix",
    "labels": ["refund", "shipping", "a label that is longer than most of them"],
    "counts": [[12, 1, 0], [2, 20, 0], [0, 3, 2]],
}
CURVE = {
    "kind": "curve",
    "title": "ROC curve, positive class 'refund'",
    "x_label": "false positive rate",
    "y_label": "true positive rate",
    "x": [0.0, 0.0, 0.1, 0.4, 1.0],
    "y": [0.0, 0.5, 0.8, 0.95, 1.0],
    "area": 0.885,
    "diagonal": True,
}


def run_figures() -> list[dict[str, Any]]:
    return [
        figure("accuracy", 0.85, (0.71, 0.93), method="Wilson", reason="always answering 'refund' would score 0.81"),
        figure("confusion_matrix", 0.15, (0.07, 0.29), direction="lower", method="Wilson", artifact=MATRIX),
        figure("roc_auc", 0.885, (0.8, 0.97), method="DeLong, 40 units, t", artifact=CURVE),
        figure("log_loss", 1.62, (1.1, 2.2), direction="lower", method="t"),
        figure("matthews_correlation", None, None, reason="0/0: every answer is 'refund'"),
        figure("brier_score", None, None, reason="the outputs hold scores, not probabilities", failed=1),
    ]


def figure(
    name: str, value: float | None, interval: tuple[float, float] | None, *, failed: int = 0, **fields: Any
) -> dict[str, Any]:
    """A summary row of one scorer of the run, over 40 rows."""
    scored = 40 if value is not None else 0
    given: dict[str, Any] = {
        "scorer": name,
        "kind": "code",
        "dtype": "number",
        "direction": "higher",
        "n": scored,
        "n_rows": 40,
        "n_scored": scored,
        "failed": 40 * failed,
        "n_task_error": 0,
        "n_scorer_error": 40 * failed,
        "n_invalid": 0,
        "n_na": 40 - scored - 40 * failed,
        "mean": value,
        "ci_low": interval[0] if interval else None,
        "ci_high": interval[1] if interval else None,
        "confidence": 0.95,
        "method": None,
        "stderr": None,
        "sd": None,
        "bound_low": None,
        "bound_high": None,
        "level": "run",
        **fields,
    }
    return SummaryRow(**given).to_dict()
