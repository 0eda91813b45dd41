"""What a type checker knows of traced functions: `make types` has mypy and pyright check it. Never run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator
from typing import Any, assert_type

import httpx
import requests

import assay


@assay.trace
def plain(question: str, *, limit: int = 3) -> list[str]:
    return [question] * limit


@assay.trace(name="named", kind="tool", capture_input=["question"])
def with_options(question: str) -> int:
    return len(question)


@assay.observe(kind="agent")
async def coroutine(question: str) -> dict[str, int]:
    return {question: 1}


@assay.trace
def generator(count: int) -> Iterator[int]:
    yield count


@assay.trace
def sending(count: int) -> Generator[int, str, bytes]:
    received = yield count
    return received.encode()


@assay.trace
async def async_generator(count: int) -> AsyncIterator[str]:
    yield str(count)


@assay.trace
async def async_sending(count: int) -> AsyncGenerator[str, int]:
    yield str(count)


class Service:
    @assay.trace
    def method(self, question: str) -> str:
        return question

    @assay.trace(kind="chain")
    async def async_method(self, question: str) -> str:
        return question

    @classmethod
    @assay.trace
    def class_method(cls, question: str) -> Service:
        return cls()

    @assay.trace
    @classmethod
    def outer_class_method(cls, question: str) -> Service:
        return cls()

    @assay.trace
    @staticmethod
    def static_method(question: str) -> int:
        return len(question)

    @property
    @assay.trace
    def answer(self) -> float:
        return 1.0


@assay.context(session_id="s")
@assay.trace
def in_context(question: str) -> str:
    return question


def what_is_known(service: Service) -> None:
    assert_type(plain("a", limit=1), list[str])
    assert_type(with_options("a"), int)
    assert_type(generator(1), Iterator[int])
    assert_type(sending(1), Generator[int, str, bytes])
    assert_type(async_generator(1), AsyncIterator[str])
    assert_type(async_sending(1), AsyncGenerator[str, int])
    assert_type(service.method("a"), str)
    assert_type(Service.class_method("a"), Service)
    assert_type(Service.outer_class_method("a"), Service)
    assert_type(Service.static_method("a"), int)
    assert_type(service.answer, float)
    assert_type(in_context("a"), str)
    assert_type(assay.trace(lambda: len("a"))(), int)
    assert_type(assay.propagate(httpx.Client()), httpx.Client)
    assert_type(assay.propagate(requests.Session()), requests.Session)
    assert_type(assay.trace_headers(), dict[str, str])
    pending: Coroutine[Any, Any, dict[str, int]] = coroutine("a")
    pending.close()
    callback: Callable[[str], int] = with_options
    callback("a")
    with assay.start_span("block", kind="tool") as span:
        assert_type(span.trace_id, str | None)
    assert_type(assay.current_span().span_id, str | None)


async def what_is_awaited(service: Service) -> None:
    assert_type(await coroutine("a"), dict[str, int])
    assert_type(await service.async_method("a"), str)
    async for word in async_generator(1):
        assert_type(word, str)


def what_is_wrong(service: Service) -> None:
    """Each of these is an error, and an ignored error that is none is one too."""
    plain(1)  # type: ignore[arg-type]
    plain("a", count=1)  # type: ignore[call-arg]
    service.method()  # type: ignore[call-arg]
    with_options(b"a")  # type: ignore[arg-type]
    assay.trace(3)  # type: ignore[call-overload]
    assay.trace(kind=3)  # type: ignore[call-overload]
