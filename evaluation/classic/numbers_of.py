"""Rows → numbers: what was expected and what was predicted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.errors import ScorerError
from assay.evaluation.scorers.protocol import RunRow

Floats = npt.NDArray[np.float64]


def numbers_of(rows: Sequence[RunRow], field: str | None = None) -> tuple[Floats, Floats]:
    """Expected and predicted numbers of every row.

    Raises:
        ScorerError: a value is no finite number; the message names the item.
    """
    expected = [number_of(row.expected, field, f"the expected value of item {row.item_id!r}") for row in rows]
    predicted = [number_of(row.output, field, f"the output for item {row.item_id!r}") for row in rows]
    return np.array(expected, dtype=float), np.array(predicted, dtype=float)


def number_of(value: Any, field: str | None = None, what: str = "the value") -> float:
    """A finite number, an object's under `field`. A text of digits is none, and neither is a bool.

    Raises:
        ScorerError: it is something else.
    """
    if field is not None and isinstance(value, Mapping):
        if field not in value:
            raise ScorerError(f"{what} has no {field!r}: its keys are {', '.join(map(repr, value))}.")
        value = value[field]
    if hasattr(value, "dtype") and callable(item := getattr(value, "item", None)) and getattr(value, "size", 1) == 1:
        value = item()
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    said = f"the {type(value).__name__} {str(value)[:80]!r}"
    hint = "Texts are not read as numbers." if isinstance(value, str) else "Say where it is: field=..."
    raise ScorerError(f"{what} is no finite number but {said}", hint=hint)
