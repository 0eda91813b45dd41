"""Values whose classes do something whenever anybody looks: load, use up, fail. Nobody who traces a program may."""

from __future__ import annotations

import datetime
import types
from dataclasses import dataclass
from typing import Any
from unittest.mock import MagicMock

import pandas as pd

ran: list[str] = []  # what was run of it


def run(*args: Any) -> Any:
    ran.append("the user's code")
    raise RuntimeError("the user's code was run")


class Lazy:
    """Stands for an object that is made, or loaded, when anybody looks."""

    __repr__ = __str__ = __iter__ = __len__ = __bool__ = __hash__ = __eq__ = __getattr__ = run  # type: ignore[assignment]
    __class__ = __dict__ = property(run)  # type: ignore[assignment]
    shape = columns = property(run)


class LazyDict(dict[str, int]):
    __iter__ = __len__ = __getitem__ = keys = items = values = get = __repr__ = run  # type: ignore[assignment]


class LazyList(list[int]):
    __iter__ = __len__ = __getitem__ = __repr__ = run  # type: ignore[assignment]


class LazyText(str):
    __str__ = __len__ = __repr__ = encode = run  # type: ignore[assignment]
    __slots__ = ()


class LazyFrame(pd.DataFrame):
    shape = property(run)  # type: ignore[assignment]
    __len__ = __repr__ = run  # type: ignore[assignment]


class LazyError(Exception):
    __str__ = __repr__ = run


class LazyMeta(type):
    __hash__ = __eq__ = __instancecheck__ = __getattribute__ = run  # type: ignore[assignment]


class OfLazyMeta(metaclass=LazyMeta): ...


class LazyZone(datetime.tzinfo):
    utcoffset = tzname = dst = run


class LazyMapping:
    keys = __getitem__ = __iter__ = __len__ = items = run


@dataclass
class LazyRecord:
    """As an ORM makes them: a field is a descriptor that loads what is not there yet."""

    loaded: int
    unloaded: int = 0


lazy_record = LazyRecord(1)
del lazy_record.unloaded
LazyRecord.unloaded = property(run)  # type: ignore[assignment]


# name -> value, and what it is shown as
LAZY: dict[str, tuple[Any, Any]] = {
    "object": (Lazy(), "<support.lazy_values.Lazy>"),
    "dict": (LazyDict(a=1), {"a": 1}),
    "list": (LazyList([1]), [1]),
    "str": (LazyText("a"), "a"),
    "frame": (LazyFrame({"a": [1]}), {"type": "LazyFrame", "shape": [1, 1], "columns": ["a"]}),
    "exception": (LazyError("a"), "support.lazy_values.LazyError: a"),
    "argument of an exception": (ValueError(Lazy()), "ValueError: <support.lazy_values.Lazy>"),
    "metaclass": (OfLazyMeta(), "<support.lazy_values.OfLazyMeta>"),
    "class": (OfLazyMeta, "<class support.lazy_values.OfLazyMeta>"),
    "time zone": (datetime.datetime(2026, 1, 2, tzinfo=LazyZone()), "2026-01-02T00:00:00"),
    "proxy of a dict": (types.MappingProxyType(LazyDict(a=1)), {"a": 1}),
    "proxy": (types.MappingProxyType(LazyMapping()), "<builtins.mappingproxy: cannot be shown>"),  # type: ignore[arg-type]
    "record": (lazy_record, {"loaded": 1}),
    "mock": (MagicMock(), "<unittest.mock.MagicMock>"),
}
