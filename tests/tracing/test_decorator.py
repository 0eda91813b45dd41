from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from opentelemetry.trace import StatusCode

import assay
from assay.errors import ConfigurationError
from support.spans import Caught, catch_spans


@assay.trace
def add(a: int, b: int = 2, *more: int, **named: int) -> int:
    """Add."""
    return a + b + sum(more) + sum(named.values())


@assay.trace
def count(n: int) -> Iterator[str]:
    for i in range(n):
        with assay.start_span(f"step {i}"):
            yield str(i)


@assay.trace
async def acount(n: int) -> AsyncIterator[str]:
    for i in range(n):
        with assay.start_span(f"step {i}"):
            yield str(i)


@assay.trace
def echo() -> Any:
    """A generator that takes what is sent and thrown."""
    received = []
    while True:
        try:
            received.append((yield len(received)))
        except KeyError:
            return received


class Service:
    @assay.trace
    def method(self, q: str) -> str:
        return q

    @classmethod
    @assay.trace
    def inner_class_method(cls, q: str) -> str:
        return f"{cls.__name__} {q}"

    @assay.trace  # type: ignore[arg-type]
    @classmethod
    def outer_class_method(cls, q: str) -> str:
        return f"{cls.__name__} {q}"

    @staticmethod
    @assay.trace
    def static_method(q: str) -> str:
        return q


def test_a_call_is_a_span_with_arguments_by_name_and_result(spans: Caught) -> None:
    assert add(1, 2, 3, 4, x=5) == 15
    assert spans.one().name == "add"
    assert spans.attributes() == {
        "input.value": {"a": 1, "b": 2, "more": [3, 4], "x": 5},
        "input.mime_type": "application/json",
        "output.value": "15",
        "output.mime_type": "application/json",
    }


def test_a_text_result_is_recorded_as_it_is(spans: Caught) -> None:
    Service().method("plain")
    found = spans.attributes()
    assert (found["output.value"], found["output.mime_type"]) == ("plain", "text/plain")


def test_the_function_stays_what_it_was() -> None:
    assert inspect.signature(add).parameters.keys() == {"a", "b", "more", "named"}
    assert (add.__name__, add.__doc__) == ("add", "Add.")
    assert inspect.isgeneratorfunction(count)
    assert inspect.isasyncgenfunction(acount)


@pytest.mark.parametrize("name", ["method", "inner_class_method", "outer_class_method", "static_method"])
def test_methods_of_all_sorts_leave_self_and_cls_out(name: str, spans: Caught) -> None:
    assert "x" in getattr(Service(), name)("x")
    assert spans.one().name == f"Service.{name}"
    assert spans.attributes()["input.value"] == {"q": "x"}


def test_an_exception_is_recorded_and_goes_on_unchanged(spans: Caught) -> None:
    error = ValueError("no")

    @assay.trace
    def fail() -> None:
        raise error

    with pytest.raises(ValueError, match="no") as raised:
        fail()
    assert raised.value is error
    span = spans.one()
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "ValueError: no"
    assert [event.name for event in span.events] == ["exception"]
    assert spans.attributes()["error.type"] == "ValueError"


async def test_a_cancelled_coroutine_is_an_error_and_ends(spans: Caught) -> None:
    @assay.trace
    async def wait() -> None:
        await asyncio.sleep(60)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert spans.attributes()["error.type"] == "asyncio.exceptions.CancelledError"


async def test_concurrent_tasks_keep_their_own_parents(spans: Caught) -> None:
    @assay.trace
    async def child(name: str) -> str | None:
        await asyncio.sleep(0)
        return assay.current_trace_id()

    @assay.trace
    async def parent(name: str) -> tuple[str | None, ...]:
        return tuple(await asyncio.gather(child(name), child(name)))

    first, second = await asyncio.gather(parent("a"), parent("b"))
    assert len(set(first)) == len(set(second)) == 1
    assert first != second


def test_a_generator_span_lasts_until_it_is_exhausted_and_joins_texts(spans: Caught) -> None:
    assert list(count(3)) == ["0", "1", "2"]
    assert spans.attributes("count")["output.value"] == "012"
    assert spans.tree() == {"count": None, "step 0": "count", "step 1": "count", "step 2": "count"}


def test_a_generator_span_is_not_current_between_items(spans: Caught) -> None:
    for _ in count(2):
        assert assay.current_trace_id() is None


