"""Results for a reader who pays by the token: nothing empty, nothing repeated, long texts cut with a line that says how
to get the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MOST_CHARS = 300  # of one text in a list
MOST_OF_AN_ANSWER = 40_000  # characters: some 10,000 tokens


def without_empty(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not known, and what is empty."""
    return {name: value for name, value in row.items() if value not in (None, "", [], {})}


def cut(text: str, most: int) -> str:
    """The beginning, and how much there is."""
    return text if len(text) <= most else f"{text[:most]}… [{len(text):,} characters]"


def briefly(value: Any, most: int = MOST_CHARS) -> Any:
    """A value with each of its texts cut; what is deep or long is cut as JSON."""
    if isinstance(value, str):
        return cut(value, most)
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, (dict, list)):
        written = as_json(value)
        return value if len(written) <= most else cut(written, most)
    return value


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def rows(found: Iterable[Mapping[str, Any]], fields: Sequence[str], *, most: int = MOST_CHARS) -> list[str]:
    """Some fields of each row as one line of JSON."""
    return [
        as_json({name: briefly(value, most) for name, value in without_empty({f: row.get(f) for f in fields}).items()})
        for row in found
    ]


def listed(lines: Sequence[str], cursor: str | None, none: str) -> str:
    """Lines of a list; with how to go on, or what to do where there are none."""
    if not lines:
        return none
    more = [] if cursor is None else [f'There are more: call again with the same arguments and cursor="{cursor}".']
    return bounded("\n".join([*lines, *more]), "Ask for fewer at once: limit.")


def bounded(answer: str, hint: str) -> str:
    """An answer that is too long ends with what to do about it."""
    if len(answer) <= MOST_OF_AN_ANSWER:
        return answer
    return f"{answer[:MOST_OF_AN_ANSWER]}\n… [cut; {len(answer):,} characters in all] {hint}"
