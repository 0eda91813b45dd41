"""Whatever a program nests in whatever, every span has the parent that it should have, and no context is left over."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from opentelemetry import context as otel

import assay
from support.call_trees import Node, run, trees
from support.spans import Caught, catch_spans


def check(node: Node, spans: Caught) -> None:
    run(node)
    assert otel.get_current() == {}
    assert spans.tree() == dict(node.parents(None))
    assert len({span.context.trace_id for span in spans.all() if span.context and not span.parent}) == len(
        [name for name, parent in node.parents(None) if parent is None]
    )


@settings(max_examples=25)
@given(node=trees)
def test_random_programs_give_exactly_the_expected_trees(node: Node) -> None:
    with catch_spans() as spans:
        check(node, spans)


@pytest.mark.chaos
@settings(max_examples=400)
@given(node=trees)
def test_many_random_programs_give_exactly_the_expected_trees(node: Node) -> None:
    with catch_spans() as spans:
        check(node, spans)


def test_a_block_left_in_another_thread_is_left_there_and_nothing_else(spans: Caught) -> None:
    """A generator that nobody traces, suspended in a span, and ended by a thread that is in a span of its own."""

    def suspended() -> Iterator[None]:
        with assay.start_span("block"):
            yield

    stream = suspended()
    contextvars.copy_context().run(next, stream)
    seen: list[Any] = []

    def finish() -> None:
        with assay.start_span("finisher") as span:
            list(stream)
            seen.append(assay.current_span().span_id == span.span_id)

    thread = threading.Thread(target=finish)
    thread.start()
    thread.join()
    assert seen == [True]
    assert spans.tree() == {"finisher": None, "block": None}


def test_blocks_left_out_of_order_leave_nothing_behind(spans: Caught) -> None:
    def suspended() -> Iterator[None]:
        with assay.start_span("block"):
            yield

    stream = suspended()
    next(stream)  # "block" is current here now, as Python's generators have it
    with assay.start_span("caller") as caller:
        list(stream)
        assert assay.current_span().span_id == caller.span_id
        with assay.start_span("below"):
            pass
    assert otel.get_current() == {}
    assert spans.tree() == {"block": None, "caller": "block", "below": "caller"}


def test_a_call_that_leaves_a_block_open_does_not_leave_it_to_its_caller(spans: Caught) -> None:
    kept = []

    @assay.trace(name="careless")
    def careless() -> None:
        block = assay.start_span("left open")
        block.__enter__()
        kept.append(block)

    careless()
    assert otel.get_current() == {}
    kept[0].__exit__(None, None, None)
    assert otel.get_current() == {}
