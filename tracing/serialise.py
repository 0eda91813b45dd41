"""Values as JSON text: short, faithful, and without running the code of whoever made the value.

Bounded in depth, in items and in characters, so that tracing a function with a huge argument costs little. Nothing here
raises: a value that cannot be looked at becomes a short description of itself.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import json
import math
import pathlib
import types
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, cast

MAX_DEPTH = 10
MAX_ITEMS = 1_000  # of one container
MAX_CHARS = 262_144  # of all text in one value
MAX_REPR = 400
MAX_INT_BITS = 4_096  # Python refuses to print integers much longer than this

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(", ", ": ")).encode


def to_json(value: Any, *, max_chars: int = MAX_CHARS) -> str:
    """`value` as JSON text."""
    try:
        return _encode(plain(value, max_chars=max_chars))
    except Exception:
        return _encode(f"<{type(value).__name__}: cannot be shown>")


def to_text(value: Any, *, max_chars: int = MAX_CHARS) -> tuple[str, str]:
    """`value` as text with its media type: a string as it is, anything else as JSON."""
    if type(value) is str:
        return _string(value, max_chars), "text/plain"
    return to_json(value, max_chars=max_chars), "application/json"


def plain(value: Any, *, max_chars: int = MAX_CHARS) -> Any:
    """`value` made of dict, list, str, int, float, bool and None only."""
    return _Walk(max_chars).visit(value, 0)


class _Walk:
    """One pass over one value. `left` is the budget of characters, `path` the containers it is inside of."""

    def __init__(self, max_chars: int) -> None:
        self.left = max_chars
        self.path: set[int] = set()

    def visit(self, value: Any, depth: int) -> Any:
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
            if kind is dict or kind is list or kind is tuple:
                return self._container(value, kind, None, depth)
            return self._other(value, kind, depth)
        except Exception:
            return f"<{kind.__name__}: cannot be shown>"

    def _other(self, value: Any, kind: type, depth: int) -> Any:
        for known, show in _LEAVES:
            if isinstance(value, known):
                return self.visit(show(value), depth)
        fields = _fields(value, kind)
        if fields is None and not isinstance(value, _CONTAINERS):
            return self.visit(_described(value, kind), depth)
        return self._container(value, kind, fields, depth)

    def _container(self, value: Any, kind: type, fields: list[tuple[str, Any]] | None, depth: int) -> Any:
        identity = id(value)
        if identity in self.path:
            return "<circular reference>"
        if depth >= MAX_DEPTH or self.left <= 0:
            return f"<{kind.__name__}>"
        self.path.add(identity)
        try:
            if fields is not None:
                return self._pairs(fields, len(fields), depth)
            if isinstance(value, dict):
                return self._pairs(dict.items(value), dict.__len__(value), depth)
            if isinstance(value, types.MappingProxyType):
                return self._pairs(value.items(), len(value), depth)
            return self._items(value, depth)
        finally:
            self.path.discard(identity)

    def _pairs(self, pairs: Iterable[tuple[Any, Any]], count: int, depth: int) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for key, item in pairs:
            if len(shown) >= MAX_ITEMS or self.left <= 0:
                shown["…"] = f"{count - len(shown)} more"
                break
            if type(key) is not str:
                key = self.visit(key, depth + 1)
                key = key if type(key) is str else _encode(key)
            shown[_string(key, MAX_REPR)] = self.visit(item, depth + 1)
        return shown

    def _items(self, value: Any, depth: int) -> list[Any]:
        shown: list[Any] = []
        for item in _base_iterator(value):
            if len(shown) >= MAX_ITEMS or self.left <= 0:
                shown.append(f"… {len(value) - len(shown)} more")
                break
            shown.append(self.visit(item, depth + 1))
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


def _base_iterator(value: Any) -> Iterable[Any]:
    """Iterate as the builtin type does, whatever a subclass made of `__iter__`."""
    base: Any = next(base for base in (list, tuple, set, frozenset, deque) if isinstance(value, base))
    return cast(Iterable[Any], base.__iter__(value))


_CONTAINERS = (dict, list, tuple, set, frozenset, deque, types.MappingProxyType)

_LEAVES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (enum.Enum, lambda value: value.value),
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (bytes, lambda value: f"<{len(value)} bytes>"),
    (bytearray, lambda value: f"<{len(value)} bytes>"),
    (memoryview, lambda value: f"<{value.nbytes} bytes>"),
    (datetime.datetime, datetime.datetime.isoformat),
    (datetime.date, datetime.date.isoformat),
    (datetime.time, datetime.time.isoformat),
    (datetime.timedelta, datetime.timedelta.__str__),
    (uuid.UUID, uuid.UUID.__str__),
    (pathlib.PurePath, pathlib.PurePath.__str__),
    (decimal.Decimal, decimal.Decimal.__str__),
    (fractions.Fraction, fractions.Fraction.__str__),
    (complex, complex.__repr__),
    (range, range.__repr__),
    (type, lambda value: f"<class {value.__module__}.{value.__qualname__}>"),
    (types.ModuleType, lambda value: f"<module {value.__name__}>"),
    (types.FunctionType, lambda value: f"<function {value.__qualname__}>"),
    (types.MethodType, lambda value: f"<method {value.__func__.__qualname__}>"),
    (types.BuiltinFunctionType, lambda value: f"<function {value.__qualname__}>"),
    (types.GeneratorType, lambda value: f"<generator {value.__qualname__}>"),
    (types.AsyncGeneratorType, lambda value: f"<async generator {value.__qualname__}>"),
    (types.CoroutineType, lambda value: f"<coroutine {value.__qualname__}>"),
    (BaseException, lambda value: describe_error(value)),
)


def describe_error(error: BaseException) -> str:
    """`ValueError: message`. The message is the user's code at work, so it is asked for with care."""
    try:
        message = str(error)
    except Exception:
        message = "<its message cannot be shown>"
    name = error_type(error)
    return f"{name}: {_string(message, 10_000)}" if message else name


