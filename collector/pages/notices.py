"""What a form has done, said on the page that follows: carried there by a cookie that lives for seconds."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from fastapi import Request, Response

from assay.collector.pages.security import local_path

COOKIE = "assay_notice"
LIFE_S = 30
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Notice:
    text: str
    link: str | None = None  # a path of ours that shows what came of it


def give(response: Response, notice: Notice) -> None:
    packed = base64.urlsafe_b64encode(json.dumps([notice.text[:LONGEST], notice.link]).encode()).decode()
    response.set_cookie(COOKIE, packed, max_age=LIFE_S, samesite="lax", httponly=True, path="/")


def take(request: Request) -> Notice | None:
    """The notice that the browser brings; whatever else somebody put into the cookie is none."""
    try:
        text, link = json.loads(base64.urlsafe_b64decode(request.cookies.get(COOKIE, "")))
    except (binascii.Error, ValueError, TypeError):
        return None
    if not isinstance(text, str) or not isinstance(link, str | None):
        return None
    return Notice(text[:LONGEST], link and local_path(link))


def forget(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/")
