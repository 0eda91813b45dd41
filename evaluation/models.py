"""Classic models as tasks: anything with `.predict`, called for many rows at once and answering for each by itself."""

from __future__ import annotations

import inspect
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.errors import AssayError, ConfigurationError
from assay.evaluation.data.items import Item
from assay.evaluation.model_inputs import ModelInputs, inputs_of

FIRST_BLOCK = 8  # rows that are predicted together at first
MOST_IN_A_BLOCK = 1024
QUICK_S = 0.1  # a block that took less is followed by one twice as large
SLOW_S = 0.5  # one that took more, by one half as large: rows may have a time limit


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a classifier says of one row: its label, and how it scored every class.

    Scorers of single rows are given the label as the output; figures of the run (`RocAuc`, `BrierScore`) read the rest.
    """

    label: Any
    classes: tuple[Any, ...] = ()
    probabilities: tuple[float, ...] | None = None  # of the classes, from predict_proba
    scores: tuple[float, ...] | None = None  # on a scale of the model's own, from decision_function


def as_task(
    model: Any,
    items: Sequence[Item] = (),
    *,
    columns: Sequence[str] | None = None,
    probabilities: bool | None = None,
) -> Any:
    """Make a task of a model: whatever has a `predict` and cannot be called itself. Any other task is given back.

    An input that is a dict becomes one row of a table, with the columns in the order in which the model was fitted;
    what the model does not know is left out. A list or an array is a row without names, a text stays a text.

    Args:
        items: the data it will be asked about. Rows near each other are then predicted together: a model that takes
            0.2 ms for a row takes little more for a thousand. A row whose input cannot be used fails alone.
        columns: names in the order of the model, where it was fitted without.
        probabilities: whether to ask for `predict_proba` (else `decision_function`) as well: the output is then a
            `Prediction`. `evaluate` asks for them when a scorer needs them.

    Raises:
        ConfigurationError: no item has an input that the model can use.
    """
    if isinstance(model, ModelTask):
        columns = model.columns if columns is None else columns
        probabilities = model.probabilities if model.probabilities is not None else probabilities
        return ModelTask(model.model, items, columns=columns, probabilities=probabilities)
    if not is_model(model):
        return model
    return ModelTask(model, items, columns=columns, probabilities=probabilities)


def is_model(task: Any) -> bool:
    """Whether it predicts and cannot be called: estimators and pipelines of scikit-learn, boosters, MLflow's pyfunc."""
    return callable(getattr(task, "predict", None)) and not callable(task) and not inspect.isclass(task)


def answer_of(output: Any) -> Any:
    """The output as scorers of single rows see it: of a `Prediction`, its label."""
    return output.label if isinstance(output, Prediction) else output


