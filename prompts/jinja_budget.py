"""What a template of the format `jinja` may spend, and the plain data that it works on. Needs no Jinja."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.errors import TemplateError

# A step is about one node of the template visited, one item looked at, or so many characters read or written. At this
# many a template stops within a second, having made less text than a model could read.
MAX_STEPS = 1_000_000
CHARS_PER_STEP = 16

MAX_VALUES = 1_000_000  # items in the values of one prompt, all levels together
MAX_DEPTH = 50  # of lists and objects in them

BUDGET = "\0budget"  # its name among the variables: one that no template can write

_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})
PLAIN = _AS_THEY_ARE | {list, dict, tuple}


class BudgetSpent(ValueError):
    pass


class Budget:
    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def pay(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise BudgetSpent(
                f"it does too much: more than {MAX_STEPS:,} steps (a node, an item or {CHARS_PER_STEP} characters each)"
            )

    def pay_for_text(self, chars: int) -> None:
        self.pay(1 + chars // CHARS_PER_STEP)

    def pay_for(self, value: Any) -> None:
        """Pay for looking at all of a value."""
        if type(value) is str:
            self.pay_for_text(len(value))
        elif type(value) is dict:
            self.pay(1 + len(value))
            for key, item in value.items():
                self.pay_for(key)
                self.pay_for(item)
        elif type(value) in (list, tuple):
            self.pay(1 + len(value))
            for item in value:
                self.pay_for(item)
        elif type(value) is int:
            self.pay(1 + value.bit_length() // 64)
        else:
            self.pay(1)


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the values that consists of text, numbers, booleans, None, lists and dicts; the rest as `str(value)`.

    Raises:
        TemplateError: there is too much of it, or it contains itself.
    """
    count = 0

    def copied(value: Any, depth: int) -> Any:
        nonlocal count
        count += 1
        if type(value) in _AS_THEY_ARE:
            return value
        if count > MAX_VALUES or depth > MAX_DEPTH:
            raise TemplateError(
                f"The values have more than {MAX_VALUES:,} items, or are nested more than {MAX_DEPTH} deep.",
                hint="Pass only what the prompt uses.",
            )
        if isinstance(value, Mapping):
            return {_key(key): copied(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [copied(item, depth + 1) for item in value]
        return _scalar(value)

    return {name: copied(value, 0) for name, value in values.items()}


def _key(key: Any) -> Any:
    return key if type(key) in _AS_THEY_ARE else _scalar(key)


def _scalar(value: Any) -> Any:
    """A number of a class of its own as the number it is, anything else as text."""
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, int):
        return int.__int__(value)
    return str.__str__(str(value))  # never a subclass of str, whatever the object's own __str__ made
