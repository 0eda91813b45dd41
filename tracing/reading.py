"""How the values of each class are read, without running the code of whoever wrote the class.

Records are read from where their fields are stored: `model_dump`, properties, `__getattr__`, `__repr__` and `__iter__`
of a user's class may do anything, from loading a row out of a database to using up an iterator. So a class that is not
known here is shown by its name. Nor is `isinstance` asked about a value: a lazy proxy answers that by making the object
that it stands for.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import functools
import gc
import itertools
import json
import pathlib
import re
import sys
import types
import uuid
import weakref
from collections import UserDict, UserList, UserString, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_COLUMNS = 100
MAX_FIELDS = 1_000


class Form(enum.Enum):
    """What `Reading.read` gives: another value to show in place of this one, or `(count, iterator)` of its parts."""

    LEAF = "leaf"
    PAIRS = "pairs"
    ITEMS = "items"


@dataclass(frozen=True, slots=True)
class Reading:
    form: Form
    read: Callable[[Any], Any]


_known: weakref.WeakKeyDictionary[type, Reading] = weakref.WeakKeyDictionary()

_mro_of = type.__dict__["__mro__"].__get__
_vars_of = type.__dict__["__dict__"].__get__
_qualname_of = type.__dict__["__qualname__"].__get__
_module_of = type.__dict__["__module__"].__get__


def reading_of(kind: type) -> Reading:
    """How values of this class are read; worked out once for each class."""
    if type(kind).__hash__ is not type.__hash__ or type(kind).__eq__ is not type.__eq__:
        return _work_out(kind)  # a metaclass with an equality of its own: no key for a dictionary
    found = _known.get(kind)
    if found is None:
        found = _known[kind] = _work_out(kind)
    return found


def qualified_name(kind: type) -> str:
    """`package.Class`, read from the class itself rather than from what a metaclass makes of it."""
    module = _module_of(kind)
    return f"{module}.{_qualname_of(kind)}" if type(module) is str else str(_qualname_of(kind))


def _library_of(kind: type) -> str:
    return qualified_name(kind).partition(".")[0]


def _work_out(kind: type) -> Reading:
    mro = _mro_of(kind)
    if _inherits(mro, enum.Enum):
        return Reading(Form.LEAF, lambda value: _instance_dict(value, mro).get("_value_"))
    if (names := _field_names(kind, mro)) is not None:
        return _record(names, mro)
    for base in mro:
        if (show := _LEAVES.get(id(base))) is not None:
            return Reading(Form.LEAF, show)
        if (reading := _CONTAINERS.get(id(base))) is not None:
            return reading
    for base in mro:
        if _library_of(base) in _SHAPED and any(
            name in _vars_of(each) for each in _mro_of(base) for name in ("shape", "size")
        ):
            return Reading(Form.LEAF, functools.partial(_shaped, base=base))
    return Reading(Form.LEAF, lambda value: f"<{qualified_name(kind)}>")


def _inherits(mro: tuple[type, ...], base: type) -> bool:
    """`base in mro`, without asking a metaclass whether two classes are equal."""
    return any(each is base for each in mro)


# Records


def _field_names(kind: type, mro: tuple[type, ...]) -> Iterable[str] | None:
    """Names of a record's fields, as its class lists them, without those it leaves out of its repr; None: no record."""
    if isinstance(fields := _class_value(mro, "__pydantic_fields__"), dict):
        return [name for name, field in fields.items() if getattr(field, "repr", True)]
    if isinstance(fields := _class_value(mro, "__dataclass_fields__"), dict):
        return [name for name, field in fields.items() if field.repr]
    if isinstance(fields := _class_value(mro, "__attrs_attrs__"), tuple):
        return [field.name for field in fields if field.repr is not False]
    if isinstance(fields := _class_value(mro, "__struct_fields__"), tuple):  # msgspec
        return list(fields)
    if isinstance(fields := _class_value(mro, "__fields__"), dict) and _class_value(mro, "__fields_set__") is not None:
        return list(fields)  # pydantic's first version
    if _inherits(mro, tuple) and type(fields := _class_value(mro, "_fields")) is tuple:
        return fields
    return None


def _class_value(mro: tuple[type, ...], name: str) -> Any:
    return next((variables[name] for base in mro if name in (variables := _vars_of(base))), None)


