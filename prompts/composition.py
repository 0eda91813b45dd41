"""Prompts that include others: `{{> name@alias }}`, `{{> name/2 }}`, or `{{> name }}` for the latest. Pure.

What an include means:

- The text of a text prompt stands where the include stands. Its variables become variables of the whole; nothing that
  only the seam makes of two texts (a brace at the end of one, a brace at the beginning of the other) is read as a tag.
- A chat prompt can be included where a message consists of the include alone: its messages take that message's place,
  with roles of their own. `{"role": "placeholder", "content": "{{> examples }}"}` says so best; the role is not used.
- A prompt of the format `jinja` may include both formats; one that is `simple` cannot run conditions, and is refused.
- No prompt may include itself, in whichever version, directly or through others: an alias that moves must not be able
  to make a circle out of what was none.

Includes are put in when a prompt is loaded. Which versions they were is told as pins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.errors import NotFound, TemplateError
from assay.prompts.messages import Message, map_texts, texts_of
from assay.prompts.reference import Reference
from assay.prompts.simple_format import (
    INCLUDE,
    Include,
    Part,
    Variable,
    parse_include,
    parse_text,
    sole_include,
    write_parts,
)
from assay.prompts.template import Template, parse_template

Source = str | Sequence[Mapping[str, Any]]  # a template as it is written

MAX_DEPTH = 10  # a prompt that includes one that includes one ...
MAX_PROMPTS = 100  # different ones in one prompt
MAX_CHARS = 1_000_000  # of the whole, when all is put in: includes of includes multiply
CHARS_PER_MESSAGE = 100  # what a message counts beside its text

_BEFORE_A_TAG = re.compile(r"\{(?=[{%#]|\Z)")  # a literal brace that what follows could make a tag of jinja


@dataclass(frozen=True, slots=True, kw_only=True)
class Included:
    """A version that an include means: what `lookup` answers."""

    name: str
    version: int
    template: Source
    format: str = "simple"


@dataclass(frozen=True, slots=True)
class Pin:
    """The version that an include was when the prompt was loaded. `reference` is how the include is written."""

    name: str
    version: int
    reference: str


Lookup = Callable[[Reference], Included]  # raises NotFound


def includes(template: Source, format: str = "simple") -> tuple[Include, ...]:
    """The includes that a template itself has, each once, in the order of their first use.

    Raises:
        TemplateError: the template cannot be parsed.
    """
    return parse_template(template, format).includes


def resolve(
    template: Source, lookup: Lookup, *, format: str = "simple", name: str | None = None
) -> tuple[str | list[Message], tuple[Pin, ...]]:
    """The template with everything put in that it includes, and which versions that was, outermost first.

    A template without includes comes back as it is, so that resolving twice changes nothing. Within one call the same
    include is looked up once: an alias that moves meanwhile cannot put two versions into one prompt.

    Args:
        lookup: finds the version that a reference means, as it is written: with its own includes in it.
        name: of the prompt that has this template, to find out that it includes itself.

    Raises:
        TemplateError: an include cannot be found or put in here, includes go round in a circle, too deep, or the whole
            gets too large.
    """
    resolver = _Resolver(lookup)
    resolved = resolver.put_in(parse_template(template, format), (name or "",))
    return resolved, tuple(resolver.pins.values())


@dataclass(slots=True)
class _Resolver:
    lookup: Lookup
    pins: dict[tuple[str, int | str], Pin] = field(default_factory=dict)
    known: dict[tuple[str, int | str], Template] = field(default_factory=dict)  # with everything put in
    heights: dict[tuple[str, int | str], int] = field(default_factory=dict)  # how deep their own includes go

    def put_in(self, template: Template, path: tuple[str, ...]) -> str | list[Message]:
        """`template` with its includes put in; `path` are the prompts that led here, this one last."""
        if not template.includes:
            return template.source
        found = {include.reference: self.included(include, path) for include in template.includes}
        size = _Size(path)
        if isinstance(template.source, str):
            return _spliced(template.source, template.format_name, found, size)
        return list(_messages(template.source, template.format_name, found, size))

    def included(self, include: Include, path: tuple[str, ...]) -> Template:
        """The prompt that `include` means, with everything put in. What it has been once it stays."""
        way, key = (*path, include.name), _key(include)
        if include.name in path:
            circle = " -> ".join(way[way.index(include.name) :])
            raise TemplateError(
                f"Prompt {include.name!r} includes itself: {circle}.",
                hint="Take the include out of one of them, or move what they share into a prompt of its own.",
            )
        if len(path) + self.heights.get(key, 0) > MAX_DEPTH:
            raise TemplateError(f"Includes are nested more than {MAX_DEPTH} deep: {_way(way)}.")
        if key not in self.known:
            if len(self.pins) == MAX_PROMPTS:
                raise TemplateError(f"{_way(path[:1])} includes more than {MAX_PROMPTS} prompts.")
            version = self.found(include, way)
            self.pins[key] = Pin(version.name, version.version, include.reference)
            parsed = parse_template(version.template, version.format)
            self.known[key] = parse_template(self.put_in(parsed, way), version.format)
            self.heights[key] = max((1 + self.heights[_key(inner)] for inner in parsed.includes), default=0)
        return self.known[key]

    def found(self, include: Include, way: tuple[str, ...]) -> Included:
        try:
            return self.lookup(Reference(include.name, include.version))
        except NotFound as error:
            raise TemplateError(
                f"{{{{> {include.reference} }}}} in {_way(way[:-1])} cannot be put in: {error.message}", hint=error.hint
            ) from error


@dataclass(slots=True)
class _Size:
    """How large a prompt gets while others are put in."""

    path: tuple[str, ...]
    chars: int = 0

    def add(self, chars: int) -> None:
        self.chars += chars
        if self.chars > MAX_CHARS:
            raise TemplateError(
                f"{_way(self.path)} has more than {MAX_CHARS:,} characters with everything that it includes."
            )


def _messages(source: list[Message], format: str, found: Mapping[str, Template], size: _Size) -> Iterator[Message]:
    for message in source:
        alone = sole_include(message["content"])
        if alone is not None and found[alone.reference].type == "chat":
            yield from _whole(found[alone.reference], alone, format, size)
            continue
        if alone is not None and message["role"] == "placeholder":
            raise TemplateError(
                f"{{{{> {alone.reference} }}}} stands in a placeholder, but is a text prompt and has no messages.",
                hint='Give the message the role that the text has, e.g. "system".',
            )
        size.add(CHARS_PER_MESSAGE)
        content = map_texts(message["content"], lambda text: _spliced(text, format, found, size))
        yield {"role": message["role"], "content": content}


def _whole(included: Template, include: Include, format: str, size: _Size) -> Iterator[Message]:
    """The messages of a chat prompt, in another's format."""
    for message in included.source:
        assert isinstance(message, dict)
        texts = texts_of(message["content"])
        size.add(CHARS_PER_MESSAGE + sum(len(text) for text in texts))
        if message["role"] == "placeholder" or included.format_name == format:
            yield message
        else:
            translated = map_texts(message["content"], lambda text: _translated(text, included, include, format))
            yield {"role": message["role"], "content": translated}


