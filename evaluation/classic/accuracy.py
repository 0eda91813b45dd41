"""How often a classifier is right: per row, over the run, and with every class counting alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from assay.evaluation.classic.figures import balanced_accuracy
from assay.evaluation.classic.intervals import jackknife_of_counts, share_interval
from assay.evaluation.classic.labels import MOST_CLASSES, Labelled, label_of, labelled
from assay.evaluation.classic.run_metric import RunMetric, measured, sklearn_metrics, undefined
from assay.evaluation.scorers.protocol import RunRow
from assay.scores import Score

NOTHING = "no row has an answer and an expected label"
MAJORITY = 0.8  # a class this common makes accuracy say little


@dataclass(frozen=True, kw_only=True)
class Correct:
    """True when the label that was answered is the expected one.

    Definition: equality of two labels (texts, numbers, bools); an object's label is under `field`, else "label".
    Range: true or false.
    Direction: higher is better.
    Source: none needed.
    Pitfalls: "1" is not 1, and "Spam" is not "spam". No label (None) is a wrong answer.
    """

    field: str | None = None
    name: str = "correct"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __call__(self, output: Any, expected: Any) -> bool | None:
        if expected is None:
            return None
        return label_of(output, self.field, "the output") == label_of(expected, self.field, "the expected value")


@dataclass(frozen=True, kw_only=True)
class Accuracy(RunMetric):
    """The share of rows whose label is the expected one.

    Definition: right rows / rows, with Wilson's interval over items or clusters.
    Range: 0 to 1.
    Direction: higher is better.
    Source: scikit-learn, accuracy_score.
    Pitfalls: Where 95 % of the rows are of one class, always answering that class scores 0.95. The explanation gives
        that share, and Cohen's kappa, whenever one class is that common.
    """

    field: str | None = None
    name: str = "accuracy"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __call__(self, rows: Sequence[RunRow], /) -> Score:
        if not rows:
            return undefined(self.name, NOTHING)
        found = labelled(rows, self.field)
        value = sklearn_metrics().accuracy_score(found.expected, found.predicted)
        notes = [*_majority(found, float(value)), *found.notes]
        interval = share_interval(rows, [bool(hit) for hit in found.expected == found.predicted])
        return measured(self.name, value, notes, interval=interval)


@dataclass(frozen=True, kw_only=True)
class BalancedAccuracy(RunMetric):
    """The mean recall of the classes: every class counts alike, however rare.

    Definition: mean over the expected classes of right rows / rows of that class. Guessing scores 1 / classes.
    Range: 0 to 1.
    Direction: higher is better.
    Source: scikit-learn, balanced_accuracy_score (not adjusted).
    Pitfalls: One row of a class with few rows moves it a lot; the interval says how much.
    """

    field: str | None = None
    name: str = "balanced_accuracy"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __call__(self, rows: Sequence[RunRow], /) -> Score:
        if not rows:
            return undefined(self.name, NOTHING)
        found = labelled(rows, self.field)
        classes = sorted(set(found.expected.tolist()))
        value = sklearn_metrics().recall_score(
            found.expected, found.predicted, labels=classes, average="macro", zero_division=0
        )
        notes = found.notes
        if len(classes) == 1:
            notes.insert(0, "only one class was expected: this is its recall")
        return measured(self.name, value, notes, interval=jackknife_of_counts(found, balanced_accuracy))


def _majority(found: Labelled, accuracy: float) -> list[str]:
    """What always answering the most common class would have scored, where that says something about the figure."""
    [(place, count)] = Counter(found.expected.tolist()).most_common(1)
    share = count / len(found.expected)
    if share == 1:
        return [f"every row is of the class {found.labels[place]!r}: nothing tells answers from guesses"]
    if accuracy > share and share < MAJORITY:
        return []
    verdict = "no better than" if accuracy <= share else "compare with"
    told = f"{verdict} always answering {found.labels[place]!r}, which scores {share:.3g}"
    if len(found.labels) > MOST_CLASSES:
        return [told]
    kappa = sklearn_metrics().cohen_kappa_score(found.expected, found.predicted, labels=list(range(len(found.labels))))
    return [f"{told}; kappa {kappa:.2f}"]
