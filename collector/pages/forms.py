"""Forms of the pages: read, and known to come from a page that we made for this very browser.

Three things have to hold before a form changes anything: the guard lets no request of another site through, the browser
says that a page of ours sent it, and the form carries the token of the browser's own session, which no other site can
read. The session is a cookie that holds nothing but chance: who may do what is decided by keys, as everywhere.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, Request, Response

from assay.collector.pages.security import from_our_pages
from assay.errors import Forbidden, InvalidRequest

LARGEST_FORM = 4 * 1024**2  # bytes: a prompt may be long
TOKEN_FIELD = "form_token"
_SESSION = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent. Texts have the line ends of the web undone, fields that are absent are empty."""

    fields: dict[str, list[str]]

    def one(self, name: str) -> str:
        return self.fields.get(name, [""])[-1]

    def all(self, name: str) -> list[str]:
        return self.fields.get(name, [])

    def line(self, name: str) -> str | None:
        """A short text without the white space around it; None when nothing is left."""
        return self.one(name).strip() or None

    def number(self, name: str) -> int:
        """A whole number.

        Raises:
            InvalidRequest: it is none.
        """
        text = self.one(name)
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise InvalidRequest(f"The field {name!r} holds no number.", hint="Go back, choose one and send it again.")
        return int(text)


async def read_form(request: Request) -> Form:
    """A form sent the plain way. (Starlette's own reader needs one more package.)

    Raises:
        InvalidRequest: it is too large.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise InvalidRequest("The form is too large.", hint="Send less with one form; programs may send more.")
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return Form({name: [value.replace("\r\n", "\n") for value in values] for name, values in fields.items()})


async def posted(request: Request) -> Form:
    """The form of a request that may change something.

    Raises:
        Forbidden: it does not come from a page that we made for this browser.
    """
    form = await read_form(request)
    session = request.cookies.get(_cookie(request), "")
    expected = token_of(session) if _SESSION.fullmatch(session) else ""
    given = form.one(TOKEN_FIELD).encode("utf-8", "replace")
    if not expected or not from_our_pages(request.headers) or not hmac.compare_digest(expected.encode(), given):
        raise Forbidden(
            "This form was not made for this browser, or its page was opened too long ago.",
            hint="Open the page again and send the form from there. Cookies have to be allowed for this address.",
        )
    return form


Posted = Annotated[Form, Depends(posted)]


def session_of(request: Request) -> tuple[str, bool]:
    """The browser's session, and whether it is new: then `keep_session` has to give it to the browser."""
    known = request.cookies.get(_cookie(request), "")
    return (known, False) if _SESSION.fullmatch(known) else (secrets.token_hex(16), True)


def keep_session(request: Request, response: Response, session: str) -> None:
    is_tls = request.url.scheme == "https"
    response.set_cookie(_cookie(request), session, samesite="lax", httponly=True, secure=is_tls, path="/")


def token_of(session: str) -> str:
    """What a form of this session carries: made from it, so that a page that leaks one does not leak the other."""
    return hashlib.sha256(f"assay form {session}".encode()).hexdigest()


def _cookie(request: Request) -> str:
    return "__Host-assay_session" if request.url.scheme == "https" else "assay_session"
