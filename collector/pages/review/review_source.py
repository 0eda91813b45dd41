"""Human review for the pages: whose queues, who reviews, and what a page shows of an item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request, Response

from assay.collector.api.actor import actor, caller_key
from assay.collector.pages import urls
from assay.collector.review.desk import ReviewDesk

if TYPE_CHECKING:
    from assay.collector.service import Service

REVIEWER_COOKIE = "assay_reviewer"
LONGEST_NAME = 200
LARGEST_PAGE = 1000


def get_review_desk(request: Request) -> ReviewDesk:
    service: Service = request.app.state.service
    project = urls.name_of(request.path_params["project"])
    return ReviewDesk(service, project, actor=actor(request, caller_key(request)))


AtReview = Annotated[ReviewDesk, Depends(get_review_desk)]


def reviewer_of(request: Request) -> str | None:
    """Who reviews: the name of the key, else the name that was typed in this browser."""
    key = caller_key(request)
    return key.name if key else urls.name_of(request.cookies.get(REVIEWER_COOKIE, "")).strip()[:LONGEST_NAME] or None


def may_label(request: Request) -> bool:
    """Whether whoever asks may change something; who may not sees items and takes none."""
    key = caller_key(request)
    return key is None or bool({"write", "admin"}.intersection(key.scopes))


def may_name_themselves(request: Request) -> bool:
    return caller_key(request) is None


def remember_reviewer(response: Response, name: str) -> None:
    year_s = 365 * 86400
    response.set_cookie(REVIEWER_COOKIE, urls.segment(name), max_age=year_s, samesite="lax", httponly=True, path="/")


def every_queue(desk: ReviewDesk, *, status: str | None = None) -> list[dict[str, Any]]:
    """All queues of the project, those that are open first, the newest first among them."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = desk.queues.page(desk.project, status=status, limit=LARGEST_PAGE, cursor=cursor)
        found += page.items
        if (cursor := page.next_cursor) is None:
            return sorted(found, key=lambda queue: queue["status"] != "open")
