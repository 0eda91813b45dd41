"""Whatever fails inside of Assay, the traced program's results and exceptions are its own."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest

import assay
from support.injected import failing, functions_of
from support.openai_server import OpenAIServer
from support.spans import catch_spans

ON_EVERY_CALL = ("arguments", "recipe", "span", "streams")
ON_THE_PROGRAMS_THREAD = (
    *("arguments", "decorator", "documents", "follow", "inherited", "kinds", "orphans", "otel_context", "processor"),
    *("prompt_link", "propagation", "reading", "recipe", "scoring", "serialise", "span", "streams", "web"),
)
# Where faults are caught and told there is nothing below to do so, and what runs the program is the program.
NOT_THESE = (
    *("assay.tracing.tell.", "assay.tracing.streams._quietly", "assay.tracing.streams._Step."),
    *("assay.tracing.follow._Entered.", "assay.tracing.follow._run_once"),
    *("assay.tracing.streams._steps", "assay.tracing.streams._async_steps", "assay.tracing.streams._await"),
    *("assay.tracing.runtime.reset", "assay.settings.reset_settings"),  # for tests
)


@assay.trace
def answer(question: str, options: Any = None) -> str:
    return question.upper()


@assay.trace(kind="tool", name="lookup", attributes={"a": [1]})
def lookup(key: str) -> dict[str, int]:
    return {"size": {"a": 1}[key]}


@assay.trace(kind="retriever")
def search(query: str) -> list[str]:
    return [query]


@assay.trace
def words(count: int) -> Iterator[str]:
    for number in range(count):
        with assay.start_span("word"):
            yield str(number)
    if count == 3:
        raise KeyError("three")


@assay.trace
async def later(question: str) -> str:
    await asyncio.sleep(0)
    return question


@assay.trace
async def words_later(count: int) -> AsyncIterator[str]:
    for number in range(count):
        yield str(number)


async def all_of_it() -> Any:
    return await asyncio.gather(later("a"), later("b")), [word async for word in words_later(2)]


def closed_early() -> str:
    stream: Any = words(5)
    first = next(stream)
    stream.close()
    return str(first)


def blocks() -> str:
    with assay.context(session_id="s", tags=["t"], metadata={"m": 1}), assay.start_span("block", kind="agent") as span:
        span.set_inputs({"q": [1]})
        span.set_outputs(object())
        span.set_attributes({"n": 1, "o": {"a": b""}})
        span.add_event("seen", {"what": {}})
        span.set_status("ok")
        span.update_name("renamed")
        span.record_exception(ValueError("recorded"))
        assay.update_trace(name="t", session_id="s", tags=["u"], metadata={"k": 1})
        assay.current_span().set_attribute("current", True)
        repr((assay.current_trace_id(), span, span.trace_id, span.span_id))
    return "done"


def failing_block() -> None:
    with assay.context(user_id="u"), assay.start_span("fails"):
        raise LookupError("the program's own")


def elsewhere() -> list[str]:
    done: list[str] = []
    with assay.start_span("caller"):
        thread = threading.Thread(target=lambda: done.append(answer("thread")))
        thread.start()
        thread.join()
        with ThreadPoolExecutor(1) as pool:
            done.append(pool.submit(answer, "pool").result())
    return done


def across_services() -> str:
    with assay.start_span("client"):
        headers = assay.trace_headers({"accept": "*"})
        variables = assay.child_environment({"A": "1"})
    with assay.continue_trace(headers):
        return f"{headers['accept']} {variables['A']} {answer('served')}"


def scored() -> bool:
    return isinstance(assay.score("helpful", True, trace_id="a" * 32, metadata={"a": 1}), str)


PROGRAM: tuple[Callable[[], Any], ...] = (
    lambda: answer("a", options={"deep": [object(), {1, 2}]}),
    lambda: lookup("a"),
    lambda: lookup("b"),
    lambda: search("q"),
    lambda: list(words(2)),
    lambda: list(words(3)),
    closed_early,
    lambda: asyncio.run(all_of_it()),
    blocks,
    failing_block,
    elsewhere,
    across_services,
    scored,
)


def outcomes(program: tuple[Callable[[], Any], ...]) -> list[Any]:
    """What each part of a program returned, or raised."""
    found: list[Any] = []
    for part in program:
        try:
            found.append(contextvars.copy_context().run(part))  # a fault in leaving a span leaves it current
        except Exception as error:
            found.append((type(error), error.args))
    return found


@pytest.fixture(autouse=True)
def _say_everything_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.tracing.tell._said", set())


def check(program: tuple[Callable[[], Any], ...], names: Any, caplog: pytest.LogCaptureFixture) -> None:
    expected = outcomes(program)
    harmed = {}
    for name, function in names.items():
        caplog.clear()
        with failing(function):
            found = outcomes(program)
        told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        if found != expected:
            harmed[name] = [pair for pair in zip(found, expected, strict=True) if pair[0] != pair[1]][:2]
        elif len(told) != len(set(told)):
            harmed[name] = f"told more than once: {told}"
    assert harmed == {}


# What the program itself calls: there is nothing of ours around them that could catch what they raise.
CALLED_BY_THE_PROGRAM = {
    *("trace", "score", "context", "continue_trace", "trace_headers", "child_environment", "propagate"),
    *("update_trace", "current_span", "current_trace_id", "link_prompt", "inject_into", "configure"),
    # Iterators of ours in the hands of a library: what they call is harmless, and they are called by the program.
    *(f"{owner}.{method}" for owner in ("_Iterator", "_Followed") for method in ("__iter__", "__next__", "close")),
}
CLASSES_OF_THE_PROGRAM = {"Span", "start_span", "context", "AsgiMiddleware", "WsgiMiddleware", "Inside", "Carried"}


def internal(names: dict[str, Any]) -> dict[str, Any]:
    return {
        name: function
        for name, function in names.items()
        if not name.startswith(NOT_THESE)
        and function.__qualname__ not in CALLED_BY_THE_PROGRAM
        and not (function.__qualname__.split(".")[0] in CLASSES_OF_THE_PROGRAM and "._" not in function.__qualname__)
        and not function.__qualname__.endswith(("__init__", "__del__", "__enter__", "__exit__", "__call__", "__repr__"))
    }


@pytest.mark.parametrize(
    "modules", [ON_EVERY_CALL, pytest.param(ON_THE_PROGRAMS_THREAD, marks=pytest.mark.chaos)], ids=["some", "all"]
)
def test_a_fault_in_any_function_on_the_programs_thread_is_told_once_and_harms_nothing(
    modules: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    names = internal(functions_of("assay.tracing", *modules))
    assert len(names) > 25
    with catch_spans(baggage=True, endpoint="http://127.0.0.1:9"):
        check(PROGRAM, names, caplog)


@pytest.mark.chaos
def test_a_fault_in_any_function_at_all_harms_nothing(
    caplog: pytest.LogCaptureFixture, openai_server: OpenAIServer, tmp_path: Any
) -> None:
    """Also in those that start tracing, export spans, and record the calls of libraries."""
    import litellm
    from langchain_openai import ChatOpenAI

    client = openai.OpenAI(base_url=openai_server.url, api_key="k", max_retries=0)
    chat = ChatOpenAI(model="m", base_url=openai_server.url, api_key="k", max_retries=0)
    hello: Any = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}

    def restart() -> str:
        assay.shutdown(0.2)
        assay.init(endpoint=f"file:{tmp_path}")
        return answer("again")

    def ask() -> Any:
        reply, stream = (client.chat.completions.create(**hello, stream=stream) for stream in (False, True))
        return reply.choices[0].message.content, len(list(stream))

    def ask_langchain() -> Any:
        return chat.invoke("hi").content, "".join(str(chunk.content) for chunk in chat.stream("hi"))

    def ask_litellm() -> Any:
        where: Any = {**hello, "model": "openai/m", "api_base": openai_server.url, "api_key": "k"}
        reply, stream = litellm.completion(**where), litellm.completion(**where, stream=True)
        return reply.choices[0].message.content, len(list(stream))

    def flushed() -> bool:
        return assay.flush(0.2) in (True, False)

    light = functions_of("assay", "settings", "semconv", "destination", "embedded", "fork_guard", "redaction")
    names = internal({**functions_of("assay.tracing"), **light})
    assay.autolog("openai", "langchain", "litellm")
    try:
        check((restart, *PROGRAM, ask, ask_langchain, ask_litellm, flushed), names, caplog)
    finally:
        for library in (assay.openai, assay.langchain, assay.litellm):
            library.autolog(disable=True)
        chat.root_client.close()
        client.close()
