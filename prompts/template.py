"""Prompt templates: text, or a list of chat messages, read in the format that the prompt has chosen. Pure.

`simple`, the default, is plain substitution: simple_format.py. `jinja` has conditions and loops: jinja_format.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from assay.errors import TemplateError
from assay.prompts.messages import PLACEHOLDER, Message, checked_history, map_texts, placeholder_name, read_messages
from assay.prompts.simple_format import Include as Include
from assay.prompts.simple_format import SimpleText, parse_text, sole_include
from assay.prompts.simple_format import Variable as Variable
from assay.prompts.simple_format import escape as escape

TemplateType = Literal["text", "chat"]
TemplateFormat = Literal["simple", "jinja"]
FORMATS: tuple[TemplateFormat, ...] = ("simple", "jinja")


class Text(Protocol):
    """One text of a template, read in its format."""

    @property
    def variables(self) -> tuple[str, ...]: ...  # in the order of their first use
    @property
    def optional(self) -> frozenset[str]: ...  # those of them that may be left out
    @property
    def includes(self) -> tuple[Include, ...]: ...
    def prepare(self) -> object: ...
    def fill(self, scope: Any) -> str: ...


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    role: str | None  # None: the template is text
    content: Any  # a Text, or parts in which every text is one


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Where the messages go that are given by this name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template that has been read. `source` is what it was read from: a string, or a list of messages."""

    type: TemplateType
    format_name: TemplateFormat
    source: str | list[Message]
    messages: tuple[ParsedMessage | Placeholder, ...]  # one without a role when it is text
    variables: tuple[str, ...]  # in the order of their first use, without the placeholders
    optional: frozenset[str]  # variables that the template asks about, so that they may be left out
    placeholders: tuple[str, ...]
    names: frozenset[str]  # variables and placeholders: what there are values for
    includes: tuple[Include, ...]
    texts: tuple[Text, ...]  # of all messages
    _fill_text: Callable[[Any], str] | None = field(init=False, repr=False, compare=False)  # what most templates need

    def __post_init__(self) -> None:
        is_plain = self.type == "text" and self.format_name == "simple" and not self.includes
        object.__setattr__(self, "_fill_text", self.texts[0].fill if is_plain else None)

    def prepare(self) -> None:
        """Do now what would make the first `format` slower than the next: the format `jinja` compiles.

        Raises:
            TemplateError: it cannot be compiled.
        """
        if not self.includes:
            for text in self.texts:
                text.prepare()

    def format(self, values: Mapping[str, Any]) -> str | list[Message]:
        """The text or the messages with every variable replaced. A value that is no string goes in as `str(value)`.

        Raises:
            TemplateError: a variable has no value, a value is None, or a value belongs to no variable; a placeholder
                is given no messages; an include has not been put in; a template of the format `jinja` fails.
        """
        if (fill_text := self._fill_text) is not None and _are_as_expected(self, values):
            return fill_text(values)
        if self.includes:
            named = ", ".join(include.reference for include in self.includes)
            raise TemplateError(
                f"This template includes {named}, which has not been put in.",
                hint="Includes are put in when a prompt is loaded: use load_prompt.",
            )
        _check_values(self, values)
        scope = values if self.format_name == "simple" else _jinja().Scope(values)
        if self.type == "text":
            text: str = self.messages[0].content.fill(scope)  # type: ignore[union-attr]  # a text has no placeholder
            return text
        filled: list[Message] = []
        for message in self.messages:
            if isinstance(message, Placeholder):
                filled += checked_history(message.name, values[message.name])
            else:
                filled.append({"role": message.role, "content": _fill(message.content, scope)})
        return filled


