"""Faults injected into every function of a package in turn: each raises as soon as it is called."""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

INJECTED = "injected"


def functions_of(package: str, *modules: str) -> dict[str, FunctionType]:
    """Qualified name -> function, of the modules named, or of every module of the package."""
    found: dict[str, FunctionType] = {}
    for name in modules or _modules(package):
        try:
            module = importlib.import_module(name if name.startswith("assay") else f"{package}.{name}")
        except ModuleNotFoundError as missing:  # of an autologger whose library is not installed
            if str(missing.name).startswith("assay"):
                raise
            continue
        found.update({f"{module.__name__}.{function.__qualname__}": function for function in _in_module(module)})
    return found


def _modules(package: str) -> list[str]:
    root = importlib.import_module(package)
    return [found.name for found in pkgutil.walk_packages(root.__path__, f"{package}.")]


def _in_module(module: ModuleType) -> Iterator[FunctionType]:
    for value in vars(module).values():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if isinstance(value, type):
            for attribute in vars(value).values():
                yield from _plain(attribute)
        else:
            yield from _plain(value)


def _plain(value: Any) -> Iterator[FunctionType]:
    """The function itself, of a method, a property, a cached function or a context manager."""
    if isinstance(value, property):
        value = value.fget
    value = (
        inspect.unwrap(getattr(value, "__func__", value)) if callable(value) or hasattr(value, "__func__") else value
    )
    if isinstance(value, FunctionType) and value.__module__.startswith("assay"):
        yield value


@contextlib.contextmanager
def failing(function: FunctionType) -> Iterator[None]:
    """In its code rather than by its name: whoever holds the function gets the one that fails."""
    code = function.__code__
    function.__code__ = _raiser(len(code.co_freevars))
    try:
        yield
    finally:
        function.__code__ = code


@functools.cache
def _raiser(free: int) -> CodeType:
    """Code that raises, with as many free variables as the code whose place it takes."""
    names = [f"free_{number}" for number in range(free)]
    lines = [
        "def outer():",
        *(f"    {name} = None" for name in names),
        "    def fail(*args, **kwargs):",
        f"        raise RuntimeError({INJECTED!r}, {', '.join(names)})",
        "    return fail",
    ]
    scope: dict[str, Any] = {}
    exec("\n".join(lines), scope)
    code: CodeType = scope["outer"]().__code__
    return code
