"""One version of a prompt, as a program holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from assay import prompt_texts
from assay.content_hash import prompt_hash
from assay.prompts.diff import Diff, diff_versions
from assay.prompts.template import Message, Template, parse_template

UNREGISTERED = 0  # the version number of a fallback: registered ones begin at 1


@dataclass(frozen=True, kw_only=True)
class PromptVersion:
    """Immutable, like the version in the registry. `aliases` are those it carried when it was loaded."""

    name: str
    version: int
    template: str | list[Message]
    type: Literal["text", "chat"]
    config: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    commit_message: str = ""
    author: str | None = None
    created_at: datetime | None = None
    content_hash: str = ""
    parent_version: int | None = None
    aliases: tuple[str, ...] = ()

    @classmethod
    def from_api(cls, row: Mapping[str, Any]) -> PromptVersion:
        """Read a prompt version object of the API."""
        version = cls(
            name=row["name"],
            version=row["version"],
            template=row["template"],
            type=row["type"],
            config=row["config"],
            tags=row["tags"],
            commit_message=row["commit_message"],
            author=row["author"],
            created_at=datetime.fromisoformat(row["created_at"]),
            content_hash=row["content_hash"],
            parent_version=row["parent_version"],
            aliases=tuple(row["aliases"]),
        )
        version._remember(version.template)
        return version

    @classmethod
    def unregistered(
        cls, name: str, template: str | Sequence[Mapping[str, str]], config: Mapping[str, Any] | None = None
    ) -> PromptVersion:
        """A version that stands in for one that cannot be loaded. It links no span to the registry.

        Raises:
            TemplateError: the template cannot be parsed.
        """
        parsed = parse_template(template)
        return cls(
            name=name,
            version=UNREGISTERED,
            template=parsed.source,
            type=parsed.type,
            config=dict(config or {}),
            commit_message="fallback",
            content_hash=prompt_hash(parsed.source, parsed.type, config),
        )

    @property
    def is_registered(self) -> bool:
        return self.version != UNREGISTERED

    @property
    def uri(self) -> str:
        """`prompts:/name/version`: this very version, wherever it is loaded."""
        return f"prompts:/{self.name}/{self.version}"

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the template's variables, in the order of their first use."""
        return self._parsed.variables

    def format(self, /, **values: Any) -> str | list[Message]:
        """The text, or the messages, with every variable replaced; links the current span to this version.

        Raises:
            TemplateError: a variable is missing or None, or a value belongs to no variable; the message names them.
        """
        formatted = self._parsed.format(values)
        if self.is_registered:
            from assay.tracing.prompt_link import link_prompt

            link_prompt(self.name, self.version)
            self._remember(formatted)
        return formatted

    def _remember(self, made: str | list[Message]) -> None:
        """The texts of `made`, which is the template or made from it, tell later which prompt they come from."""
        for text, template in zip(_texts(made), _texts(self.template), strict=False):
            if prompt_texts.has_own_text(template):
                prompt_texts.remember(text, self.name, self.version)

    def diff(self, other: PromptVersion) -> Diff:
        """What changes from this version to `other`. `print` it, or render its parts."""
        return diff_versions(vars(self), vars(other))

    def copied(self) -> PromptVersion:
        """The same version with containers of its own: what a caller does to them is not seen by another."""
        own = {name: deepcopy(getattr(self, name)) for name in ("template", "config", "tags")}
        twin = object.__new__(type(self))
        twin.__dict__.update(vars(self), _parsed=self._parsed, **own)  # what is parsed once serves all copies
        return twin

    def __hash__(self) -> int:
        return hash((self.name, self.version, self.content_hash))

    @cached_property
    def _parsed(self) -> Template:
        return parse_template(self.template)


def _texts(made: str | list[Message]) -> list[str]:
    return [made] if isinstance(made, str) else [message["content"] for message in made]
