"""The spans of two traces side by side: aligned by the path of their names, from the roots down. Pure.

Under two spans that are aligned, the first child of a name meets the first one of that name on the other side, the
second the second. A model's name at the end of a span's name does not count, so that the same step with another model
is still the same step. What finds nobody stands alone, with all that is below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Span = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of the comparison: a span of each trace, or one alone. `depth` counts from the roots."""

    a: Span | None
    b: Span | None
    depth: int


def align(a: Iterable[Span], b: Iterable[Span]) -> list[Pair]:
    """Every span of both once, depth first, in the order of `a`; what only `b` has follows what `a` has beside it."""
    left, right = _children(a), _children(b)
    roots = _matched(left.get(None, ()), right.get(None, ()))
    if len(roots) == 2 and len(left.get(None, ())) == len(right.get(None, ())) == 1:
        roots = [(roots[0][0], roots[1][1])]  # one root each: the same thing, whatever it is called
    pairs: list[Pair] = []
    waiting = [(one, other, 0) for one, other in reversed(roots)]
    while waiting:
        one, other, depth = waiting.pop()
        pairs.append(Pair(one, other, depth))
        below = _matched(
            left.get(one["span_id"], ()) if one is not None else (),
            right.get(other["span_id"], ()) if other is not None else (),
        )
        waiting += [(first, second, depth + 1) for first, second in reversed(below)]
    return pairs


def step_name(span: Span) -> str:
    """The name of a span without the model it asked: "chat gpt-4o" is "chat"."""
    name = str(span["name"] or "")
    for model in (span.get("request_model"), span.get("response_model")):
        if model and name.endswith(f" {model}"):
            return name[: -len(model) - 1]
    return name


def _matched(a: Sequence[Span], b: Sequence[Span]) -> list[tuple[Span | None, Span | None]]:
    waiting: dict[tuple[str, Any], list[Span]] = {}
    for span in reversed(b):
        waiting.setdefault(_key(span), []).append(span)
    met = [(span, waiting[_key(span)].pop() if waiting.get(_key(span)) else None) for span in a]
    left_over = {id(span) for spans in waiting.values() for span in spans}
    return [*met, *((None, span) for span in b if id(span) in left_over)]


def _key(span: Span) -> tuple[str, Any]:
    return step_name(span), span.get("kind")


def _children(spans: Iterable[Span]) -> dict[str | None, list[Span]]:
    """Id of a span -> its children in order of start; None -> the roots, and whatever else nothing leads to."""
    ordered = sorted(spans, key=lambda span: (span["start_time"], span["span_id"]))
    known = {span["span_id"] for span in ordered}
    children: dict[str | None, list[Span]] = {}
    for span in ordered:
        parent = span["parent_span_id"]
        children.setdefault(parent if parent in known and parent != span["span_id"] else None, []).append(span)
    reached = set(_reached(children, children.get(None, ())))
    for span in ordered:  # spans that name each other as their parents
        if span["span_id"] in reached:
            continue
        children[span["parent_span_id"]].remove(span)
        children.setdefault(None, []).append(span)
        reached.update(_reached(children, [span]))
    return children


def _reached(children: Mapping[str | None, Sequence[Span]], start: Sequence[Span]) -> Iterator[str]:
    waiting = list(start)
    while waiting:
        span = waiting.pop()
        yield span["span_id"]
        waiting += children.get(span["span_id"], ())
