"""One version of a prompt, as a program holds it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from assay.content_hash import prompt_hash
from assay.errors import ConfigurationError
from assay.prompt_texts import has_own_text, remember
from assay.prompts.composition import Pin
from assay.prompts.diff import Diff, diff_versions
from assay.prompts.messages import PLACEHOLDER, Message, texts_of
from assay.prompts.template import Template, TemplateFormat, parse_template
from assay.tracing.prompt_link import link_fallback, link_prompt

UNREGISTERED = 0  # the version number of a fallback: registered ones begin at 1

Source = Literal["collector", "cache", "disk", "fallback"]  # where `load_prompt` had a version from


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """What every load and every `format` needs of a version; read from here, it takes half as long."""

    name: str
    version: int
    includes: tuple[str, ...]  # the versions that they were: "tone/3"
    template: Template
    tells: bool  # whether any of its texts says more than its variables do
    containers: tuple[tuple[str, Callable[[Any], Any]], ...]  # fields that could be changed in place: what copies each


@dataclass(frozen=True, kw_only=True)
class PromptVersion:
    """Immutable, like the version in the registry. `aliases` are those it carried when it was loaded.

    `load_prompt` puts what a prompt includes into `template`; from `prompt_history` and `register_prompt` it comes as
    it was written, and cannot be formatted while it has includes.

    The last three fields are of the load, not of the version, and do not count when two are compared: `age_s` is how
    long ago the collector last said that this is the version to use (None: it never has), and `is_stale` whether that
    is longer ago than the load allowed.
    """

    name: str
    version: int
    template: str | list[Message]
    type: Literal["text", "chat"]
    template_format: TemplateFormat = "simple"
    config: Mapping[str, Any] = field(default_factory=dict)
    response_format: Mapping[str, Any] | None = None  # JSON schema of the answer
    tools: Sequence[Mapping[str, Any]] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    commit_message: str = ""
    author: str | None = None
    created_at: datetime | None = None
    content_hash: str = ""
    parent_version: int | None = None
    aliases: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()  # other prompts, as the template names them: "tone@production"
    resolved: tuple[Pin, ...] = ()  # the versions that they were when this one was loaded
    source: Source = field(default="collector", compare=False)
    age_s: float | None = field(default=0.0, compare=False)
    is_stale: bool = field(default=False, compare=False)

    @classmethod
    def from_api(cls, row: Mapping[str, Any]) -> PromptVersion:
        """Read a prompt version object of the API."""
        version = cls(
            name=row["name"],
            version=row["version"],
            template=row["template"],
            type=row["type"],
            template_format=row.get("format", "simple"),
            config=row["config"],
            response_format=row.get("response_format"),
            tools=row.get("tools"),
            tags=row["tags"],
            commit_message=row["commit_message"],
            author=row["author"],
            created_at=datetime.fromisoformat(row["created_at"]),
            content_hash=row["content_hash"],
            parent_version=row["parent_version"],
            aliases=tuple(row["aliases"]),
            includes=tuple(include["reference"] for include in row.get("includes", ())),
            resolved=tuple(Pin(pin["name"], pin["version"], pin["reference"]) for pin in row.get("resolved", ())),
        )
        if any(version._telling):
            version._remember(version.template)
        return version

    @classmethod
    def unregistered(
        cls,
        name: str,
        template: str | Sequence[Mapping[str, Any]],
        config: Mapping[str, Any] | None = None,
        *,
        format: TemplateFormat = "simple",
    ) -> PromptVersion:
        """A version that stands in for one that cannot be loaded. It links no span to the registry.

        Raises:
            TemplateError: the template cannot be parsed.
        """
        parsed = parse_template(template, format)
        return cls(
            name=name,
            version=UNREGISTERED,
            template=parsed.source,
            type=parsed.type,
            template_format=format,
            config=dict(config or {}),
            commit_message="fallback",
            content_hash=prompt_hash(parsed.source, parsed.type, config, format=format),
            source="fallback",
            age_s=None,
            is_stale=True,
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

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names of the template's placeholders: `format` takes a list of messages for each."""
        return self._parsed.placeholders

    @property
    def is_prepared(self) -> bool:
        return "_ready" in self.__dict__

    def prepare(self) -> None:
        """Read and compile the template now, so that the first `format` is as quick as the others.

        Raises:
            TemplateError: it cannot be read.
        """
        self._parsed.prepare()
        _ = self._ready  # copies of this one share it; each would work it out for itself, under a lock of all threads

    def format(self, /, **values: Any) -> str | list[Message]:
        """The text, or the messages, with every variable replaced; links the current span to this version.

        Raises:
            TemplateError: a variable is missing or None, a value belongs to no variable, or a placeholder is given no
                list of messages; the message names them.
        """
        ready = self._ready
        formatted = ready.template.format(values)
        if ready.version == UNREGISTERED:
            link_fallback(ready.name)
            return formatted
        link_prompt(ready.name, ready.version, includes=ready.includes, loaded=self)
        if ready.tells:
            self._remember(formatted, values)
        return formatted

    def _remember(self, made: str | list[Message], values: Mapping[str, Any] | None = None) -> None:
        """The texts of `made`, the template or what it gives with `values`, tell later which prompt they come from."""
        if isinstance(made, str):
            remember(made, self.name, self.version)
            return
        for text, tells in zip(_own_texts(self.template, made, values), self._telling, strict=False):
            if tells:
                remember(text, self.name, self.version)

    def diff(self, other: PromptVersion) -> Diff:
        """What changes from this version to `other`. `print` it, or render its parts.

        Raises:
            ConfigurationError: `other` is no prompt version.
        """
        if not isinstance(other, PromptVersion):
            raise ConfigurationError(
                f"A prompt version is compared with another, not with {other!r}.",
                hint="Give what load_prompt or prompt_history returned.",
            )
        return diff_versions(self._content, other._content)

    def served(self, source: Source, age_s: float | None, is_stale: bool) -> PromptVersion:
        """The same version with containers of its own: what a caller does to them is not seen by another."""
        own = self.__dict__.copy()  # and with it what is parsed once for all copies
        own["source"] = source
        own["age_s"] = age_s
        own["is_stale"] = is_stale
        for name, copied in self._ready.containers:
            own[name] = copied(own[name])
        twin = _new(PromptVersion)
        _set_fields(twin, own)
        return twin

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from assay.notebook.prompt import prompt_html

        facts = [", ".join(self.aliases), self.commit_message, self.author or ""]
        facts += [f"{self.created_at:%Y-%m-%d %H:%M} UTC"] if self.created_at else []
        messages = [("", self.template)] if isinstance(self.template, str) else _roles_and_texts(self.template)
        about = " · ".join(fact for fact in facts if fact)
        return prompt_html(f"{self.name} {self.version}", [about] if about else [], messages, self.config)

    def __hash__(self) -> int:
        return hash((self.name, self.version, self.content_hash))

    @property
    def _content(self) -> dict[str, Any]:
        """As the API calls it; "format" is a method here."""
        return {**vars(self), "format": self.template_format}

    @cached_property
    def _parsed(self) -> Template:
        return parse_template(self.template, self.template_format)

    @cached_property
    def _ready(self) -> _Ready:
        named = [(each.name, getattr(self, each.name)) for each in fields(self)]
        return _Ready(
            name=self.name,
            version=self.version,
            includes=tuple(f"{pin.name}/{pin.version}" for pin in self.resolved),
            template=self._parsed,
            tells=any(self._telling),
            containers=tuple((name, _copier(value)) for name, value in named if isinstance(value, dict | list)),
        )

    @cached_property
    def _telling(self) -> tuple[bool, ...]:
        """Of each text, whether it says more than its variables do."""
        return tuple(has_own_text(text) for text in _own_texts(self.template, self.template))