def _spliced(text: str, format: str, found: Mapping[str, Template], size: _Size) -> str:
    """A text with the texts of its includes in their places."""
    size.add(len(text))
    if not INCLUDE.search(text):
        return text
    if format == "simple":
        return write_parts(_simple_parts(text, found, size))
    written = ""
    for index, piece in enumerate(INCLUDE.split(text)):
        if index % 2:
            include = parse_include(piece)
            piece = _translated(
                _text_of(found[include.reference], include, size), found[include.reference], include, format
            )
        if written.endswith("{") and piece.startswith(("{", "%", "#")):
            written = f"{written[:-1]}{_escape_jinja('{')}"
        written += piece
    return written


def _simple_parts(text: str, found: Mapping[str, Template], size: _Size) -> Iterator[Part]:
    for part in parse_text(text):
        if isinstance(part, Include):
            included = found[part.reference]
            yield from parse_text(_translated(_text_of(included, part, size), included, part, "simple"))
        else:
            yield part


def _text_of(included: Template, include: Include, size: _Size) -> str:
    if not isinstance(included.source, str):
        raise TemplateError(
            f"{{{{> {include.reference} }}}} is a chat prompt: it cannot stand inside a text.",
            hint="Make it the whole content of a message; its messages then take the place of that one.",
        )
    size.add(len(included.source))
    return included.source


def _translated(text: str, included: Template, include: Include, format: str) -> str:
    """A text of an included prompt, in the format of the one that includes it."""
    if included.format_name == format:
        return text
    if format == "simple":
        raise TemplateError(
            f"{{{{> {include.reference} }}}} is of the format {included.format_name!r}, beyond a simple prompt.",
            hint="Register the prompt that includes it with format='jinja' too.",
        )
    parts = parse_text(text)
    return "".join(
        f"{{{{ {part.name} }}}}" if isinstance(part, Variable) else _escape_jinja(str(part)) for part in parts
    )


def _escape_jinja(text: str) -> str:
    """The template of the format `jinja` that formats to `text`, whatever follows it."""
    return _BEFORE_A_TAG.sub('{{ "{" }}', text)


def _key(include: Include) -> tuple[str, int | str]:
    return include.name, include.version


def _way(path: Sequence[str]) -> str:
    return " -> ".join(name for name in path if name) or "the template"
