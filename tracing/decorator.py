"""`@trace`: a span around every call of a function, with its arguments and its result.

The wrappers are written out, one per sort of function, because they run on every call: what is known when the function
is decorated is worked out then, and each call pays for little more than the span itself.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast, overload

from opentelemetry import trace as otel_trace

from assay.errors import ConfigurationError
from assay.tracing import runtime
from assay.tracing.kinds import attribute_value, input_attributes, known_kind, output_attributes, start_attributes
from assay.tracing.span import close_span, open_span
from assay.tracing.streams import async_generator_wrapper, generator_wrapper
from assay.tracing.tell import our_fault

F = TypeVar("F", bound=Callable[..., Any])


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
    """Trace a function: sync, async, generator, async generator, method, class method or static method.

    Args:
        name: of the span; the function's qualified name if not given.
        kind: what the function does: llm, agent, tool, retriever, reranker, embedding, chain, guardrail, evaluator,
            prompt, task. `span_type` is the same.
        attributes: more attributes for every span.
        capture_input: record the arguments; or the names of those to record.
        capture_output: record the result.
        reduce: makes the recorded output from the list of what a generator yielded; texts are joined if not given.

    Raises:
        ConfigurationError: there is no such kind, or this is nothing that can be called.
    """
    known = known_kind(kind if kind is not None else span_type)

    def decorate(target: Any) -> Any:
        if isinstance(target, staticmethod | classmethod):
            return type(target)(decorate(target.__func__))
        if isinstance(target, type):
            raise ConfigurationError(
                f"@assay.trace was given the class {target.__qualname__}, which it would turn into a function.",
                hint="Decorate its methods instead.",
            )
        if not callable(target):
            raise ConfigurationError(
                f"@assay.trace was given {target!r}, which cannot be called.",
                hint="Options go by keyword: @assay.trace(name=...).",
            )
        span_name = name or _name_of(target)
        given = {key: attribute_value(value) for key, value in (attributes or {}).items()}
        recipe = Recipe(
            name=span_name,
            kind=known,
            attributes=start_attributes(known, span_name, given),
            bind=_binder(target, capture_input),
            capture_output=capture_output,
            reduce=reduce,
        )
        return _wrap(target, recipe)

    return decorate if function is None else decorate(function)


observe = trace


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the spans of one function are made. `bind` gives the arguments by name; None: they are not recorded."""

    name: str
    kind: str | None
    attributes: Mapping[str, Any]
    bind: Callable[[tuple[Any, ...], dict[str, Any]], dict[str, Any]] | None
    capture_output: bool
    reduce: Callable[[list[Any]], Any] | None

    def record_input(self, span: otel_trace.Span, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Put the arguments on the span. Before the call: the function may change them."""
        running = runtime.active
        if self.bind is None or running is None or not running.capture_content or not span.is_recording():
            return
        try:
            span.set_attributes(input_attributes(self.kind, self.bind(args, kwargs)))
        except Exception:
            our_fault("recording arguments")

    def record_output(self, span: otel_trace.Span, value: Any) -> None:
        running = runtime.active
        if not self.capture_output or running is None or not running.capture_content or not span.is_recording():
            return
        try:
            span.set_attributes(output_attributes(self.kind, value))
        except Exception:
            our_fault("recording a result")

    def reduced(self, items: list[Any]) -> Any:
        """What a stream comes to: `reduce` of its items, else its texts joined, else the items."""
        if self.reduce is not None:
            return self.reduce(items)
        if items and all(isinstance(item, str) for item in items):
            return "".join(items)
        return items


def _wrap(function: Any, recipe: Recipe) -> Any:
    if inspect.isasyncgenfunction(function):
        return async_generator_wrapper(function, recipe)
    if inspect.isgeneratorfunction(function):
        return generator_wrapper(function, recipe)
    if inspect.iscoroutinefunction(function):
        return _async_wrapper(function, recipe)
    return _sync_wrapper(function, recipe)


def _sync_wrapper(function: F, recipe: Recipe) -> F:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        running = runtime.active or runtime.start()
        if not running.enabled:
            return function(*args, **kwargs)
        span, token = open_span(recipe.name, recipe.attributes)
        recipe.record_input(span, args, kwargs)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            close_span(span, token, error)
            raise
        recipe.record_output(span, result)
        close_span(span, token)
        return result

    return cast(F, wrapper)


def _async_wrapper(function: F, recipe: Recipe) -> F:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        running = runtime.active or runtime.start()
        if not running.enabled:
            return await function(*args, **kwargs)
        span, token = open_span(recipe.name, recipe.attributes)
        recipe.record_input(span, args, kwargs)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            close_span(span, token, error)
            raise
        recipe.record_output(span, result)
        close_span(span, token)
        return result

    return cast(F, wrapper)


def _name_of(function: Any) -> str:
    if isinstance(function, functools.partial):
        return _name_of(function.func)
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return str(name).rpartition("<locals>.")[2]


def _binder(
    function: Any, capture: bool | Collection[str]
) -> Callable[[tuple[Any, ...], dict[str, Any]], dict[str, Any]] | None:
    """From a call's arguments to a dictionary by name, without `self` or `cls`; None: nothing is captured."""
    if capture is False:
        return None
    only = None if capture is True else frozenset((capture,) if isinstance(capture, str) else capture)
    names, rest = _positional_names(function)
    skip = 1 if names and names[0] in ("self", "cls") else 0
    shown = names[skip:]

    def bind(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        values = args[skip:]
        bound: dict[str, Any] = dict(zip(shown, values, strict=False))
        if len(values) > len(shown):
            bound[rest] = values[len(shown) :]
        bound.update(kwargs)
        return bound if only is None else {name: value for name, value in bound.items() if name in only}

    return bind


def _positional_names(function: Any) -> tuple[list[str], str]:
    """Names of the positional parameters in order, and the name under which any further ones are shown."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some builtins have no signature
        return [], "args"
    names = [each.name for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    rest = next((each.name for each in parameters if each.kind is each.VAR_POSITIONAL), "args")
    return names, rest
