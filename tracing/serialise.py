"""Values as JSON text: short, faithful, and without running the code of whoever made the value.

Bounded in depth, in values, in characters and in time, so that tracing a function with a huge argument costs little.
Nothing here raises: a value that cannot be looked at becomes a short description of itself. How each class is read
says `reading.py`.
"""

from __future__ import annotations

import functools
import itertools
import json
import math
import time
from collections.abc import Callable, Iterable
from typing import Any

from assay.tracing.reading import Form, qualified_name, reading_of

MAX_DEPTH = 10
MAX_ITEMS = 1_000  # of one container
MAX_VALUES = 20_000  # in one value, however it is nested
MAX_CHARS = 262_144  # of all text in one value
MAX_KEY_CHARS = 400
MAX_MESSAGE_CHARS = 10_000  # of an exception
MAX_INT_BITS = 4_096  # Python refuses to print integers much longer than this
MAX_CPU_S = 0.05  # of one value; what is not read by then is left out
_CLOCK_EVERY = 256  # values

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(", ", ": ")).encode


def to_json(value: Any, *, max_chars: int = MAX_CHARS, max_depth: int = MAX_DEPTH) -> str:
    """`value` as JSON text."""
    try:
        return _encode(plain(value, max_chars=max_chars, max_depth=max_depth))
    except Exception:
        return _encode(f"<{qualified_name(type(value))}: cannot be shown>")


def to_text(value: Any, *, max_chars: int = MAX_CHARS) -> tuple[str, str]:
    """`value` as text with its media type: a string as it is, anything else as JSON."""
    if type(value) is str:
        return _string(value, max_chars), "text/plain"
    return to_json(value, max_chars=max_chars), "application/json"


def arguments_to_json(bound: dict[str, Any]) -> str:
    """The arguments of a call, by name. Where all are texts and numbers, as most are, there is nothing to walk."""
    room = MAX_CHARS
    for name, value in bound.items():
        kind = type(value)
        if not name.isascii():  # two names may become one when they are cleaned
            return to_json(bound)
        if kind is str:
            room -= len(value)
        elif kind is int:
            if value.bit_length() > MAX_INT_BITS:
                return to_json(bound)
        elif value is not None and kind is not bool:
            return to_json(bound)
    if room < 0 or len(bound) > MAX_ITEMS:
        return to_json(bound)
    encode = _rust_encode()
    try:
        return "{" + ", ".join([f"{_key(name)}: {encode(value).decode()}" for name, value in bound.items()]) + "}"
    except ValueError:  # a lone surrogate
        return to_json(bound)


@functools.lru_cache(maxsize=4096)
def _key(name: str) -> str:
    return _encode(_string(name, MAX_KEY_CHARS))


@functools.cache
def _rust_encode() -> Callable[[Any], bytes]:
    """A text in a quarter of the time that `json` needs. Loaded at first use, when the settings have loaded it."""
    from pydantic_core import to_json

    return to_json


def plain(value: Any, *, max_chars: int = MAX_CHARS, max_depth: int = MAX_DEPTH) -> Any:
    """`value` made of dict, list, str, int, float, bool and None only."""
    return _Walk(max_chars, max_depth).visit(value, 0)


class _Walk:
    """One pass over one value. `left` is the budget of characters, `path` the containers it is inside of."""

    __slots__ = ("left", "max_depth", "path", "started", "values")

    def __init__(self, max_chars: int, max_depth: int) -> None:
        self.left = max_chars
        self.max_depth = max_depth
        self.values = 0
        self.started: float | None = None
        self.path: set[int] = set()

    def visit(self, value: Any, depth: int) -> Any:
        self.values += 1
        if self.values % _CLOCK_EVERY == 0:
            self._look_at_the_clock()
        kind = type(value)
        if kind is str:
            text = _string(value, max(self.left, 0))
            self.left -= len(text) + 2
            return text
        self.left -= 4
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if value.bit_length() <= MAX_INT_BITS else f"<int of {value.bit_length()} bits>"
        if kind is float:
            return value if math.isfinite(value) else str(value)
        try:
            reading = reading_of(kind)
            if reading.form is Form.LEAF:
                # One that stands for itself, or for another one that does, ends as well.
                if depth >= 2 * self.max_depth:
                    return f"<{qualified_name(kind)}>"
                return self.visit(reading.read(value), depth + 1)
            return self._container(value, kind, reading.form, reading.read, depth)
        except Exception:
            return f"<{qualified_name(kind)}: cannot be shown>"

    def _look_at_the_clock(self) -> None:
        now = time.thread_time()
        if self.started is None:
            self.started = now
        elif now - self.started > MAX_CPU_S or self.values > MAX_VALUES:
            self.left = min(self.left, 0)

    def _container(self, value: Any, kind: type, form: Form, read: Callable[[Any], Any], depth: int) -> Any:
        identity = id(value)
        if identity in self.path:
            return "<circular reference>"
        if depth >= self.max_depth or self.left <= 0:
            return f"<{qualified_name(kind)}>"
        self.path.add(identity)
        try:
            count, iterator = read(value)
            # Copied before it is looked at: another thread may be changing it.
            first = list(itertools.islice(iterator, MAX_ITEMS))
            return self._pairs(first, count, depth) if form is Form.PAIRS else self._items(first, count, depth)
        finally:
            self.path.discard(identity)

    def _pairs(self, pairs: Iterable[tuple[Any, Any]], count: int, depth: int) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        seen = 0
        for key, item in pairs:
            if self.left <= 0:
                break
            if type(key) is not str:
                key = self.visit(key, depth + 1)
                key = key if type(key) is str else _encode(key)
            shown[_string(key, MAX_KEY_CHARS)] = self.visit(item, depth + 1)
            seen += 1
        if seen < count:
            shown["…"] = f"{count - seen} more"
        return shown

    def _items(self, items: Iterable[Any], count: int, depth: int) -> list[Any]:
        shown: list[Any] = []
        for item in items:
            if self.left <= 0:
                break
            shown.append(self.visit(item, depth + 1))
        if (seen := len(shown)) < count:
            shown.append(f"… {count - seen} more")
        return shown


def _string(value: str, max_chars: int) -> str:
    """Cut to size, and free of lone surrogates, which no UTF-8 text can hold."""
    if len(value) > max_chars:
        value = f"{value[:max_chars]}… ({len(value) - max_chars} more characters)"
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "replace").decode()
    return value


def describe_error(error: BaseException) -> str:
    """`ValueError: message`. The message is the user's code at work, so it is asked for with care."""
    message, name = error_message(error), error_type(error)
    return f"{name}: {message}" if message else name


def error_message(error: BaseException) -> str:
    try:
        return _string(str.__str__(str(error)), MAX_MESSAGE_CHARS)
    except Exception:
        return "<its message cannot be shown>"


def error_type(error: BaseException) -> str:
    """Qualified name of the exception's class, as `error.type` wants it; builtins without their module."""
    return qualified_name(type(error)).removeprefix("builtins.")
