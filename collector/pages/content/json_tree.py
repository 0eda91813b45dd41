"""JSON as a tree that folds by depth and size, for templates/content.html. Pure.

However large a value is, the tree has a bounded number of nodes: what goes beyond is there as text, whole. Only of what
is longer than LONGEST_TEXT the page has the beginning, and says where the rest is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from assay.collector.pages.content.recognised import recognise
from assay.collector.pages.formats import one_line
from assay.collector.pages.json_tokens import structured

NodeKind = Literal["object", "array", "string", "number", "word", "raw"]
MOST_NODES = 600
MOST_CHILDREN = 100  # of one object or list; the others are text
DEEPEST = 10
OPEN_DEPTH = 3
OPEN_SIZE = 24  # nodes below a node that is open at first
LONGEST_TEXT = 2_000_000  # characters
FIRST_LINES = 200
_BRACKETS = {"object": ("{", "}"), "array": ("[", "]")}


@dataclass(slots=True, kw_only=True)
class Node:
    """`text`: of a leaf, as it is read; of "raw", JSON text that is unfolded as a whole. `label`: what is folded."""

    kind: NodeKind
    key: str | None = None  # in an object; None in a list and at the top
    text: str = ""
    label: str = ""
    children: list[Node] = field(default_factory=list)
    size: int = 1  # nodes, with those below
    is_open: bool = False
    is_text: bool = False  # "raw" is a string, not JSON

    @property
    def brackets(self) -> tuple[str, str]:
        return _BRACKETS[self.kind]


@dataclass(frozen=True, slots=True)
class Tree:
    """Either `root`, or the first lines of what is too long: then `cut_chars` says how long it is."""

    root: Node | None
    first_lines: str = ""
    cut_chars: int = 0


def json_tree(value: Any) -> Tree:
    """The tree of `value`; of text that is JSON, the tree of what it says."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return _cut(value)
    found = structured(value) if isinstance(value, str) else None
    shown = value if found is None else found
    if (text := _dumped(shown, indent=2)) is None:
        return Tree(
            Node(kind="raw", label="too deep to be laid out", text="Nested deeper than JSON can be written here.")
        )
    if len(text) > LONGEST_TEXT:
        return _cut(text)
    return Tree(_Builder().node(shown, None, 0))


class _Builder:
    """Counts the nodes made, so that a tree of a hundred thousand does not become a page."""

    def __init__(self) -> None:
        self.left = MOST_NODES

    def node(self, value: Any, key: str | None, depth: int) -> Node:
        self.left -= 1
        label = recognise(value)
        if label is not None:
            return Node(kind="raw", key=key, label=label, text=_text(value), is_text=isinstance(value, str))
        if isinstance(value, Mapping):
            return self._container("object", key, value.items(), len(value), depth, value)
        if isinstance(value, list | tuple):
            return self._container("array", key, ((None, one) for one in value), len(value), depth, value)
        if isinstance(value, str):
            return Node(kind="string", key=key, text=value)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return Node(kind="number" if is_number else "word", key=key, text=_text(value))

    def _container(
        self,
        kind: Literal["object", "array"],
        key: str | None,
        items: Iterable[tuple[Any, Any]],
        count: int,
        depth: int,
        value: Any,
    ) -> Node:
        what = f"{count:,} {'key' if kind == 'object' else 'item'}{'' if count == 1 else 's'}"
        if count and (depth >= DEEPEST or self.left <= 0):
            return Node(kind="raw", key=key, label=what, text=_text(value))
        made = Node(kind=kind, key=key, label=what)
        waiting = list(items)
        for place, (name, child) in enumerate(waiting):
            if place >= MOST_CHILDREN or (self.left <= 0 and place):
                made.children.append(_rest(kind, waiting[place:]))
                break
            made.children.append(self.node(child, None if name is None else str(name), depth + 1))
        made.size += sum(child.size for child in made.children)
        made.is_open = not depth or (depth < OPEN_DEPTH and made.size <= OPEN_SIZE)
        if not made.is_open:
            preview = _preview(value)
            made.label = f"{what} · {one_line(preview, 80)}" if preview else what
        return made


def _rest(kind: str, items: list[tuple[Any, Any]]) -> Node:
    value = dict(items) if kind == "object" else [child for _, child in items]
    return Node(kind="raw", key="…", label=f"{len(items):,} more", text=_text(value))


def _preview(value: Any) -> str:
    """The beginning of a value on one line, without spelling the whole of it."""
    if isinstance(value, Mapping):
        return ", ".join(str(key) for key in list(value)[:8])
    return ", ".join(one_line(one, 30) for one in list(value)[:4] if not isinstance(one, Mapping | list))


def _text(value: Any) -> str:
    is_flat = isinstance(value, list) and recognise(value) is not None
    return value if isinstance(value, str) else _dumped(value, indent=None if is_flat else 2) or ""


def _dumped(value: Any, *, indent: int | None) -> str | None:
    try:
        return json.dumps(value, indent=indent, ensure_ascii=False, default=str)
    except (RecursionError, ValueError):
        return None


def _cut(text: str) -> Tree:
    lines = text[:LONGEST_TEXT].split("\n", FIRST_LINES)[:FIRST_LINES]
    return Tree(None, first_lines="\n".join(lines)[: LONGEST_TEXT // 10], cut_chars=len(text))
