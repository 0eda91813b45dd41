"""The arguments of a call by their names, worked out once per function so that each call only zips two lists."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from typing import Any

from assay.errors import ConfigurationError

Bind = Callable[[tuple[Any, ...], dict[str, Any]], dict[str, Any]]

_OWNERS = ("self", "cls", "mcs", "mcls")


def binder(function: Any, capture: bool | Collection[str], *, of_class: bool = False) -> Bind | None:
    """From a call's arguments to a dictionary by name, without `self` or `cls`; None: nothing is captured.

    Args:
        of_class: the first argument is the class, whatever its name.

    Raises:
        ConfigurationError: a name is captured that the function does not have.
    """
    if capture is False:
        return None
    if isinstance(function, functools.partial):
        return _binder_of_partial(function, capture)
    names, rest, any_name = _parameters(function)
    only = None if capture is True else _known_names(function, capture, names, any_name)
    positional = [name for name, by_position in names.items() if by_position]
    bound_already = inspect.ismethod(function)
    skip = 1 if positional and not bound_already and (of_class or positional[0] in _OWNERS) else 0
    shown = positional[skip:]
    count = len(shown)

    def bind(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        values = args[skip:] if skip else args
        bound: dict[str, Any] = dict(zip(shown, values, strict=False))
        if len(values) > count:
            bound[rest] = values[count:]
        if kwargs:
            bound.update(kwargs)
        return bound if only is None else {name: value for name, value in bound.items() if name in only}

    return bind


def _binder_of_partial(function: functools.partial[Any], capture: bool | Collection[str]) -> Bind | None:
    """What the partial brings along are arguments of the function as well."""
    inner = binder(function.func, capture)
    if inner is None:
        return None
    before, named = function.args, function.keywords
    return lambda args, kwargs: inner((*before, *args), {**named, **kwargs})


def _parameters(function: Any) -> tuple[dict[str, bool], str, bool]:
    """Name -> can it be given by position; the name under which further ones are shown; are other names taken too."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some builtins have no signature
        return {}, "args", True
    single = [each for each in parameters if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    names = {each.name: each.kind is not each.KEYWORD_ONLY for each in single}
    rest = next((each.name for each in parameters if each.kind is each.VAR_POSITIONAL), None)
    any_name = any(each.kind is each.VAR_KEYWORD for each in parameters)
    return names if rest is None else {**names, rest: False}, rest or "args", any_name


def _known_names(
    function: Any, capture: bool | Collection[str], names: Collection[str], any_name: bool
) -> frozenset[str]:
    wanted = (capture,) if isinstance(capture, str) else capture
    if isinstance(wanted, bool) or not all(isinstance(name, str) for name in wanted):
        raise ConfigurationError(f"capture_input={capture!r} is neither a bool nor names of arguments.")
    unknown = [name for name in wanted if name not in names]
    if unknown and not any_name:
        raise ConfigurationError(
            f"capture_input names {', '.join(map(repr, unknown))}, which {_name_of(function)} does not take.",
            hint=f"Its arguments are: {', '.join(names) or 'none'}.",
        )
    return frozenset(wanted)


def _name_of(function: Any) -> str:
    return str(getattr(function, "__qualname__", type(function).__qualname__))
