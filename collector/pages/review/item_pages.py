"""Routes: one item before its reviewer, the next one, and what they say of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from assay.collector.pages import urls
from assay.collector.pages.forms import Form, Posted, session_of, token_of
from assay.collector.pages.notices import Notice
from assay.collector.pages.review.questions import is_swapped, questions, sent_answers
from assay.collector.pages.review.queue_pages import MENDABLE, status_of
from assay.collector.pages.review.review_source import AtReview, may_label, may_name_themselves, reviewer_of
from assay.collector.pages.review.review_view import answer, as_typed, label_of, side
from assay.collector.pages.source import Source
from assay.collector.pages.web import PageRoute, fragment, get_source, page, redirect
from assay.collector.review.desk import ReviewDesk
from assay.collector.review.rubric import rubric_of
from assay.errors import AssayError, InvalidRequest

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]


@router.get("/p/{project}/review/{name}/next")
def next_item(request: Request, desk: AtReview, project: str, name: str) -> Response:
    """To the next item that this reviewer could do; to the queue where there is none, or where nobody knows them."""
    name = urls.name_of(name)
    reviewer = reviewer_of(request)
    if reviewer is None:
        return redirect(f"{urls.review_queue(desk.project, name)}#begin")
    found = desk.work.next(desk.project, name, reviewer)
    if found is None:
        notice = Notice("Nothing is left for you here: what waits is with others, or was left out by you.")
        return redirect(urls.review_queue(desk.project, name), notice=notice)
    return redirect(urls.review_item(desk.project, name, found["position"]))


@router.get("/p/{project}/review/{name}/{position:int}")
def one_item(request: Request, source: FromSource, desk: AtReview, project: str, name: str, position: int) -> Response:
    return _item_page(request, source, desk, urls.name_of(name), position)


@router.get("/p/{project}/review/{name}/{position:int}/ahead")
def item_ahead(request: Request, desk: AtReview, project: str, name: str, position: int) -> Response:
    """The item after this one, reserved, for the script that puts it in place when this one is done. Nothing where
    there is none.
    """
    name = urls.name_of(name)
    reviewer = reviewer_of(request)
    queue = desk.queues.get(desk.project, name)
    found = desk.work.next(desk.project, name, reviewer, beside=[position]) if reviewer else None
    if found is None:
        return fragment("review/nothing.html")
    context = _context(request, desk, queue, found, reviewer, is_free=True)
    return fragment("review/body.html", form_token=token_of(session_of(request)[0]), project=desk.project, **context)


def _item_page(
    request: Request,
    source: Source,
    desk: ReviewDesk,
    name: str,
    position: int,
    *,
    sent: Mapping[str, Any] | None = None,
    problem: AssayError | None = None,
) -> Response:
    queue, item = desk.queues.get(desk.project, name), desk.queues.item(desk.project, name, position)
    reviewer = reviewer_of(request) if may_label(request) else None
    is_free = desk.work.reserve(desk.project, name, position, reviewer) if reviewer else False
    return page(
        request,
        "review/item.html",
        title=f"{name}: item {position}",
        source=source,
        project=desk.project,
        section="review",
        has_forms=True,
        status_code=status_of(problem),
        **_context(request, desk, queue, item, reviewer, is_free=is_free, sent=sent, problem=problem),
    )


def _context(
    request: Request,
    desk: ReviewDesk,
    queue: Mapping[str, Any],
    item: Mapping[str, Any],
    reviewer: str | None,
    *,
    is_free: bool,
    sent: Mapping[str, Any] | None = None,
    problem: AssayError | None = None,
) -> dict[str, Any]:
    """What the template of an item knows. Labels of others are not there before one's own is: nobody should follow."""
    rubric = rubric_of(queue["rubric"], queue["mode"])
    mine = label_of(item["labels"], reviewer)
    swapped = queue["mode"] == "pair" and is_swapped(queue["name"], item["position"], reviewer or "")
    whole = desk.with_content(item)
    sides = [side(whole[part]) for part in ("content", "against_content") if part in whole]
    values = sent if sent is not None else (mine or {}).get("values", {})
    given = mine["comment"] if mine else None
    return {
        "queue": queue,
        "item": item,
        "sides": sides[::-1] if swapped else sides,
        "questions": questions(rubric, values, swapped=swapped),
        "comment": (sent or {}).get("comment", given) or "",
        "reviewer": reviewer,
        "may_name_themselves": may_name_themselves(request),
        "is_free": is_free,
        "mine": mine,
        "others": [label for label in item["labels"] if label is not mine] if mine and not swapped_hides(queue) else [],
        "corrected": as_typed(sides[0]["output"]),
        "dataset": f"{queue['name']}-corrected",
        "problem": problem,
        "answer": answer,
    }


def swapped_hides(queue: Mapping[str, Any]) -> bool:
    """Whether others' answers would tell whose output stands where: as long as a queue of pairs is open."""
    return bool(queue["mode"] == "pair" and queue["status"] == "open")


@router.post("/p/{project}/review/{name}/{position:int}")
def answered(
    request: Request, source: FromSource, desk: AtReview, form: Posted, project: str, name: str, position: int
) -> Response:
    name = urls.name_of(name)
    sent: dict[str, Any] | None = None
    try:
        reviewer = reviewer_of(request)
        if reviewer is None:
            raise InvalidRequest("Your name is missing.", hint="Labels carry it, so that people can be told apart.")
        action = form.one("action")
        if action == "label":
            queue = desk.queues.get(desk.project, name)
            rubric = rubric_of(queue["rubric"], queue["mode"])
            swapped = queue["mode"] == "pair" and is_swapped(name, position, reviewer)
            values = sent_answers(rubric, form, swapped=swapped)
            sent = {**values, "comment": form.one("comment")}
            desk.label(name, position, reviewer, values, form.line("comment"))
            return redirect(urls.review_next(desk.project, name), status_code=303)
        if action == "skip":
            desk.work.skip(desk.project, name, position, reviewer)
            return redirect(urls.review_next(desk.project, name), status_code=303)
        if action == "undo":
            undone = desk.undo(name, reviewer)
            here = urls.review_item(desk.project, name, undone["position"])
            return redirect(
                here,
                status_code=303,
                notice=Notice("Taken back. What you said of it before, if anything, counts again."),
            )
        if action == "correct":
            return _corrected(desk, form, name, position, reviewer)
        raise InvalidRequest("Nothing was chosen to do.", hint="Use one of the buttons of this page.")
    except MENDABLE as error:
        return _item_page(request, source, desk, name, position, sent=sent, problem=error)


def _corrected(desk: ReviewDesk, form: Form, name: str, position: int, reviewer: str) -> Response:
    text, dataset = form.one("expected"), form.one("dataset").strip()
    if not text.strip():
        raise InvalidRequest("The right answer is missing.", hint="Write what should have been answered.")
    expected: Any = text
    if form.one("kind") == "json":
        try:
            expected = json.loads(text)
        except ValueError as error:
            raise InvalidRequest(
                f"The right answer is no JSON: {error}.", hint="The answer was JSON, so it is, too."
            ) from error
    version, _ = desk.correct(name, position, expected, dataset=dataset, reviewer=reviewer)
    said = Notice(
        f"The corrected answer is in {version['name']}, version {version['version']}.",
        urls.dataset(desk.project, version["name"]),
    )
    return redirect(urls.review_item(desk.project, name, position), status_code=303, notice=said)
