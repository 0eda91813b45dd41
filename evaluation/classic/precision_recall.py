"""Precision, recall and F1 of a run: for one class, for every class, or averaged over the classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from assay.errors import ConfigurationError
from assay.evaluation.classic.accuracy import NOTHING
from assay.evaluation.classic.figures import Counts, class_figure
from assay.evaluation.classic.intervals import jackknife_of_counts, share_interval
from assay.evaluation.classic.labels import Label, Labelled, labelled, named
from assay.evaluation.classic.run_metric import RunMetric, measured, sklearn_metrics, undefined
from assay.evaluation.scorers.protocol import RunRow
from assay.scores import Score

Average = Literal["macro", "micro", "weighted", "per_class", "binary"]
Figure = Literal["precision", "recall", "f1"]
AVERAGES = ("macro", "micro", "weighted", "per_class", "binary")
WHY_UNDEFINED = {
    "precision": "no row was answered as {}",
    "recall": "no row is expected to be {}",
    "f1": "no row was answered as, or is expected to be, {}",
}


@dataclass(frozen=True, kw_only=True)
class _ClassFigure(RunMetric):
    """What the three have in common: the classes they look at, and how those are put together."""

    average: Average | None = None  # "binary" where `positive` is given, else "macro"
    positive: Label = None
    field: str | None = None
    name: str = ""
    figure: ClassVar[Figure]
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __post_init__(self) -> None:
        if self.average is not None and self.average not in AVERAGES:
            raise ConfigurationError(
                f"{type(self).__name__}(average=) is one of {', '.join(AVERAGES)}, not {self.average!r}."
            )
        if self.average == "binary" and self.positive is None:
            raise ConfigurationError(
                f"{type(self).__name__}(average='binary') needs the label that counts.", hint="E.g. positive='spam'"
            )
        if self.positive is not None and self.average not in (None, "binary"):
            raise ConfigurationError(
                f"{type(self).__name__}: positive= is of one class, average={self.average!r} of all of them."
            )

    def __call__(self, rows: Sequence[RunRow], /) -> Score | dict[str, Any]:
        if not rows:
            return undefined(self.name, NOTHING)
        found = labelled(rows, self.field)
        if self.positive is not None:
            return self._of_class(found, self.positive, self.name, found.notes)
        if self.average == "per_class":
            return {str(label): self._of_class(found, label, str(label), []) for label in found.labels}
        return self._averaged(found, self.average or "macro")

    def _of_class(self, found: Labelled, label: Label, name: str, notes: list[str]) -> Score:
        """One class against the rest. 0/0 has no value."""
        if label not in found.labels:
            return undefined(name, f"0/0: no row has the label {label!r}; there are {named(found.labels)}")
        place = found.place(label)
        asked, answered = found.expected == place, found.predicted == place
        looked_at = {"precision": answered, "recall": asked, "f1": asked | answered}[self.figure]
        if not looked_at.any():
            return undefined(name, f"0/0: {WHY_UNDEFINED[self.figure].format(repr(label))}")
        if self.figure == "f1":
            interval = jackknife_of_counts(found, self._figure(None, [place]))
        else:
            chosen = [row for row, counts in zip(found.rows, looked_at, strict=True) if counts]
            interval = share_interval(chosen, [bool(hit) for hit in (asked & answered)[looked_at]])
        return measured(name, self._values(found, None, [place])[0], notes, interval=interval)

    def _averaged(self, found: Labelled, average: str) -> Score:
        places = list(range(len(found.labels)))
        of_nothing = [found.labels[place] for place in places if self._is_undefined(found, place)]
        notes = []
        if of_nothing and average != "micro":
            why = WHY_UNDEFINED[self.figure].format(named(of_nothing))
            notes.append(f"0/0 counts as 0 in the average, as in scikit-learn: {why}")
        interval = jackknife_of_counts(found, self._figure(average, places))
        value = self._values(found, average, places)
        return measured(self.name, value, [*notes, *found.notes], interval=interval, average=average)

    def _is_undefined(self, found: Labelled, place: int) -> bool:
        sides = {"precision": [found.predicted], "recall": [found.expected], "f1": [found.expected, found.predicted]}
        return not any((side == place).any() for side in sides[self.figure])

    def _values(self, found: Labelled, average: str | None, places: list[int]) -> Any:
        function = getattr(sklearn_metrics(), f"{self.figure}_score")
        return function(found.expected, found.predicted, labels=places, average=average, zero_division=0)

    def _figure(self, average: str | None, places: list[int]) -> Callable[[Counts], float]:
        return lambda counts: class_figure(counts, self.figure, average, places)


@dataclass(frozen=True, kw_only=True)
class Precision(_ClassFigure):
    """Of what was answered as a class, the share that is of that class.

    Definition: true positives / (true + false positives), of the class `positive`, of every class ("per_class"), or
        averaged: "macro" (classes count alike; the default), "weighted" (by their expected rows), "micro" (all rows
        pooled, which over all classes is the accuracy). A single class has Wilson's interval over its rows, an average
        the jackknife's.
    Range: 0 to 1.
    Direction: higher is better.
    Source: scikit-learn, precision_score.
    Pitfalls: 0/0 (never answered) is undefined for a single class; in an average it counts as 0, as in scikit-learn,
        and the explanation says so. Labels that occur in answers only are classes too, and lower the macro average.
    """

    name: str = "precision"
    figure: ClassVar[Figure] = "precision"


@dataclass(frozen=True, kw_only=True)
class Recall(_ClassFigure):
    """Of the rows of a class, the share that was answered as that class.

    Definition: true positives / (true positives + false negatives); averages as for `Precision`.
    Range: 0 to 1.
    Direction: higher is better.
    Source: scikit-learn, recall_score.
    Pitfalls: 0/0 (never expected) is undefined for a single class; in an average it counts as 0 and the explanation
        says so. The weighted average is the accuracy.
    """

    name: str = "recall"
    figure: ClassVar[Figure] = "recall"


@dataclass(frozen=True, kw_only=True)
class F1(_ClassFigure):
    """The harmonic mean of precision and recall.

    Definition: 2 TP / (2 TP + FP + FN); averages as for `Precision`: the macro F1 is the mean of the classes' F1, not
        the harmonic mean of macro precision and macro recall.
    Range: 0 to 1.
    Direction: higher is better.
    Source: scikit-learn, f1_score.
    Pitfalls: It looks at one class and ignores true negatives: swap the classes and it changes. 0/0 as for `Precision`.
    """

    name: str = "f1"
    figure: ClassVar[Figure] = "f1"
