"""Reading attribute values whatever type a sender gave them. A value that cannot be read so is None, never a guess."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import orjson

INT64_MAX = 2**63 - 1
OPENINGS = ("{", "[")  # how a list or an object begins
MAX_REMEMBERED_CHARS = 256 * 1024


def as_text(value: Any) -> str | None:
    """A string as it is, a list or object as JSON text, other scalars spelled; empty text is None."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    return to_json(value)


def as_integer(value: Any) -> int | None:
    """A whole number from an integer, a whole double or decimal text."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value) if isinstance(value, str) else value
        if isinstance(number, float) and not (math.isfinite(number) and number == int(number)):
            return None
        whole = int(value) if isinstance(value, str) and value.strip().lstrip("+-").isdigit() else int(number)
    except (TypeError, ValueError):
        return None
    return whole if abs(whole) <= INT64_MAX else None


def as_count(value: Any) -> int | None:
    """A number of tokens: whole and not negative."""
    whole = as_integer(value)
    return whole if whole is not None and whole >= 0 else None


def as_number(value: Any) -> float | None:
    """A finite number from a number or decimal text."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_boolean(value: Any) -> bool | None:
    """A bool, or the text of one: some senders write `"False"`."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def as_list(value: Any) -> list[str] | None:
    """Strings from a list, from JSON text of a list, or from a single string."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = parse_json(value)
    if isinstance(value, str) and value:
        return [value]
    if isinstance(value, list):
        return [text for item in value if (text := as_text(item)) is not None] or None
    return None


def as_structure(value: Any) -> Any:
    """A list or object, given as such or as JSON text; None for anything else."""
    if isinstance(value, str):
        value = parse_json(value)
    return value if isinstance(value, (list, dict)) else None


def as_object(value: Any) -> dict[str, Any] | None:
    """An object, given as such or as JSON text; None for anything else."""
    value = as_structure(value)
    return value if isinstance(value, dict) else None


def parse_json(text: str) -> Any:
    """The list or object that `text` spells; None when it spells neither. Whoever asks again may be given the same
    object: nobody changes it.
    """
    if text[:1] not in OPENINGS and text.lstrip()[:1] not in OPENINGS:
        return None
    return _remembered(text) if len(text) <= MAX_REMEMBERED_CHARS else _parsed(text)


def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return None


# Several columns of one span are read from the same text. A few entries are enough for that, and hold little memory.
_remembered = lru_cache(maxsize=16)(_parsed)


def to_json(value: Any) -> str:
    """Compact JSON text. What is nested deeper than a writer of JSON goes, which only text of JSON can be, is not
    spelled out.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=str).decode("utf-8")
    except orjson.JSONEncodeError:
        return '"[nested too deeply]"'
