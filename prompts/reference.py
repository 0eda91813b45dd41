"""Which prompt is meant: a name with a version or an alias beside it, or a URI like `prompts:/qa@production`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assay.errors import ConfigurationError

SCHEME = "prompts:/"
LATEST = "latest"

_NUMBERED = re.compile(r"(?P<name>.+)/(?P<version>[0-9]{1,10})")
_ALIASED = re.compile(r"(?P<name>[^@]+)@(?P<alias>[^@/]+)")


@dataclass(frozen=True, slots=True)
class Reference:
    """A prompt and the version that is meant: a number, an alias, or `latest`."""

    name: str
    version: int | str = LATEST

    @property
    def is_fixed(self) -> bool:
        """Whether this will always mean the same version: numbers do, aliases and `latest` move."""
        return isinstance(self.version, int)

    def __str__(self) -> str:
        if self.version == LATEST:
            return f"{SCHEME}{self.name}"
        return f"{SCHEME}{self.name}{'/' if self.is_fixed else '@'}{self.version}"


def parse_reference(
    name_or_uri: str, *, version: int | None = None, alias: str | None = None, label: str | None = None
) -> Reference:
    """Read what `load_prompt` is given. Names may hold slashes: in a URI the last part is a version if it is a number.

    Raises:
        ConfigurationError: more than one version is named, or the name is empty.
    """
    if not isinstance(name_or_uri, str):
        raise ConfigurationError(
            f"A prompt is named by a text, not by {name_or_uri!r}.", hint="For example: load_prompt('qa')"
        )
    named = [value for value in (version, alias, label) if value is not None]
    reference = _parse_uri(name_or_uri) if name_or_uri.startswith(SCHEME) else Reference(name_or_uri)
    if len(named) > 1 or (named and reference.version != LATEST):
        raise ConfigurationError(
            f"More than one version of prompt {reference.name!r} is named: {name_or_uri!r}, version={version!r}, "
            f"alias={alias!r}, label={label!r}.",
            hint="Name one: a version, or an alias (label is another word for it), or a URI that has either.",
        )
    if not reference.name.strip("/ ") or reference.name in (".", "..") or not reference.name.isprintable():
        raise ConfigurationError(
            f"{name_or_uri!r} names no prompt.",
            hint="Give a name, or a URI like prompts:/qa/2 or prompts:/qa@production.",
        )
    return Reference(reference.name, named[0]) if named else reference


def _parse_uri(uri: str) -> Reference:
    path = uri.removeprefix(SCHEME).lstrip("/")
    if found := _NUMBERED.fullmatch(path):
        return Reference(found["name"], int(found["version"]))
    if found := _ALIASED.fullmatch(path):
        return Reference(found["name"], found["alias"])
    return Reference(path)
