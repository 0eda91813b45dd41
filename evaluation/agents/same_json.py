"""Whether two JSON values say the same: 1 equals 1.0, and neither "1" nor true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def same(one: Any, other: Any) -> bool:
    """Equal in value and type; the order of an object's keys says nothing, that of a list does."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if _is_list(one) and _is_list(other):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) is not isinstance(other, bool) or isinstance(one, str) is not isinstance(other, str):
        return False
    return bool(one == other)


def contains(whole: Any, part: Any) -> bool:
    """`whole` has every key of `part` with a value that contains the part's; anything but objects must be equal."""
    if isinstance(whole, Mapping) and isinstance(part, Mapping):
        return all(key in whole and contains(whole[key], value) for key, value in part.items())
    return same(whole, part)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