# Making a copy by way of `replace` takes twenty times as long, and this is done in every load.
_new = object.__new__
_set_fields = PromptVersion.__dict__["__dict__"].__set__


def _own_texts(
    template: str | list[Message], made: str | list[Message], values: Mapping[str, Any] | None = None
) -> list[str]:
    """The texts of `made`, the template or what it gives with `values`, without the messages at placeholders."""
    if isinstance(template, str) or isinstance(made, str):
        return [str(made)]
    texts: list[str] = []
    position = 0
    for message in template:
        if message["role"] == PLACEHOLDER:
            position += 1 if values is None else len(values[message["content"].strip()])
        else:
            texts += texts_of(made[position]["content"])
            position += 1
    return texts


def _roles_and_texts(template: list[Message]) -> list[tuple[str, str]]:
    """Messages as a person reads them: parts that are no text as JSON."""
    return [
        (
            str(each["role"]),
            each["content"]
            if isinstance(each["content"], str)
            else json.dumps(each["content"], ensure_ascii=False, indent=2),
        )
        for each in template
    ]


def _copier(value: dict[str, Any] | list[Any]) -> Callable[[Any], Any]:
    """What copies this quickest: most have nothing in them that could be changed."""
    inner = value.values() if isinstance(value, dict) else value
    if any(isinstance(item, dict | list) for item in inner):
        return _own
    return dict.copy if isinstance(value, dict) else list.copy


def _own(value: Any) -> Any:
    """A copy of what JSON can say. `copy.deepcopy` takes ten times as long, and this is done in every load."""
    if isinstance(value, dict):
        return {name: _own(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_own(item) for item in value]
    return value
