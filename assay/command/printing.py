"""How commands print what they found: as a table, or as JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from assay.command.columns import Column, harmless

NOTHING = "Nothing here yet."
NO_MATCH = "Nothing matches."


def nothing_in(project: str) -> str:
    """What services send goes to projects of their own: who asks without `--project` may look into another."""
    return f"Nothing here yet, in the project {project!r}. For all projects: assay projects"


def print_json(value: Any) -> None:
    """One document on one line. Where the output cannot carry every character, they are escaped as JSON does."""
    is_unicode = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")
    document = json.dumps(value, ensure_ascii=not is_unicode, default=str)
    print(document if is_encodable(document) else json.dumps(value, default=str))


def is_encodable(document: str) -> bool:
    """False with halves of surrogate pairs, which JSON may hold and UTF-8 may not."""
    try:
        document.encode()
    except UnicodeEncodeError:
        return False
    return True


def print_result(value: Any, told: str, as_json: bool) -> None:
    """What was done: told in a sentence, or as JSON."""
    if as_json:
        print_json(value)
    else:
        print_plain(told)


def print_plain(value: object) -> None:
    """Line by line, blanks and all, without what a terminal obeys: data may hold anything."""
    for line in str(value).splitlines():
        print(harmless(line.expandtabs(4)))


def print_rows(
    rows: list[dict[str, Any]],
    as_json: bool,
    columns: Sequence[Column],
    *,
    drop: Sequence[str],
    asked: object = None,
    nothing: str = NOTHING,
) -> None:
    """Rows as a table of some columns, or whole as JSON.

    Args:
        drop: the fields to leave out where the terminal is too narrow, in turn.
        asked: the filter, where there is one: that nothing matches it says nothing of what is there.
        nothing: what to say where there is nothing.
    """
    if as_json:
        print_json(rows)
    elif not rows:
        print_plain(NO_MATCH if asked else nothing)
    else:
        from assay.command.table import print_table

        print_table(rows, columns, drop=drop)
