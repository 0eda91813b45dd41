"""People's labels: read from data, and told in the judge's own values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from assay.evaluation.data.dataset import read_dataset
from assay.evaluation.data.item_rows import Problems
from assay.evaluation.data.items import Dataset, Item
from assay.evaluation.data.schema import place_of
from assay.evaluation.data.splits import Shares
from assay.scores import ScoreValue

AUTHORS = ("author", "author_model", "model")  # fields that may say which model wrote an output
# Texts that mean yes and no, for judges whose verdicts do
YES, NO = ("true", "yes", "1", "pass", "correct"), ("false", "no", "0", "fail", "incorrect")


def labelled_data(
    labels: Any, *, field: str, id: str, cluster: str | None, split: str | Shares | None, seed: int
) -> Dataset:
    """Items with outputs and labels. Of shares, the last part's: what a judge was tuned on does not measure it.

    Raises:
        DatasetError: rows lack an output or a label; all are counted, the first are shown.
    """
    part = split if isinstance(split, str) else None
    dataset = read_dataset(labels, id=id, cluster=cluster, split=part)
    if split is not None and part is None:
        *_, dataset = dataset.splits(split, seed=seed).values()  # type: ignore[arg-type]  # a str was taken above
    problems = Problems()
    for item in dataset.items:
        if label_of(item, field) is None:
            problems.add(
                place_of(dataset, item), f"there is no {field!r}.", "Another field holds the labels? label=..."
            )
        if not item.has_output:
            hint = "What the judge is to judge stands in a field named output."
            problems.add(place_of(dataset, item), "there is no output.", hint)
    problems.check("The labelled data", len(dataset.items))
    return dataset


def label_of(item: Item, field: str) -> Any:
    return item.expected if field == "expected" else item.metadata.get(field)


def without_label(item: Item, field: str) -> Item:
    """The item as the judge sees it: a judge that is shown the label agrees with it for the wrong reason."""
    if field == "expected":
        return replace(item, expected=None)
    return replace(item, metadata={key: value for key, value in item.metadata.items() if key != field})


def author_of(item: Item) -> str | None:
    return next((str(name) for field in AUTHORS if (name := item.metadata.get(field))), None)


def read_label(given: Any, choices: Mapping[str, ScoreValue]) -> tuple[ScoreValue | None, tuple[ScoreValue, ...]]:
    """A label, or several people's, as values of the judge: the one that more than half gave (None where there is
    none), and every one.

    Raises:
        ValueError: it is none of the judge's verdicts.
    """
    several = given if isinstance(given, list | tuple) else [given]
    values = tuple(_value(label, choices) for label in several if label is not None)
    if not values:
        raise ValueError("there is no label")
    value, count = Counter(values).most_common(1)[0]
    return (value if 2 * count > len(values) else None), values


def choices_of(verdicts: Iterable[Any]) -> dict[str, ScoreValue]:
    """The verdicts of a judge that has not said which it may give, as far as those it gave tell; labels may be any."""
    values = [value for value in verdicts if value is not None]
    if values and all(isinstance(value, bool) for value in values):
        return {"yes": True, "no": False}
    if values and not any(isinstance(value, str) for value in values):
        return {f"{value:g}": value for value in values}
    return {}


def _value(label: Any, choices: Mapping[str, ScoreValue]) -> ScoreValue:
    """A label as the judge's value: by the name of a verdict, by the value itself, or by yes and no in other words."""
    if not isinstance(label, bool | int | float | str):
        raise ValueError(f"{label!r} is no label")
    named = {name.casefold(): value for name, value in choices.items()}
    text = str(label).strip().casefold()
    if isinstance(label, str) and text in named:
        return named[text]
    values = list(choices.values())
    if not values:  # the judge is known by its scores alone
        return label
    numbers = all(not isinstance(value, str) for value in values)
    if not isinstance(label, str) and numbers:
        if set(values) <= {False, True} and label not in (0, 1):
            raise ValueError(f"{label!r} is neither yes nor no")
        return bool(label) if all(isinstance(value, bool) for value in values) else label
    if not isinstance(label, str) and label in values:
        return label
    if all(isinstance(value, bool) for value in values) and text in (*YES, *NO):
        return text in YES
    if numbers and not all(isinstance(value, bool) for value in values) and _is_number(text):
        return float(text)
    raise ValueError(f"{label!r} is none of the judge's verdicts ({', '.join(choices)})")


def _is_number(text: str) -> bool:
    try:
        return float(text) == float(text)
    except ValueError:
        return False
