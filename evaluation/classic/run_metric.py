"""What the scorers of classic models share: they look at a whole run, and scikit-learn computes the figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from assay.errors import MissingExtra
from assay.evaluation.scorers.protocol import RunRow
from assay.evaluation.statistics import Estimate
from assay.scores import Score


class RunMetric:
    """Base of the scorers that are called once, with every row that has an answer and an expected value."""

    level: ClassVar[Literal["run"]] = "run"
    needs_expected: ClassVar[bool] = True

    def prepare(self) -> None:
        """Before the first row, so that a missing package is told before anything is paid for."""
        sklearn_metrics()


def sklearn_metrics() -> Any:
    """`sklearn.metrics`.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    try:
        import sklearn.metrics
    except ImportError as error:
        raise MissingExtra("Scoring classifiers and regressors", "eval") from error
    return sklearn.metrics


def measured(
    name: str,
    value: Any,
    notes: Sequence[str] = (),
    *,
    interval: Mapping[str, Any] | None = None,
    artifact: Mapping[str, Any] | None = None,
    **facts: Any,
) -> Score:
    """A figure of the run, with what a reader must know beside it."""
    extras = {"interval": interval, "artifact": artifact, **facts}
    return Score(
        name=name,
        value=float(value),
        explanation="; ".join(notes) or None,
        metadata={key: extra for key, extra in extras.items() if extra is not None},
    )


def undefined(name: str, reason: str, *, artifact: Mapping[str, Any] | None = None) -> Score:
    """No figure, and why: the score has no value, so that it is not applicable and never averaged."""
    return Score(
        name=name,
        value=None,
        explanation=reason,
        metadata={} if artifact is None else {"artifact": artifact},
    )


def units_of(rows: Sequence[RunRow]) -> list[str]:
    """What may be taken as independent of each other, per row: its cluster where every row has one, else its item."""
    if rows and all(row.cluster is not None for row in rows):
        return [str(row.cluster) for row in rows]
    return [row.item_id for row in rows]


def interval_of(estimate: Estimate) -> dict[str, Any] | None:
    """An estimate's interval as a score keeps it; None where there is none."""
    if estimate.low is None or estimate.high is None:
        return None
    return {"low": estimate.low, "high": estimate.high, "method": estimate.method}
