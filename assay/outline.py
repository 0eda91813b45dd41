"""The shape of a trace as terminals, notebooks and agents are shown it: which spans have a line, what other lines say.

A trace of more spans than anybody reads is folded. Spans that failed come first, with all that leads to them; then the
levels of the tree from the top, of equal siblings only a few. What is left out is counted on a line in its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_LINES = 200
EQUALS_SHOWN = 3  # of siblings with one name and kind, where there are too many spans to show all
DEEPEST_INDENT = 12
COLUMNS = ("span_id", "start_us", "duration_us", "total_tokens", "cost_usd", "parent")
SPELLED = {"name": "names", "kind": "kinds", "status": "statuses"}


@dataclass(slots=True)
class Outline:
    """Columns of a trace's spans, parents before their children, siblings in start order; `parent` is -1 for a root."""

    span_id: list[str | None] = field(default_factory=list)  # None: made up, in place of parents that never arrived
    name: list[str] = field(default_factory=list)
    kind: list[str | None] = field(default_factory=list)
    status: list[str] = field(default_factory=list)
    start_us: list[int | None] = field(default_factory=list)
    duration_us: list[int | None] = field(default_factory=list)
    total_tokens: list[int | None] = field(default_factory=list)
    cost_usd: list[float | None] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.parent)

    def take(self, page: Mapping[str, Any]) -> None:
        """Add a page of `GET /api/v1/traces/{id}/skeleton`."""
        for column in COLUMNS:
            getattr(self, column).extend(page[column])
        for column, table in SPELLED.items():
            getattr(self, column).extend(page[table][at] if at is not None else None for at in page[column])

    def children(self) -> list[list[int]]:
        below: list[list[int]] = [[] for _ in range(len(self))]
        for place, parent in enumerate(self.parent):
            if parent >= 0:
                below[parent].append(place)
        return below

    def tops(self) -> list[int]:
        return [place for place, parent in enumerate(self.parent) if parent < 0]

    def failed(self, places: Iterable[int]) -> list[int]:
        return [place for place in places if self.status[place] == "error"]

    def group(self, place: int) -> tuple[int, str, str | None]:
        """What makes siblings equal."""
        return self.parent[place], self.name[place], self.kind[place]


@dataclass(frozen=True, slots=True)
class Line:
    """One span, or with `folded`, what is not shown of the children of the span above."""

    place: int | None
    guides: str  # what is drawn before the name
    below: str  # what is drawn before lines that belong to this one
    folded: Sequence[int] = ()
    n_folded: int = 0  # with everything below them


def lines(outline: Outline, *, most: int | None = MOST_LINES, top: int | None = None) -> Iterator[Line]:
    """The lines of a trace, or of the part below the span `top`.

    Args:
        most: how many spans have a line of their own; None: all.
    """
    children = outline.children()
    tops = outline.tops() if top is None else [top]
    within = list(range(len(outline))) if top is None else _below(top, children)
    shown = set(within) if most is None or len(within) <= most else _chosen(outline, within, set(tops), most)
    sizes = _sizes(outline)
    waiting = [_entry(place, 0, "", True, is_top=True) for place in reversed(tops) if place in shown]
    if hidden_tops := [place for place in tops if place not in shown]:
        rest = Line(None, "", "", hidden_tops, sum(sizes[place] for place in hidden_tops))
        waiting.insert(0, (rest, 0, ""))  # told last
    while waiting:
        line, depth, guides = waiting.pop()
        yield line
        if line.place is None:
            continue
        seen = [child for child in children[line.place] if child in shown]
        hidden = [child for child in children[line.place] if child not in shown]
        entries = [
            _entry(child, depth + 1, guides, last=not hidden and number == len(seen) - 1)
            for number, child in enumerate(seen)
        ]
        if hidden:
            indent = _indent(depth + 1, guides)
            rest = Line(None, f"{indent}└─ ", f"{indent}   ", hidden, sum(sizes[child] for child in hidden))
            entries.append((rest, depth + 1, ""))
        waiting += reversed(entries)


def extent_of(outline: Outline) -> tuple[int, int]:
    """When the first span began, and how long it was until the last one ended, in microseconds."""
    known = [
        (start, start + (took or 0))
        for start, took in zip(outline.start_us, outline.duration_us, strict=True)
        if start is not None
    ]
    if not known:
        return 0, 0
    first = min(start for start, _ in known)
    return first, max(end for _, end in known) - first


def _entry(place: int, depth: int, guides: str, last: bool, *, is_top: bool = False) -> tuple[Line, int, str]:
    """A line, its depth, and what its children's lines begin with."""
    if is_top:
        return Line(place, "", ""), 0, ""
    indent = _indent(depth, guides)
    below = indent + ("   " if last else "│  ")
    return Line(place, indent + ("└─ " if last else "├─ "), below), depth, below if depth < DEEPEST_INDENT else guides


def _indent(depth: int, guides: str) -> str:
    return guides if depth <= DEEPEST_INDENT else f"{guides}({depth}) "


def _chosen(outline: Outline, within: Sequence[int], tops: set[int], most: int) -> set[int]:
    """The spans that get a line. `within` has parents before their children."""
    shown: set[int] = set()
    equals: Counter[tuple[int, str, str | None]] = Counter()
    for place in outline.failed(within):
        if len(shown) >= most // 2:
            break
        if equals[outline.group(place)] >= EQUALS_SHOWN:
            continue
        path = list(_up(outline, place, shown, tops))
        if len(shown) + len(path) <= most:
            shown.update(path)
            equals.update(outline.group(each) for each in path)
    for place in within:
        if len(shown) >= most:
            break
        is_reached = place in tops or outline.parent[place] in shown
        if place not in shown and is_reached and equals[outline.group(place)] < EQUALS_SHOWN:
            shown.add(place)
            equals[outline.group(place)] += 1
    return shown


def _up(outline: Outline, place: int, until: set[int], tops: set[int]) -> Iterator[int]:
    """A span and what is above it, as far as it is not shown yet."""
    while place not in until:
        yield place
        if place in tops:
            return
        place = outline.parent[place]


def _below(top: int, children: Sequence[Sequence[int]]) -> list[int]:
    """A span and everything below it, level by level."""
    found = [top]
    for place in found:  # which grows meanwhile
        found += children[place]
    return found


def _sizes(outline: Outline) -> list[int]:
    """How many spans each one is with what is below it."""
    sizes = [1] * len(outline)
    for place in range(len(outline) - 1, -1, -1):
        if outline.parent[place] >= 0:
            sizes[outline.parent[place]] += sizes[place]
    return sizes
