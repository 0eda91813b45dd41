"""Routes: the details of one span, alone, as JSON, and the files that were sent along in its messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from assay.collector.pages import urls
from assay.collector.pages.content.media import DIGEST_CHARS, File, find_file
from assay.collector.pages.forms import session_of, token_of
from assay.collector.pages.review.review_source import reviewer_of
from assay.collector.pages.source import Row, Source
from assay.collector.pages.traces.details_source import DetailsSource, get_details
from assay.collector.pages.traces.score_form import NOTHING_TYPED
from assay.collector.pages.traces.span_details import matching, span_details
from assay.collector.pages.web import PageRoute, fragment, get_source
from assay.errors import NotFound

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
FromDetails = Annotated[DetailsSource, Depends(get_details)]


@router.get("/p/{project}/traces/{trace_id}/spans/{span_id}.json")
def span_json(source: FromSource, project: str, trace_id: str, span_id: str) -> Response:
    name, trace = urls.name_of(project), urls.name_of(trace_id)
    span = source.span(name, trace, urls.name_of(span_id))
    found = {**span, "scores": source.trace_scores(name, trace)}
    return JSONResponse(found, headers={"Content-Disposition": f'attachment; filename="span-{span["span_id"]}.json"'})


@router.get("/p/{project}/traces/{trace_id}/spans/{span_id}")
def span_fragment(
    request: Request,
    source: FromSource,
    more: FromDetails,
    project: str,
    trace_id: str,
    span_id: str,
    tab: str = "",
) -> Response:
    """The details alone, for the script that puts them beside the tree."""
    name, trace = urls.name_of(project), urls.name_of(trace_id)
    span, scores = source.span(name, trace, urls.name_of(span_id)), source.trace_scores(name, trace)
    session, is_new = session_of(request)
    context = details_context(request, more, name, span, scores, tab)
    return fragment("traces/span.html", project=name, form_token=None if is_new else token_of(session), **context)


@router.get("/p/{project}/traces/{trace_id}/spans/{span_id}/files/{digest}")
def sent_file(source: FromSource, project: str, trace_id: str, span_id: str, digest: str) -> Response:
    """A picture to be shown, or a file to be saved; as its address names its content, it may be kept for ever."""
    span = source.span(urls.name_of(project), urls.name_of(trace_id), urls.name_of(span_id))
    file = find_file(span, digest) if len(digest) == DIGEST_CHARS else None
    if file is None:
        raise NotFound("No message of this span has such a file.", hint="Open the span again.")
    return Response(file.content, media_type=file.media_type, headers=_file_headers(file))


def details_context(
    request: Request, more: DetailsSource, project: str, span: Row, scores: Sequence[Row], tab: str
) -> dict[str, Any]:
    """What templates/traces/span.html needs beside the project and the token of its forms.

    Args:
        scores: of the trace with all of its spans.
    """
    details = span_details(span, tab or None, scores=scores)
    wanted = request.query_params.get("attribute", "").strip()
    return {
        "details": details,
        "wanted": wanted,
        "attributes": matching(span.get("attributes"), wanted),
        "resource": matching(span.get("resource"), wanted),
        "as_text": request.query_params.get("text") == "plain",
        "author": reviewer_of(request),
        "typed": NOTHING_TYPED,
        "score_names": more.score_names(project) if details.tab == "scores" else [],
    }


def _file_headers(file: File) -> dict[str, str]:
    """Whatever it holds, it is no page: nothing in it runs, and only known kinds of pictures are shown."""
    where = "inline" if file.is_shown else "attachment"
    return {
        "Content-Disposition": f'{where}; filename="{file.name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, max-age=31536000, immutable",
    }
