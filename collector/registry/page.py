"""One page of a list, as the API answers it. A cursor is the sort key of the last item: new rows shift nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from assay.errors import InvalidRequest

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page:
    items: list[dict[str, Any]]
    next_cursor: str | None  # None: this was the last page


def page_of(
    rows: Sequence[Row], limit: int, item: Callable[[Row], dict[str, Any]], key: Callable[[Row], str | int]
) -> Page:
    """A page from `rows`, of which one more than `limit` was asked for to see whether there is more."""
    shown = rows[:limit]
    return Page([item(row) for row in shown], str(key(shown[-1])) if len(rows) > limit else None)


def checked_limit(limit: int) -> int:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequest(
            f"limit is {limit}.", hint=f"It goes from 1 to {MAX_LIMIT}; next_cursor leads to the rest."
        )
    return limit


def numeric_cursor(cursor: str) -> int:
    """The cursor of a list that is ordered by a number.

    Raises:
        InvalidRequest: it is not one that such a list gave.
    """
    if cursor.isascii() and cursor.isdigit() and len(cursor) < 19:
        return int(cursor)
    raise InvalidRequest(f"cursor {cursor!r} is not one of this list.", hint="Pass next_cursor as it came.")
