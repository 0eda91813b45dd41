"""How an item's input becomes the arguments of a task."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import pytest

from assay.errors import ConfigurationError
from assay.evaluation.binding import bind_task, is_async
from assay.evaluation.data.dataset import Item


def one(question: str) -> Any: ...
def two(question: str, page: int = 1) -> Any: ...
def whole(row: dict[str, Any]) -> Any: ...
def anything(**fields: Any) -> Any: ...
def keyword_only(*, question: str) -> Any: ...
def positional(row: Any, /) -> Any: ...


class AsyncObject:
    async def __call__(self, question: str) -> str:
        return question


@pytest.mark.parametrize(
    ("task", "given", "expected"),
    [
        pytest.param(one, {"question": "q"}, ((), {"question": "q"}), id="keys-are-keywords"),
        pytest.param(one, "q", (("q",), {}), id="text-is-the-first-argument"),
        pytest.param(one, ["q"], ((["q"],), {}), id="list-too"),
        pytest.param(two, {"question": "q", "page": 2}, ((), {"question": "q", "page": 2}), id="several"),
        pytest.param(whole, {"question": "q"}, (({"question": "q"},), {}), id="one-parameter-of-another-name"),
        pytest.param(whole, {"row": "q"}, ((), {"row": "q"}), id="one-parameter-of-that-name"),
        pytest.param(anything, {"a": 1, "b": 2}, ((), {"a": 1, "b": 2}), id="kwargs"),
        pytest.param(keyword_only, {"question": "q"}, ((), {"question": "q"}), id="keyword-only"),
        pytest.param(positional, {"a": 1}, (({"a": 1},), {}), id="positional-only"),
        pytest.param(one, {1: 2}, (({1: 2},), {}), id="keys-that-are-no-names"),
        pytest.param(functools.partial(two, page=3), {"question": "q"}, ((), {"question": "q"}), id="partial"),
        pytest.param(AsyncObject(), {"question": "q"}, ((), {"question": "q"}), id="object"),
    ],
)
def test_inputs_become_arguments(task: Callable[..., Any], given: Any, expected: Any) -> None:
    item = Item(id="a", input=given)
    assert bind_task(task, [item])(item) == expected


@pytest.mark.parametrize(
    ("task", "given", "message"),
    [
        pytest.param(
            two, {"query": "q"}, "Item 'a' does not fit the task: two(question: 'str', page: 'int' = 1)", id="name"
        ),
        pytest.param(two, {"question": "q", "lang": "de"}, "the fields 'question', 'lang' of its input", id="extra"),
        pytest.param(keyword_only, "q", "cannot be called with a str of its input", id="no-place-for-a-value"),
    ],
)
def test_an_input_that_does_not_fit_is_refused_with_both_sides(
    task: Callable[..., Any], given: Any, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        bind_task(task, [Item(id="a", input=given)])


def test_async_tasks_are_known_through_partials_and_objects() -> None:
    assert is_async(AsyncObject())
    assert is_async(functools.partial(AsyncObject()))
    assert not is_async(one)
