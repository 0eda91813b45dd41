"""Prompts in the hot path: loaded once, served from memory afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from assay.client import Client, current_client
from assay.prompts.cache import PromptCache
from assay.prompts.reference import Reference, parse_reference
from assay.prompts.version import PromptVersion

DEFAULT_CACHE_TTL_S = 60.0

Fallback = str | Sequence[Mapping[str, str]] | PromptVersion


@dataclass(frozen=True, slots=True)
class _Key:
    """What a cached version belongs to: the collector, the project, and what was asked for."""

    endpoint: str | None
    data_dir: str
    project: str
    reference: Reference


_cache: PromptCache[_Key] = PromptCache()


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


def clear_prompt_cache() -> None:
    """Forget every loaded prompt: the next load asks the collector, and waits for it."""
    _cache.forget(lambda key: True)


def quoted(part: str) -> str:
    return quote(part, safe="")


def _fetch(client: Client, reference: Reference) -> PromptVersion:
    path = f"/prompts/{quoted(reference.name)}/versions/{quoted(str(reference.version))}"
    return PromptVersion.from_api(client.get(path))


def _fallback_version(reference: Reference, fallback: Fallback | None) -> PromptVersion | None:
    if fallback is None or isinstance(fallback, PromptVersion):
        return fallback
    return PromptVersion.unregistered(reference.name, fallback)


def _key(client: Client, reference: Reference) -> _Key:
    settings = client.settings
    return _Key(settings.endpoint, str(settings.data_dir), settings.project, reference)


def forget_moving(client: Client, name: str) -> None:
    """Drop what this process's own change has made old: aliases and `latest` of one prompt."""
    changed = _key(client, Reference(name))
    _cache.forget(
        lambda key: (
            key.reference.name == name
            and not key.reference.is_fixed
            and key == replace(changed, reference=key.reference)
        )
    )
