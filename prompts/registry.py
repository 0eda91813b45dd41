"""Prompts from a program's side: register, load, point aliases, look back."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from assay.client import Client, current_client
from assay.prompts.cache import PromptCache
from assay.prompts.reference import Reference, parse_reference
from assay.prompts.version import PromptVersion

DEFAULT_CACHE_TTL_S = 60.0

Fallback = str | Sequence[Mapping[str, str]] | PromptVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSummary:
    """One prompt of a project, as a list shows it. `tags` and `commit_message` are those of the latest version."""

    name: str
    latest_version: int
    aliases: Mapping[str, int]
    tags: Mapping[str, str]
    commit_message: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class _Key:
    """What a cached version belongs to: the collector, the project, and what was asked for."""

    endpoint: str | None
    data_dir: str
    project: str
    reference: Reference


_cache: PromptCache[_Key] = PromptCache()


def register_prompt(
    name: str,
    template: str | Sequence[Mapping[str, str]],
    commit_message: str,
    config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    author: str | None = None,
) -> PromptVersion:
    """Register a version and return it. When a version with the same template and config exists, that one is returned.

    Args:
        name: letters, digits, `_ - .`, single spaces inside, and `/` between its parts, e.g. `support/answer`.
        template: text, or `[{"role": ..., "content": ...}]`; `{{name}}` is where a value goes.
        commit_message: what changed and why, as in git.
        config: what belongs to the prompt beside its words: model, temperature, ...
        author: the user that runs this process when it is left out.

    Raises:
        TemplateError: the template cannot be parsed; the message points at the place.
        InvalidRequest: the name or the commit message cannot be used.
        CollectorUnavailable: nobody answers.
    """
    client = current_client()
    body = {
        "name": name,
        "template": template if isinstance(template, str) else [dict(message) for message in template],
        "commit_message": commit_message,
        "config": dict(config or {}),
        "tags": dict(tags or {}),
        "author": author or _user(),
    }
    version = PromptVersion.from_api(client.post("/prompts", body))
    _forget_moving(client, name)
    return version


def load_prompt(
    name_or_uri: str,
    version: int | None = None,
    alias: str | None = None,
    label: str | None = None,
    cache_ttl: float = DEFAULT_CACHE_TTL_S,
    fallback: Fallback | None = None,
) -> PromptVersion:
    """A version of a prompt: by number, by alias (`label` is another word for it), or the latest.

    Only the first load in a process waits for the collector. After `cache_ttl` seconds a background thread asks again,
    while the value there is goes on being served, for as long as the collector is away. `cache_ttl=0` asks every time.

    Args:
        name_or_uri: `qa`, `prompts:/qa`, `prompts:/qa/2`, `prompts:/qa@production`.
        fallback: a template, or a version from elsewhere, served when the first load fails for whatever reason.

    Raises:
        ConfigurationError: more than one version is named.
        PromptNotFound: there is no such prompt, version or alias, and no fallback.
        CollectorUnavailable: nobody answers, nothing is cached, and there is no fallback.
        TemplateError: the fallback cannot be parsed.
    """
    reference = parse_reference(name_or_uri, version=version, alias=alias, label=label)
    client = current_client()
    found = _cache.load(
        _key(client, reference),
        lambda: _fetch(client, reference),
        ttl=cache_ttl,
        fixed=reference.is_fixed,
        fallback=_fallback_version(reference, fallback),
    )
    return found.copied()


def set_prompt_alias(name: str, alias: str, version: int, reason: str | None = None) -> None:
    """Point `alias` at a version. Who did it, when and why is kept, and can be read back.

    Raises:
        PromptNotFound: there is no such prompt or version.
        InvalidRequest: this cannot be an alias; `latest` is taken.
    """
    client = current_client()
    body = {"version": version, "reason": reason, "author": _user()}
    client.put(f"/prompts/{_quoted(name)}/aliases/{_quoted(alias)}", body)
    _forget_moving(client, name)


def prompt_history(name: str) -> list[PromptVersion]:
    """Every version, newest first.

    Raises:
        PromptNotFound: there is no such prompt.
    """
    return [PromptVersion.from_api(row) for row in current_client().pages(f"/prompts/{_quoted(name)}/versions")]


def search_prompts(filter: str | None = None) -> list[PromptSummary]:
    """Prompts of the project in the order of their names; `filter` is a part of the name, in any case."""
    return [
        PromptSummary(
            name=row["name"],
            latest_version=row["latest_version"],
            aliases=row["aliases"],
            tags=row["tags"],
            commit_message=row["commit_message"],
            created_at=datetime.fromisoformat(row["created_at"]),
            updated_at=datetime.fromisoformat(row["updated_at"]),
        )
        for row in current_client().pages("/prompts", filter=filter)
    ]


def clear_prompt_cache() -> None:
    """Forget every loaded prompt: the next load asks the collector, and waits for it."""
    _cache.forget(lambda key: True)


def _fetch(client: Client, reference: Reference) -> PromptVersion:
    path = f"/prompts/{_quoted(reference.name)}/versions/{_quoted(str(reference.version))}"
    return PromptVersion.from_api(client.get(path))


def _fallback_version(reference: Reference, fallback: Fallback | None) -> PromptVersion | None:
    if fallback is None or isinstance(fallback, PromptVersion):
        return fallback
    return PromptVersion.unregistered(reference.name, fallback)


def _key(client: Client, reference: Reference) -> _Key:
    settings = client.settings
    return _Key(settings.endpoint, str(settings.data_dir), settings.project, reference)


def _forget_moving(client: Client, name: str) -> None:
    """Drop what this process's own change has made old: aliases and `latest` of one prompt."""
    changed = _key(client, Reference(name))
    _cache.forget(
        lambda key: (
            key.reference.name == name
            and not key.reference.is_fixed
            and key == replace(changed, reference=key.reference)
        )
    )


def _quoted(part: str) -> str:
    return quote(part, safe="")


def _user() -> str | None:
    """Name of the user that runs this process; None where the system has none, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return None
