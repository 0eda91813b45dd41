"""What LangChain and LangGraph can be asked, and what must be recorded of it. `run` takes a `LangChain`.

Both LangChain and the OpenAI SDK below it are traced: each call of a model is there once. `tree` is every span of the
case, by name and kind, indented below the span around the case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from support.matrix import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class LangChainCase(Case):
    """`errors`: names of the spans that failed, models aside; `attributes`: of the first span of a name, some."""

    tree: Sequence[str] = ()
    errors: Sequence[str] = ()
    attributes: Sequence[tuple[str, dict[str, Any]]] = ()


def drawn(spans: Sequence[Any]) -> list[str]:
    """The tree of these spans: siblings in the order in which they began, those that began together by name."""
    known = {span.context.span_id for span in spans}
    below: dict[int | None, list[Any]] = {}
    for span in spans:
        parent = span.parent.span_id if span.parent is not None and span.parent.span_id in known else None
        below.setdefault(parent, []).append(span)

    def draw(parent: int | None, depth: int) -> list[str]:
        lines: list[str] = []
        for span in sorted(below.get(parent, ()), key=lambda each: each.start_time):
            kind = str((span.attributes or {}).get("openinference.span.kind") or "").lower()
            lines.append(f"{'  ' * depth}{span.name} {kind}".rstrip())
            lines += draw(span.context.span_id, depth + 1)
        return lines

    return draw(None, 0)


def same_tree(found: Sequence[str], expected: Sequence[str]) -> bool:
    """Are these the same trees, when siblings come in any order? Threads and tasks have none."""
    return _nested(found) == _nested(expected)


def _nested(lines: Sequence[str]) -> Any:
    """A tree as sorted (name, children) pairs."""
    roots: list[tuple[str, list[Any]]] = []
    path: list[tuple[int, list[Any]]] = [(-1, roots)]
    for line in lines:
        depth = (len(line) - len(line.lstrip())) // 2
        while path[-1][0] >= depth:
            path.pop()
        children: list[Any] = []
        path[-1][1].append((line.strip(), children))
        path.append((depth, children))

    def ordered(nodes: list[Any]) -> list[Any]:
        return sorted((name, ordered(children)) for name, children in nodes)

    return ordered(roots)
