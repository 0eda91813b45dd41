"""Filters and tests of the format `jinja`: functions of plain data that pay for what they look at and make.

Those that share a name with Jinja's do what Jinja's do, without what could reach an attribute (`attribute=`, `attr`,
`map`, `selectattr`, `format`) or change what is sent (`safe`, `escape`); `tojson` writes JSON for models, not for HTML.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from jinja2 import filters as library
from jinja2 import pass_context
from jinja2.exceptions import TemplateRuntimeError
from jinja2.runtime import Context, Undefined

from assay.prompts.jinja_values import (
    COMPARISONS,
    Function,
    budget_of,
    contains,
    data,
    made,
    number,
    one_by_one,
    present,
    sequence,
    text,
    whole,
    wrong,
)

MAX_INDENT = 100
MAX_JSON_INDENT = 8

FILTERS: dict[str, Function] = {}
TESTS: dict[str, Function] = {}


def _filter(*names: str) -> Callable[[Function], Function]:
    return lambda function: _register(FILTERS, names, function)


def _test(*names: str) -> Callable[[Function], Function]:
    return lambda function: _register(TESTS, names, function)


def _register(table: dict[str, Function], names: Iterable[str], function: Function) -> Function:
    wrapped = pass_context(function)
    for name in names:
        table[name] = wrapped
    return function


# Filters of text


@_filter("upper")
def _upper(context: Context, value: Any) -> str:
    return text(context, value).upper()


@_filter("lower")
def _lower(context: Context, value: Any) -> str:
    return text(context, value).lower()


@_filter("capitalize")
def _capitalize(context: Context, value: Any) -> str:
    return text(context, value).capitalize()


@_filter("title")
def _title(context: Context, value: Any) -> str:
    return library.do_title(text(context, value))


@_filter("trim")
def _trim(context: Context, value: Any, chars: Any = None) -> str:
    return text(context, value).strip(None if chars is None else text(context, chars))


@_filter("string")
def _string(context: Context, value: Any) -> str:
    return text(context, value)


@_filter("wordcount")
def _wordcount(context: Context, value: Any) -> int:
    return len(text(context, value).split())


@_filter("replace")
def _replace(context: Context, value: Any, old: Any, new: Any, count: Any = -1) -> str:
    source, old, new = text(context, value), text(context, old), text(context, new)
    budget_of(context).pay_for_text(source.count(old) * len(new))  # before it is made: it may be far larger
    return source.replace(old, new, -1 if count is None else whole(count))


@_filter("truncate")
def _truncate(context: Context, value: Any, length: Any = 255, killwords: Any = False, end: Any = "...") -> str:
    value, end = text(context, value), text(context, end)
    if whole(length) < len(end):
        raise TemplateRuntimeError(f"truncate({length}) leaves no room for {end!r:.100}")
    return library.do_truncate(context.environment, value, length, bool(killwords), end)


@_filter("indent")
def _indent(context: Context, value: Any, width: Any = 4, first: Any = False, blank: Any = False) -> str:
    value = text(context, value)
    budget_of(context).pay_for_text((value.count("\n") + 1) * whole(width, MAX_INDENT))
    return library.do_indent(value, width, bool(first), bool(blank))


@_filter("join")
def _join(context: Context, value: Any, d: Any = "") -> str:
    items = [text(context, item) for item in sequence(context, value)]
    between = text(context, d)
    budget_of(context).pay_for_text(len(between) * len(items))
    return made(context, between.join(items))


@_filter("tojson")
def _tojson(context: Context, value: Any, indent: Any = None) -> str:
    width = None if indent is None else whole(indent, MAX_JSON_INDENT)
    return made(context, json.dumps(data(context, value), ensure_ascii=False, indent=width))


# Filters of lists


@_filter("length", "count")
def _length(context: Context, value: Any) -> int:
    return len(value) if type(value) in (list, tuple, dict, str) else len(sequence(context, value))


@_filter("list")
def _list(context: Context, value: Any) -> list[Any]:
    return list(one_by_one(context, value))


@_filter("items")
def _items(context: Context, value: Any) -> list[tuple[Any, Any]]:
    if type(data(context, value)) is not dict:
        wrong("an object", value)
    return list(value.items())


@_filter("first")
def _first(context: Context, value: Any) -> Any:
    items = sequence(context, value)
    return items[0] if items else context.environment.undefined("there is no first item: the list is empty")


@_filter("last")
def _last(context: Context, value: Any) -> Any:
    items = sequence(context, value)
    return items[-1] if items else context.environment.undefined("there is no last item: the list is empty")


@_filter("reverse")
def _reverse(context: Context, value: Any) -> Any:
    return sequence(context, value)[::-1]


@_filter("sort")
def _sort(context: Context, value: Any, reverse: Any = False, case_sensitive: Any = False) -> list[Any]:
    items = one_by_one(context, value)
    budget_of(context).pay(len(items) * len(items).bit_length())
    for item in items:  # a comparison of two lists looks at what is in them
        if type(item) not in (str, int, float, bool):
            wrong("a list of texts or numbers", item)
    return sorted(items, key=_folded if not case_sensitive else None, reverse=bool(reverse))


@_filter("unique")
def _unique(context: Context, value: Any, case_sensitive: Any = False) -> list[Any]:
    seen: dict[Any, Any] = {}
    for item in one_by_one(context, value):
        if type(item) not in (str, int, float, bool, type(None)):
            wrong("a list of texts or numbers", item)
        seen.setdefault(item if case_sensitive else _folded(item), item)
    return list(seen.values())


@_filter("min")
def _min(context: Context, value: Any, case_sensitive: Any = False) -> Any:
    return _first(context, _sort(context, value, False, case_sensitive))


@_filter("max")
def _max(context: Context, value: Any, case_sensitive: Any = False) -> Any:
    return _last(context, _sort(context, value, False, case_sensitive))


@_filter("sum")
def _sum(context: Context, value: Any, start: Any = 0) -> int | float:
    return sum((number(item) for item in sequence(context, value)), number(start))


def _folded(item: Any) -> Any:
    return item.lower() if type(item) is str else item


# Filters of numbers, and of anything


@_filter("int")
def _int(context: Context, value: Any, default: Any = 0) -> int:
    try:
        return int(float(value)) if type(data(context, value)) is str and "." in value else int(value)
    except (TypeError, ValueError, OverflowError):
        return whole(default)


@_filter("float")
def _float(context: Context, value: Any, default: Any = 0.0) -> float:
    try:
        return float(data(context, value))
    except (TypeError, ValueError, OverflowError):
        return float(number(default))


@_filter("round")
def _round(context: Context, value: Any, precision: Any = 0, method: Any = "common") -> float:
    if method not in ("common", "ceil", "floor"):
        raise TemplateRuntimeError("the method of round is 'common', 'ceil' or 'floor'")
    return library.do_round(number(value), whole(precision, 15), method)


@_filter("abs")
def _abs(context: Context, value: Any) -> int | float:
    return abs(number(value))


@_filter("default", "d")
def _default(context: Context, value: Any, default_value: Any = "", boolean: Any = False) -> Any:
    return default_value if isinstance(value, Undefined) or (boolean and not value) else value


# Tests


@_test("defined")
def _defined(context: Context, value: Any) -> bool:
    return not isinstance(value, Undefined)


@_test("undefined")
def _undefined(context: Context, value: Any) -> bool:
    return isinstance(value, Undefined)


def _type_test(*types: type) -> Function:
    return lambda context, value: type(present(value)) in types


for _name, _types in (
    ("none", (type(None),)),
    ("string", (str,)),
    ("number", (int, float, bool)),
    ("integer", (int,)),
    ("float", (float,)),
    ("boolean", (bool,)),
    ("mapping", (dict,)),
    ("sequence", (list, tuple, dict, str)),
    ("iterable", (list, tuple, dict, str)),
):
    _test(_name)(_type_test(*_types))


@_test("true")
def _true(context: Context, value: Any) -> bool:
    return value is True


@_test("false")
def _false(context: Context, value: Any) -> bool:
    return value is False


@_test("odd")
def _odd(context: Context, value: Any) -> bool:
    return number(value) % 2 == 1


@_test("even")
def _even(context: Context, value: Any) -> bool:
    return number(value) % 2 == 0


@_test("divisibleby")
def _divisibleby(context: Context, value: Any, num: Any) -> bool:
    return number(value) % number(num) == 0


TESTS |= {"in": contains, "eq": COMPARISONS["eq"], "equalto": COMPARISONS["eq"], "ne": COMPARISONS["ne"]}
