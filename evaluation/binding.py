"""Arguments by name: what a task or scorer asks for, worked out once, before the first call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assay.errors import ConfigurationError
from assay.evaluation.data.dataset import ALIASES, Item

# What a scorer may ask for: our name, and the names others use, to our name
SCORER_ARGUMENTS: dict[str, str] = {
    **{alias: name for name, aliases in ALIASES.items() for alias in aliases},
    **{name: name for name in ("context", "metadata", "trace", "item")},
    "retrieved": "context",
}

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def display_name(function: Any) -> str:
    """What people call a task or scorer: its function's name, or its class's."""
    while hasattr(function, "func"):  # functools.partial
        function = function.func
    return str(getattr(function, "__name__", None) or type(function).__name__)


def is_async(function: Any) -> bool:
    """Calling it gives a coroutine: an async function, or an object with an async `__call__`, bare or in a partial."""
    while hasattr(function, "func"):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def scorer_arguments(name: str, function: Callable[..., Any]) -> dict[str, str]:
    """The parameters to fill, each with the field it is filled from.

    Raises:
        ConfigurationError: it needs something that no row has.
    """
    parameters = inspect.signature(function).parameters.values()
    wanted = {p.name: SCORER_ARGUMENTS[p.name] for p in parameters if p.kind in _NAMED and p.name in SCORER_ARGUMENTS}
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        wanted = {**{field: field for field in SCORER_ARGUMENTS.values() if field not in wanted.values()}, **wanted}
    for p in parameters:
        variadic = p.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        if p.default is inspect.Parameter.empty and p.name not in wanted and not variadic:
            raise ConfigurationError(
                f"Scorer {name!r} asks for {p.name!r}, which no row has.",
                hint="It may ask, by name, for: input, output, expected, metadata, context, trace, item.",
            )
    return wanted


def bind_task(
    task: Callable[..., Any], items: Sequence[Item]
) -> Callable[[Item], tuple[tuple[Any, ...], dict[str, Any]]]:
    """How to call `task` on an item: a dict's keys as keyword arguments, anything else as the first argument.

    A task of a single parameter that is none of the dict's keys takes the dict whole. Every item is tried against the
    signature here, so that a wrong name is found before the first call.

    Raises:
        ConfigurationError: an item does not fit; the message names both sides.
    """
    try:
        signature = inspect.signature(task)
    except (TypeError, ValueError):  # some builtins have none: they are called as they are
        return lambda item: ((), dict(item.input)) if _is_keywords(item.input) else ((item.input,), {})
    whole = _takes_whole(signature)

    def arguments(item: Item) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if _is_keywords(item.input) and not (whole is not None and whole not in item.input):
            return (), dict(item.input)
        return (item.input,), {}

    fitting: set[tuple[int, frozenset[str]]] = set()  # numbers of arguments and names of keywords
    for item in items:
        args, kwargs = arguments(item)
        if (len(args), frozenset(kwargs)) in fitting:
            continue
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            given = f"the fields {', '.join(map(repr, kwargs))}" if kwargs else f"a {type(item.input).__name__}"
            raise ConfigurationError(
                f"Item {item.id!r} does not fit the task: {display_name(task)}{signature} cannot be called with "
                f"{given} of its input ({error}).",
                hint="A dict's keys become keyword arguments; anything else becomes the first argument.",
            ) from error
        fitting.add((len(args), frozenset(kwargs)))
    return arguments


def _is_keywords(value: Any) -> bool:
    return (type(value) is dict or isinstance(value, Mapping)) and all(isinstance(key, str) for key in value)


def _takes_whole(signature: inspect.Signature) -> str | None:
    """The name of the one parameter there is; None when there are more, or none that can be given by position."""
    parameters = list(signature.parameters.values())
    single = len(parameters) == 1 and parameters[0].kind in (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    )
    return parameters[0].name if single else None
