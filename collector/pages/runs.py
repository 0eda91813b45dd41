"""Differences made easier to read. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Op = Literal["equal", "insert", "delete"]
Run = tuple[Op, str]
ISLAND = 2  # words that stayed between two changes: up to so many, they only get in the way of reading


def without_islands(runs: Sequence[Run]) -> list[Run]:
    """The same change in fewer, longer runs: a word or two that stayed between changes counts as changed with them.

    Without inserts the runs still join to the old text, without deletes to the new one.
    """
    joined: list[Run] = []
    deleted = inserted = ""
    for index, (op, text) in enumerate(runs):
        if op == "delete":
            deleted += text
        elif op == "insert":
            inserted += text
        elif (deleted or inserted) and index < len(runs) - 1 and len(text.split()) <= ISLAND and "\n" not in text:
            deleted, inserted = deleted + text, inserted + text
        else:
            joined += _changed(deleted, inserted)
            joined.append((op, text))
            deleted = inserted = ""
    return joined + _changed(deleted, inserted)


def _changed(deleted: str, inserted: str) -> list[Run]:
    changed: tuple[Run, Run] = (("delete", deleted), ("insert", inserted))
    return [run for run in changed if run[1]]
