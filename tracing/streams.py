"""Traced generators: the span lasts as long as the generator does, but is current only while its body runs.

Between two items the caller is at work, in whatever span is the caller's. So the context is entered anew for each step,
and kept as the body left it: a `with start_span()` inside the generator that spans a `yield` stays current for it.
The wrappers are generator functions themselves, so that frameworks that look for those (FastAPI, pytest) find them.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import Token
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel
from opentelemetry import trace as otel_trace

from assay import semconv
from assay.tracing import runtime
from assay.tracing.otel_context import attach, detach
from assay.tracing.span import close_span, open_span
from assay.tracing.tell import our_fault

if TYPE_CHECKING:
    from assay.tracing.decorator import Recipe

MAX_KEPT = 10_000  # items of one stream that are kept for its output


class StreamSpan:
    """The span of one running generator. `enter` before each step, `leave` after it, `end` once."""

    def __init__(self, recipe: Recipe, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._recipe = recipe
        self._items: list[Any] = []
        self._ended = False
        self._started = time.perf_counter()
        self._token: Token[Any] | None = None
        self._span: otel_trace.Span
        self._span, token = open_span(recipe.name, recipe.attributes)
        recipe.record_input(self._span, args, kwargs)
        self._context: otel.Context | None = otel.get_current() if token is not None else None
        if token is not None:
            detach(token)

    def enter(self) -> None:
        if self._context is not None:
            self._token = attach(self._context)

    def leave(self) -> None:
        if self._token is not None:
            self._context = otel.get_current()
            detach(self._token)
            self._token = None

    def keep(self, item: Any) -> None:
        if not self._items and self._recipe.kind == "llm" and self._span.is_recording():
            waited = time.perf_counter() - self._started
            self._span.set_attribute(semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, waited)
        if len(self._items) < MAX_KEPT:
            self._items.append(item)

    def end(self, error: BaseException | None = None) -> None:
        """Record what was yielded, and the error if there is one; breaking off early is none.

        Only the first call counts.
        """
        if self._ended:
            return
        self._ended = True
        try:
            if self._items:
                self._recipe.record_output(self._span, self._recipe.reduced(self._items))
        except Exception:
            our_fault("reducing a stream")
        if self._context is not None:
            close_span(self._span, attach(self._context), error)


def generator_wrapper(function: Callable[..., Generator[Any, Any, Any]], recipe: Recipe) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        running = runtime.active or runtime.start()
        if not running.enabled:
            return (yield from function(*args, **kwargs))
        stream = StreamSpan(recipe, args, kwargs)
        try:
            result = yield from _steps(function(*args, **kwargs), stream)
        except BaseException as error:
            stream.end(error)
            raise
        stream.end()
        return result

    return wrapper


def _steps(generator: Generator[Any, Any, Any], stream: StreamSpan) -> Generator[Any, Any, Any]:
    """`yield from generator`, with each step taken inside the stream's context."""
    step: Callable[[], Any] = functools.partial(next, generator)
    while True:
        stream.enter()
        try:
            item = step()
        except StopIteration as stop:
            return stop.value
        finally:
            stream.leave()
        stream.keep(item)
        try:
            sent = yield item
        except GeneratorExit:
            stream.enter()
            try:
                generator.close()
            finally:
                stream.leave()
            raise
        except BaseException as error:
            step = functools.partial(generator.throw, error)
        else:
            step = functools.partial(generator.send, sent)


def async_generator_wrapper(function: Callable[..., AsyncGenerator[Any, Any]], recipe: Recipe) -> Any:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        running = runtime.active or runtime.start()
        stream = StreamSpan(recipe, args, kwargs) if running.enabled else None
        generator = function(*args, **kwargs)
        step: Callable[[], Any] = generator.__anext__
        try:
            # There is no `yield from` for async generators: what the caller sends and throws is passed on by hand.
            while True:
                try:
                    item = await _inside(stream, step)
                except StopAsyncIteration:
                    break
                if stream is not None:
                    stream.keep(item)
                try:
                    sent = yield item
                except GeneratorExit as closed:
                    try:
                        await _inside(stream, generator.aclose)
                    except asyncio.CancelledError:
                        # The loop is ending, and cancels what it still had to close. The caller broke off; nothing
                        # failed.
                        if stream is not None:
                            stream.end(closed)
                        raise
                    raise
                except BaseException as error:
                    step = functools.partial(generator.athrow, error)
                else:
                    step = functools.partial(generator.asend, sent)
        except BaseException as error:
            if stream is not None:
                stream.end(error)
            raise
        if stream is not None:
            stream.end()

    return wrapper


async def _inside(stream: StreamSpan | None, step: Callable[[], Any]) -> Any:
    """Await one step inside the stream's context."""
    if stream is None:
        return await step()
    stream.enter()
    try:
        return await step()
    finally:
        stream.leave()
