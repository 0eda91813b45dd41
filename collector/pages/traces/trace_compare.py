"""What a comparison of two traces shows: totals, differences span by span, outputs word by word. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assay.collector.pages import formats
from assay.collector.pages.formats import plain
from assay.collector.pages.runs import Run, without_islands
from assay.collector.pages.traces.alignment import Pair, align, step_name
from assay.prompts.diff import diff_words

Span = Mapping[str, Any]
Show = Literal["all", "changed", "alone"]
SHOWS: tuple[tuple[Show, str], ...] = (("all", "All spans"), ("changed", "Changed"), ("alone", "On one side only"))
MOST_DIFF_CHARS = 20_000
SLOWER_RATIO, SLOWER_MS = 0.2, 50.0  # a span that takes so much more or less of both has changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """One line of the totals; `difference` is b minus a."""

    name: str
    a: str
    b: str
    difference: str
    is_worse: bool | None  # None: neither better nor worse


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the spans: figures are b minus a, None where one side has none."""

    a: Span | None
    b: Span | None
    depth: int
    name: str
    kind: str | None
    duration_ms: float | None
    tokens: int | None
    cost_usd: float | None
    changes: tuple[str, ...]

    @property
    def is_alone(self) -> bool:
        return self.a is None or self.b is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    totals: list[Total]
    words: list[str]
    lines: list[Line]
    only_a: int
    only_b: int
    changed: int


def compare(a: Mapping[str, Any], b: Mapping[str, Any]) -> Comparison:
    """Two trace rows, each with its "spans"."""
    lines = [_line(pair) for pair in align(a["spans"], b["spans"])]
    only_a, only_b = (sum(getattr(line, side) is None for line in lines) for side in ("b", "a"))
    changed = sum(bool(line.changes) and not line.is_alone for line in lines)
    return Comparison(
        totals=totals(a, b),
        words=in_words(a, b, changed, only_a, only_b),
        lines=lines,
        only_a=only_a,
        only_b=only_b,
        changed=changed,
    )


def shown(lines: Sequence[Line], show: Show) -> list[Line]:
    if show == "alone":
        return [line for line in lines if line.is_alone]
    return [line for line in lines if line.changes] if show == "changed" else list(lines)


def output_runs(a: Any, b: Any) -> list[Run] | None:
    """The change from one output to the other, word by word; None where both are the same."""
    old, new = plain(a), plain(b)
    if old == new:
        return None
    return without_islands(diff_words(old[:MOST_DIFF_CHARS], new[:MOST_DIFF_CHARS]))


_TOTALS: tuple[tuple[str, str, Callable[[Any], str], bool], ...] = (  # the last: more of it is worse
    ("Latency", "duration_ms", formats.duration, True),
    ("Cost", "cost_usd", formats.cost, True),
    ("Input tokens", "input_tokens", formats.count, False),
    ("from the cache", "cache_read_tokens", formats.count, False),
    ("Output tokens", "output_tokens", formats.count, False),
    ("Spans", "span_count", formats.count, False),
    ("Errors", "error_count", formats.count, True),
)


def totals(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Total]:
    return [
        Total(
            name=name,
            a=text(a[field]),
            b=text(b[field]),
            difference=signed(a[field], b[field], text),
            is_worse=b[field] > a[field]
            if more_is_worse and _known(a[field], b[field]) and a[field] != b[field]
            else None,
        )
        for name, field, text, more_is_worse in _TOTALS
    ]


def signed(a: float | None, b: float | None, text: Callable[[Any], str]) -> str:
    """+1.2 s (+35 %) · −$0.002 (−10 %) · the same · –"""
    if a is None or b is None:
        return formats.UNKNOWN
    if a == b:
        return "the same"
    sign = "+" if b > a else "−"
    share = f" ({sign}{formats.share(abs(b - a) / abs(a))})" if a else ""
    return f"{sign}{text(abs(b - a))}{share}"


def in_words(a: Mapping[str, Any], b: Mapping[str, Any], changed: int, only_a: int, only_b: int) -> list[str]:
    """What there is to know first."""
    said = []
    if a["status"] != b["status"]:
        said.append(f"A ended with status {plain(a['status'])}, B with {plain(b['status'])}.")
    for verb, field, text, less in (
        ("took", "duration_ms", formats.duration, "less"),
        ("cost", "cost_usd", formats.cost, "less"),
    ):
        if _known(a[field], b[field]) and a[field] != b[field]:
            more = "more" if b[field] > a[field] else less
            share = f" ({formats.share(abs(b[field] - a[field]) / a[field])})" if a[field] else ""
            said.append(f"B {verb} {text(abs(b[field] - a[field]))} {more} than A{share}.")
    if changed or only_a or only_b:
        said.append(
            f"{formats.count(changed)} spans changed, {formats.count(only_a)} are in A only,"
            f" {formats.count(only_b)} in B only."
        )
    else:
        said.append("Both went the same way: each span has its counterpart, and none changed.")
    return said


def _known(*values: float | None) -> bool:
    return all(value is not None for value in values)


def _line(pair: Pair) -> Line:
    a, b = pair.a, pair.b
    span: Span = a if a is not None else (b or {})
    return Line(
        a=a,
        b=b,
        depth=pair.depth,
        name=str(span["name"] or ""),
        kind=span["kind"],
        duration_ms=_difference(a, b, "duration_ms"),
        tokens=_difference(a, b, "total_tokens"),
        cost_usd=_difference(a, b, "cost_usd"),
        changes=tuple(_changes(a, b)),
    )


def _difference(a: Span | None, b: Span | None, field: str) -> Any:
    if a is None or b is None or a[field] is None or b[field] is None:
        return None
    return b[field] - a[field]


def _changes(a: Span | None, b: Span | None) -> Iterable[str]:
    """What changed from one span to the other, in words; of a span alone, on which side it is."""
    if a is None or b is None:
        yield "only in A" if b is None else "only in B"
        return
    if a["status"] != b["status"]:
        yield f"status {plain(a['status'])} → {plain(b['status'])}"
    if step_name(a) != step_name(b) or a["kind"] != b["kind"]:
        yield "another name"
    if _model(a) != _model(b):
        yield f"model {_model(a) or formats.UNKNOWN} → {_model(b) or formats.UNKNOWN}"
    if plain(a["input"]) != plain(b["input"]):
        yield "input"
    if plain(a["output"]) != plain(b["output"]):
        yield "output"
    took_a, took_b = a["duration_ms"], b["duration_ms"]
    if took_a is not None and took_b is not None:
        change = abs(took_b - took_a)
        if change >= SLOWER_MS and change >= SLOWER_RATIO * min(took_a, took_b):
            yield "slower" if took_b > took_a else "faster"


def _model(span: Span) -> str | None:
    model: str | None = span["response_model"] or span["request_model"]
    return model