def _record(names: Iterable[str], mro: tuple[type, ...]) -> Reading:
    shown = tuple(name for name in names if type(name) is str)[:MAX_FIELDS]
    if _inherits(mro, tuple):
        return Reading(
            Form.PAIRS, lambda value: (tuple.__len__(value), zip(shown, tuple.__iter__(value), strict=False))
        )
    slots = {name: slot for name in (*shown, "__pydantic_extra__") if (slot := _slot(mro, name)) is not None}

    def read(value: Any) -> tuple[int, Iterable[tuple[str, Any]]]:
        stored = _instance_dict(value, mro)
        pairs = [(name, stored[name]) for name in shown if name in stored]
        if slots:
            kept = {name: item for name, slot in slots.items() if (item := _in_slot(slot, value)) is not _MISSING}
            extra = kept.pop("__pydantic_extra__", None)
            pairs += [*kept.items(), *(dict.items(extra) if type(extra) is dict else ())]
        return len(pairs), iter(pairs)

    return Reading(Form.PAIRS, read)


_MISSING = object()


def _slot(mro: tuple[type, ...], name: str) -> types.MemberDescriptorType | None:
    found = next((variables[name] for base in mro if name in (variables := _vars_of(base))), None)
    return found if type(found) is types.MemberDescriptorType else None


def _in_slot(slot: types.MemberDescriptorType, value: Any) -> Any:
    try:
        return slot.__get__(value)
    except AttributeError:
        return _MISSING


def _instance_dict(value: Any, mro: tuple[type, ...]) -> Mapping[str, Any]:
    """`value.__dict__` as the interpreter keeps it, whatever the class made of the name."""
    for base in mro:
        descriptor = _vars_of(base).get("__dict__")
        if type(descriptor) in (types.GetSetDescriptorType, types.MemberDescriptorType):
            stored = descriptor.__get__(value)
            return stored if type(stored) is dict else {}
    return {}


def _stored(name: str, value: Any) -> Any:
    return _instance_dict(value, _mro_of(type(value))).get(name)


# Containers: as the builtin type counts and iterates them, whatever a subclass made of `__len__` and `__iter__`


def _sized(base: Any) -> Callable[[Any], tuple[int, Iterable[Any]]]:
    return lambda value: (base.__len__(value), base.__iter__(value))


def _pairs_of_dict(value: Any) -> tuple[int, Iterable[Any]]:
    return dict.__len__(value), iter(dict.items(value))


def _pairs_of_proxy(value: Any) -> tuple[int, Iterable[Any]]:
    """Of what the proxy stands before, which need not be a dictionary; asking the proxy would call it."""
    [behind] = gc.get_referents(value)
    if not _inherits(_mro_of(type(behind)), dict):
        raise TypeError("a proxy of no dictionary")
    return _pairs_of_dict(behind)


def _pairs_of_instance(value: Any) -> tuple[int, Iterable[Any]]:
    stored = _instance_dict(value, _mro_of(type(value)))
    return len(stored), iter(stored.items())


_NOTHING: dict[str, str] = {}
_VIEWS = (type(_NOTHING.keys()), type(_NOTHING.values()), type(_NOTHING.items()))
_SEQUENCES: tuple[type, ...] = (list, tuple, set, frozenset, deque, *_VIEWS)
_CONTAINERS: dict[int, Reading] = {
    id(dict): Reading(Form.PAIRS, _pairs_of_dict),
    id(types.MappingProxyType): Reading(Form.PAIRS, _pairs_of_proxy),
    id(types.SimpleNamespace): Reading(Form.PAIRS, _pairs_of_instance),
    **{id(base): Reading(Form.ITEMS, _sized(base)) for base in _SEQUENCES},
}


# Leaves


def _class_name(value: type) -> str:
    return f"<class {qualified_name(value).removeprefix('builtins.')}>"


def _time(value: Any) -> str:
    """With its offset from UTC, unless a time zone of the user's own would have to be asked for it."""
    if _qualname_of(type(value)) == "NaTType":
        return "NaT"  # pandas' missing time, which calls itself a datetime
    base = datetime.datetime if _inherits(_mro_of(type(value)), datetime.datetime) else datetime.time
    zone = base.tzinfo.__get__(value)
    library = _library_of(type(zone))
    if zone is not None and library not in ("datetime", "zoneinfo", "pytz", "dateutil", "pandas", "pendulum"):
        value = base.replace(value, tzinfo=None)
    return base.isoformat(value)


