"""Routes: the queues of a project, a new one, one with what came of it, and where its reviewers differ."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from assay.collector.pages import urls
from assay.collector.pages.forms import Form, Posted
from assay.collector.pages.notices import Notice
from assay.collector.pages.review.questions import PAIR_PRESET, PRESETS, rows_of, sent_rows, sent_rubric
from assay.collector.pages.review.review_source import (
    AtReview,
    every_queue,
    may_name_themselves,
    remember_reviewer,
    reviewer_of,
)
from assay.collector.pages.review.review_view import agreement_rows, answer, csv_rows, preferred_rows, side, what
from assay.collector.pages.source import Source
from assay.collector.pages.tables import csv_answer
from assay.collector.pages.web import PageRoute, get_source, page, redirect
from assay.collector.review.desk import ReviewDesk
from assay.collector.review.gather import DEFAULT_LIMIT, Wanted
from assay.errors import AssayError, Conflict, Forbidden, InvalidRequest, NotFound

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]

MENDABLE = (InvalidRequest, Conflict, Forbidden, NotFound)
ITEMS_A_PAGE = 50
SHOWN_DISAGREEMENTS = 50
STATES = ("waiting", "labelled", "done")


def status_of(problem: AssayError | None) -> int:
    return 200 if problem is None else 409 if isinstance(problem, Conflict) else 400


@router.get("/p/{project}/review")
def queue_list(request: Request, source: FromSource, desk: AtReview, project: str) -> Response:
    project = urls.name_of(project)
    return page(
        request,
        "review/list.html",
        title="Review",
        source=source,
        project=project,
        section="review",
        queues=every_queue(desk),
    )


@router.get("/p/{project}/review.json")
def queue_list_json(desk: AtReview, project: str) -> Response:
    return JSONResponse({"items": every_queue(desk), "next_cursor": None})


# A new queue ------------------------------------------------------------------------------------------------------


@router.get("/p/{project}/review/new")
def new_queue(
    request: Request,
    source: FromSource,
    project: str,
    q: str = "",
    experiment: str = "",
    baseline: str = "",
    preset: str = "correct",
) -> Response:
    """`q` (a filter), `experiment` and `baseline` say what to begin with."""
    definitions = PAIR_PRESET if baseline else PRESETS.get(preset, PRESETS["correct"])[1]
    written = {"filter": q, "experiment": experiment, "baseline": baseline, "what": "rows" if experiment else "traces"}
    return _new_page(request, source, urls.name_of(project), written, rows_of(definitions))


@router.post("/p/{project}/review/new")
def made_queue(request: Request, source: FromSource, desk: AtReview, form: Posted, project: str) -> Response:
    project = urls.name_of(project)
    try:
        name, wanted = form.one("name").strip(), _wanted(form)
        if any(queue["name"] == name for queue in every_queue(desk)):
            raise Conflict(f"There is a review queue {name!r} already.", hint="Call this one otherwise.")
        queue, _ = desk.create(
            name,
            _pair_rubric(sent_rubric(form)) if wanted.baseline_id else sent_rubric(form),
            wanted,
            mode="pair" if wanted.baseline_id else "single",
            description=form.line("description"),
            reviewers_per_item=form.number("reviewers") if form.line("reviewers") else 1,
            author=reviewer_of(request),
        )
    except MENDABLE as error:
        rows = [row for row in sent_rows(form) if any(row[field] for field in ("name", "options", "help"))]
        return _new_page(request, source, project, form, rows_of(rows) if rows else rows_of(()), problem=error)
    said = "; ".join([f"{queue['items']} items are in the queue", *queue["added"]["notes"]])
    return redirect(urls.review_queue(project, name), status_code=303, notice=Notice(f"{said}."))


def _pair_rubric(written: list[dict[str, Any]]) -> Any:
    """Which of two outputs is better is all that can be asked of a pair."""
    return [each for each in written if each["type"] == "preference"] or PAIR_PRESET


def _wanted(form: Form) -> Wanted:
    limit = form.number("limit") if form.line("limit") else DEFAULT_LIMIT
    wanted = Wanted(limit=limit, sample=form.one("order") == "sample")
    if form.one("what") == "rows":
        return replace(wanted, experiment_id=form.line("experiment") or "", baseline_id=form.line("baseline"))
    return replace(wanted, filter=form.one("filter").strip())


def _new_page(
    request: Request,
    source: Source,
    project: str,
    written: Any,
    rows: list[dict[str, str]],
    *,
    problem: AssayError | None = None,
) -> Response:
    fields = ("name", "description", "what", "filter", "experiment", "baseline", "limit", "order", "reviewers")
    sent = {field: written.one(field) if isinstance(written, Form) else written.get(field, "") for field in fields}
    return page(
        request,
        "review/new.html",
        title="New review queue",
        source=source,
        project=project,
        section="review",
        has_forms=True,
        status_code=status_of(problem),
        problem=problem,
        form=sent,
        rows=rows,
        presets=PRESETS,
        default_limit=DEFAULT_LIMIT,
        experiments=source.experiments(project, cursor=None).items,
    )


# One queue --------------------------------------------------------------------------------------------------------


@router.get("/p/{project}/review/{name}.json")
def queue_json(desk: AtReview, project: str, name: str) -> Response:
    name = urls.name_of(name)
    return JSONResponse({**desk.queues.get(desk.project, name), "agreement": desk.agreement(name)})


@router.get("/p/{project}/review/{name}.csv")
def queue_csv(desk: AtReview, project: str, name: str) -> Response:
    """Every label."""
    queue, items = desk.labelled(urls.name_of(name))
    return csv_answer(f"{queue['name']}-labels", *csv_rows(queue, items))


@router.get("/p/{project}/review/{name}")
def one_queue(
    request: Request, source: FromSource, desk: AtReview, project: str, name: str, state: str = "", after: str = ""
) -> Response:
    return _queue_page(request, source, desk, urls.name_of(name), state=state, after=after)


def _queue_page(
    request: Request,
    source: Source,
    desk: ReviewDesk,
    name: str,
    *,
    state: str = "",
    after: str = "",
    problem: AssayError | None = None,
) -> Response:
    queue = desk.queues.get(desk.project, name)
    shown: Any = state if state in STATES else None
    items = desk.queues.items(desk.project, name, state=shown, limit=ITEMS_A_PAGE, cursor=after or None)
    found, begins = desk.agreement(name), desk.beginnings(items.items)
    return page(
        request,
        "review/queue.html",
        title=f"{name}: review",
        source=source,
        project=desk.project,
        section="review",
        has_forms=True,
        status_code=status_of(problem),
        problem=problem,
        queue=queue,
        items=[{**item, "what": what(item), "begins": begins.get(item["ref"].get("trace_id"))} for item in items.items],
        next_cursor=items.next_cursor,
        state=shown or "",
        states=STATES,
        agreement=agreement_rows(found),
        preferred=preferred_rows(found),
        reviewers=found["reviewers"],
        reviewer=reviewer_of(request),
        may_name_themselves=may_name_themselves(request),
        answer=answer,
    )


@router.post("/p/{project}/review/{name}")
def changed_queue(
    request: Request, source: FromSource, desk: AtReview, form: Posted, project: str, name: str
) -> Response:
    name = urls.name_of(name)
    here = urls.review_queue(desk.project, name)
    try:
        action = form.one("action")
        if action == "begin":
            return _begin(request, desk, form, name)
        if action in ("close", "open"):
            desk.queues.set_open(desk.project, name, action == "open", actor=desk.actor)
            said = "is open again" if action == "open" else "is closed: nobody gets its items any more"
            return redirect(here, status_code=303, notice=Notice(f"The queue {said}."))
        if action == "add":
            added = desk.add(name, _wanted(form))
            said = "; ".join([f"{added['added']} items were added", *added["notes"]])
            return redirect(here, status_code=303, notice=Notice(f"{said}."))
        raise InvalidRequest("Nothing was chosen to do.", hint="Use one of the buttons of this page.")
    except MENDABLE as error:
        return _queue_page(request, source, desk, name, problem=error)


def _begin(request: Request, desk: ReviewDesk, form: Form, name: str) -> Response:
    """Know the reviewer from now on, and lead them to their first item, or back to where they were."""
    given = form.line("reviewer")
    if given is None or not may_name_themselves(request):
        raise InvalidRequest("Your name is missing.", hint="Labels carry it, so that people can be told apart.")
    if form.line("position"):
        answer = redirect(urls.review_item(desk.project, name, form.number("position")), status_code=303)
    else:
        answer = redirect(urls.review_next(desk.project, name), status_code=303)
    remember_reviewer(answer, given)
    return answer


# Disagreements ----------------------------------------------------------------------------------------------------


@router.get("/p/{project}/review/{name}/disagreements.json")
def disagreements_json(desk: AtReview, project: str, name: str) -> Response:
    return JSONResponse({"items": desk.disagreements(urls.name_of(name)), "next_cursor": None})


@router.get("/p/{project}/review/{name}/disagreements")
def disagreements(
    request: Request, source: FromSource, desk: AtReview, project: str, name: str, score: str = "", start: int = 0
) -> Response:
    name = urls.name_of(name)
    queue, every = desk.queues.get(desk.project, name), desk.disagreements(name)
    counts = {one["name"]: sum(one["name"] in item["differ"] for item in every) for one in queue["rubric"]}
    chosen = [item for item in every if not score or score in item["differ"]]
    start = min(max(start, 0), len(chosen))
    shown = [desk.with_content(item) for item in chosen[start : start + SHOWN_DISAGREEMENTS]]
    return page(
        request,
        "review/disagreements.html",
        title=f"{name}: disagreements",
        source=source,
        project=desk.project,
        section="review",
        queue=queue,
        items=[{**item, "what": what(item), "side": side(item["content"])} for item in shown],
        counts=counts,
        score=score,
        total=len(chosen),
        every=len(every),
        following=start + SHOWN_DISAGREEMENTS if start + SHOWN_DISAGREEMENTS < len(chosen) else None,
        answer=answer,
    )
