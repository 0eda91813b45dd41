"""Traced generators: the span lasts as long as the generator does, but is current only while its body runs.

Between two items the caller is at work, in whatever span is the caller's. So the context is entered anew for each step,
in the thread or task that asks for it, and kept as the body left it: a `with start_span()` inside the generator that
spans a `yield` stays current for it. The span's parent is the span in which the function was called, wherever its
items are asked for later: a web server does that when the request's own code is long over.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextvars import Token
from types import FunctionType, GeneratorType
from typing import Any

from opentelemetry import context as otel
from opentelemetry import trace as otel_trace
from opentelemetry.trace.propagation import _SPAN_KEY

from assay import semconv
from assay.tracing import runtime
from assay.tracing.otel_context import attach, current, detach
from assay.tracing.recipe import Recipe
from assay.tracing.span import end_span
from assay.tracing.tell import our_fault

MAX_KEPT = 10_000  # items of one stream that are kept for its output

Call = tuple[tuple[Any, ...], dict[str, Any]]


class StreamSpan:
    """The span of one running generator. `enter` before each step, `leave` after it, `end` once."""

    def __init__(self, recipe: Recipe, running: runtime.Runtime, call: Call | None) -> None:
        self._recipe = recipe
        self._running = running
        self._call = call  # until the first step
        self._called_in = current() if call is not None else otel.Context()
        self._items: list[Any] = []
        self._ended = False
        self._started = 0.0
        self._span: otel_trace.Span = otel_trace.INVALID_SPAN
        self._context: otel.Context | None = None  # None: there is no span
        self._token: Token[Any] | None = None

    @classmethod
    def begun(
        cls, recipe: Recipe, running: runtime.Runtime, span: otel_trace.Span, token: Token[Any] | None
    ) -> StreamSpan:
        """Of a span that is open and current, and is not to stay current."""
        stream = cls(recipe, running, None)
        stream._adopt(span, token)
        return stream

    def _adopt(self, span: otel_trace.Span, token: Token[Any] | None) -> None:
        self._started = time.perf_counter()
        if token is not None:
            self._span, self._context = span, otel.get_current()
            detach(token)

    def enter(self) -> None:
        if self._call is not None:
            call, self._call = self._call, None
            here = self._called_in if _SPAN_KEY in self._called_in else current()
            self._adopt(*self._recipe.open(self._running, *call, here))
        if self._context is not None:
            self._token = attach(self._context)

    def leave(self) -> None:
        if self._token is not None:
            token, self._token = self._token, None
            self._context = otel.get_current()
            detach(token)

    def keep(self, item: Any) -> None:
        if not self._items:
            self._note_first()
        if len(self._items) < MAX_KEPT:
            self._items.append(item)

    def _note_first(self) -> None:
        if self._span.is_recording():
            waited = time.perf_counter() - self._started
            self._span.set_attribute(semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, waited)

    def end(self, error: BaseException | None = None) -> None:
        """Record what was yielded, and the error if there is one; breaking off early is none.

        Only the first call counts.
        """
        if self._ended:
            return
        self._ended = True
        if self._context is not None:
            self._recipe.end_stream(self._running, self._span, self._items, error)


def generator_wrapper(function: Callable[..., Generator[Any, Any, Any]], recipe: Recipe) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        running = runtime.active or runtime.start()
        generator = function(*args, **kwargs)
        if not running.enabled:
            return generator
        try:
            return _named(_steps(generator, StreamSpan(recipe, running, (args, kwargs))), generator)
        except Exception:
            our_fault("following a stream")
            return generator

    return _told_apart(wrapper, inspect.CO_GENERATOR)


def async_generator_wrapper(function: Callable[..., AsyncGenerator[Any, Any]], recipe: Recipe) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        running = runtime.active or runtime.start()
        generator = function(*args, **kwargs)
        if not running.enabled:
            return generator
        try:
            return _named(_async_steps(generator, StreamSpan(recipe, running, (args, kwargs))), generator)
        except Exception:
            our_fault("following a stream")
            return generator

    return _told_apart(wrapper, inspect.CO_ASYNC_GENERATOR)


def follow(generator: Any, recipe: Recipe, span: otel_trace.Span, token: Token[Any] | None) -> Any:
    """A generator that a plain function returned, traced under the span of that call."""
    try:
        running = runtime.active or runtime.start()
        stream = StreamSpan.begun(recipe, running, span, token)
        steps = _steps if type(generator) is GeneratorType else _async_steps
        followed = _named(steps(generator, stream), generator)
        _end_if_dropped(followed, stream.end)
        return followed
    except Exception:
        our_fault("following a stream")
        return generator


def awaited_inside(
    coroutine: Coroutine[Any, Any, Any], recipe: Recipe, span: otel_trace.Span, token: Token[Any] | None
) -> Any:
    """A coroutine that a plain function returned, awaited under the span of that call."""
    if token is None:
        return coroutine
    inside = otel.get_current()
    detach(token)
    awaiting = _named(_await(coroutine, recipe, span, inside), coroutine)
    _end_if_dropped(awaiting, functools.partial(_end_if_open, span))
    return awaiting


async def _await(
    coroutine: Coroutine[Any, Any, Any], recipe: Recipe, span: otel_trace.Span, inside: otel.Context
) -> Any:
    running = runtime.active or runtime.start()
    token = attach(inside)
    try:
        result = await coroutine
    except BaseException as error:
        recipe.close_failed(span, token, error)
        raise
    recipe.close(running, span, token, result)
    return result


def _end_if_open(span: otel_trace.Span) -> None:
    if span.is_recording():
        end_span(span)


_watched: set[weakref.ref[Any]] = set()


def _end_if_dropped(thing: Any, end: Callable[[], None]) -> None:
    """Call `end` when nobody can run `thing` any more: one that was never started ends without a trace of it."""

    def dropped(reference: weakref.ref[Any]) -> None:
        _watched.discard(reference)
        end()

    _watched.add(weakref.ref(thing, dropped))


def _steps(generator: Generator[Any, Any, Any], stream: StreamSpan) -> Generator[Any, Any, Any]:
    """`yield from generator`, with each step taken inside the stream's context."""
    step: Callable[[], Any] = functools.partial(next, generator)
    result = None
    try:
        while True:
            with _Step(stream):
                try:
                    item = step()
                except StopIteration as stop:
                    result = stop.value
                    break
            _quietly(stream.keep, item)
            try:
                sent = yield item
            except GeneratorExit:
                with _Step(stream):
                    generator.close()
                raise
            except BaseException as error:
                step = functools.partial(generator.throw, error)
            else:
                step = functools.partial(next, generator) if sent is None else functools.partial(generator.send, sent)
    except BaseException as error:
        _quietly(stream.end, error)
        raise
    _quietly(stream.end)
    return result


