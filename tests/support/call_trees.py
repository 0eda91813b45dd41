"""Programs made up at random: calls of every sort, nested in every way, and the tree of spans that each must give."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

import assay

SYNC = ("call", "span", "fails", "thread", "executor", "generator", "closed early", "consumed in threads")
ASYNC = ("coroutine", "gather", "to_thread", "async generator", "async closed early", "consumed in tasks")


@dataclass(frozen=True)
class Node:
    """One span. `kind` says what it is the span of, and how that is called."""

    kind: str
    children: tuple[Node, ...]
    name: str = ""

    def named(self, name: str) -> Node:
        children = tuple(child.named(f"{name}.{number}") for number, child in enumerate(self.children))
        return Node(self.kind, children, name)

    def parents(self, parent: str | None) -> Iterator[tuple[str, str | None]]:
        """Every span below, with its parent. What a consumer does between two items is below the consumer's span."""
        yield self.name, parent
        for number, child in enumerate(self.children):
            if self.kind in CLOSED and number >= 1:
                break
            yield from child.parents(self.name)
            if self.kind in STREAMS:
                yield f"{self.name} taken {number}", parent


STREAMS = {
    *("generator", "closed early", "consumed in threads"),
    *("async generator", "async closed early", "consumed in tasks"),
}
CLOSED = {"closed early", "async closed early"}

trees = st.recursive(
    st.builds(Node, st.sampled_from([*SYNC, *ASYNC]), st.just(())),
    lambda children: st.builds(Node, st.sampled_from([*SYNC, *ASYNC]), st.lists(children, max_size=3).map(tuple)),
    max_leaves=12,
).map(lambda node: node.named("n"))


class Expected(Exception):
    """What a node of kind "fails" raises, and its caller catches."""


def run(node: Node) -> None:
    """Call what `node` stands for, from code that is not async."""
    if node.kind in ASYNC:
        _in_loop_of_its_own(node)
    else:
        _RUN[node.kind](node)


def run_below(node: Node) -> None:
    for child in node.children:
        run(child)


async def arun(node: Node) -> None:
    """The same, from a coroutine."""
    if node.kind in ASYNC:
        await _ARUN[node.kind](node)
    else:
        _RUN[node.kind](node)


def _in_loop_of_its_own(node: Node) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(arun(node))
    else:
        _in_thread(lambda: asyncio.run(arun(node)))


def _in_thread(work: Callable[[], Any]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def _call(node: Node) -> None:
    assay.trace(name=node.name)(lambda: run_below(node))()


def _span(node: Node) -> None:
    with assay.start_span(node.name):
        run_below(node)


def _fails(node: Node) -> None:
    @assay.trace(name=node.name)
    def fail() -> None:
        run_below(node)
        raise Expected

    try:
        fail()
    except Expected:
        return
    raise AssertionError("the exception did not arrive")


def _executor(node: Node) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_call, node).result()


def _stream_of(node: Node) -> Iterator[int]:
    @assay.trace(name=node.name)
    def stream() -> Iterator[int]:
        for number, child in enumerate(node.children):
            run(child)
            yield number

    return stream()


def _taken(node: Node, number: int) -> None:
    with assay.start_span(f"{node.name} taken {number}"):
        pass


def _generator(node: Node) -> None:
    for number in _stream_of(node):
        _taken(node, number)


def _closed_early(node: Node) -> None:
    stream: Any = _stream_of(node)
    for number in stream:
        _taken(node, number)
        break
    stream.close()


def _consumed_in_threads(node: Node) -> None:
    """Called here; each item is asked for in a thread of its own, under a span that has nothing to do with it."""
    stream = _stream_of(node)
    for number in range(len(node.children) + 1):
        _in_thread(lambda: next(stream, None))
        if number < len(node.children):
            _taken(node, number)


async def _coroutine(node: Node) -> None:
    @assay.trace(name=node.name)
    async def coroutine() -> None:
        for child in node.children:
            await asyncio.sleep(0)
            await arun(child)

    await coroutine()


async def _gather(node: Node) -> None:
    @assay.trace(name=node.name)
    async def all_at_once() -> None:
        await asyncio.gather(*(arun(child) for child in node.children))

    await all_at_once()


async def _to_thread(node: Node) -> None:
    await asyncio.to_thread(_call, node)


def _async_stream_of(node: Node) -> AsyncIterator[int]:
    @assay.trace(name=node.name)
    async def stream() -> AsyncIterator[int]:
        for number, child in enumerate(node.children):
            await arun(child)
            yield number

    return stream()


async def _async_generator(node: Node) -> None:
    async for number in _async_stream_of(node):
        await asyncio.sleep(0)
        _taken(node, number)


async def _async_closed_early(node: Node) -> None:
    stream: Any = _async_stream_of(node)
    async for number in stream:
        _taken(node, number)
        break
    await stream.aclose()


async def _consumed_in_tasks(node: Node) -> None:
    stream = _async_stream_of(node)

    async def take() -> None:
        await anext(stream, None)

    for number in range(len(node.children) + 1):
        await asyncio.create_task(take())
        if number < len(node.children):
            _taken(node, number)


_RUN: dict[str, Callable[[Node], None]] = {
    "call": _call,
    "span": _span,
    "fails": _fails,
    "thread": lambda node: _in_thread(lambda: _call(node)),
    "executor": _executor,
    "generator": _generator,
    "closed early": _closed_early,
    "consumed in threads": _consumed_in_threads,
}
_ARUN: dict[str, Callable[[Node], Any]] = {
    "coroutine": _coroutine,
    "gather": _gather,
    "to_thread": _to_thread,
    "async generator": _async_generator,
    "async closed early": _async_closed_early,
    "consumed in tasks": _consumed_in_tasks,
}
