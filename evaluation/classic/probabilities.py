"""Rows → how probable each class was said to be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.errors import ScorerError
from assay.evaluation.classic.labels import Label, label_of, label_order, named
from assay.evaluation.scorers.protocol import RunRow

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

HINT = (
    'It is read from outputs like {"label": "spam", "classes": ["ham", "spam"], "probabilities": [0.1, 0.9]}, '
    '{"label": "spam", "probabilities": {"ham": 0.1, "spam": 0.9}}, {"label": "spam", "score": 0.9} or 0.9.'
)
ROUNDING = 0.02  # probabilities whose sum is off by no more were rounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The expected classes of a run as places in `labels`, and a score of every class for every row."""

    rows: Sequence[RunRow]
    labels: tuple[Label, ...]
    expected: Indices
    scores: Floats  # rows x labels
    are_probabilities: bool  # else scores of some scale of their own, such as a decision function's
    notes: list[str]

    @property
    def one_class(self) -> str | None:
        """Why nothing can be told apart; None where it can."""
        if len(found := set(self.expected.tolist())) > 1:
            return None
        return f"every expected label is {self.labels[min(found)]!r}"


def scored(rows: Sequence[RunRow], *, field: str | None = None, positive: Label = None) -> Scored | None:
    """Read labels and scores of every row; None where no output holds any.

    `positive` is put last of two classes; without it the greater label is, as in scikit-learn.

    Raises:
        ScorerError: some rows have scores and some have none, or what they have does not fit together.
    """
    found = [_scores_of(row.output, f"the output for item {row.item_id!r}") for row in rows]
    without = [row.item_id for row, one in zip(rows, found, strict=True) if one is None]
    if len(without) == len(rows):
        return None
    if without:
        raise ScorerError(
            f"{len(without)} of {len(rows)} outputs say no probability (the first: {without[0]!r})", hint=HINT
        )
    expected = [label_of(row.expected, field, f"the expected value of item {row.item_id!r}") for row in rows]
    given = [one for one in found if one is not None]
    labels = _labels(expected, given, positive)
    table = np.array([_row(one, labels, row.item_id) for one, row in zip(given, rows, strict=True)])
    places = {label: place for place, label in enumerate(labels)}
    if unknown := sorted({label for label in expected if label not in places}, key=label_order):
        raise ScorerError(f"the outputs give no probability of {named(unknown)}, which is expected", hint=HINT)
    probable = all(one.kind == "probability" for one in given)
    table, notes = _checked(table, rows) if probable else (table, [])
    return Scored(
        rows=rows,
        labels=labels,
        expected=np.array([places[label] for label in expected], dtype=np.int64),
        scores=table,
        are_probabilities=probable,
        notes=notes,
    )


@dataclass(frozen=True, slots=True)
class _Given:
    """What one output says. `classes` None: one number, of the positive class."""

    classes: tuple[Label, ...] | None
    values: tuple[float, ...]
    kind: str  # probability or score


def _scores_of(output: Any, what: str) -> _Given | None:
    if isinstance(output, float) or (hasattr(output, "dtype") and getattr(output, "ndim", None) == 0):
        return _Given(None, (_number(output, what),), "probability" if 0 <= float(output) <= 1 else "score")

    def read(name: str) -> Any:
        return output.get(name) if isinstance(output, Mapping) else getattr(output, name, None)

    for name, kind in (("probabilities", "probability"), ("scores", "score")):
        values = read(name)
        if isinstance(values, Mapping):
            return _Given(tuple(values), tuple(_number(value, what) for value in values.values()), kind)
        if values is not None:
            numbers = tuple(_number(value, what) for value in values)
            classes = read("classes")
            if classes is None or len(classes) != len(numbers):
                raise ScorerError(f"{what} has {len(numbers)} {name} and does not say of which classes", hint=HINT)
            return _Given(tuple(label_of(one, None, what) for one in classes), numbers, kind)
    if (value := read("score")) is not None:
        number = _number(value, what)
        return _Given(None, (number,), "probability" if 0 <= number <= 1 else "score")
    return None


def _number(value: Any, what: str) -> float:
    if isinstance(value, str | bytes) or value is None:
        raise ScorerError(f"{what} holds {value!r} where a probability is due", hint=HINT)
    if not math.isfinite(number := float(value)):
        raise ScorerError(f"{what} holds {number} where a probability is due", hint=HINT)
    return number


def _labels(expected: Sequence[Label], given: Sequence[_Given], positive: Label) -> tuple[Label, ...]:
    """Classes in the order of labels, `positive` last."""
    of_text = {str(label): label for label in expected}
    found = {of_text.get(str(one), one) if isinstance(one, str) else one for row in given for one in row.classes or ()}
    labels = sorted(found or {*expected, *([] if positive is None else [positive])}, key=label_order)
    if any(row.classes is None for row in given):
        _check_single(labels, positive)
    if positive is not None and positive not in labels:
        raise ScorerError(f"No row has the label {positive!r}.", hint=f"There are: {named(labels)}.")
    if positive is not None and len(labels) == 2:
        labels.sort(key=lambda label: label == positive)
    return tuple(labels)


def _check_single(labels: Sequence[Label], positive: Label) -> None:
    """One number a row is the probability of one class, and it must be known of which."""
    if len(labels) > 2:
        raise ScorerError(f"one number a row tells two classes apart, and there are more: {named(labels)}", hint=HINT)
    if positive is None and any(isinstance(label, str) for label in labels):
        raise ScorerError(
            f"one number a row is the probability of {' or of '.join(map(repr, labels))}, and nothing says of which",
            hint="Say it: positive=...",
        )


def _row(given: _Given, labels: tuple[Label, ...], item_id: str) -> list[float]:
    if given.classes is None:
        value = given.values[0]
        rest = 1 - value if given.kind == "probability" else -value
        return [rest, value] if len(labels) == 2 else [value]
    by_class = dict(zip(given.classes, given.values, strict=True))
    # keys of JSON are texts whatever the labels are
    values = [by_class.get(label, by_class.get(str(label))) for label in labels]
    if any(value is None for value in values):
        absent = named([label for label, value in zip(labels, values, strict=True) if value is None])
        raise ScorerError(f"the output for item {item_id!r} gives no probability of {absent}", hint=HINT)
    return [float(value) for value in values if value is not None]


def _checked(table: Floats, rows: Sequence[RunRow]) -> tuple[Floats, list[str]]:
    """Probabilities between 0 and 1 that add up to 1."""
    outside = np.flatnonzero((table < 0).any(axis=1) | (table > 1).any(axis=1))
    if len(outside):
        raise ScorerError(f"the output for item {rows[outside[0]].item_id!r} holds a probability outside of 0 to 1")
    sums = table.sum(axis=1)
    off = np.flatnonzero(np.abs(sums - 1) > ROUNDING)
    if len(off) and table.shape[1] > 1:
        where = f"item {rows[off[0]].item_id!r}: {sums[off[0]]:.4g}"
        raise ScorerError(f"the probabilities of {len(off)} outputs do not add up to 1 ({where})")
    if table.shape[1] > 1 and bool((np.abs(sums - 1) > 1e-6).any()):
        return table / sums[:, None], ["probabilities that were rounded are scaled to add up to 1"]
    return table, []
