"""Prompts in the hot path: loaded once, served from memory afterwards. What that means is in cache.py."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from assay.client import Client, client_for
from assay.errors import AssayError, CollectorUnavailable
from assay.prompts.arguments import check_ttl
from assay.prompts.cache import Answer, Key, Place, PromptCache
from assay.prompts.cache_stats import PromptCacheStats
from assay.prompts.disk_copies import DIRECTORY, DiskCopies
from assay.prompts.places import Places
from assay.prompts.reference import parse_reference
from assay.prompts.version import PromptVersion

DEFAULT_CACHE_TTL_S = 60.0
AT_ONCE = 8  # prompts that `prefetch_prompts` asks for at the same time

Fallback = str | Sequence[Mapping[str, Any]] | PromptVersion


def load_prompt(
    name_or_uri: str,
    version: int | None = None,
    alias: str | None = None,
    label: str | None = None,
    cache_ttl: float = DEFAULT_CACHE_TTL_S,
    fallback: Fallback | None = None,
) -> PromptVersion:
    """A version of a prompt: by number, by alias (`label` is another word for it), or the latest.

    Only the first load in a process waits for the collector, and with a fallback or a copy on disk no longer than
    `prompt_wait_s` of the settings. After `cache_ttl` seconds a background thread asks again, while the value there
    goes on being served, for as long as the collector is away. `cache_ttl=0` asks every time.

    Where a version came from and how old that is stands in its `source`, `age_s` and `is_stale`; `prompt_cache_stats`
    sums that up.

    Args:
        name_or_uri: `qa`, `prompts:/qa`, `prompts:/qa/2`, `prompts:/qa@production`.
        fallback: a template, or a version from elsewhere, served while no load has succeeded, for whatever reason.

    Raises:
        ConfigurationError: more than one version is named, or an argument cannot be used.
        PromptNotFound: there is no such prompt, version or alias, and no fallback.
        CollectorUnavailable: nobody answers, nothing is in memory or on disk, and there is no fallback.
        TemplateError: the fallback cannot be parsed.
    """
    if cache_ttl.__class__ is not float or cache_ttl != cache_ttl:  # NaN
        check_ttl(cache_ttl)
    try:
        key = _key(_places.current(), name_or_uri, version, alias, label)
    except TypeError:  # an argument that cannot be hashed is none that can be used: this tells which
        parse_reference(name_or_uri, version=version, alias=alias, label=label)
        raise
    return _cache.load(key, ttl=cache_ttl, fallback=None if fallback is None else _fallback_version(key.name, fallback))


def prefetch_prompts(*names_or_uris: str, cache_ttl: float = DEFAULT_CACHE_TTL_S) -> list[PromptVersion]:
    """Load several prompts at once, in the order given: at start-up, so that no request is the first to need one.

    Raises:
        AssayError: as `load_prompt`, for the first of them that cannot be loaded.
    """
    if not names_or_uris:
        return []
    with ThreadPoolExecutor(min(AT_ONCE, len(names_or_uris)), thread_name_prefix="assay-prefetch") as pool:
        return list(pool.map(lambda name: load_prompt(name, cache_ttl=cache_ttl), names_or_uris))


def prompt_cache_stats() -> PromptCacheStats:
    """What this process has loaded, from where, and how old it is. Asks nobody."""
    return _cache.stats()


def clear_prompt_cache() -> None:
    """Forget every prompt that this process has loaded: the next load asks the collector, and waits for it.

    Copies on disk stay.
    """
    _cache.forget()


def refresh_loaded(client: Client, name: str) -> None:
    """Ask again for what this process's own change of a prompt has made old: its aliases, its `latest`, and the
    prompts that include it. Loads see the change at once, and none of them waits.
    """
    place = _places.of(client.settings)

    def is_changed(key: Key, known: Answer[PromptVersion] | None) -> bool:
        if key.place is not place or (known is not None and known.fixed):
            return False
        return key.name == name or (known is not None and name in _included(known.row))

    _cache.renew(is_changed)


def quoted(part: str) -> str:
    return quote(part, safe="")


def _fetch(key: Key) -> Answer[PromptVersion]:
    settings = key.place.settings
    client = client_for(settings) if settings is not None else None
    if client is None:
        raise CollectorUnavailable("The settings have changed since this prompt was loaded.")
    path = f"/prompts/{quoted(key.name)}/versions/{quoted(str(key.version))}"
    row = client.get(path, resolve="true")
    if (known := _cache.known(key)) is not None and known.row == row:
        return known  # nothing to read anew: other threads wait for the interpreter meanwhile
    try:
        return _answer(row, is_number=isinstance(key.version, int))
    except AssayError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CollectorUnavailable(
            f"What {client.url} answered is no prompt ({error!r}).", hint="Is it a collector of Assay's?"
        ) from error


def _answer(row: Mapping[str, Any], *, is_number: bool) -> Answer[PromptVersion]:
    version = PromptVersion.from_api(row)
    version.prepare()  # once, for all copies; and one that cannot be read is no answer
    pinned = all(pin["reference"].rpartition("/")[2].isdigit() for pin in row.get("resolved") or ())
    return Answer(version, row, fixed=is_number and pinned)


def _included(row: Mapping[str, Any]) -> set[str]:
    return {pin["name"] for pin in row.get("resolved") or ()}


def _fallback_version(name: str, fallback: Fallback) -> PromptVersion:
    if isinstance(fallback, PromptVersion):
        if not fallback.is_prepared:
            fallback.prepare()
        return fallback
    if isinstance(fallback, str):
        return _parsed_fallback(name, fallback, False)
    try:
        return _parsed_fallback(name, json.dumps(fallback), True)
    except TypeError:  # no JSON: this tells what it is instead
        return PromptVersion.unregistered(name, fallback)


@lru_cache(1024)
def _parsed_fallback(name: str, fallback: str, is_json: bool) -> PromptVersion:
    """Checked at the first load, not on the bad day; and parsed once, not in every load."""
    version = PromptVersion.unregistered(name, json.loads(fallback) if is_json else fallback)
    version.prepare()  # once, for all copies
    return version


# Where prompts come from ----------------------------------------------------------------------------------------


@lru_cache(8192)
def _key(place: Place, name_or_uri: str, version: int | None, alias: str | None, label: str | None) -> Key:
    reference = parse_reference(name_or_uri, version=version, alias=alias, label=label)
    return Key(place, reference.name, reference.version)


def _copies(data_dir: Path, max_bytes: int) -> DiskCopies[PromptVersion]:
    return DiskCopies(
        data_dir / DIRECTORY,
        max_bytes=max_bytes,
        read_row=lambda row, is_number: _answer(row, is_number=is_number),
    )


_cache: PromptCache[PromptVersion] = PromptCache(_fetch)
_places = Places(_copies)
