"""Items' inputs as what a model's `predict` takes: a table with the columns in the model's order, or texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.errors import DatasetError, MissingExtra

MOST_NAMED = 8  # columns in one message


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInputs:
    """How one model wants its inputs."""

    columns: tuple[str, ...] | None  # names in their order; None: whatever an item has
    is_named: bool  # a DataFrame with names, else an array without
    is_sized: bool  # it knows how many columns there are: it takes numbers, not texts
    numeric: frozenset[str] = field(default_factory=frozenset)  # columns in which a missing value is NaN

    def kind(self, value: Any) -> tuple[str, int]:
        """Inputs of one kind fit into one table.

        Raises:
            DatasetError: the model can do nothing with it.
        """
        if isinstance(value, str):
            return ("text", 0)
        if isinstance(value, Mapping):
            if self._is_wrapped_text(value):
                return ("text", 0)
            self._check_names(value)
            return ("named", len(self.columns or value))
        if value is None:
            raise DatasetError("This item has no input to predict from.")
        if hasattr(value, "tolist"):
            value = value.tolist()
        if isinstance(value, Sequence):
            if self.is_named and self.columns is not None and len(value) != len(self.columns):
                raise DatasetError(f"The input has {len(value)} values and the model takes {len(self.columns)}.")
            return ("listed", len(value))
        return ("listed", 1)

    def table(self, values: Sequence[Any]) -> Any:
        """Inputs of one kind as the model takes them."""
        kind, _ = self.kind(values[0])
        if kind == "text":
            return [value if isinstance(value, str) else next(iter(value.values())) for value in values]
        if kind == "listed":
            rows = [_listed(value) for value in values]
            return self._frame(rows, self.columns) if self.is_named and self.columns else _array(rows)
        columns = self.columns or tuple(values[0])
        rows = [[_not_missing(value.get(name), name in self.numeric) for name in columns] for value in values]
        return self._frame(rows, columns) if self.is_named else _array(rows)

    def _frame(self, rows: list[list[Any]], columns: tuple[str, ...] | None) -> Any:
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtra("Giving a model its columns by name", "eval") from error
        return pd.DataFrame(rows, columns=list(columns or ()))

    def _is_wrapped_text(self, value: Mapping[str, Any]) -> bool:
        """{"text": "..."} for a model that takes texts."""
        return (
            self.columns is None
            and not self.is_sized
            and len(value) == 1
            and isinstance(next(iter(value.values())), str)
        )

    def _check_names(self, value: Mapping[str, Any]) -> None:
        if self.columns is None:
            return
        if missing := [name for name in self.columns if name not in value]:
            has = ", ".join(map(repr, list(value)[:MOST_NAMED])) or "nothing"
            raise DatasetError(
                f"The input has no {', '.join(map(repr, missing[:MOST_NAMED]))}, which the model takes.",
                hint=f"It has: {has}.",
            )


def inputs_of(model: Any, inputs: Sequence[Any], columns: Sequence[str] | None) -> ModelInputs:
    """What the model says of its inputs, and where it says nothing, what the first of them looks like."""
    names = tuple(columns) if columns is not None else feature_names(model)
    sized = isinstance(_asked(model, "n_features_in_"), int)
    is_named = names is not None and (columns is None or not sized or feature_names(model) is not None)
    first = next((value for value in inputs if isinstance(value, Mapping)), None)
    if names is None and first is not None and (sized or len(first) != 1):
        # fitted without names: every item gives its values in the order of the first one
        names, is_named = tuple(map(str, first)), not sized
    given = [value for value in inputs if isinstance(value, Mapping)]
    numeric = frozenset(name for name in names or () if _is_numeric([value.get(name) for value in given]))
    return ModelInputs(columns=names, is_named=is_named, is_sized=sized, numeric=numeric)


def feature_names(model: Any) -> tuple[str, ...] | None:
    """The columns a model was fitted with, as scikit-learn, XGBoost, LightGBM, CatBoost or an MLflow signature tell
    them; None where it was fitted without names.
    """
    names: Any = None
    for attribute in ("feature_names_in_", "feature_names_", "feature_name_"):
        if names is None or len(names) == 0:
            names = _asked(model, attribute)
    if names is None and callable(tell := _asked(model, "feature_name")):  # a LightGBM booster
        names = tell()
    schema = _asked(_asked(model, "metadata"), "get_input_schema")
    if names is None and callable(schema) and (signature := schema()) is not None:
        names = signature.input_names() if signature.has_input_names() else None
    found = tuple(str(name) for name in names) if names is not None else ()
    made_up = all(name == f"Column_{place}" for place, name in enumerate(found))  # LightGBM's, where there were none
    return None if made_up else found


def _asked(model: Any, name: str) -> Any:
    """An attribute that may not be there; some libraries raise errors of their own before a model is fitted."""
    try:
        return getattr(model, name, None)
    except Exception:  # whatever it is, `predict` will say it better
        return None


def _is_numeric(values: Sequence[Any]) -> bool:
    """Whether most of what a column holds is numbers: one wrong value must not change how the others are read."""
    present = [value for value in values if value is not None]
    numbers = sum(isinstance(value, int | float) and not isinstance(value, bool) for value in present)
    return 2 * numbers > len(present)


def _not_missing(value: Any, numeric: bool) -> Any:
    return float("nan") if value is None and numeric else value


def _listed(value: Any) -> list[Any]:
    if hasattr(value, "tolist"):
        value = value.tolist()
    return list(value) if isinstance(value, Sequence) else [value]


def _array(rows: list[list[Any]]) -> Any:
    import numpy as np

    return np.asarray(rows)
