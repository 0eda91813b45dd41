"""Rows → labels: what was expected and what was answered, told apart by value and type."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.errors import ScorerError
from assay.evaluation.scorers.protocol import RunRow

Label = str | bool | int | float | None
Indices = npt.NDArray[np.int64]

MOST_NAMED = 5  # labels in one message
MOST_CLASSES = 1_000  # for a table of every label against every other one


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Both sides of a run as places in `labels`, which hold every label of either, in order."""

    rows: Sequence[RunRow]
    labels: tuple[Label, ...]
    expected: Indices
    predicted: Indices

    def check_classes(self) -> None:
        """Whether a table of all labels can be made.

        Raises:
            ScorerError: there are too many of them.
        """
        if len(self.labels) > MOST_CLASSES:
            raise ScorerError(
                f"There are {len(self.labels)} different labels, among them {named(self.labels)}.",
                hint="Free texts are no labels: let the task return one of a list.",
            )

    @property
    def notes(self) -> list[str]:
        """What may have gone wrong with the labels themselves."""
        return [*self._one_sided(), *look_alikes(self.labels)]

    def place(self, label: Label) -> int:
        """Where a label stands.

        Raises:
            ScorerError: no row has it.
        """
        if label not in self.labels:
            raise ScorerError(f"No row has the label {label!r}.", hint=f"There are: {named(self.labels)}.")
        return self.labels.index(label)

    def _one_sided(self) -> list[str]:
        expected, predicted = Counter(self.expected.tolist()), Counter(self.predicted.tolist())
        never_expected = [self.labels[place] for place in sorted(predicted.keys() - expected.keys())]
        never_answered = [self.labels[place] for place in sorted(expected.keys() - predicted.keys())]
        return [
            *([f"answered but never expected: {named(never_expected)}"] if never_expected else []),
            *([f"expected but never answered: {named(never_answered)}"] if never_answered else []),
        ]


def labelled(rows: Sequence[RunRow], field: str | None = None) -> Labelled:
    """Read the labels of every row; `field` names the key where values are objects (else "label").

    Raises:
        ScorerError: a value is no label; the message names the item.
    """
    expected = [label_of(row.expected, field, f"the expected value of item {row.item_id!r}") for row in rows]
    predicted = [label_of(row.output, field, f"the output for item {row.item_id!r}") for row in rows]
    labels = tuple(sorted({*expected, *predicted}, key=label_order))
    places = {label: place for place, label in enumerate(labels)}
    return Labelled(
        rows=rows,
        labels=labels,
        expected=np.array([places[label] for label in expected], dtype=np.int64),
        predicted=np.array([places[label] for label in predicted], dtype=np.int64),
    )


def label_of(value: Any, field: str | None = None, what: str = "the value") -> Label:
    """A text, a whole or other number, a bool, or None ("no label"); an object's is under `field`, else under "label".

    Raises:
        ScorerError: it is something else.
    """
    key = field or "label"
    if isinstance(value, Mapping):
        if key not in value:
            raise ScorerError(
                f"{what} is an object without {key!r}: its keys are {named(list(value))}.",
                hint="Say which key holds the label: field=...",
            )
        value = value[key]
    elif field is None and hasattr(value, "label"):
        value = value.label
    if hasattr(value, "dtype") and callable(item := getattr(value, "item", None)) and getattr(value, "size", 1) == 1:
        value = item()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ScorerError(
        f"{what} is no label but {type(value).__name__}: {str(value)[:80]}",
        hint="A label is a text, a number or a bool.",
    )


def named(labels: Sequence[Any]) -> str:
    """A few labels in words."""
    shown = ", ".join(repr(label) for label in labels[:MOST_NAMED])
    return f"{shown} and {len(labels) - MOST_NAMED} more" if len(labels) > MOST_NAMED else shown


def look_alikes(labels: Sequence[Label]) -> list[str]:
    """Labels that read the same and are not: "1" and 1, "Spam" and "spam "."""
    by_look: dict[str, list[Label]] = {}
    for label in labels:
        by_look.setdefault(_look(label), []).append(label)
    pairs = [" and ".join(repr(label) for label in alike) for alike in by_look.values() if len(alike) > 1]
    return [f"different labels that look alike: {', '.join(pairs[:MOST_NAMED])}"] if pairs else []


def _look(label: Label) -> str:
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    return str(label).strip().casefold()


def label_order(label: Label) -> tuple[int, float, str]:
    """Numbers by size, then texts, then None."""
    if label is None:
        return (2, 0.0, "")
    return (1, 0.0, label) if isinstance(label, str) else (0, float(label), "")
