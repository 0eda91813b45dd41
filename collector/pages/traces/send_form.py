"""What is chosen when items go to a data set, and what they become there. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

EXPECTED = {
    "none": "Nothing yet: somebody writes it later",
    "output": "What was answered: it was right",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    dataset: str = ""
    expected: str = "none"


def prepared(items: Sequence[Mapping[str, Any]], choice: Choice) -> list[dict[str, Any]]:
    """The items as they go into the data set. An expected value that an item brings along stays."""
    use_output = choice.expected == "output"
    return [
        {**item, "expected": item["output"]}
        if use_output and item.get("expected") is None and "output" in item
        else dict(item)
        for item in items
    ]


def without_expected(items: Sequence[Mapping[str, Any]]) -> int:
    return sum(item.get("expected") is None for item in items)