def parse_template(source: object, format: str = "simple") -> Template:
    """Read a template: a string, or a list of messages as messages.py describes them.

    Raises:
        TemplateError: it is neither, or a text in it cannot be read in this format; the message says where.
    """
    read = _reader(format)
    if isinstance(source, str):
        text = read(source, "")
        return _template("text", format, source, (ParsedMessage(None, text),), [text])
    messages = list(read_messages(source))
    texts: list[Text] = []

    def kept(text: str, place: str) -> Text:
        texts.append(read(text, place))
        return texts[-1]

    parsed: list[ParsedMessage | Placeholder] = []
    for number, message in enumerate(messages, start=1):
        place = f"message {number}, "
        if message["role"] == PLACEHOLDER and sole_include(message["content"]) is None:
            parsed.append(Placeholder(placeholder_name(message["content"], number)))
        else:
            content = map_texts(message["content"], lambda text, place=place: kept(text, place))  # type: ignore[misc]
            parsed.append(ParsedMessage(message["role"], content))
    return _template("chat", format, messages, tuple(parsed), texts)


def _reader(format: str) -> Callable[[str, str], Text]:
    if format == "simple":
        return lambda text, place: SimpleText(tuple(parse_text(text, place)))
    if format == "jinja":
        return _jinja().read_text  # type: ignore[no-any-return]
    raise TemplateError(f"There is no template format {format!r}.", hint=f"Choose one of: {', '.join(FORMATS)}.")


def _jinja() -> Any:
    """Loaded only where a template asks for it."""
    from assay.prompts import jinja_format

    return jinja_format


def _template(
    type: TemplateType,
    format: str,
    source: str | list[Message],
    messages: tuple[ParsedMessage | Placeholder, ...],
    texts: list[Text],
) -> Template:
    variables = tuple(dict.fromkeys(name for text in texts for name in text.variables))
    required = {name for text in texts for name in text.variables if name not in text.optional}
    placeholders = tuple(dict.fromkeys(message.name for message in messages if isinstance(message, Placeholder)))
    if twice := [name for name in placeholders if name in variables]:
        raise TemplateError(
            f"{twice[0]!r} is both a variable and a placeholder for messages.", hint="Give one of them another name."
        )
    return Template(
        type=type,
        format_name="jinja" if format == "jinja" else "simple",
        source=source,
        messages=messages,
        variables=variables,
        optional=frozenset(variables) - required,
        placeholders=placeholders,
        names=frozenset((*variables, *placeholders)),
        includes=tuple(dict.fromkeys(include for text in texts for include in text.includes)),
        texts=tuple(texts),
    )


def _fill(content: Any, scope: Any) -> Any:
    """A message's content with its texts filled in."""
    if isinstance(content, list):
        return [_fill(part, scope) for part in content]
    if isinstance(content, dict):
        return {key: _fill(value, scope) for key, value in content.items()}
    return content.fill(scope) if hasattr(content, "fill") else content


def _are_as_expected(template: Template, values: Mapping[str, Any]) -> bool:
    """As nearly always: a value for every name, and none of them None."""
    if values.keys() != template.names:
        return False
    for value in values.values():  # noqa: SIM110 - `all` takes three times as long, and this is done in every call
        if value is None:
            return False
    return True


def _check_values(template: Template, values: Mapping[str, Any]) -> None:
    if _are_as_expected(template, values):
        return
    names = dict.fromkeys((*template.variables, *template.placeholders))
    missing = [name for name in names if name not in values and name not in template.optional]
    unknown = [name for name in values if name not in names]
    # With conditions, None is something to ask about; without, it is a slip that a model would read.
    asked = template.variables if template.format_name == "simple" else ()
    empty = [name for name in asked if name in values and values[name] is None]
    problems = [
        f"{what}: {', '.join(named)}"
        for what, named in (("missing", missing), ("unknown", unknown), ("None", empty))
        if named
    ]
    if problems:
        has = ", ".join(names) or "none"
        raise TemplateError(
            f"The values do not fit the template's variables ({'; '.join(problems)}).",
            hint=f"Its variables are: {has}." + (" Pass '' where there is nothing to say." if empty else ""),
        )