async def _async_steps(generator: AsyncGenerator[Any, Any], stream: StreamSpan) -> AsyncGenerator[Any, Any]:
    # There is no `yield from` for async generators: what the caller sends and throws is passed on by hand.
    step: Callable[[], Any] = generator.__anext__
    try:
        while True:
            with _Step(stream):
                try:
                    item = await step()
                except StopAsyncIteration:
                    break
            _quietly(stream.keep, item)
            try:
                sent = yield item
            except GeneratorExit as closed:
                try:
                    with _Step(stream):
                        await generator.aclose()
                except asyncio.CancelledError:
                    # The loop is ending, and cancels what it still had to close. The caller broke off; nothing failed.
                    _quietly(stream.end, closed)
                    raise
                raise
            except BaseException as error:
                step = functools.partial(generator.athrow, error)
            else:
                step = functools.partial(generator.asend, sent)
    except BaseException as error:
        _quietly(stream.end, error)
        raise
    _quietly(stream.end)


class _Step:
    """One step of a generator, inside the stream's context. Whatever fails in that, the step is taken."""

    __slots__ = ("_stream",)

    def __init__(self, stream: StreamSpan) -> None:
        self._stream = stream

    def __enter__(self) -> None:
        try:
            self._stream.enter()
        except Exception:
            our_fault("entering a stream")

    def __exit__(self, *error: object) -> None:
        try:
            self._stream.leave()
        except Exception:
            our_fault("leaving a stream")


def _quietly(record: Callable[..., None], *arguments: Any) -> None:
    try:
        record(*arguments)
    except Exception:
        our_fault("recording a stream")


def _named(ours: Any, theirs: Any) -> Any:
    ours.__name__, ours.__qualname__ = theirs.__name__, theirs.__qualname__
    return ours


def _told_apart(wrapper: Any, flag: int) -> Any:
    """Let `inspect` see in `wrapper` what it wraps: a generator function.

    FastAPI and pytest ask for that, and handle the function as one. It cannot be one, as its code has to run when it is
    called: later there is no telling in which span that was. `inspect` looks at a flag of the code object, and only
    there; the interpreter makes generators by an instruction.
    """
    if _flags_are_only_looked_at:
        wrapper.__code__ = wrapper.__code__.replace(co_flags=wrapper.__code__.co_flags | flag)
    return wrapper


def _try_flags() -> bool:
    def probe(*args: Any, **kwargs: Any) -> Any:
        return args

    code = probe.__code__
    flagged = FunctionType(code.replace(co_flags=code.co_flags | inspect.CO_GENERATOR), {})
    try:
        return bool(flagged(1) == (1,) and inspect.isgeneratorfunction(flagged))
    except Exception:  # another interpreter
        return False


_flags_are_only_looked_at = _try_flags()
