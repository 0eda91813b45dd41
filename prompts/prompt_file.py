"""A prompt version as a file that people read and edit: front matter, then the template.

    ---
    name: support/answer
    type: chat
    version: 3
    content_hash: 5f0c...
    commit_message: shorter
    config:
      model: openai/gpt-4o-mini
    ---
    ## [system]
    Be brief.

    ## [user]
    {{question}}

A text prompt's template is what follows the front matter, without the last end of line, which editors like to add. A
chat prompt's messages begin with their role in brackets, and end before the empty line in front of the next; a line of
a message that reads like such a beginning has a backslash in front of it. What such a file could not give back byte
for byte (carriage returns, control characters, content in parts, odd roles) stands in the front matter, as `template`.
A file whose lines end in CR LF, as git may check them out on Windows, is read as if they ended in LF.

`version` and `content_hash` say which version the file was made from: that is how both sides know who has changed what.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from assay.content_hash import prompt_hash
from assay.errors import ConfigurationError
from assay.prompts.front_matter import DELIMITER, FRAGILE, read_yaml, write_yaml
from assay.prompts.template import FORMATS, parse_template

SUFFIX = ".prompt.md"
TYPES = ("text", "chat")

_ROLE = r"## \[(?P<role>[A-Za-z0-9_.\-]+)\]"
_MARKER = re.compile(rf"^{_ROLE}$", re.MULTILINE)
_LIKE_A_MARKER = re.compile(rf"^(\\*)({_ROLE})$", re.MULTILINE)
_ESCAPED = re.compile(rf"^\\(\\*{_ROLE})$", re.MULTILINE)

Template = str | list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptFile:
    """What a file says. `version` None: it was made by hand and has never been in a registry."""

    name: str
    template: Template
    format: str = "simple"
    version: int | None = None
    content_hash: str | None = None  # of that version
    aliases: tuple[str, ...] = ()  # that it carried; for readers, a push does not move them
    commit_message: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    response_format: Mapping[str, Any] | None = None
    tools: Sequence[Mapping[str, Any]] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return "text" if isinstance(self.template, str) else "chat"

    @property
    def hash(self) -> str:
        """Of its content as it is now: as the registry would have it."""
        return prompt_hash(
            self.template,
            self.type,
            self.config,
            format=self.format,
            response_format=self.response_format,
            tools=self.tools,
        )

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> PromptFile:
        """The file of a version object of the API, as it is written: with its includes in it."""
        return cls(
            name=row["name"],
            template=row["template"],
            format=row.get("format", "simple"),
            version=row["version"],
            content_hash=row["content_hash"],
            aliases=tuple(row["aliases"]),
            commit_message=row["commit_message"],
            config=row["config"],
            response_format=row.get("response_format"),
            tools=row.get("tools"),
            tags=row["tags"],
        )


def write_prompt_file(file: PromptFile, comments: Sequence[str] = ()) -> bytes:
    """The bytes of a file, the same ones for the same content.

    Args:
        comments: lines that begin with `#`, put on top.
    """
    matter: dict[str, Any] = {
        "name": file.name,
        "type": file.type,
        "format": file.format,
        "version": file.version,
        "content_hash": file.content_hash,
        "aliases": list(file.aliases) or None,
        "commit_message": file.commit_message,
        "tags": dict(file.tags) or None,
        "config": dict(file.config) or None,
        "response_format": None if file.response_format is None else dict(file.response_format),
        "tools": None if file.tools is None else [dict(tool) for tool in file.tools],
    }
    said = {name: value for name, value in matter.items() if value is not None}
    body = _body(file.template)
    if body is None:
        said["template"], body = file.template, ""
    head = "".join(f"{line}\n" for line in (DELIMITER, *comments))
    return f"{head}{write_yaml(said)}{DELIMITER}\n{body}".encode()


def read_prompt_file(content: bytes) -> PromptFile:
    """What a file says.

    Raises:
        ConfigurationError: it is no such file; the message says where.
        TemplateError: its template cannot be parsed.
    """
    matter, body = _split(_decoded(content))
    said = read_yaml(matter)
    _check_fields(said)
    if "template" in said:
        if body.strip():
            raise ConfigurationError(
                "The template stands in the front matter and below it.", hint="Leave one of the two away."
            )
        template = said["template"]
    else:
        template = _messages(body) if said.get("type") == "chat" else body.removesuffix("\n")
    file = PromptFile(
        name=said["name"],
        template=template,
        format=said.get("format", "simple"),
        version=said.get("version"),
        content_hash=said.get("content_hash"),
        aliases=tuple(said.get("aliases") or ()),
        commit_message=said.get("commit_message"),
        config=said.get("config") or {},
        response_format=said.get("response_format"),
        tools=said.get("tools"),
        tags=said.get("tags") or {},
    )
    if file.type != said.get("type", file.type):
        raise ConfigurationError(f"The type is {said['type']}, but the template is that of a {file.type} prompt.")
    parsed = parse_template(file.template, file.format)
    return file if isinstance(template, str) else replace(file, template=parsed.source)


def comments_of(content: bytes) -> list[str]:
    """Lines of the front matter that are comments: whoever writes the file anew keeps them."""
    matter, _ = _split(_decoded(content))
    return [line for line in matter.split("\n") if line.startswith("#")]


# The parts of a file -------------------------------------------------------------------------------------------------


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"It is not UTF-8 (byte {error.start}).") from error
    # A carriage return that belongs to a template stands in the front matter, escaped: this one is an end of line.
    return text.replace("\r\n", "\n")


def _split(text: str) -> tuple[str, str]:
    """Front matter and body."""
    head, _, rest = text.partition("\n")
    found = re.search(rf"^{DELIMITER}[ \t]*(?:\n|\Z)", rest, re.MULTILINE)
    if head.rstrip() != DELIMITER or found is None:
        raise ConfigurationError(
            "It does not begin with front matter.",
            hint=f"Its first line is {DELIMITER}, then name: ..., then {DELIMITER}.",
        )
    return rest[: found.start()], rest[found.end() :]


def _body(template: Template) -> str | None:
    """The template as it stands below the front matter; None: it cannot stand there."""
    if isinstance(template, str):
        return None if FRAGILE.search(template) else f"{template}\n"
    sections = []
    for message in template:
        role, content = message["role"], message["content"]
        if not isinstance(content, str) or FRAGILE.search(content) or not _MARKER.fullmatch(f"## [{role}]"):
            return None
        sections.append(f"## [{role}]\n{_LIKE_A_MARKER.sub(_escape, content)}\n")
    return "\n".join(sections)


def _escape(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def _messages(body: str) -> list[dict[str, Any]]:
    starts = list(_MARKER.finditer(body))
    if not starts or body[: starts[0].start()].strip():
        raise ConfigurationError(
            "The first message has no role.", hint="A message begins with a line such as ## [system] or ## [user]."
        )
    messages = []
    for number, start in enumerate(starts):
        is_last = number + 1 == len(starts)
        text = body[start.end() : None if is_last else starts[number + 1].start()].removeprefix("\n")
        text = text.removesuffix("\n") if is_last else text.removesuffix("\n").removesuffix("\n")
        messages.append({"role": start["role"], "content": _ESCAPED.sub(r"\1", text)})
    return messages


# What may stand in the front matter ----------------------------------------------------------------------------------

_FIELDS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "type": (str,),
    "format": (str,),
    "version": (int,),
    "content_hash": (str,),
    "aliases": (list,),
    "commit_message": (str,),
    "tags": (dict,),
    "config": (dict,),
    "response_format": (dict,),
    "tools": (list,),
    "template": (str, list),
}
_WORDS = {str: "a text", int: "a whole number", list: "a list", dict: "a list of names with values"}


def _check_fields(said: Mapping[str, Any]) -> None:
    if unknown := [name for name in said if name not in _FIELDS]:
        raise ConfigurationError(
            f"The front matter has a field {unknown[0]!r}.", hint=f"There are: {', '.join(_FIELDS)}."
        )
    for name, value in said.items():
        if value is not None and (not isinstance(value, _FIELDS[name]) or isinstance(value, bool)):
            wanted = " or ".join(_WORDS[type] for type in _FIELDS[name])
            raise ConfigurationError(f"{name!r} is {value!r}, not {wanted}.", hint="Put a text in quotes.")
    if not said.get("name"):
        raise ConfigurationError("The front matter has no name.", hint="For example: name: support/answer")
    for name, allowed in (("type", TYPES), ("format", FORMATS)):
        if said.get(name) is not None and said[name] not in allowed:
            raise ConfigurationError(f"{name!r} is {said[name]!r}.", hint=f"It is one of: {', '.join(allowed)}.")
    wrong = [name for name, value in (said.get("tags") or {}).items() if not isinstance(value, str)]
    if wrong:
        raise ConfigurationError(f"The tag {wrong[0]!r} is no text.", hint="Put it in quotes.")
