"""A difference as a terminal shows it: in marks, or in colour."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from assay.prompts.diff_keys import KeyDiff
from assay.prompts.diff_messages import MessageDiff
from assay.prompts.diff_words import Operation, Segment

if TYPE_CHECKING:
    from rich.text import Text

    from assay.prompts.diff import Diff

_MARKS: dict[Operation, tuple[str, str]] = {"equal": ("", ""), "insert": ("{+", "+}"), "delete": ("[-", "-]")}
_STYLES: dict[Operation, str] = {"equal": "", "insert": "green", "delete": "red strike"}


def plain_text(diff: Diff) -> str:
    return "\n".join(
        "".join(f"{_MARKS[operation][0]}{text}{_MARKS[operation][1]}" for operation, text in line)
        for line in _lines(diff)
    )


def rich_text(diff: Diff, *, in_colour: bool) -> Text:
    """Marks say it where colour cannot: in a pipe, in a log."""
    from rich.text import Text

    if not in_colour:
        return Text(plain_text(diff))
    lines = [Text.assemble(*((text, _STYLES[operation]) for operation, text in line)) for line in _lines(diff)]
    return Text("\n").join(lines)


def diff_title(diff: Diff) -> str:
    """qa 1 -> 2"""
    new_name = "" if diff.new_name == diff.old_name else f"{diff.new_name} "
    return f"{diff.old_name} {diff.old_version} -> {new_name}{diff.new_version}"


def changed_kinds(diff: Diff) -> Iterator[str]:
    """What kind of prompt it is now, where that has changed; or that nothing has."""
    if diff.is_empty:
        yield "No difference."
    for name, change in (("type", diff.type), ("format", diff.format)):
        if change:
            yield f"{name}: {change[0]} -> {change[1]}"


def changed_names(diff: Diff) -> Iterator[str]:
    """What callers must give now, or no longer; and what is included."""
    for name, added, removed in (
        ("variables", diff.variables_added, diff.variables_removed),
        ("placeholders", diff.placeholders.added, diff.placeholders.removed),
        ("includes", diff.includes.added, diff.includes.removed),
    ):
        if added:
            yield f"{name} added: {', '.join(added)}"
        if removed:
            yield f"{name} removed: {', '.join(removed)}"


def _lines(diff: Diff) -> Iterator[list[Segment]]:
    yield _plain(diff_title(diff))
    yield from map(_plain, changed_kinds(diff))
    if diff.is_empty:
        return
    for message in diff.messages:
        yield from _message_lines(message)
    for name, keys in (("config", diff.config), ("response_format", diff.response_format), ("tools", diff.tools)):
        yield from (_plain(_key_line(name, one)) for one in keys)
    yield from map(_plain, changed_names(diff))


def _message_lines(message: MessageDiff) -> Iterator[list[Segment]]:
    roles = [role for role in (message.old_role, message.new_role) if role is not None]
    prefix = " -> ".join(dict.fromkeys(roles))
    if message.change == "equal":
        if prefix:
            yield _plain(f"{prefix}: (unchanged)")
    elif message.change == "moved":
        yield _plain(f"{prefix}: (moved, was message {message.old_position})")
    else:
        yield [*_plain(f"{prefix}: " if prefix else ""), *message.segments]


def _key_line(name: str, one: KeyDiff) -> str:
    old, new = (json.dumps(value, ensure_ascii=False) for value in (one.old, one.new))
    what = f"{name} {one.key}" if one.key else name
    return {
        "inserted": f"{what} added: {new}",
        "deleted": f"{what} removed: {old}",
        "changed": f"{what}: {old} -> {new}",
    }[one.change]


def _plain(text: str) -> list[Segment]:
    return [("equal", text)] if text else []
