"""What a task or scorer returned, as JSON can say it: for storing, hashing and showing, never for scoring."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence, Set
from datetime import date, datetime, time
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

MAX_DEPTH = 50
MAX_INT_BITS = 4096  # Python refuses to print, and JSON's readers to read, integers much longer than this


def plain(value: Any, depth: int = 0) -> Any:
    """`value` made of dicts, lists, text, finite numbers, booleans and None. What has no such form becomes its repr.

    Dataclasses and pydantic models become dicts, sets sorted lists, times ISO text, NaN and infinities their names.
    """
    if value is None or isinstance(value, bool):
        return value
    if type(value) is str and value.isascii():
        return value
    if isinstance(value, Enum):
        return plain(value.value, depth)
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, int):
        return int(value) if value.bit_length() <= MAX_INT_BITS else hex(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if depth >= MAX_DEPTH:
        return _safe_repr(value)
    return _plain_object(value, depth + 1)


def plain_text(value: str) -> str:
    """`value` without half surrogate pairs, which cannot be stored."""
    text = str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _plain_object(value: Any, depth: int) -> Any:
    if type(value) is dict or isinstance(value, Mapping):
        return {plain_text(str(key)): plain(item, depth) for key, item in value.items()}
    if isinstance(value, Set):
        return sorted((plain(item, depth) for item in value), key=repr)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [plain(item, depth) for item in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID | PurePath):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name), depth) for field in dataclasses.fields(value)}
    if callable(dump := getattr(value, "model_dump", None)):  # pydantic, and the openai SDK's answers
        return plain(dump(mode="json"), depth)
    if callable(tolist := getattr(value, "tolist", None)):  # numpy scalars and arrays
        return plain(tolist(), depth)
    return _safe_repr(value)


def _safe_repr(value: Any) -> str:
    try:
        return plain_text(repr(value))
    except Exception as error:  # somebody's __repr__: its failure must not fail the row
        return f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"
