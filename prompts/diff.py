"""What changes between two versions of a prompt: words of the text, messages of a chat, keys of the rest. Pure.

Everything here is plain data for pages to render. `str()` of it is for terminals and reads like `git diff --word-diff`;
`rich.print` shows the same in colour, where there is colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assay.prompts.diff_keys import KeyDiff, diff_keys, diff_optional, diff_tools
from assay.prompts.diff_messages import MessageDiff, diff_messages
from assay.prompts.diff_words import diff_words as diff_words
from assay.prompts.template import Template, parse_template

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names that one version has and the other has not."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """From `old` to `new`. Messages are all there, changed or not; of config, response format and tools what differs.

    A template is compared as it is written: with its includes by name, not with what they stand for.
    """

    old_name: str
    old_version: int
    new_name: str
    new_version: int
    messages: tuple[MessageDiff, ...]
    config: tuple[KeyDiff, ...]
    variables_added: tuple[str, ...]
    variables_removed: tuple[str, ...]
    response_format: tuple[KeyDiff, ...] = ()
    tools: tuple[KeyDiff, ...] = ()
    placeholders: Names = field(default_factory=Names)
    includes: Names = field(default_factory=Names)  # as they are written: "tone@production"
    type: tuple[str, str] | None = None  # ("text", "chat") where it changed
    format: tuple[str, str] | None = None  # ("simple", "jinja")

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs that matters to a model, or to who formats the prompt."""
        keys = self.config or self.response_format or self.tools
        return not (keys or self.type or self.format) and all(message.change == "equal" for message in self.messages)

    def __str__(self) -> str:
        from assay.prompts.diff_text import plain_text

        return plain_text(self)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        from assay.prompts.diff_text import rich_text

        yield rich_text(self, in_colour=console.color_system is not None and not console.no_color)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from assay.notebook.prompt import diff_html
        from assay.prompts.diff_text import changed_kinds, changed_names, diff_title

        keys = (("config", self.config), ("response format", self.response_format), ("tools", self.tools))
        return diff_html(diff_title(self), self.messages, keys, [*changed_kinds(self), *changed_names(self)])


def diff_versions(old: Mapping[str, Any], new: Mapping[str, Any]) -> Diff:
    """Compare two prompt version objects of the API: their `name`, `version` and content are read.

    Raises:
        TemplateError: a template cannot be parsed.
    """
    before, after = _parsed(old), _parsed(new)
    variables = _named(before.variables, after.variables)
    return Diff(
        old_name=old["name"],
        old_version=old["version"],
        new_name=new["name"],
        new_version=new["version"],
        messages=tuple(diff_messages(before.source, after.source)),
        config=tuple(diff_keys(old["config"], new["config"])),
        variables_added=variables.added,
        variables_removed=variables.removed,
        response_format=tuple(diff_optional(old.get("response_format"), new.get("response_format"))),
        tools=tuple(diff_tools(old.get("tools"), new.get("tools"))),
        placeholders=_named(before.placeholders, after.placeholders),
        includes=_named(_written(before), _written(after)),
        type=None if before.type == after.type else (before.type, after.type),
        format=None if before.format_name == after.format_name else (before.format_name, after.format_name),
    )


def _parsed(version: Mapping[str, Any]) -> Template:
    return parse_template(version["template"], version.get("format", "simple"))


def _written(template: Template) -> tuple[str, ...]:
    return tuple(include.reference for include in template.includes)


def _named(old: tuple[str, ...], new: tuple[str, ...]) -> Names:
    return Names(
        added=tuple(name for name in new if name not in old), removed=tuple(name for name in old if name not in new)
    )
