"""A version of a prompt with its variables marked, and what changes between two."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from assay.notebook.frame import box, table
from assay.notebook.markup import Markup, joined, tag

VARIABLE = re.compile(r"(\{\{.*?\}\})", re.DOTALL)
MARKS = {"insert": "ins", "delete": "del"}


class Message(Protocol):
    @property
    def change(self) -> str: ...

    @property
    def old_role(self) -> str | None: ...

    @property
    def new_role(self) -> str | None: ...

    @property
    def segments(self) -> Sequence[tuple[str, str]]: ...  # equal, insert or delete, and the words


class Key(Protocol):
    @property
    def key(self) -> str: ...

    @property
    def old(self) -> Any: ...

    @property
    def new(self) -> Any: ...


def prompt_html(
    title: str, facts: Iterable[str], messages: Iterable[tuple[str, str]], config: Mapping[str, Any]
) -> str:
    """A version of a prompt.

    Args:
        messages: role and text; the role of a text prompt is empty.
    """
    return box(
        tag("h4", title),
        [tag("p", fact, cls="quiet") for fact in facts],
        [_message(role, with_variables(text)) for role, text in messages],
        tag("pre", json.dumps(config, ensure_ascii=False, indent=2, default=str), cls="quiet") if config else None,
    )


def diff_html(
    title: str, messages: Iterable[Message], keys: Iterable[tuple[str, Iterable[Key]]], notes: Iterable[str]
) -> str:
    """What changes between two versions: words marked in their messages, then keys with both values."""
    rows = [
        [tag("td", f"{what}{f'.{each.key}' if each.key else ''}"), _value(each.old, "del"), _value(each.new, "ins")]
        for what, found in keys
        for each in found
    ]
    return box(
        tag("h4", title),
        [tag("p", note) for note in notes],
        [_message(_role(message), joined(_marked(*segment) for segment in message.segments)) for message in messages],
        table([("", None), ("old", None), ("new", None)], rows) if rows else None,
    )


def with_variables(text: str) -> Markup:
    """A template's text, what is filled in marked."""
    parts = VARIABLE.split(text)
    return joined(tag("span", part, cls="variable") if number % 2 else part for number, part in enumerate(parts))


def _message(role: str, content: Markup) -> Markup:
    return tag("div", tag("span", role, cls="quiet") if role else None, tag("pre", content))


def _role(message: Message) -> str:
    roles = list(dict.fromkeys(role for role in (message.old_role, message.new_role) if role))
    said = "" if message.change == "changed" else message.change
    return ", ".join(part for part in (" to ".join(roles), "" if said == "equal" else said) if part)


def _marked(operation: str, text: str) -> Markup | str:
    mark = MARKS.get(operation)
    return tag(mark, text) if mark else text


def _value(value: Any, mark: str) -> Markup:
    return tag(
        "td", None if value is None else tag(mark, json.dumps(value, ensure_ascii=False, default=str)), cls="long"
    )
