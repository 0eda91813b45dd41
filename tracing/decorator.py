"""`@trace`: a span around every call of a function, with its arguments and its result.

The wrappers are written out, one per sort of function, because they run on every call: what is known when the function
is decorated is worked out then, and each call pays for little more than the span itself.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, TypeVar, overload

from assay.errors import ConfigurationError
from assay.tracing import runtime
from assay.tracing.arguments import binder
from assay.tracing.kinds import attribute_value, known_kind, start_attributes
from assay.tracing.recipe import Recipe
from assay.tracing.streams import async_generator_wrapper, awaited_inside, follow, generator_wrapper
from assay.tracing.tell import our_fault

F = TypeVar("F", bound="Callable[..., Any] | classmethod[Any, Any, Any] | staticmethod[Any, Any]")


@overload
def trace(function: F, /) -> F: ...


@overload
def trace(
    *,
    name: str | None = None,
    kind: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    capture_input: bool | Collection[str] = True,
    capture_output: bool = True,
    reduce: Callable[[list[Any]], Any] | None = None,
    span_type: str | None = None,
) -> Callable[[F], F]: ...


def trace(
    function: Any = None,
    /,
    *,
    name: str | None = None,
    kind: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    capture_input: bool | Collection[str] = True,
    capture_output: bool = True,
    reduce: Callable[[list[Any]], Any] | None = None,
    span_type: str | None = None,
) -> Any:
    """Trace a function: sync, async, generator, async generator, method, class method, static method, callable object.

    Args:
        name: of the span; the function's qualified name if not given.
        kind: what the function does: llm, agent, tool, retriever, reranker, embedding, chain, guardrail, evaluator,
            prompt, task. `span_type` is the same.
        attributes: more attributes for every span.
        capture_input: record the arguments; or the names of those to record.
        capture_output: record the result.
        reduce: makes the recorded output from the list of what a generator yielded; texts are joined if not given.

    Raises:
        ConfigurationError: there is no such kind or argument, or this is nothing that can be called.
    """
    known = known_kind(kind if kind is not None else span_type)

    def decorate(target: Any, of_class: bool = False) -> Any:
        if isinstance(target, staticmethod | classmethod):
            return type(target)(decorate(target.__func__, isinstance(target, classmethod)))
        if isinstance(target, functools.partialmethod):
            return functools.partialmethod(decorate(target.func), *target.args, **target.keywords)
        _refuse_what_is_no_function(target)
        span_name = name or _name_of(target)
        given = {key: attribute_value(value) for key, value in (attributes or {}).items()}
        recipe = Recipe(
            name=span_name,
            kind=known,
            attributes=start_attributes(known, span_name, given),
            bind=binder(target, capture_input, of_class=of_class),
            capture_output=capture_output,
            reduce=reduce,
        )
        return _wrap(target, recipe)

    return decorate if function is None else decorate(function)


observe = trace


def _refuse_what_is_no_function(target: Any) -> None:
    if isinstance(target, type):
        raise ConfigurationError(
            f"@assay.trace was given the class {target.__qualname__}, which it would turn into a function.",
            hint="Decorate its methods instead.",
        )
    if isinstance(target, property | functools.cached_property):
        raise ConfigurationError(
            "@assay.trace was given a property, which is read rather than called.",
            hint=f"Write @{type(target).__name__} above @assay.trace, so that the function in it is traced.",
        )
    if not callable(target):
        raise ConfigurationError(
            f"@assay.trace was given a value of type {type(target).__qualname__}, which cannot be called.",
            hint="Options go by keyword: @assay.trace(name=...).",
        )


def _wrap(function: Any, recipe: Recipe) -> Any:
    wrapper = _wrapper_of(function)(function, recipe)
    if isinstance(function, functools._lru_cache_wrapper):  # what `functools.wraps` does not bring along
        wrapper.cache_info, wrapper.cache_clear = function.cache_info, function.cache_clear
    return wrapper


def _wrapper_of(function: Any) -> Callable[[Any, Recipe], Any]:
    inner = _without_partial(function)
    for body in (function, type(inner).__call__):
        if inspect.isasyncgenfunction(body):
            return async_generator_wrapper
        if inspect.isgeneratorfunction(body):
            return generator_wrapper
        if inspect.iscoroutinefunction(body):
            return _async_wrapper
    return _sync_wrapper


def _sync_wrapper(function: Callable[..., Any], recipe: Recipe) -> Any:
    made_later = _MADE_LATER if _hides_a_generator(function) else _AWAITED_LATER

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        running = runtime.active or runtime.start()
        if not running.enabled:
            return function(*args, **kwargs)
        try:
            span, token = recipe.open(running, args, kwargs)
        except Exception:
            our_fault("opening a span")
            return function(*args, **kwargs)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            try:
                recipe.close_failed(span, token, error)
            except Exception:
                our_fault("closing a span")
            raise
        if type(result) in made_later:
            return (
                awaited_inside(result, recipe, span, token)
                if type(result) is CoroutineType
                else follow(result, recipe, span, token)
            )
        try:
            recipe.close(running, span, token, result)
        except Exception:
            our_fault("closing a span")
        return result

    return wrapper


def _async_wrapper(function: Callable[..., Any], recipe: Recipe) -> Any:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        running = runtime.active or runtime.start()
        if not running.enabled:
            return await function(*args, **kwargs)
        try:
            span, token = recipe.open(running, args, kwargs)
        except Exception:
            our_fault("opening a span")
            return await function(*args, **kwargs)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            try:
                recipe.close_failed(span, token, error)
            except Exception:
                our_fault("closing a span")
            raise
        try:
            recipe.close(running, span, token, result)
        except Exception:
            our_fault("closing a span")
        return result

    return wrapper


# What a plain function may return of which most is still to come. A coroutine is awaited once, by whoever gets it. A
# generator may be kept and handed out again, so it is followed only where another decorator hides a generator function.
_AWAITED_LATER = frozenset({CoroutineType})
_MADE_LATER = frozenset({CoroutineType, GeneratorType, AsyncGeneratorType})


def _hides_a_generator(function: Any) -> bool:
    try:
        inner = inspect.unwrap(function)
    except ValueError:  # a wrapper that wraps itself
        return False
    return inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner)


def _without_partial(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    return function


def _name_of(function: Any) -> str:
    function = _without_partial(function)
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return str(name).rpartition("<locals>.")[2]
