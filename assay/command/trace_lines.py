"""`assay traces show`: one trace as a tree in the terminal, with bars of when each span ran."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len

from assay.command.columns import cost, count, duration, harmless, text
from assay.command.ink import Ink, cut, padded, wrapped
from assay.outline import Line, Outline, extent_of

GAP = 2
NARROWEST_NAME = 24
WIDEST_NAME = 72
KIND, DURATION, TOKENS, COST = 9, 8, 7, 8  # cells
BAR, WIDEST_BAR = 12, 32
MOST_GROUPS = 4  # named on a line that stands for several spans
IO_LINES = 6  # of an input or output below its span
MESSAGE_LINES = 3
EIGHTHS = " ▏▎▍▌▋▊▉█"
TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True, slots=True)
class Layout:
    """How many cells each column has; 0: it is left out."""

    name: int
    kind: int
    bar: int
    duration: int
    tokens: int
    cost: int


def layout(width: int, longest_name: int, *, has_tokens: bool, has_cost: bool) -> Layout:
    """The columns that fit: the bar goes first, then cost, tokens and kind."""
    wanted = {"duration": DURATION, "kind": KIND, "tokens": TOKENS * has_tokens, "cost": COST * has_cost, "bar": BAR}
    wanted = {column: cells for column, cells in wanted.items() if cells}
    name = max(min(longest_name, WIDEST_NAME), 4)
    for column in ("bar", "cost", "tokens", "kind", "duration"):
        if _cells(wanted) + min(name, NARROWEST_NAME) <= width:
            break
        wanted.pop(column, None)
    name = max(min(name, width - _cells(wanted)), 1)
    if "bar" in wanted:
        wanted["bar"] = min(WIDEST_BAR, BAR + max(0, width - _cells(wanted) - name))
    columns = ("kind", "bar", "duration", "tokens", "cost")
    return Layout(name, **{column: wanted.get(column, 0) for column in columns})


def _cells(columns: Mapping[str, int]) -> int:
    return sum(cells + GAP for cells in columns.values())


def tree_lines(
    outline: Outline, shown: Sequence[Line], whole: Mapping[str, Mapping[str, Any]], ink: Ink, *, io: bool
) -> Iterator[str]:
    """The lines of a tree.

    Args:
        whole: spans by id, of those whose message, input and output are to be shown.
    """
    labels = [_label(outline, line) for line in shown]
    own = [line.place for line in shown if line.place is not None]
    columns = layout(
        ink.width,
        max((cell_len(label) for label, line in zip(labels, shown, strict=True) if line.place is not None), default=0),
        has_tokens=any(outline.total_tokens[place] is not None for place in own),
        has_cost=any(outline.cost_usd[place] is not None for place in own),
    )
    first, extent = extent_of(outline)
    told_below = _told_below(outline, own, whole)
    for label, line in zip(labels, shown, strict=True):
        if line.place is None:
            yield ink.paint(cut(label, ink.width), "error" if outline.failed(line.folded) else "quiet")
        else:
            yield _span_line(outline, line.place, label, columns, first, extent, ink)
            yield from _belonging(outline, line, whole, ink, io=io, says_why=line.place not in told_below)


def bar(start: int | None, took: int | None, first: int, extent: int, width: int) -> str:
    """Where a span lies within its trace: ▏at least, in eighths of a cell at its end."""
    if start is None or extent <= 0 or width <= 0:
        return " " * width
    begins = min(int((start - first) / extent * width), width - 1)
    eighths = max(1, min(round((took or 0) / extent * width * 8), (width - begins) * 8))
    full, rest = divmod(eighths, 8)
    return (" " * begins + "█" * full + (EIGHTHS[rest] if rest else "")).ljust(width)


def _label(outline: Outline, line: Line) -> str:
    if line.place is None:
        return f"{line.guides}… {_folded(outline, line)}"
    return line.guides + (text(outline.name[line.place]) or "(no name)")


def _folded(outline: Outline, line: Line) -> str:
    """How many of which name, what failed among them, and how many spans are below them."""
    groups: dict[str, list[int]] = {}
    for place in line.folded:
        groups.setdefault(text(outline.name[place]), []).append(place)
    largest = sorted(groups.items(), key=lambda group: -len(group[1]))
    words = [f"{count(len(places))} {TIMES} {cut(name, 30)}" for name, places in largest[:MOST_GROUPS]]
    if others := sum(len(places) for _, places in largest[MOST_GROUPS:]):
        words.append(f"{count(others)} others")
    facts = []
    if failed := len(outline.failed(line.folded)):
        facts.append(f"{count(failed)} error{'s' * (failed > 1)}")
    if times := [took for place in line.folded if (took := outline.duration_us[place]) is not None]:
        facts.append(f"{duration(max(times) / 1000)} at most")
    below = line.n_folded - len(line.folded)
    told = ", ".join(words) + (f" ({', '.join(facts)})" if facts else "")
    return told + (f", and {count(below)} spans below" if below else "")


def _span_line(outline: Outline, place: int, label: str, columns: Layout, first: int, extent: int, ink: Ink) -> str:
    failed = outline.status[place] == "error"
    took, tokens, usd = outline.duration_us[place], outline.total_tokens[place], outline.cost_usd[place]
    running = outline.status[place] == "in_progress"
    cells = [ink.paint(padded(label, columns.name), "error" if failed else None)]
    if columns.kind:
        cells.append(ink.paint(padded(text(outline.kind[place] or ""), columns.kind), "kind"))
    if columns.bar:
        drawn = bar(outline.start_us[place], took, first, extent, columns.bar)
        cells.append(ink.paint(drawn, "error" if failed else "good"))
    if columns.duration:
        told = "running" if running else "" if took is None else duration(took / 1000)
        cells.append(padded(told, columns.duration, right=True))
    if columns.tokens:
        cells.append(padded("" if tokens is None else count(tokens), columns.tokens, right=True))
    if columns.cost:
        cells.append(padded("" if usd is None else cost(usd), columns.cost, right=True))
    return (" " * GAP).join(cells).rstrip()


def _told_below(outline: Outline, places: Sequence[int], whole: Mapping[str, Mapping[str, Any]]) -> set[int]:
    """The spans whose error a child has too: an exception on its way up is told where it came from."""

    def why(place: int) -> Any:
        return whole.get(outline.span_id[place] or "", {}).get("status_message")

    above = ((place, outline.parent[place]) for place in places)
    return {parent for place, parent in above if parent >= 0 and why(place) and why(place) == why(parent)}


def _belonging(
    outline: Outline,
    line: Line,
    whole: Mapping[str, Mapping[str, Any]],
    ink: Ink,
    *,
    io: bool,
    says_why: bool,
) -> Iterator[str]:
    """What is told below a span: why it failed, what went in and out."""
    span = whole.get(outline.span_id[line.place] or "") if line.place is not None else None
    if span is None:
        return
    if says_why and span.get("status") == "error" and span.get("status_message"):
        yield from _text_below(line, "error", str(span["status_message"]), ink, MESSAGE_LINES, "error")
    if io:
        for name, field in (("in", "input"), ("out", "output")):
            if span.get(field) is not None:
                yield from _text_below(line, name, str(span[field]), ink, IO_LINES, "quiet")


def _text_below(line: Line, name: str, told: str, ink: Ink, most: int, style: str) -> Iterator[str]:
    begin = f"{line.below}  {name}: "
    room = max(ink.width - cell_len(begin), 16)
    # Only as much is looked at as can be shown: an input may have megabytes.
    for number, piece in enumerate(wrapped(harmless(" ".join(told[: room * most * 4].split())), room, most)):
        yield line.below + ink.paint((begin if not number else " " * cell_len(begin))[len(line.below) :] + piece, style)
