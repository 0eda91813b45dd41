"""Everything that can be called, however decorators are stacked: a span for each call, and nothing else changes."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import inspect
import pickle
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any

import pydantic
import pytest
from opentelemetry.trace import StatusCode

import assay
from assay.errors import ConfigurationError
from support.spans import Caught


def plain(q: str, more: int = 0) -> str:
    return q


async def coroutine(q: str) -> str:
    await asyncio.sleep(0)
    return q


def generator(q: str) -> Iterator[str]:
    yield q


async def async_generator(q: str) -> AsyncIterator[str]:
    yield q


class Callable_:
    def __call__(self, q: str) -> str:
        return q


class AsyncCallable:
    async def __call__(self, q: str) -> str:
        return q


class StreamCallable:
    def __call__(self, q: str) -> Iterator[str]:
        yield q


def passes_on(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator as most are: a plain function around whatever it was given."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


async def result_of(call: Any) -> Any:
    """What a call comes to, whatever it returned."""
    if isinstance(call, Coroutine | Awaitable):
        return await call
    if inspect.isasyncgen(call):
        return "".join([item async for item in call])
    return "".join(call) if inspect.isgenerator(call) else call


FORMS = {
    "function": plain,
    "lambda": lambda q: q,
    "coroutine function": coroutine,
    "generator function": generator,
    "async generator function": async_generator,
    "partial": functools.partial(plain, more=1),
    "partial of a coroutine function": functools.partial(coroutine),
    "partial of a generator function": functools.partial(generator),
    "callable object": Callable_(),
    "async callable object": AsyncCallable(),
    "callable object that streams": StreamCallable(),
    "bound method": Callable_().__call__,
    "builtin": str,
    "decorated": passes_on(plain),
    "decorated coroutine function": passes_on(coroutine),
    "decorated generator function": passes_on(generator),
    "decorated async generator function": passes_on(async_generator),
    "traced twice": assay.trace(name="inner")(plain),
    "cached": functools.lru_cache(plain),
    "validated": pydantic.validate_call(plain),
    "validated coroutine function": pydantic.validate_call(coroutine),
    "validated generator function": pydantic.validate_call(generator),
    "under functools.wraps": functools.wraps(plain)(lambda *args: plain(*args)),
}
del FORMS["builtin"]  # `str` is a class; `len` stands for builtins below


@pytest.mark.parametrize("form", FORMS)
async def test_a_call_of_any_form_is_a_span_with_input_and_output(form: str, spans: Caught) -> None:
    traced = assay.trace(name="outer")(FORMS[form])
    assert await result_of(traced("abc")) == "abc"
    found = spans.attributes("outer")
    assert found["output.value"] == "abc"
    assert "abc" in found["input.value"].values() or ["abc"] in found["input.value"].values()
    assert spans.one("outer").status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("form", FORMS)
async def test_what_is_done_in_a_call_of_any_form_is_below_it(form: str, spans: Caught) -> None:
    """The innermost function is not the traced one, so its own spans tell whether the context reached it."""

    async def inside(call: Any) -> Any:
        with assay.start_span("consumer"):
            return await result_of(call)

    traced = assay.trace(name="outer")(passes_on(FORMS[form]))
    await inside(traced("abc"))
    assert {span.name for span in spans.all()} >= {"outer", "consumer"}
    assert assay.current_trace_id() is None


def test_builtins_are_traced_with_what_is_known_of_them(spans: Caught) -> None:
    assert assay.trace(len)([1, 2]) == 2
    assert assay.trace(name="max")(max)(1, 2) == 2
    assert spans.attributes("len")["input.value"] == {"obj": [1, 2]}
    assert spans.attributes("max")["input.value"] == {"args": [1, 2]}


def test_arguments_of_a_partial_are_recorded_with_those_it_brings(spans: Caught) -> None:
    assay.trace(functools.partial(plain, "a", more=1))()
    assert spans.one().name == "plain"
    assert spans.attributes()["input.value"] == {"q": "a", "more": 1}


class Service:
    @assay.trace
    @classmethod
    def outer_class_method(klass, q: str) -> str:
        return f"{klass.__name__} {q}"

    @assay.trace
    @staticmethod
    def outer_static_method(q: str) -> str:
        return q

    @property
    @assay.trace
    def answer(self) -> str:
        return "x"

    half = functools.partialmethod(assay.trace(plain), more=2)
    traced_half = assay.trace(functools.partialmethod(lambda self, q: q, q="x"))  # type: ignore[type-var]


def test_a_class_method_leaves_the_class_out_whatever_its_name(spans: Caught) -> None:
    assert Service.outer_class_method("x") == Service().outer_class_method("x") == "Service x"
    assert {str(span.attributes["input.value"]) for span in spans.all() if span.attributes} == {'{"q": "x"}'}


def test_static_methods_properties_and_partial_methods_work_in_a_class(spans: Caught) -> None:
    service = Service()
    assert (service.outer_static_method("x"), Service.outer_static_method("x"), service.answer) == ("x", "x", "x")
    assert service.traced_half() == "x"
    assert len(spans.all()) == 4


@pytest.mark.parametrize("target", [property(plain), functools.cached_property(plain), "name", 3, Service])
def test_what_is_no_function_is_refused_with_a_hint(target: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"Write @|go by keyword|Decorate its methods"):
        assay.trace(target)


def test_names_that_the_function_does_not_take_are_refused_when_it_is_decorated() -> None:
    with pytest.raises(ConfigurationError, match=r"'question', which plain does not take.*q, more"):
        assay.trace(capture_input=["question"])(plain)
    assay.trace(capture_input="q")(plain)
    assay.trace(capture_input=["anything"])(lambda **named: named)


def test_functions_stay_what_inspect_and_pickle_think_they_are() -> None:
    assert inspect.iscoroutinefunction(assay.trace(coroutine))
    assert inspect.isgeneratorfunction(assay.trace(generator))
    assert inspect.isasyncgenfunction(assay.trace(async_generator))
    assert inspect.isgeneratorfunction(assay.trace(functools.partial(generator)))
    assert inspect.isfunction(assay.trace(generator))
    assert inspect.signature(assay.trace(generator)) == inspect.signature(generator)
    assert pickle.loads(pickle.dumps(traced_at_module_level)) is traced_at_module_level


@assay.trace
def traced_at_module_level(q: str) -> Iterator[str]:
    yield q


def test_wrong_arguments_fail_at_the_call_as_without_us(spans: Caught) -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'q'"):
        assay.trace(generator)()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'q'"):
        assay.trace(plain)()  # type: ignore[call-arg]
    assert spans.one().status.status_code is StatusCode.ERROR


def test_a_cache_can_still_be_asked_and_cleared(spans: Caught) -> None:
    cached: Any = assay.trace(functools.lru_cache(plain))
    cached("a")
    cached("a")
    assert cached.cache_info().hits == 1
    cached.cache_clear()
    assert cached.cache_info().hits == 0


def test_a_context_manager_made_of_a_traced_generator_works(spans: Caught) -> None:
    @contextlib.contextmanager
    @assay.trace(name="managed")
    def managed() -> Iterator[int]:
        try:
            yield 1
        except KeyError:
            yield 2  # pragma: no cover - contextlib refuses it
        finally:
            with assay.start_span("clean up"):
                pass

    with managed() as value, assay.start_span("body"):
        assert value == 1
    with pytest.raises(ValueError, match="no"), managed():
        raise ValueError("no")
    assert spans.one("body").parent is None
    parents = {span.parent.span_id for span in spans.all() if span.name == "clean up" and span.parent}
    assert parents == {span.context.span_id for span in spans.all() if span.name == "managed" and span.context}


def test_a_traced_context_manager_function_returns_the_manager_itself(spans: Caught) -> None:
    @assay.trace
    @contextlib.contextmanager
    def managed() -> Iterator[int]:
        yield 1

    with managed() as value:
        assert value == 1
    assert spans.one().name.endswith("managed")


@pytest.mark.parametrize(
    ("error", "failed"),
    [
        (SystemExit(0), False),
        (SystemExit(), False),
        (SystemExit(1), True),
        (KeyboardInterrupt(), True),
        (asyncio.CancelledError(), True),
        (GeneratorExit(), False),
        (StopIteration(1), False),
    ],
    ids=repr,
)
def test_what_is_no_exception_ends_the_span_and_goes_on(error: BaseException, failed: bool, spans: Caught) -> None:
    @assay.trace
    def leave() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        leave()
    assert raised.value is error
    assert (spans.one().status.status_code is StatusCode.ERROR) == failed
    assert assay.current_trace_id() is None


def test_an_exception_whose_message_fails_goes_on_unchanged(spans: Caught, caplog: pytest.LogCaptureFixture) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no message")

    @assay.trace
    def fail() -> None:
        raise Mute

    with pytest.raises(Mute):
        fail()
    assert str(spans.one().status.description).endswith("<its message cannot be shown>")
    assert [event.name for event in spans.one().events] == ["exception"]
    assert caplog.records == []


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_a_coroutine_that_nobody_awaits_ends_its_span(spans: Caught) -> None:
    assay.trace(name="outer")(passes_on(coroutine))("x")
    gc.collect()
    assert spans.one("outer").end_time is not None


def test_a_reduce_that_fails_is_told_once_and_the_items_are_kept(
    spans: Caught, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(items: list[Any]) -> Any:
        raise ValueError("cannot add")

    numbers = assay.trace(name=f"numbers {id(broken)}", reduce=broken)(lambda: (yield from (1, 2)))
    assert (list(numbers()), list(numbers())) == ([1, 2], [1, 2])
    assert [span.attributes["output.value"] for span in spans.all() if span.attributes] == ["[1, 2]", "[1, 2]"]
    assert [record.getMessage().partition(":")[2] for record in caplog.records] == [" ValueError: cannot add"]


def test_deep_recursion_fails_as_without_us(spans: Caught) -> None:
    @assay.trace(capture_input=False)
    def down(n: int) -> int:
        return 0 if n == 0 else down(n - 1)

    limit, depth = sys.getrecursionlimit(), len(inspect.stack())
    sys.setrecursionlimit(depth + 120)
    try:
        with pytest.raises(RecursionError):
            down(limit)
    finally:
        sys.setrecursionlimit(limit)
    assert assay.current_trace_id() is None
    assert down(5) == 0
