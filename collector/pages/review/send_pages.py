"""Routes: traces, spans and rows that were chosen elsewhere, sent to a queue."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from assay.collector.pages import urls
from assay.collector.pages.forms import Posted
from assay.collector.pages.notices import Notice
from assay.collector.pages.review.questions import PRESETS
from assay.collector.pages.review.queue_pages import MENDABLE, status_of
from assay.collector.pages.review.review_source import AtReview, every_queue, reviewer_of
from assay.collector.pages.security import local_path
from assay.collector.pages.source import Source
from assay.collector.pages.web import PageRoute, get_source, page, redirect
from assay.collector.review.desk import ReviewDesk
from assay.collector.review.gather import Wanted
from assay.errors import AssayError, InvalidRequest

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
Refs = Annotated[list[str] | None, Query()]
MOST_REFS = 1000


@router.get("/p/{project}/send/review")
def choose_queue(
    request: Request,
    source: FromSource,
    desk: AtReview,
    project: str,
    ref: Refs = None,
    next: str = "",
) -> Response:
    return _page(request, source, desk, (ref or [])[:MOST_REFS], next)


@router.post("/p/{project}/send/review")
def sent_to_queue(request: Request, source: FromSource, desk: AtReview, form: Posted, project: str) -> Response:
    """`ref` (repeated), `queue` (one there is, or a new one), `rubric` (of a new one), `next` (where to go back to)."""
    refs, name = form.all("ref"), form.one("queue").strip()
    try:
        if not refs:
            raise InvalidRequest("Nothing was chosen.", hint="Go back and choose what should be reviewed.")
        wanted = Wanted(refs=refs, limit=len(refs))
        if any(queue["name"] == name for queue in every_queue(desk)):
            added = desk.add(name, wanted)
        else:
            preset = PRESETS.get(form.one("rubric"), PRESETS["correct"])[1]
            queue, _ = desk.create(name, preset, wanted, author=reviewer_of(request))
            added = queue["added"]
    except MENDABLE as error:
        return _page(request, source, desk, refs, form.one("next"), queue=name, problem=error)
    there = f", {added['there_already']} were there already" if added["there_already"] else ""
    said = "; ".join([f"{added['added']} sent to the review queue {name}{there}", *added["notes"]])
    link = urls.review_queue(desk.project, name)
    back = local_path(form.one("next")) if form.line("next") else link
    return redirect(back, status_code=303, notice=Notice(f"{said}.", link))


def _page(
    request: Request,
    source: Source,
    desk: ReviewDesk,
    refs: list[str],
    next: str,
    *,
    queue: str = "",
    problem: AssayError | None = None,
) -> Response:
    queues = [one for one in every_queue(desk, status="open") if one["mode"] == "single"]
    return page(
        request,
        "review/send.html",
        title="Send to review",
        source=source,
        project=desk.project,
        section="review",
        has_forms=True,
        status_code=status_of(problem),
        problem=problem,
        refs=refs,
        next=local_path(next) if next else "",
        queues=queues,
        queue=queue or (queues[0]["name"] if queues else "review"),
        presets=PRESETS,
    )
