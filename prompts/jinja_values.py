"""Values in a `jinja` template: what may be done with them beside filters and tests, and what that costs."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NoReturn

from jinja2 import pass_context
from jinja2.exceptions import TemplateRuntimeError, UndefinedError
from jinja2.runtime import Context, Undefined

from assay.prompts.jinja_budget import BUDGET, PLAIN, Budget

MAX_NUMBER = 2**63  # arithmetic beyond it is refused: no prompt needs it, and its cost grows

Function = Callable[..., Any]


def budget_of(context: Context) -> Budget:
    budget: Budget = context.parent[BUDGET]
    return budget


def present(value: Any) -> Any:
    """`value`, which is there and plain."""
    if isinstance(value, Undefined):
        raise UndefinedError(value._undefined_message)
    if type(value) not in PLAIN:
        raise TemplateRuntimeError(f"a {type(value).__name__} is nothing to work with")
    return value


def data(context: Context, value: Any) -> Any:
    """`value`, which is there and plain, and paid for."""
    budget_of(context).pay_for(present(value))
    return value


def text(context: Context, value: Any) -> str:
    """`value` as it is printed."""
    value = data(context, value)
    if value is None:
        raise TemplateRuntimeError("a value is None, where text goes; ask `is none` first, or pass ''")
    if type(value) is str:
        return value
    made = str(value)
    budget_of(context).pay_for_text(len(made))
    return made


def made(context: Context, value: str) -> str:
    budget_of(context).pay_for_text(len(value))
    return value


def sequence(context: Context, value: Any) -> list[Any] | tuple[Any, ...] | str:
    """`value`, whose items can be taken one by one; of a dict, its keys."""
    value = data(context, value)
    if type(value) is dict:
        return list(value)
    if type(value) not in (list, tuple, str):
        wrong("a list", value)
    return value  # type: ignore[no-any-return]


def one_by_one(context: Context, value: Any) -> list[Any] | tuple[Any, ...] | str:
    """The same, for functions that do take the characters of a text one by one."""
    items = sequence(context, value)
    if type(items) is str:
        budget_of(context).pay(len(items))
    return items


def number(value: Any) -> int | float:
    if type(value) not in (int, float, bool):
        wrong("a number", value)
    if type(value) is int and abs(value) > MAX_NUMBER:
        raise TemplateRuntimeError(f"numbers beyond {MAX_NUMBER:,} are not computed with")
    return value  # type: ignore[no-any-return]


def whole(value: Any, most: int | None = None) -> int:
    if type(value) is not int or (most is not None and not 0 <= value <= most):
        wrong("a whole number" if most is None else f"a whole number up to {most}", value)
    return value


def wrong(wanted: str, value: Any) -> NoReturn:
    raise TemplateRuntimeError(f"{wanted} is needed; this is {type(present(value)).__name__}")


# What the tree is given in place of loops, output, `~`, slices, comparisons and arithmetic: jinja_nodes.guarded


@pass_context
def each(context: Context, value: Any, steps: int) -> Any:
    """The items of a loop, all of whose turns are paid for before the first."""
    if type(present(value)) not in (list, tuple, dict, str):
        wrong("a list", value)
    budget_of(context).pay(len(value) * steps)
    return value


@pass_context
def printed(context: Context, value: Any) -> str:
    return text(context, value)


@pass_context
def joined(context: Context, *values: Any) -> str:
    return made(context, "".join([text(context, value) for value in values]))


@pass_context
def sliced(context: Context, value: Any, start: Any, stop: Any, step: Any) -> Any:
    ends = [None if end is None else whole(end) for end in (start, stop, step)]
    return sequence(context, value)[slice(*ends)]


def _comparison(compare: Callable[[Any, Any], bool]) -> Function:
    @pass_context
    def compared(context: Context, left: Any, right: Any) -> bool:
        return compare(data(context, left), data(context, right))

    return compared


@pass_context
def contains(context: Context, left: Any, right: Any) -> bool:
    left, right = data(context, left), data(context, right)
    if type(right) in (list, tuple):
        for _ in right:
            budget_of(context).pay_for(left)
    elif type(right) not in (str, dict):
        wrong("a list or a text behind 'in'", right)
    return left in right


@pass_context
def lacks(context: Context, left: Any, right: Any) -> bool:
    return not contains(context, left, right)


COMPARISONS: dict[str, Function] = {
    **{name: _comparison(getattr(operator, name.replace("teq", "e"))) for name in ("lt", "gt", "lteq", "gteq", "ne")},
    "eq": _comparison(operator.eq),
    "in": contains,
    "notin": lacks,
}

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


def calculated(context: Context, symbol: str, left: Any, right: Any) -> Any:
    """Numbers, and `+` of two texts: no `"%s" % x`, no `"a" * 1000000`."""
    if symbol == "+" and type(left) is type(right) is str:
        return made(context, left + right)
    return _ARITHMETIC[symbol](number(left), number(right))