@pytest.mark.parametrize("how", ["close", "drop"])
def test_a_generator_that_is_left_early_ends_without_error(how: str, spans: Caught) -> None:
    generator = count(5)
    next(generator)
    if how == "close":
        generator.close()  # type: ignore[attr-defined]
    del generator
    gc.collect()
    assert spans.one("count").status.status_code is StatusCode.UNSET
    assert spans.attributes("count")["output.value"] == "0"


def test_what_is_sent_thrown_and_returned_passes_through(spans: Caught) -> None:
    generator = echo()
    assert next(generator) == 0
    assert generator.send("a") == 1
    with pytest.raises(StopIteration) as stopped:
        generator.throw(KeyError())
    assert stopped.value.value == ["a"]
    assert spans.one().status.status_code is StatusCode.UNSET


async def test_an_async_generator_is_traced_to_its_end(spans: Caught) -> None:
    async for _ in acount(2):
        assert assay.current_trace_id() is None
    assert spans.attributes("acount")["output.value"] == "01"
    assert spans.tree() == {"acount": None, "step 0": "acount", "step 1": "acount"}


async def test_an_async_generator_closed_early_ends_without_error(spans: Caught) -> None:
    generator: Any = acount(5)
    await generator.__anext__()
    await generator.aclose()
    assert spans.one("acount").status.status_code is StatusCode.UNSET


def test_reduce_makes_the_output_of_a_stream(spans: Caught) -> None:
    @assay.trace(reduce=sum)
    def numbers() -> Iterator[int]:
        yield from (1, 2, 3)

    list(numbers())
    assert spans.attributes()["output.value"] == "6"


def test_options_name_the_span_and_say_its_kind(spans: Caught) -> None:
    @assay.trace(name="find", kind="tool", attributes={"team": "docs", "sizes": {"a": 1}})
    def search(query: str) -> list[str]:
        return ["x"]

    search("q")
    found = spans.attributes()
    assert spans.one().name == "find"
    assert found["openinference.span.kind"] == "TOOL"
    assert found["gen_ai.operation.name"] == "execute_tool"
    assert found["gen_ai.tool.name"] == "find"
    assert found["gen_ai.tool.call.arguments"] == {"query": "q"}
    assert found["gen_ai.tool.call.result"] == ["x"]
    assert (found["team"], found["sizes"]) == ("docs", {"a": 1})


@pytest.mark.parametrize(
    ("options", "recorded"),
    [
        pytest.param({"capture_input": False}, {"output"}, id="no-input"),
        pytest.param({"capture_output": False}, {"input"}, id="no-output"),
        pytest.param({"capture_input": ["user"]}, {"input", "output"}, id="named"),
    ],
)
def test_capture_is_limited_where_asked(options: dict[str, Any], recorded: set[str], spans: Caught) -> None:
    @assay.trace(**options)
    def order(user: str, dish: str) -> str:
        return "ok"

    order("ada", "soup")
    found = spans.attributes()
    assert {name.partition(".")[0] for name in found} == recorded
    assert "soup" not in str(found) or options.get("capture_output") is False


def test_without_content_no_value_is_recorded() -> None:
    with catch_spans(capture_content=False) as spans:
        add(1)
        assert spans.attributes() == {}


def test_arguments_are_recorded_as_they_were_before_the_call(spans: Caught) -> None:
    @assay.trace
    def clear(items: list[int]) -> None:
        items.clear()

    clear([1, 2])
    assert spans.attributes()["input.value"] == {"items": [1, 2]}


def test_tracing_off_calls_the_function_and_nothing_else() -> None:
    with catch_spans(tracing=False) as spans:
        assert add(1) == 3
        assert list(count(2)) == ["0", "1"]
        with assay.start_span("x") as span:
            span.set_outputs(1)
            assert span.trace_id is None
        assert spans.all() == []


def test_an_unknown_kind_is_refused_when_the_function_is_decorated() -> None:
    with pytest.raises(ConfigurationError, match="no span kind 'robot'"):
        assay.trace(kind="robot")


def test_our_own_failure_does_not_reach_the_program(spans: Caught, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError("ours")

    for name in ("argument_attributes", "output_attributes"):
        monkeypatch.setattr(f"assay.tracing.recipe.{name}", broken)
    assert add(1) == 3
    assert spans.one().name == "add"


def test_a_class_is_refused_rather_than_turned_into_a_function() -> None:
    with pytest.raises(ConfigurationError, match="methods"):

        @assay.trace
        class Assistant: ...
