"""Long text: what is shown of it at once, and the rest behind one click. Cut at line ends, never in a table. Pure."""

from __future__ import annotations

import re

SHOWN = 20_000  # characters
_TABLE_LINE = re.compile(r"^[ ]{0,3}\|.*|^[^|\n]+\|.*")
_FENCE = re.compile(r"^[ ]{0,3}(`{3,}|~{3,})")


def cut_text(text: str, limit: int = SHOWN) -> tuple[str, str]:
    """The beginning of `text` and the rest, which is empty when all of it is short enough.

    The beginning ends with a line, unless the first line alone is longer than `limit`. A table is never cut: it goes
    to the rest, or, where the text begins with it, stays whole. A block of code that has to be cut goes on as one.
    """
    if len(text) <= limit:
        return text, ""
    at = text.rfind("\n", 0, limit) + 1
    if not at:
        return text[:limit], text[limit:]
    at = _outside_table(text, at)
    head, rest = text[:at], text[at:]
    fence = _open_fence(head)
    if fence is None or not rest:
        return head, rest
    begin, line = fence
    if begin > limit // 2:  # the block moves whole
        return text[:begin], text[begin:]
    return head, f"{line}\n{rest}"


def _outside_table(text: str, at: int) -> int:
    """The place nearest before `at` that is not between two lines of a table; where there is none, after the table."""
    if not (_is_table_line(_line_before(text, at)) and _is_table_line(_line_at(text, at))):
        return at
    begin = at
    while begin and _is_table_line(_line_before(text, begin)):
        begin = text.rfind("\n", 0, begin - 1) + 1
    if begin:
        return begin
    while at < len(text) and _is_table_line(_line_at(text, at)):
        end = text.find("\n", at)
        at = len(text) if end < 0 else end + 1
    return at


def _line_before(text: str, at: int) -> str:
    return text[text.rfind("\n", 0, at - 1) + 1 : at - 1]


def _line_at(text: str, at: int) -> str:
    end = text.find("\n", at)
    return text[at:] if end < 0 else text[at:end]


def _is_table_line(line: str) -> bool:
    return bool(_TABLE_LINE.match(line))


def _open_fence(text: str) -> tuple[int, str] | None:
    """Where the block of code begins that is still open at the end of `text`, and its first line."""
    found: tuple[int, str] | None = None
    place = 0
    for line in text.splitlines(keepends=True):
        if _FENCE.match(line):
            if found is None:
                found = place, line.rstrip("\r\n")
            elif line.strip().startswith(found[1].strip()[:3]) and not line.strip().strip("`~"):
                found = None
        place += len(line)
    return found
