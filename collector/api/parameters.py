"""What a query may say: parameters that the route knows, and a cursor that the same list has given."""

from __future__ import annotations

import hashlib
from contextvars import ContextVar
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant

from assay.errors import InvalidRequest

ALWAYS_KNOWN = frozenset({"project"})  # clients send it with everything; where nothing belongs to one it says nothing
NOT_OF_THE_LIST = frozenset({"cursor", "limit"})  # they may differ between the pages of one list
TAG_BYTES = 6

_list: ContextVar[str] = ContextVar("the list that this request asks for")


def refuse_unknown_parameters(request: Request) -> None:
    """Refuse what would be overlooked: a mistyped `filter` must not answer everything.

    Raises:
        InvalidRequest: the query has a parameter that the route does not know.
    """
    known = ALWAYS_KNOWN | _parameters(request.scope["route"].dependant)
    if unknown := [name for name in request.query_params if name not in known]:
        raise InvalidRequest(
            f"{request.method} {request.url.path} takes no parameter {unknown[0]!r}.",
            hint=f"It takes: {', '.join(sorted(known))}.",
        )


def _parameters(dependant: Dependant) -> set[str]:
    own = {field.alias for field in dependant.query_params}
    return own.union(*(_parameters(each) for each in dependant.dependencies))


async def opened_cursor(
    request: Request, cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None
) -> str | None:
    """The cursor as the list itself made it. A coroutine, so that `sealed` sees the list in the same context.

    Raises:
        InvalidRequest: another list gave it, or the same one under another filter or order.
    """
    asked = sorted((name, value) for name, value in request.query_params.multi_items() if name not in NOT_OF_THE_LIST)
    described = f"{request.url.path}?{urlencode(asked)}".encode("utf-8", "surrogatepass")
    tag = hashlib.blake2b(described, digest_size=TAG_BYTES).hexdigest()
    _list.set(tag)
    if not cursor:
        return None
    of, _, inner = cursor.partition(".")
    if of != tag or not inner:
        raise InvalidRequest(
            "The cursor is not one of this list.",
            hint="Pass next_cursor as it came, with the same path, filter and order as before.",
        )
    return inner


def sealed_cursor(inner: str | None) -> str | None:
    """`inner` as it is handed out, for the list that the request under way asks for."""
    return None if inner is None else f"{_list.get()}.{inner}"


Cursor = Annotated[str | None, Depends(opened_cursor)]
KNOWN_PARAMETERS_ONLY = Depends(refuse_unknown_parameters)
