"""Routes: two traces compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from assay.collector.pages import urls
from assay.collector.pages.source import Row, Source
from assay.collector.pages.traces.trace_compare import SHOWS, Comparison, Line, Show, compare, output_runs, shown
from assay.collector.pages.web import PageRoute, get_source, page
from assay.errors import InvalidRequest

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
LINES_A_PAGE = 300
LONGEST_PREVIEW = 4_000  # characters of an output that are compared within a line; the roots' are whole


@router.get("/p/{project}/traces/compare")
def compare_traces(
    request: Request,
    source: FromSource,
    project: str,
    a: str = "",
    b: str = "",
    show: Show = "all",
    after: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Without two ids a form that asks for them."""
    project, a, b = urls.name_of(project), a.strip(), b.strip()
    context: dict[str, Any] = {"a": a, "b": b, "show": show, "shows": SHOWS, "comparison": None}
    if a and b:
        first, second, comparison = _compared(source, project, a, b)
        lines = shown(comparison.lines, show)
        context |= {
            "comparison": comparison,
            "traces": (first, second),
            "lines": [(line, _output(line)) for line in lines[after : after + LINES_A_PAGE]],
            "number": len(lines),
            "after": after,
            "next_after": after + LINES_A_PAGE if after + LINES_A_PAGE < len(lines) else None,
            "output": output_runs(first["output"], second["output"]),
            "counts": {"all": len(comparison.lines), "changed": len(shown(comparison.lines, "changed"))}
            | {"alone": comparison.only_a + comparison.only_b},
        }
    return page(
        request,
        "traces/compare.html",
        title="Compare two traces",
        source=source,
        project=project,
        section="traces",
        **context,
    )


@router.get("/p/{project}/traces/compare.json")
def compare_traces_json(source: FromSource, project: str, a: str = "", b: str = "") -> Response:
    if not a.strip() or not b.strip():
        raise InvalidRequest("Two traces are compared.", hint="Name both: ?a=TRACE_ID&b=TRACE_ID")
    first, second, comparison = _compared(source, urls.name_of(project), a.strip(), b.strip())
    return JSONResponse(
        {
            "a": _without_spans(first),
            "b": _without_spans(second),
            "words": comparison.words,
            "totals": [asdict(total) for total in comparison.totals],
            "spans": [_span_object(line) for line in comparison.lines],
        }
    )


def _compared(source: Source, project: str, a: str, b: str) -> tuple[Row, Row, Comparison]:
    first = source.trace(a, project)
    second = first if a == b else source.trace(b, project)
    return first, second, compare(first, second)


def _output(line: Line) -> Any:
    """The change of the output, where there is one that is short enough to be shown in its line."""
    if line.a is None or line.b is None or "output" not in line.changes:
        return None
    texts = [line.a["output"], line.b["output"]]
    return output_runs(*(text[:LONGEST_PREVIEW] if isinstance(text, str) else text for text in texts))


def _without_spans(trace: Row) -> Row:
    return {name: value for name, value in trace.items() if name not in ("spans", "next_cursor")}


def _span_object(line: Line) -> Row:
    def ids(span: Mapping[str, Any] | None) -> Row | None:
        names = ("span_id", "name", "status", "duration_ms", "total_tokens", "cost_usd")
        return None if span is None else {name: span[name] for name in names}

    return {
        "name": line.name,
        "kind": line.kind,
        "depth": line.depth,
        "a": ids(line.a),
        "b": ids(line.b),
        "duration_ms": line.duration_ms,
        "total_tokens": line.tokens,
        "cost_usd": line.cost_usd,
        "changes": list(line.changes),
    }
