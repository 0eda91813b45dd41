"""A version of a prompt that is being written on a page: from a version, through forms, to what is registered. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from assay.collector.pages.forms import Form
from assay.collector.pages.prompts.prompt_view import PLACEHOLDER
from assay.errors import InvalidRequest

ROLES = ("system", "developer", "user", "assistant", "tool", PLACEHOLDER)
JsonKind = Literal["an object: { … }", "a list of objects: [{ … }]"]
OBJECT: JsonKind = "an object: { … }"
LIST: JsonKind = "a list of objects: [{ … }]"
# Parts of a version that are JSON: field -> how it is called, what it has to be, and what it is where it is empty
JSON_FIELDS: Mapping[str, tuple[str, JsonKind, Any]] = {
    "config": ("Configuration", OBJECT, {}),
    "response_format": ("Response format", OBJECT, None),
    "tools": ("Tools", LIST, None),
    "tags": ("Tags", OBJECT, {}),
}
MOST_MESSAGES = 100
_REMOVE = re.compile(r"remove-(\d{1,4})")


@dataclass(frozen=True, slots=True)
class DraftMessage:
    role: str | None  # None: the prompt is plain text
    text: str
    is_parts: bool = False  # the text is JSON: a list of parts

    @property
    def roles(self) -> list[str]:
        """What can be chosen: the usual roles, and the one that it has."""
        return [*ROLES, *([self.role] if self.role and self.role not in ROLES else [])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the form holds, as it was typed."""

    messages: tuple[DraftMessage, ...]
    format: str
    texts: Mapping[str, str]  # of JSON_FIELDS
    commit_message: str = ""
    author: str = ""
    seen: int = 0  # the newest version when the form was first opened

    @property
    def is_chat(self) -> bool:
        return self.messages[0].role is not None

    def content(self) -> dict[str, Any]:
        """What is registered.

        Raises:
            InvalidRequest: a part of it is not the JSON it has to be; the message says where.
        """
        parsed = {name: _parsed(self.texts[name], *kind) for name, kind in JSON_FIELDS.items()}
        if not all(isinstance(value, str) for value in parsed["tags"].values()):
            raise InvalidRequest("The value of a tag is no text.", hint='Write tags as {"team": "docs"}.')
        return {
            "template": [_message(one, at) for at, one in enumerate(self.messages, 1)]
            if self.is_chat
            else self.messages[0].text,
            "format": self.format,
            **parsed,
        }


def draft_of_version(version: Mapping[str, Any], seen: int) -> Draft:
    template = version["template"]
    messages = [DraftMessage(None, template)] if isinstance(template, str) else [_typed(one) for one in template]
    return Draft(
        messages=tuple(messages),
        format=version.get("format") or "simple",
        texts={name: _json(version.get(name)) for name in JSON_FIELDS},
        seen=seen,
    )


def draft_of_form(form: Form) -> Draft:
    """What was typed, after the button that was pressed has added or removed a message.

    Raises:
        InvalidRequest: the form is not one of ours, or has too many messages.
    """
    roles, contents, parts = form.all("role"), form.all("content"), form.all("parts")
    if not contents or len(contents) > MOST_MESSAGES or (roles and not len(roles) == len(contents) == len(parts)):
        raise InvalidRequest("The form is incomplete.", hint="Open the page again and start from there.")
    messages = (
        [DraftMessage(*one) for one in zip(roles, contents, (flag == "yes" for flag in parts), strict=True)]
        if roles
        else [DraftMessage(None, contents[0])]
    )
    draft = Draft(
        messages=tuple(messages),
        format=form.one("format") or "simple",
        texts={name: form.one(name) for name in JSON_FIELDS},
        commit_message=form.one("commit_message"),
        author=form.one("author"),
        seen=form.number("seen"),
    )
    return _after(draft, form.one("action"))


def draft_version(base: Mapping[str, Any], content: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The version that a draft would be, for the diff with the one it was made from."""
    return {**base, **content, "version": number}


def _after(draft: Draft, action: str) -> Draft:
    if action == "add" and draft.is_chat and len(draft.messages) < MOST_MESSAGES:
        follows = "assistant" if draft.messages[-1].role == "user" else "user"
        return replace(draft, messages=(*draft.messages, DraftMessage(follows, "")))
    removed = _REMOVE.fullmatch(action)
    if removed and len(draft.messages) > 1:
        gone = int(removed[1])
        return replace(draft, messages=tuple(one for at, one in enumerate(draft.messages, 1) if at != gone))
    return draft


def _typed(message: Mapping[str, Any]) -> DraftMessage:
    content = message["content"]
    if isinstance(content, str):
        return DraftMessage(message["role"], content)
    return DraftMessage(message["role"], _json(content), is_parts=True)


def _message(message: DraftMessage, number: int) -> dict[str, Any]:
    content = _parsed(message.text, f"Message {number}", LIST, []) if message.is_parts else message.text
    return {"role": message.role, "content": content}


def _json(value: Any) -> str:
    return "" if value in (None, {}, []) else json.dumps(value, indent=2, ensure_ascii=False)


def _parsed(text: str, label: str, kind: JsonKind, empty: Any) -> Any:
    if not text.strip():
        return empty
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"{label}: this is no JSON: {error}.", hint="Correct it, or leave it empty.") from error
    if not (_is_list_of_objects(value) if kind == LIST else isinstance(value, dict)):
        raise InvalidRequest(f"{label}: this is not {kind}.", hint="Correct it, or leave it empty.")
    return value


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)
