"""Routes: what the script of a trace's page asks for, and the traces before and after it in a list."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from assay.collector.pages import tables, time_range, urls
from assay.collector.pages.notices import Notice
from assay.collector.pages.security import PAGE_HEADERS
from assay.collector.pages.source import Source
from assay.collector.pages.traces import filters, span_table, tree_payload
from assay.collector.pages.traces.critical_path import critical_path
from assay.collector.pages.traces.recent_shapes import RECENT
from assay.collector.pages.traces.trace_address import TraceAddress, TraceQuery
from assay.collector.pages.traces.trace_shape import TraceShape, trace_shape
from assay.collector.pages.traces.trace_source import TraceSource, get_trace_source
from assay.collector.pages.web import PageRoute, fragment, get_source, redirect
from assay.collector.trace_find import MOST_FOUND

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
FromTraceSource = Annotated[TraceSource, Depends(get_trace_source)]
Asked = Annotated[TraceQuery, Depends(TraceQuery)]
NDJSON = "application/x-ndjson"


@router.get("/p/{project}/traces/{trace_id}/tree")
def tree(request: Request, source: FromSource, project: str, trace_id: str, state: str = "") -> Response:
    """The tree of a large trace, a chunk a line: see tree_payload. `state`: what the page called it."""
    name, identity = urls.name_of(project), urls.name_of(trace_id)
    kept = RECENT.take(name, identity, state)
    if kept is None:
        shape = trace_shape(source.outline(identity, name)["columns"])
        kept = shape, critical_path(shape)
    lines = _lines(*kept)
    headers = dict(PAGE_HEADERS)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        lines = _compressed(lines)
    return StreamingResponse(lines, media_type=NDJSON, headers=headers)


def _lines(shape: TraceShape, critical: Iterable[int]) -> Iterator[bytes]:
    for chunk in tree_payload.chunks(shape, critical):
        yield orjson.dumps(chunk) + b"\n"


def _compressed(lines: Iterator[bytes]) -> Iterator[bytes]:
    """As gzip, each line whole when it is sent: the first chunk is to be seen before the last is made."""
    packer = zlib.compressobj(level=1, wbits=16 + zlib.MAX_WBITS)
    for line in lines:
        yield packer.compress(line) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


@router.get("/p/{project}/traces/{trace_id}/found")
def found(
    source: FromTraceSource, project: str, trace_id: str, find: Annotated[str, Query(min_length=1, max_length=200)]
) -> Response:
    """Which spans hold a text in name, input or output. `cut`: there are more."""
    ids = source.find(urls.name_of(project), urls.name_of(trace_id), find)
    return JSONResponse({"span_ids": ids, "cut": len(ids) >= MOST_FOUND})


@router.get("/p/{project}/traces/{trace_id}/spans/{span_id}/json")
def span_json(source: FromSource, project: str, trace_id: str, span_id: str) -> Response:
    """One span as the API answers it."""
    span = source.span(urls.name_of(project), urls.name_of(trace_id), urls.name_of(span_id))
    return fragment("traces/span_json.html", span=span)


@router.get("/p/{project}/traces/{trace_id}.csv")
def trace_csv(source: FromSource, project: str, trace_id: str, sort: str = "") -> Response:
    """The table of the spans."""
    name = urls.name_of(trace_id)
    shape = trace_shape(source.outline(name, urls.name_of(project))["columns"])
    columns = ("span_id", "parent_span_id", *(column.key for column in span_table.COLUMNS))
    return tables.csv_answer(f"trace-{name}", columns, span_table.csv_rows(shape, sort))


@router.get("/p/{project}/traces/{trace_id}/newer")
def newer(source: FromTraceSource, project: str, trace_id: str, asked: Asked) -> Response:
    """Lead to the next trace of the list that the reader came from."""
    return _beside(source, urls.name_of(project), urls.name_of(trace_id), asked, newer=True)


@router.get("/p/{project}/traces/{trace_id}/older")
def older(source: FromTraceSource, project: str, trace_id: str, asked: Asked) -> Response:
    """Lead to the trace before this one in that list."""
    return _beside(source, urls.name_of(project), urls.name_of(trace_id), asked, newer=False)


def _beside(source: TraceSource, project: str, trace_id: str, asked: TraceQuery, *, newer: bool) -> Response:
    condition = filters.all_of(filters.to_filter(asked.q), time_range.parse(asked.start, asked.end).filter)
    beside = source.beside(project, trace_id, condition, newer=newer)
    address = TraceAddress(project, beside or trace_id, asked)
    if beside is not None:
        return redirect(address.page())
    where = "that match the filter" if condition else "of this project"
    return redirect(
        address.page(), notice=Notice(f"This is the {'newest' if newer else 'oldest'} of the traces {where}.")
    )
