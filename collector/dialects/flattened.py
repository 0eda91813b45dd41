"""Lists and objects spread over numbered and dotted names, `llm.input_messages.0.message.role` and so on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assay.collector.dialects.dialect import Attributes

MAX_STEPS = 16  # of a name below its prefix; what is deeper is no structure of any convention
MAX_DIGITS = 9


def nested(attributes: Attributes, prefix: str) -> Any:
    """The value that the names below `prefix` spell: lists where all keys are numbers, else objects; None when there
    are no such names. One pass, whatever the number of items.
    """
    tree: dict[str, Any] = {}
    start = prefix + "."
    length = len(start)
    for name, value in attributes.items():
        if not name.startswith(start):
            continue
        node = tree
        *path, last = name[length:].split(".", MAX_STEPS)
        for step in path:
            child = node.get(step)
            if not isinstance(child, _Node):
                child = node[step] = _Node()
            node = child
        if not isinstance(node.get(last), _Node):
            node[last] = value
    return _lists(tree) if tree else None


class _Node(dict[str, Any]):
    """A step of a name, told apart from an object that is a value."""


def _lists(node: Any) -> Any:
    if type(node) is not dict and not isinstance(node, _Node):
        return node
    if node and all(map(is_index, node)):
        return [_below(node[key]) for key in sorted(node, key=int)]
    return {key: _below(value) for key, value in node.items()}


def _below(value: Any) -> Any:
    return _lists(value) if isinstance(value, _Node) else value


def is_index(key: str) -> bool:
    return len(key) <= MAX_DIGITS and key.isascii() and key.isdecimal()


def numbered(attributes: Attributes, prefix: str) -> list[dict[str, Any]]:
    """The objects of a list spread below `prefix`, in order of their numbers; names without a number are left out."""
    found = nested(attributes, prefix)
    if isinstance(found, dict):  # `gen_ai.prompt.name` stands beside `gen_ai.prompt.0.role`
        found = [found[key] for key in sorted(filter(is_index, found), key=int)]
    return [item for item in found or () if isinstance(item, dict)]


def wrapped(items: Any, key: str) -> Iterator[dict[str, Any]]:
    """The objects that a list wraps one by one under `key`, as in `[{"message": {...}}, ...]`."""
    for item in items if isinstance(items, list) else ():
        inner = item.get(key) if isinstance(item, dict) else None
        if isinstance(inner, dict):
            yield inner


def below(attributes: Attributes, prefix: str) -> dict[str, Any]:
    """The attributes whose names start with `prefix`, under the rest of their names."""
    length = len(prefix)
    return {name[length:]: value for name, value in attributes.items() if name.startswith(prefix)}