def error_type(error: BaseException) -> str:
    """Qualified name of the exception's class, as `error.type` wants it; builtins without their module."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _fields(value: Any, kind: type) -> list[tuple[str, Any]] | None:
    """Names and values of a record (dataclass, pydantic model, attrs class, named tuple), else None.

    Read from where they are stored: `model_dump`, properties and `__getattr__` would run the user's code.
    """
    names: Iterable[str]
    if "__pydantic_fields__" in dir(kind) and "__dict__" in dir(kind):
        stored = dict(object.__getattribute__(value, "__dict__"))
        extra = object.__getattribute__(value, "__pydantic_extra__")
        return list({**stored, **(extra or {})}.items())
    if "__dataclass_fields__" in dir(kind):
        names = [name for name, field in kind.__dataclass_fields__.items() if field.repr]  # type: ignore[attr-defined]
    elif "__attrs_attrs__" in dir(kind):
        names = [attribute.name for attribute in kind.__attrs_attrs__]  # type: ignore[attr-defined]
    elif issubclass(kind, tuple) and type(getattr(kind, "_fields", None)) is tuple:
        return list(zip(kind._fields, tuple.__iter__(value), strict=False))  # type: ignore[attr-defined]
    else:
        return None
    missing = object()
    pairs = [(name, _stored(value, name, missing)) for name in names]
    return [(name, item) for name, item in pairs if item is not missing]


def _stored(value: Any, name: str, missing: object) -> Any:
    try:
        return object.__getattribute__(value, name)
    except AttributeError:
        return missing


def _described(value: Any, kind: type) -> Any:
    """What is left: arrays and frames by their shape, the rest by its repr where its class has one."""
    library = kind.__module__.partition(".")[0]
    if library in ("numpy", "torch", "jax", "jaxlib", "tensorflow", "pandas", "polars", "pyarrow") and (
        shape := getattr(value, "shape", None)
    ):
        return _array(value, kind, shape)
    if library == "numpy" and hasattr(value, "item"):
        return value.item()
    if kind.__dict__.get("__repr__", kind.__repr__) is object.__repr__:
        return f"<{kind.__module__}.{kind.__qualname__}>"
    text = repr(value)
    return text if len(text) <= MAX_REPR else f"{text[:MAX_REPR]}… ({len(text) - MAX_REPR} more characters)"


def _array(value: Any, kind: type, shape: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": kind.__name__, "shape": [int(size) for size in shape]}
    if (columns := getattr(value, "columns", None)) is not None:
        shown["columns"] = [str(column) for column in columns[:100]]
    elif (dtype := getattr(value, "dtype", None)) is not None:
        shown["dtype"] = str(dtype)
    return shown
