"""A trace: its facts, its scores, and its spans as a tree with bars of when each ran."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.command.columns import cost, count, duration, time
from assay.notebook.frame import box, table
from assay.notebook.markup import Markup, tag
from assay.outline import Line, Outline, extent_of, lines
from assay.traces import Span, Trace

MOST_SPANS = 100
MOST_CHARS = 4_000  # of one input or output
MOST_SCORES = 30


def trace_html(trace: Trace) -> str:
    """A trace as HTML."""
    spans = breadth_first(trace)
    outline = outline_of(spans)
    by_id = {span.span_id: span for span in spans}
    shown = list(lines(outline, most=MOST_SPANS))
    extent = extent_of(outline)
    rows = [_row(outline, line, by_id, extent) for line in shown]
    headings = [("span", None), ("kind", None), ("", None), ("duration", "number"), ("tokens", "number")]
    return box(
        tag("h4", trace.name or "(no name)", cls="bad" if trace.status == "error" else None),
        tag("p", ", ".join(_facts(trace))),
        tag("p", f"trace {trace.trace_id}", cls="quiet"),
        _scores(trace.scores),
        table([*headings, ("cost", "number")], rows),
    )


def span_html(span: Span) -> str:
    """A span alone as HTML."""
    facts = [span.kind, span.response_model or span.request_model, span.status]
    facts += [None if span.duration_ms is None else duration(span.duration_ms)]
    facts += [None if span.total_tokens is None else f"{count(span.total_tokens)} tokens"]
    facts += [None if span.cost_usd is None else cost(span.cost_usd)]
    return box(
        tag("h4", span.name or "(no name)", cls="bad" if span.status == "error" else None),
        tag("p", ", ".join(fact for fact in facts if fact)),
        tag("p", f"span {span.span_id} of trace {span.trace_id}", cls="quiet"),
        _why(span),
        _contents(span),
    )


def breadth_first(trace: Trace) -> list[Span]:
    """Every span once, parents before their children; of a circle of parents the earliest span is taken for a root."""
    known = {span.span_id for span in trace.spans}
    below: dict[str, list[Span]] = {}
    tops = []
    for span in trace.spans:
        if span.parent_span_id in known and span.parent_span_id != span.span_id:
            below.setdefault(str(span.parent_span_id), []).append(span)
        else:
            tops.append(span)
    found: list[Span] = []
    seen: set[str] = set()
    for top in [*tops, *trace.spans]:
        level = [top] if top.span_id not in seen else []
        while level:
            new = [span for span in level if span.span_id not in seen and not seen.add(span.span_id)]  # type: ignore[func-returns-value]
            found += new
            level = [child for span in new for child in below.get(span.span_id, ())]
    return found


def outline_of(spans: list[Span]) -> Outline:
    """The shape of spans that stand behind their parents."""
    places: dict[str, int] = {}
    outline = Outline()
    for place, span in enumerate(spans):
        outline.span_id.append(span.span_id)
        outline.name.append(span.name)
        outline.kind.append(span.kind)
        outline.status.append(span.status)
        outline.start_us.append(None if span.start_time is None else round(span.start_time.timestamp() * 1e6))
        outline.duration_us.append(None if span.duration_ms is None else round(span.duration_ms * 1000))
        outline.total_tokens.append(span.total_tokens)
        outline.cost_usd.append(span.cost_usd)
        outline.parent.append(places.get(span.parent_span_id or "", -1))
        places.setdefault(span.span_id, place)
    return outline


# Helpers ----------------------------------------------------------------------------------------------------------


def _facts(trace: Trace) -> list[str]:
    facts = [trace.status] if trace.status != "unset" else []
    facts += [] if trace.duration_ms is None else [duration(trace.duration_ms)]
    facts += [f"{count(trace.span_count or len(trace.spans))} spans"]
    facts += [f"{count(trace.error_count)} failed"] if trace.error_count else []
    facts += [] if trace.total_tokens is None else [f"{count(trace.total_tokens)} tokens"]
    facts += [] if trace.cost_usd is None else [cost(trace.cost_usd)]
    facts += [] if trace.start_time is None else [f"{time(trace.start_time.isoformat())} UTC"]
    facts += [f"{word} {value}" for word, value in (("session", trace.session_id), ("user", trace.user_id)) if value]
    return facts


def _scores(scores: list[dict[str, Any]]) -> Markup | None:
    if not scores:
        return None
    told = [f"{score.get('name')} = {score.get('value')} ({score.get('source')})" for score in scores[:MOST_SCORES]]
    more = [f"and {count(len(scores) - MOST_SCORES)} more"] if len(scores) > MOST_SCORES else []
    return tag("p", "scores: " + ", ".join([*told, *more]))


def _row(outline: Outline, line: Line, by_id: Mapping[str, Span], extent: tuple[int, int]) -> list[Markup]:
    if line.place is None:
        words = f"… {count(line.n_folded)} more spans"
        failed = len(outline.failed(line.folded))
        told = f"{words}, {count(failed)} of them failed" if failed else words
        return [tag("td", tag("span", line.guides, cls="guides"), told, cls="quiet", colspan="6")]
    place = line.place
    span = by_id[str(outline.span_id[place])]
    failed = span.status == "error"
    name = tag("span", span.name or "(no name)", cls="bad" if failed else None)
    contents = _contents(span)
    told = tag("details", tag("summary", name), _why(span), contents) if contents or failed else name
    took, tokens, usd = span.duration_ms, span.total_tokens, span.cost_usd
    return [
        tag("td", tag("div", tag("span", line.guides, cls="guides"), told, style="display:flex")),
        tag("td", span.kind or "", cls="quiet"),
        tag("td", _bar(outline, place, extent, failed)),
        tag("td", "" if took is None else duration(took), cls="number"),
        tag("td", "" if tokens is None else count(tokens), cls="number"),
        tag("td", "" if usd is None else cost(usd), cls="number"),
    ]


def _bar(outline: Outline, place: int, extent: tuple[int, int], failed: bool) -> Markup | None:
    first, length = extent
    start, took = outline.start_us[place], outline.duration_us[place]
    if start is None or length <= 0:
        return None
    begins = min(max((start - first) / length, 0.0), 1.0)
    share = min(max((took or 0) / length, 0.0), 1.0 - begins)
    style = f"margin-left:{begins:.2%};width:{share:.2%}"
    return tag("span", tag("span", cls="bar bad" if failed else "bar", style=style), cls="track")


def _why(span: Span) -> Markup | None:
    return tag("pre", _cut(span.status_message), cls="bad") if span.status == "error" and span.status_message else None


def _contents(span: Span) -> Markup | None:
    told = [(word, text) for word, text in (("input", span.input), ("output", span.output)) if text]
    if not told:
        return None
    return tag("div", [tag("div", tag("span", word, cls="quiet"), tag("pre", _cut(text))) for word, text in told])


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARS else f"{text[:MOST_CHARS]}… ({count(len(text))} characters)"
