"""The format `simple`: `{{variable}}` where a value goes, and this is the whole language. Pure.

    {{name}}                  the value of the variable `name`; white space inside the braces does not count
    {{> tone@production }}    another prompt, put in when this one is loaded: see composition.py
    {{"{{"}}                  two literal opening braces; single quotes do as well
    everything else is itself: single braces, `}}` outside a variable, so JSON can stand in a prompt as it is

A name is a letter or `_`, then letters, digits and `_`. There are no expressions, no attributes, no conditions and no
code, and a value is put in as it is: braces in it are never read again, so a value cannot inject a variable. Any other
`{{` is an error that points at it, because it is nearly always a slip, and because silence would send it to a model.
`{{{name}}}` is a literal brace on each side of the value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from assay.errors import ConfigurationError, TemplateError
from assay.prompts.reference import SCHEME, Reference, parse_reference

INCLUDE = re.compile(r"\{\{\s*>([^{}\r\n]{1,300})\}\}")  # written so in every format
_OPENING = re.compile(r"\{{2,}")
_TAG = re.compile(
    r"""\{\{\s*(?:(?P<name>[^\W\d]\w*)|>(?P<include>[^{}\r\n]{1,300})|"\{\{"|'\{\{')\s*\}\}""",
)


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


@dataclass(frozen=True, slots=True)
class Include:
    """Another prompt that belongs here. `reference` is how it is written: `tone@production`, `tone/2`, `tone`."""

    name: str
    version: int | str
    reference: str


Part = str | Variable | Include  # of a parsed text: literal text, or what goes there


@dataclass(frozen=True, slots=True)
class SimpleText:
    parts: tuple[Part, ...]
    _pattern: str = field(init=False, repr=False, compare=False)  # of the `%` operator, which fills it quickest

    def __post_init__(self) -> None:
        texts = [part.replace("%", "%%") if isinstance(part, str) else f"%({part.name})s" for part in self.parts]
        object.__setattr__(self, "_pattern", "".join(texts))

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts if isinstance(part, Variable))

    @property
    def optional(self) -> frozenset[str]:
        return frozenset()

    @property
    def includes(self) -> tuple[Include, ...]:
        return tuple(part for part in self.parts if isinstance(part, Include))

    def prepare(self) -> None:
        """There is nothing to prepare."""

    def fill(self, scope: Mapping[str, Any]) -> str:
        return self._pattern % scope


def parse_text(text: str, place: str = "") -> Iterator[Part]:
    """The parts of one text of the format `simple`. Literal parts are never empty, and no two of them are neighbours.

    Args:
        place: where the text stands, for messages of errors.

    Raises:
        TemplateError: a `{{` is neither a variable, nor an include, nor a literal.
    """
    literal, position = "", 0
    while opening := _OPENING.search(text, position):
        start = opening.end() - 2  # of a run of three braces the first is text: {{{name}}}
        tag = _TAG.match(text, start)
        if tag is None or start - opening.start() > 1:
            raise _not_a_variable(text, opening.start(), place)
        literal += text[position:start]
        if tag["name"] or tag["include"]:
            if literal:
                yield literal
            literal = ""
        if name := tag["name"]:
            # Python brings the names of keyword arguments into this form: format(name=...) would find no other.
            yield Variable(unicodedata.normalize("NFKC", name))
        elif tag["include"]:
            yield parse_include(tag["include"], place)
        else:
            literal += "{{"
        position = tag.end()
    if literal := literal + text[position:]:
        yield literal


def parse_include(written: str, place: str = "") -> Include:
    """What stands behind the `>` of an include: a name, alone or with `@alias` or `/version` behind it.

    Raises:
        TemplateError: it names no prompt.
    """
    reference = written.strip()
    try:
        found: Reference = parse_reference(f"{SCHEME}{reference}")
    except ConfigurationError as error:
        raise TemplateError(
            f"{place}{{{{>{written}}}}} names no prompt.", hint="Write {{> name@alias }}, {{> name/2 }} or {{> name }}."
        ) from error
    return Include(found.name, found.version, reference)


def sole_include(content: object) -> Include | None:
    """The include that a message's content consists of, if it consists of one alone."""
    tag = _TAG.fullmatch(content.strip()) if isinstance(content, str) else None
    return parse_include(tag["include"]) if tag and tag["include"] else None


def write_parts(parts: Iterable[Part]) -> str:
    """The text that `parse_text` reads these parts from. Neighbouring literals are read as one."""
    written, literal = "", ""
    for part in parts:
        if isinstance(part, str):
            literal += part
            continue
        tag = part.name if isinstance(part, Variable) else f"> {part.reference} "
        written += f"{escape(literal)}{{{{{tag}}}}}"
        literal = ""
    return written + escape(literal)


def escape(text: str) -> str:
    """The template that formats to `text`, whatever is in it."""
    return text.replace("{{", '{{"{{"}}')


def _not_a_variable(text: str, position: int, place: str) -> TemplateError:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    closing = text.find("}}", position)
    end = closing + 2 if closing != -1 else position + 30
    return TemplateError(
        f"{text[position : min(end, position + 60)]!r} at {place}line {line}, column {column} is not a variable.",
        hint="""Write {{name}} with letters, digits and '_' only, or {{"{{"}} for two literal braces.""",
    )
