"""How far predicted numbers are from the expected ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import scipy

from assay.evaluation.classic.intervals import jackknife, mean_of_rows
from assay.evaluation.classic.numbers_of import Floats, number_of, numbers_of
from assay.evaluation.classic.run_metric import RunMetric, measured, sklearn_metrics, undefined
from assay.evaluation.scorers.protocol import RunRow
from assay.scores import Score

NOTHING = "no row has an answer and an expected number"


@dataclass(frozen=True, kw_only=True)
class AbsoluteError:
    """How far one prediction is from the expected number.

    Definition: |predicted - expected|, in the unit of the data; an object's number is under `field`.
    Range: 0 and up.
    Direction: lower is better.
    Source: none needed.
    Pitfalls: A text of digits is no number, and NaN is an error: neither is a large difference.
    """

    field: str | None = None
    name: str = "absolute_error"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"

    def __call__(self, output: Any, expected: Any) -> float | None:
        if expected is None:
            return None
        return abs(number_of(output, self.field, "the output") - number_of(expected, self.field, "the expected value"))


@dataclass(frozen=True, kw_only=True)
class MeanAbsoluteError(RunMetric):
    """The mean distance of predictions from expected numbers, in the unit of the data.

    Definition: mean of |predicted - expected|, with a t interval over items or clusters.
    Range: 0 and up.
    Direction: lower is better.
    Source: scikit-learn, mean_absolute_error.
    Pitfalls: Not comparable between data of other units or scales.
    """

    field: str | None = None
    name: str = "mean_absolute_error"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"

    def __call__(self, rows: Sequence[RunRow], /) -> Score:
        if not rows:
            return undefined(self.name, NOTHING)
        expected, predicted = numbers_of(rows, self.field)
        value = sklearn_metrics().mean_absolute_error(expected, predicted)
        return measured(self.name, value, interval=_at_least_zero(rows, np.abs(predicted - expected)))


@dataclass(frozen=True, kw_only=True)
class MeanSquaredError(RunMetric):
    """The mean squared distance of predictions from expected numbers, in the square of the data's unit.

    Definition: mean of (predicted - expected)^2, with a t interval over items or clusters.
    Range: 0 and up.
    Direction: lower is better.
    Source: scikit-learn, mean_squared_error.
    Pitfalls: A few large errors decide it.
    """

    field: str | None = None
    name: str = "mean_squared_error"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"

    def __call__(self, rows: Sequence[RunRow], /) -> Score:
        if not rows:
            return undefined(self.name, NOTHING)
        expected, predicted = numbers_of(rows, self.field)
        value = sklearn_metrics().mean_squared_error(expected, predicted)
        return measured(self.name, value, interval=_at_least_zero(rows, (predicted - expected) ** 2))


@dataclass(frozen=True, kw_only=True)
class RootMeanSquaredError(RunMetric):
    """The root of the mean squared error, in the unit of the data.

    Definition: sqrt(mean of (predicted - expected)^2); the interval is the root of the mean squared error's.
    Range: 0 and up.
    Direction: lower is better.
    Source: scikit-learn, root_mean_squared_error.
    Pitfalls: A few large errors decide it.
    """

    field: str | None = None
    name: str = "root_mean_squared_error"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"

    def __call__(self, rows: Sequence[RunRow], /) -> Score:
        if not rows:
            return undefined(self.name, NOTHING)
        expected, predicted = numbers_of(rows, self.field)
        value = sklearn_metrics().root_mean_squared_error(expected, predicted)
        squared = _at_least_zero(rows, (predicted - expected) ** 2)
        interval = squared and {
            **squared,
            "low": math.sqrt(squared["low"]),
            "high": math.sqrt(squared["high"]),
            "method": f"root of {squared['method']}",
        }
        return measured(self.name, value, interval=interval)


@dataclass(frozen=True, kw_only=True)
class R2(RunMetric):
    """The share of the expected numbers' variance that the predictions explain.

    Definition: 1 - sum (expected - predicted)^2 / sum (expected - mean expected)^2.
    Range: up to 1; 0 is what always predicting the mean scores, below that is worse.
    Direction: higher is better.
    Source: scikit-learn, r2_score (which says 0 or 1 where it is undefined). Undefined where all expected numbers are
        equal, or there are fewer than two.
    Pitfalls: It depends on how spread the test data are. It is not the square of a correlation.
    """

    field: str | None = None
    name: str = "r2"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"

    def __call__(self, rows: Sequence[RunRow], /) -> Score:
        if len(rows) < 2:
            return undefined(self.name, NOTHING if not rows else "one row has no variance to explain")
        expected, predicted = numbers_of(rows, self.field)
        if is_constant(expected):
            return undefined(self.name, f"0/0: every expected number is {expected[0]:g}")
        value = sklearn_metrics().r2_score(expected, predicted)

        def statistic(kept: Any) -> float | None:
            e, p = expected[kept], predicted[kept]
            return None if is_constant(e) else 1 - float(((e - p) ** 2).sum() / ((e - e.mean()) ** 2).sum())

        notes = ["worse than always predicting the mean"] if value < 0 else []
        return measured(self.name, value, notes, interval=jackknife(rows, statistic, high=1))


@dataclass(frozen=True, kw_only=True)
class MeanAbsolutePercentageError(RunMetric):
    """The mean distance of predictions from expected numbers, in parts of the expected number: 0.1 is 10 %.

    Definition: mean of |predicted - expected| / |expected|.
    Range: 0 and up.
    Direction: lower is better.
    Source: scikit-learn, mean_absolute_percentage_error (which divides by 2.2e-16 where the expected number is 0).
    Pitfalls: Undefined as soon as one expected number is 0, and huge near it; predictions that are too low cost at most
        1, those too high any amount.
    """

    field: str | None = None
    name: str = "mean_absolute_percentage_error"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"

    def __call__(self, rows: Sequence[RunRow], /) -> Score:
        if not rows:
            return undefined(self.name, NOTHING)
        expected, predicted = numbers_of(rows, self.field)
        if zeros := int((expected == 0).sum()):
            first = rows[int(np.flatnonzero(expected == 0)[0])].item_id
            return undefined(
                self.name, f"division by 0: {zeros} of {len(rows)} expected numbers are 0 (item {first!r})"
            )
        value = sklearn_metrics().mean_absolute_percentage_error(expected, predicted)
        shares = np.abs(predicted - expected) / np.abs(expected)
        return measured(self.name, value, interval=_at_least_zero(rows, shares))


@dataclass(frozen=True, kw_only=True)
class SpearmanCorrelation(RunMetric):
    """Whether predictions rise with the expected numbers: the correlation of their ranks.

    Definition: Pearson's correlation of the ranks, ties at their mean rank, over all rows pooled.
    Range: -1 to 1.
    Direction: higher is better.
    Source: Spearman 1904; scipy.stats.spearmanr. Undefined where either side is constant.
    Pitfalls: It sees the order only: predictions ten times too large correlate perfectly. Pooled over groups it also
        counts the differences between groups.
    """

    field: str | None = None
    name: str = "spearman_correlation"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (-1, 1)

    def __call__(self, rows: Sequence[RunRow], /) -> Score:
        if len(rows) < 2:
            return undefined(self.name, NOTHING if not rows else "one row has no order")
        expected, predicted = numbers_of(rows, self.field)
        for side, what in ((expected, "expected number"), (predicted, "prediction")):
            if is_constant(side):
                return undefined(self.name, f"0/0: every {what} is {side[0]:g}")

        def statistic(kept: Any) -> float | None:
            if is_constant(expected[kept]) or is_constant(predicted[kept]):
                return None
            return float(scipy.stats.spearmanr(expected[kept], predicted[kept]).statistic)

        value = statistic(slice(None))
        return measured(self.name, value, interval=jackknife(rows, statistic, low=-1, high=1))


def is_constant(values: Floats) -> bool:
    return len(values) == 0 or bool(np.ptp(values) == 0)


def _at_least_zero(rows: Sequence[RunRow], by_row: Floats) -> dict[str, Any] | None:
    interval = mean_of_rows(rows, by_row.tolist())
    return interval and {**interval, "low": max(0.0, interval["low"])}