class ModelTask:
    """A model that answers for one input at a time and predicts for many. Safe in threads; `predict` is called in one
    at a time.
    """

    def __init__(
        self, model: Any, items: Sequence[Item], *, columns: Sequence[str] | None, probabilities: bool | None
    ) -> None:
        self.model = model
        self.columns = columns
        self.probabilities = probabilities
        kind = type(model)
        self.__name__, self.__qualname__, self.__module__ = kind.__name__, kind.__qualname__, kind.__module__
        self._inputs = [item.input for item in items]  # kept alive: they are known by their identity
        self._places: dict[int, int] = {}  # of the first one, where items share an input
        for place, value in enumerate(self._inputs):
            self._places.setdefault(id(value), place)
        self._form = inputs_of(model, self._inputs, columns)
        self._lock = threading.Lock()
        self._asked: Counter[int] = Counter()  # how often, by place: repeats are predicted anew
        self._known: dict[tuple[int, int], Any] = {}  # (time of asking, place) -> what was predicted, or an error
        self._size = FIRST_BLOCK
        self._check(items)

    def __call__(self, _item_input: Any, /) -> Any:
        with self._lock:
            found = self._answer(_item_input)
        if isinstance(found, _Failed):
            raise found.error
        return found

    def _answer(self, value: Any) -> Any:
        place = self._places.get(id(value))
        if place is None:  # none of the items: predicted by itself
            form = self._form if self._inputs else inputs_of(self.model, [value], self.columns)
            return self._predicted(form, [value])[0]
        time_asked = self._asked[place]
        self._asked[place] += 1
        if (time_asked, place) not in self._known:
            self._predict_block(time_asked, place)
        return self._known.pop((time_asked, place))

    def _predict_block(self, time_asked: int, start: int) -> None:
        """Predict for the rows from `start` on that have not been asked for this often."""
        end = min(start + self._size, len(self._inputs))
        places = [
            place
            for place in range(start, end)
            if place == start or (self._asked[place] <= time_asked and (time_asked, place) not in self._known)
        ]
        started = time.perf_counter()
        found = self._predicted(self._form, [self._inputs[place] for place in places])
        took = time.perf_counter() - started
        if took < QUICK_S:
            self._size = min(2 * self._size, MOST_IN_A_BLOCK)
        elif took > SLOW_S:
            self._size = max(self._size // 2, 1)
        self._known.update({(time_asked, place): one for place, one in zip(places, found, strict=True)})

    def _predicted(self, form: ModelInputs, values: Sequence[Any]) -> list[Any]:
        """One result per value: what was predicted, or the error that is this value's own."""
        results: list[Any] = [None] * len(values)
        by_kind: dict[tuple[str, int], list[int]] = defaultdict(list)
        for number, value in enumerate(values):
            try:
                by_kind[form.kind(value)].append(number)
            except AssayError as error:
                results[number] = _Failed(error)
        for numbers in by_kind.values():
            for number, found in zip(numbers, self._halved(form, [values[n] for n in numbers]), strict=True):
                results[number] = found
        return results

    def _halved(self, form: ModelInputs, values: Sequence[Any]) -> list[Any]:
        """Predict together; where that fails, each half by itself, until the value that fails is alone."""
        try:
            return self._together(form, values)
        except Exception as error:
            if len(values) == 1:
                return [_Failed(error)]
        half = len(values) // 2
        return self._halved(form, values[:half]) + self._halved(form, values[half:])

    def _together(self, form: ModelInputs, values: Sequence[Any]) -> list[Any]:
        table = form.table(values)
        labels = _listed(self.model.predict(table), len(values))
        if not self.probabilities:
            return labels
        for method, field in (("predict_proba", "probabilities"), ("decision_function", "scores")):
            classes = getattr(self.model, "classes_", None)
            score = getattr(self.model, method, None)
            if callable(score) and classes is not None and not isinstance(classes, list):  # a list: several outputs
                names = tuple(classes.tolist() if hasattr(classes, "tolist") else classes)
                rows = _by_class(_listed(score(table), len(values)), len(names))
                return [
                    Prediction(label, names, **{field: tuple(row)}) for label, row in zip(labels, rows, strict=True)
                ]
        return labels

    def _check(self, items: Sequence[Item]) -> None:
        """That the data fit the model at all; single rows that do not are errors of theirs."""
        first: AssayError | None = None
        for item in items:
            try:
                self._form.kind(item.input)
            except AssayError as error:
                first = first or error
            else:
                return
        if first is not None:
            raise ConfigurationError(f"No item fits the model {self.__qualname__}: {first}")


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


def _listed(found: Any, count: int) -> list[Any]:
    """Predictions as Python's own values, one per row: of arrays, Series, DataFrames and lists.

    Raises:
        ValueError: there are more or fewer than rows.
    """
    if hasattr(found, "columns") and hasattr(found, "to_dict"):  # MLflow's models may give a DataFrame
        records = found.to_dict("records")
        found = [next(iter(row.values())) if len(row) == 1 else row for row in records]
    rows = found.tolist() if callable(getattr(found, "tolist", None)) else list(found)
    if not isinstance(rows, list) or len(rows) != count:
        raise ValueError(f"the model predicted {len(rows) if isinstance(rows, list) else 1} values for {count} rows")
    return [row[0] if isinstance(row, list) and len(row) == 1 else _own(row) for row in rows]


def _own(value: Any) -> Any:
    """A scalar of numpy's as Python's; a mapping's values likewise."""
    if isinstance(value, Mapping):
        return {key: _own(one) for key, one in value.items()}
    return value.item() if hasattr(value, "dtype") and getattr(value, "size", 0) == 1 else value


def _by_class(rows: Sequence[Any], classes: int) -> list[list[float]]:
    """One score per class; of two classes a decision function gives only that of the second."""
    found = [list(row) if isinstance(row, Sequence) else [row] for row in rows]
    return [[-row[0], row[0]] if len(row) == 1 and classes == 2 else [float(one) for one in row] for row in found]
