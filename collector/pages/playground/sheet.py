"""What somebody has on the playground: columns of messages, model and parameters; variables that they share. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from assay.collector.pages.forms import Form
from assay.collector.pages.prompts.prompt_draft import ROLES, Draft, DraftMessage
from assay.errors import InvalidRequest, TemplateError
from assay.prompts.template import Template, parse_template

MOST_COLUMNS = 4
MOST_MESSAGES = 200
LONGEST_ANSWER = 200_000  # characters of an answer that a form carries along
NUMBERS = {"temperature": "Temperature", "max_tokens": "Most tokens"}
_AT = re.compile(r"(?P<what>[a-z-]+?)-(?P<column>[1-4])(?:-(?P<message>\d{1,3}))?")

Content = Literal["text", "parts", "message"]
"""What the text of a message is: a template, JSON of a list of parts, or JSON of a whole message, sent as it is."""


@dataclass(frozen=True, slots=True)
class SheetMessage:
    role: str  # "" where the prompt is plain text
    text: str
    content: Content = "text"

    @property
    def roles(self) -> list[str]:
        return [*ROLES, *([self.role] if self.role not in ROLES else [])]


@dataclass(frozen=True, slots=True)
class Answered:
    """What a model answered, as the page keeps it: see evaluation/playground/running.py."""

    text: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    trace_id: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """As it was typed."""

    messages: tuple[SheetMessage, ...]
    format: str = "simple"
    model: str = ""
    numbers: Mapping[str, str] = field(default_factory=dict)  # of NUMBERS
    more: str = ""  # further parameters, JSON
    tools: str = ""
    schema: str = ""
    prompt: str = ""  # name@version that it was made from
    answer: Answered | None = None

    @property
    def is_chat(self) -> bool:
        return self.messages[0].role != ""

    def template(self) -> str | list[dict[str, Any]]:
        """Messages that are sent as they are stand in it whole.

        Raises:
            InvalidRequest: a message is not the JSON that it has to be.
        """
        if not self.is_chat:
            return self.messages[0].text
        return [_message(one, number) for number, one in enumerate(self.messages, 1)]

    def parsed(self) -> list[Template]:
        """The parts of the template that are one, in order: what is sent as it is parts them.

        Raises:
            TemplateError, InvalidRequest: it cannot be read.
        """
        template = self.template()
        if isinstance(template, str):
            return [parse_template(template, self.format)]
        written = [message for message in template if is_written(message)]
        return [parse_template(written, self.format)] if written else []

    def parameters(self) -> dict[str, Any]:
        """
        Raises:
            InvalidRequest: a number is none, or the further ones are no JSON object.
        """
        found = parsed_json(self.more, "The further parameters", dict) or {}
        for name, label in NUMBERS.items():
            if typed := self.numbers.get(name, "").strip():
                found[name] = _number(typed, label)
        return found

    def draft(self, seen: int) -> Draft:
        """What is offered as a new version of the prompt: model and parameters are its configuration."""
        config = {"model": self.model, **self.parameters()} if self.model else self.parameters()
        messages = tuple(
            DraftMessage(one.role or None, one.text, is_parts=one.content == "parts") for one in self.messages
        )
        texts = {"config": _json(config), "response_format": self.schema, "tools": self.tools, "tags": ""}
        return Draft(messages=messages, format=self.format, texts=texts, seen=seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    columns: tuple[Column, ...]
    variables: Mapping[str, str] = field(default_factory=dict)  # as they were typed, also those not in use now

    def names(self) -> list[str]:
        """Variables that the columns use, in the order of their first use; what cannot be read is passed over."""
        return list(dict.fromkeys(name for column in self.columns for name in names_of(column)))

    def lists(self) -> set[str]:
        """Those of them that stand for messages."""
        return {name for column in self.columns for one in _readable(column) for name in one.placeholders}

    def values(self) -> dict[str, Any]:
        """
        Raises:
            InvalidRequest: what stands for messages is no JSON list.
        """
        lists = self.lists()
        return {
            name: parsed_json(text, f"{{{{{name}}}}}", list) or [] if name in lists else text
            for name in self.names()
            if (text := self.variables.get(name, "")) or name in lists
        }

    def with_column(self, number: int, column: Column) -> Sheet:
        """`number` counts from 1."""
        return replace(self, columns=(*self.columns[: number - 1], column, *self.columns[number:]))


def names_of(column: Column) -> list[str]:
    return [name for one in _readable(column) for name in (*one.variables, *one.placeholders)]


def sheet_of_form(form: Form) -> Sheet:
    """What was sent.

    Raises:
        InvalidRequest: the form is none of ours.
    """
    count = form.number("columns")
    if not 1 <= count <= MOST_COLUMNS:
        raise InvalidRequest("The form is incomplete.", hint="Open the page again and start from there.")
    variables = dict(zip(form.all("variable"), form.all("value"), strict=False))
    return Sheet(columns=tuple(_column(form, number) for number in range(1, count + 1)), variables=variables)


def _column(form: Form, number: int) -> Column:
    roles, texts, contents = (form.all(f"{name}-{number}") for name in ("role", "text", "content"))
    if not 1 <= len(texts) == len(roles) == len(contents) <= MOST_MESSAGES:
        raise InvalidRequest("The form is incomplete.", hint="Open the page again and start from there.")
    messages = tuple(
        SheetMessage(role, text, content if content in ("parts", "message") else "text")  # type: ignore[arg-type]
        for role, text, content in zip(roles, texts, contents, strict=True)
    )
    return Column(
        messages=messages,
        format="jinja" if form.one(f"format-{number}") == "jinja" else "simple",
        model=form.one(f"model-{number}").strip(),
        numbers={name: form.one(f"{name}-{number}") for name in NUMBERS},
        more=form.one(f"more-{number}"),
        tools=form.one(f"tools-{number}"),
        schema=form.one(f"schema-{number}"),
        prompt=form.one(f"prompt-{number}"),
        answer=_answered(form.one(f"answer-{number}")),
    )


def _answered(text: str) -> Answered | None:
    """What the page kept of an answer; it comes back from a browser, so nothing about it is certain."""
    try:
        found = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    figures = {name: value for name, value in found.items() if isinstance(value, int | float | str)}
    trace_id = str(found.get("trace_id") or "")
    return Answered(
        text=str(found.get("text") or "")[:LONGEST_ANSWER],
        figures=figures,
        trace_id=trace_id if re.fullmatch(r"[0-9a-f]{32}", trace_id) else None,
        problem=str(found["problem"]) if found.get("problem") else None,
    )


# Buttons ----------------------------------------------------------------------------------------------------------


def pressed(sheet: Sheet, action: str) -> Sheet:
    """The sheet after a button that changes it; any other leaves it as it is."""
    match = _AT.fullmatch(action)
    change = CHANGES.get(match["what"]) if match else None
    if match is None or change is None or int(match["column"]) > len(sheet.columns):
        return sheet
    return change(sheet, int(match["column"]), int(match["message"] or 0))


def _copy(sheet: Sheet, number: int, _: int) -> Sheet:
    if len(sheet.columns) == MOST_COLUMNS:
        return sheet
    return replace(sheet, columns=(*sheet.columns, replace(sheet.columns[number - 1], answer=None)))


def _close(sheet: Sheet, number: int, _: int) -> Sheet:
    if len(sheet.columns) == 1:
        return sheet
    return replace(sheet, columns=tuple(one for at, one in enumerate(sheet.columns, 1) if at != number))


def _add(sheet: Sheet, number: int, _: int) -> Sheet:
    column = sheet.columns[number - 1]
    if not column.is_chat or len(column.messages) == MOST_MESSAGES:
        return sheet
    follows = "assistant" if column.messages[-1].role == "user" else "user"
    return sheet.with_column(number, replace(column, messages=(*column.messages, SheetMessage(follows, ""))))


def _drop(sheet: Sheet, number: int, message: int) -> Sheet:
    column = sheet.columns[number - 1]
    kept = tuple(one for at, one in enumerate(column.messages, 1) if at != message)
    return sheet.with_column(number, replace(column, messages=kept)) if kept else sheet


CHANGES: Mapping[str, Callable[[Sheet, int, int], Sheet]] = {
    "copy": _copy,
    "close": _close,
    "add": _add,
    "drop": _drop,
}


# JSON -------------------------------------------------------------------------------------------------------------


def is_written(message: Mapping[str, Any]) -> bool:
    """Whether a message is a part of a template; others are sent as they are."""
    return message.keys() == {"role", "content"} and message["content"] is not None


def parsed_json(text: str, label: str, kind: type[list[Any]] | type[dict[str, Any]]) -> Any:
    """The JSON in `text`, None where it is empty.

    Raises:
        InvalidRequest: it is none, or of another kind.
    """
    if not text.strip():
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"{label}: this is no JSON: {error}.", hint="Correct it, or leave it empty.") from error
    if not isinstance(value, kind):
        wanted = "a list: [ … ]" if kind is list else "an object: { … }"
        raise InvalidRequest(f"{label}: this is not {wanted}.", hint="Correct it, or leave it empty.")
    return value


def _message(message: SheetMessage, number: int) -> dict[str, Any]:
    label = f"Message {number}"
    if message.content == "message":
        return dict(parsed_json(message.text, label, dict) or {})
    content = parsed_json(message.text, label, list) if message.content == "parts" else message.text
    return {"role": message.role, "content": content}


def _readable(column: Column) -> Iterable[Template]:
    try:
        return column.parsed()
    except (TemplateError, InvalidRequest):
        return []


def _number(typed: str, label: str) -> float | int:
    try:
        value = float(typed)
    except ValueError:
        raise InvalidRequest(f"{label}: {typed!r} is no number.", hint="Write one, or leave it empty.") from None
    return int(value) if value.is_integer() and abs(value) < 1e15 and "." not in typed else value


def _json(value: Any) -> str:
    return "" if value in (None, {}, []) else json.dumps(value, indent=2, ensure_ascii=False)