def _exception(value: BaseException) -> str:
    """`ValueError: message`, of its arguments: `__str__` of an exception that nobody raised is code like any other."""
    name = qualified_name(type(value)).removeprefix("builtins.")
    said = BaseException.args.__get__(value)  # type: ignore[attr-defined]
    texts = [_told(argument) for argument in said[:10]]
    return f"{name}: {', '.join(texts)}" if texts else name


def _told(argument: Any) -> str:
    kind = type(argument)
    if kind is str:
        return str(argument)
    return json.dumps(argument) if kind in (int, float, bool, type(None)) else f"<{qualified_name(kind)}>"


def _method(value: types.MethodType) -> str:
    inner: Any = value.__func__
    return f"<method {inner.__qualname__ if type(inner) is types.FunctionType else qualified_name(type(inner))}>"


def _partial(value: Any) -> str:
    inner = functools.partial.func.__get__(value)
    return f"<partial of {inner.__qualname__ if type(inner) is types.FunctionType else qualified_name(type(inner))}>"


_SHOWN: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (complex, complex.__repr__),
    (bytes, lambda value: f"<{bytes.__len__(value)} bytes>"),
    (bytearray, lambda value: f"<{bytearray.__len__(value)} bytes>"),
    (memoryview, lambda value: f"<{value.nbytes} bytes>"),
    (datetime.datetime, _time),
    (datetime.date, datetime.date.isoformat),
    (datetime.time, _time),
    (datetime.timedelta, datetime.timedelta.__str__),
    (uuid.UUID, uuid.UUID.__str__),
    (pathlib.PurePath, pathlib.PurePath.__str__),
    (decimal.Decimal, decimal.Decimal.__str__),
    (fractions.Fraction, fractions.Fraction.__str__),
    (range, range.__repr__),
    (re.Pattern, lambda value: value.pattern),
    (type(...), lambda value: "..."),
    (type, _class_name),
    (types.ModuleType, lambda value: f"<module {_told(_stored('__name__', value))}>"),
    (types.FunctionType, lambda value: f"<function {value.__qualname__}>"),
    (types.MethodType, _method),
    (types.BuiltinFunctionType, lambda value: f"<function {value.__name__}>"),
    (types.GeneratorType, lambda value: f"<generator {value.__qualname__}>"),
    (types.AsyncGeneratorType, lambda value: f"<async generator {value.__qualname__}>"),
    (types.CoroutineType, lambda value: f"<coroutine {value.__qualname__}>"),
    (functools.partial, _partial),
    *((base, functools.partial(_stored, "data")) for base in (UserDict, UserList, UserString)),
    (BaseException, _exception),
)
_LEAVES = {id(kind): show for kind, show in _SHOWN}


# Arrays and frames, by their shape. The libraries are not imported: who has no such value need not have them.

# Top-level module -> attributes that say what it is, in the order in which they are shown.
_SHAPED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("numpy", "jax", "jaxlib", "tensorflow"), ("shape", "dtype")),
    "torch": ("shape", "dtype", "device"),
    "pandas": ("shape", "columns", "name", "dtype"),
    "polars": ("shape", "columns", "name", "dtype"),
    "pyarrow": ("shape", "column_names", "type"),
    "PIL": ("size", "mode"),
}


def _shaped(value: Any, base: type) -> Any:
    library = _library_of(base)
    if library == "numpy" and _inherits(_mro_of(base), generic := sys.modules["numpy"].generic):
        item = generic.item(value)
        return item if type(item) is not type(value) else generic.__str__(value)  # long double: Python has none
    shown: dict[str, Any] = {"type": str.__str__(_qualname_of(type(value)))}
    for name in _SHAPED[library]:
        # As the library defines it: a subclass may have made it something else.
        descriptor = _class_value(_mro_of(base), name)
        if descriptor is None or not hasattr(type(descriptor), "__get__"):
            continue
        found = descriptor.__get__(value, base)
        if name in ("shape", "size"):
            shown["shape" if name == "shape" else name] = [size if type(size) is int else None for size in found]
        elif name in ("columns", "column_names"):
            shown["columns"] = list(itertools.islice(found, MAX_COLUMNS))
        elif found is not None:
            shown[name] = _of_library(found)
    return shown


def _of_library(value: Any) -> Any:
    """A text as it is; a dtype or a device as its library prints it; no other object is asked."""
    if type(value) is str:
        return value
    return str(value) if _library_of(type(value)) in _SHAPED else f"<{qualified_name(type(value))}>"
