"""Routes: scores and notes that people write on a trace or a span."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from assay.collector.human_scores import is_own
from assay.collector.pages import urls
from assay.collector.pages.forms import Posted
from assay.collector.pages.notices import Notice
from assay.collector.pages.prompts.prompt_edit_pages import MENDABLE, status_of
from assay.collector.pages.review.review_source import remember_reviewer, reviewer_of
from assay.collector.pages.source import Source
from assay.collector.pages.traces.details_source import DetailsSource, get_details
from assay.collector.pages.traces.score_form import NOTHING_TYPED, Typed, score_of, typed_in
from assay.collector.pages.web import PageRoute, get_source, page, redirect
from assay.errors import AssayError, Forbidden, NotFound

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
FromDetails = Annotated[DetailsSource, Depends(get_details)]


@router.get("/p/{project}/traces/{trace_id}/scores")
def scores(
    request: Request, source: FromSource, details: FromDetails, project: str, trace_id: str, span: str = ""
) -> Response:
    typed = Typed(span_id=urls.name_of(span))
    return _page(request, source, details, urls.name_of(project), urls.name_of(trace_id), typed)


@router.post("/p/{project}/traces/{trace_id}/scores")
def scored(
    request: Request, source: FromSource, details: FromDetails, form: Posted, project: str, trace_id: str
) -> Response:
    """Store a score or a note, or delete one of one's own; it is on disk before the answer."""
    project, trace_id = urls.name_of(project), urls.name_of(trace_id)
    known = reviewer_of(request)
    author = known if details.has_key else form.line("author")
    typed, action = typed_in(form), form.one("action")
    try:
        if action == "delete":
            details.delete_score(_own(details, project, trace_id, form.one("score_id"), known))
            said = "Deleted."
        else:
            row = score_of(typed, action, project=project, trace_id=trace_id, author=author)
            details.check_there(project, trace_id, typed.span_id or None)
            details.add_score(row)
            said = "The note is saved." if action == "note" else f"The score {row['name']} is saved."
    except MENDABLE as error:
        return _page(request, source, details, project, trace_id, typed, problem=error)
    address = urls.trace(project, trace_id, span=form.line("shown_span") or typed.span_id or None, tab="scores")
    response = redirect(f"{address}#span", status_code=303, notice=Notice(said))
    if author and action != "delete" and not details.has_key:
        remember_reviewer(response, author)
    return response


def _own(details: DetailsSource, project: str, trace_id: str, score_id: str, author: str | None) -> dict[str, object]:
    """The score of this id, if the one who asks wrote it by hand."""
    score = next((one for one in details.scores(project, trace_id) if one["id"] == score_id), None)
    if score is None:
        raise NotFound("There is no such score any more.", hint="It was deleted or replaced by a newer one.")
    if not is_own(score, author):
        raise Forbidden("Only who wrote a score by hand may delete it.", hint="Write another one beside it.")
    return score


def _page(
    request: Request,
    source: Source,
    details: DetailsSource,
    project: str,
    trace_id: str,
    typed: Typed = NOTHING_TYPED,
    *,
    problem: AssayError | None = None,
) -> Response:
    """The forms on a page of their own: for a refused one, and for those who come from elsewhere."""
    details.check_there(project, trace_id, None)
    given = details.scores(project, trace_id)
    return page(
        request,
        "traces/score_page.html",
        title="Score a trace",
        source=source,
        project=project,
        section="traces",
        has_forms=True,
        status_code=status_of(problem),
        trace_id=trace_id,
        span_id=typed.span_id or None,
        typed=typed,
        problem=problem,
        of_span=[score for score in given if typed.span_id and score.get("span_id") == typed.span_id],
        of_trace=[score for score in given if not score.get("span_id")],
        author=reviewer_of(request),
        score_names=details.score_names(project),
    )
