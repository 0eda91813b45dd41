"""Prompt templates: text, or a list of chat messages, with `{{variable}}` where a value goes. Pure.

The whole language:

    {{name}}       the value of the variable `name`; white space inside the braces does not count
    {{"{{"}}       two literal opening braces; single quotes do as well
    everything else is itself: single braces, `}}` outside a variable, so JSON can stand in a prompt as it is

A name is a letter or `_`, then letters, digits and `_`. There are no expressions, no attributes, no conditions and no
code, and a value is put in as it is: braces in it are never read again, so a value cannot inject a variable. Any other
`{{` is an error that points at it, because it is nearly always a slip, and because silence would send it to a model.
`{{{name}}}` is a literal brace on each side of the value.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assay.errors import TemplateError

TemplateType = Literal["text", "chat"]
Message = dict[str, str]

_OPENING = re.compile(r"\{{2,}")
_TAG = re.compile(r"""\{\{\s*(?:(?P<name>[^\W\d]\w*)|"\{\{"|'\{\{')\s*\}\}""")


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


Part = str | Variable  # of a parsed text: literal text, or where a value goes
ParsedMessage = tuple[str | None, tuple[Part, ...]]  # role, content


@dataclass(frozen=True, slots=True)
class Template:
    """A template that has been read. `source` is what it was read from: a string, or a list of messages."""

    type: TemplateType
    source: str | list[Message]
    messages: tuple[ParsedMessage, ...]  # one without a role when it is text
    variables: tuple[str, ...]  # in the order of their first use

    def format(self, values: Mapping[str, Any]) -> str | list[Message]:
        """The text or the messages with every variable replaced. A value that is no string goes in as `str(value)`.

        Raises:
            TemplateError: a variable has no value, a value is None, or a value belongs to no variable.
        """
        _check_values(self.variables, values)
        filled = [(role, _fill(parts, values)) for role, parts in self.messages]
        if self.type == "text":
            return filled[0][1]
        return [{"role": role or "", "content": content} for role, content in filled]


def parse_template(source: object) -> Template:
    """Read a template: a string, or a list of {"role", "content"} messages.

    Raises:
        TemplateError: it is neither, or a `{{` in it is no variable; the message says where.
    """
    if isinstance(source, str):
        return _template("text", source, ((None, tuple(parse_text(source))),))
    messages = list(_messages(source))
    parsed = tuple(
        (message["role"], tuple(parse_text(message["content"], f"message {number}, ")))
        for number, message in enumerate(messages, start=1)
    )
    return _template("chat", messages, parsed)


def parse_text(text: str, place: str = "") -> Iterator[Part]:
    """The parts of one text. Literal parts are never empty, and no two of them are neighbours.

    Args:
        place: where the text stands, for messages of errors.

    Raises:
        TemplateError: a `{{` is neither a variable nor a literal.
    """
    literal, position = "", 0
    while opening := _OPENING.search(text, position):
        start = opening.end() - 2  # of a run of three braces the first is text: {{{name}}}
        tag = _TAG.match(text, start)
        if tag is None or start - opening.start() > 1:
            raise _not_a_variable(text, opening.start(), place)
        literal += text[position:start]
        if name := tag["name"]:
            if literal:
                yield literal
            literal = ""
            # Python brings the names of keyword arguments into this form: format(name=...) would find no other.
            yield Variable(unicodedata.normalize("NFKC", name))
        else:
            literal += "{{"
        position = tag.end()
    if literal := literal + text[position:]:
        yield literal


def escape(text: str) -> str:
    """The template that formats to `text`, whatever is in it."""
    return text.replace("{{", '{{"{{"}}')


def _template(type: TemplateType, source: str | list[Message], messages: tuple[ParsedMessage, ...]) -> Template:
    names = (part.name for _, parts in messages for part in parts if isinstance(part, Variable))
    return Template(type, source, messages, tuple(dict.fromkeys(names)))


def _fill(parts: tuple[Part, ...], values: Mapping[str, Any]) -> str:
    return "".join(part if isinstance(part, str) else str(values[part.name]) for part in parts)


def _check_values(variables: Sequence[str], values: Mapping[str, Any]) -> None:
    missing = [name for name in variables if name not in values]
    unknown = [name for name in values if name not in variables]
    empty = [name for name in variables if name in values and values[name] is None]
    problems = [
        f"{what}: {', '.join(names)}"
        for what, names in (("missing", missing), ("unknown", unknown), ("None", empty))
        if names
    ]
    if problems:
        has = ", ".join(variables) or "none"
        raise TemplateError(
            f"The values do not fit the template's variables ({'; '.join(problems)}).",
            hint=f"Its variables are: {has}." + (" Pass '' where there is nothing to say." if empty else ""),
        )


def _messages(source: object) -> Iterator[Message]:
    if not isinstance(source, Sequence) or isinstance(source, bytes | bytearray) or not source:
        raise TemplateError(
            f"A template is a string or a non-empty list of messages; this is {_shown(source)}.",
            hint='A message is {"role": "user", "content": "..."}.',
        )
    for number, message in enumerate(source, start=1):
        if not isinstance(message, Mapping) or set(message) != {"role", "content"}:
            raise TemplateError(
                f"Message {number} is {_shown(message)}.", hint='It must have exactly "role" and "content".'
            )
        role, content = message["role"], message["content"]
        if not isinstance(role, str) or not role.strip() or not isinstance(content, str):
            raise TemplateError(
                f"Message {number} is {_shown(message)}.",
                hint='"role" and "content" must be text, and "role" not empty.',
            )
        yield {"role": role, "content": content}


def _not_a_variable(text: str, position: int, place: str) -> TemplateError:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    closing = text.find("}}", position)
    end = closing + 2 if closing != -1 else position + 30
    return TemplateError(
        f"{text[position : min(end, position + 60)]!r} at {place}line {line}, column {column} is not a variable.",
        hint="""Write {{name}} with letters, digits and '_' only, or {{"{{"}} for two literal braces.""",
    )


def _shown(value: object) -> str:
    try:
        text = json.dumps(value)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
