"""A/B tests in the hot path: loaded once, served from memory afterwards, as prompts are (see cache.py)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from assay.client import Client, client_for
from assay.errors import AssayError, CollectorUnavailable
from assay.prompts.ab_definition import AbDefinition, Remembered
from assay.prompts.cache import Answer, Key, Place, PromptCache
from assay.prompts.disk_copies import DiskCopies
from assay.prompts.loading import quoted
from assay.prompts.places import Places

DIRECTORY = "ab_cache"  # of the copies, in the data directory
DEFINITION = "definition"  # in the place of a version, of which a test has none


def load_definition(name: str, *, ttl: float, fallback: AbDefinition | None = None) -> AbDefinition:
    """The test as this process knows it.

    Raises:
        AbTestNotFound: there is no such test, and no fallback.
        CollectorUnavailable: nobody answers, nothing is in memory or on disk, and there is no fallback.
    """
    return _cache.load(_key(_places.current(), name), ttl=ttl, fallback=fallback)


def refresh_definition(client: Client, name: str) -> None:
    """Ask again for a test that this process has just changed: its next use is to see that."""
    place = _places.of(client.settings)
    _cache.renew(lambda key, known: key.place is place and key.name == name)


def forget_definitions() -> None:
    """Forget every test that this process has loaded. Copies on disk stay."""
    _cache.forget()


def _fetch(key: Key) -> Answer[AbDefinition]:
    client = client_for(key.place.settings) if key.place.settings else None
    if client is None:
        raise CollectorUnavailable("The settings have changed since this A/B test was loaded.")
    row = client.get(f"/ab-tests/{quoted(key.name)}", resolve="true")
    try:
        return _answer(row)
    except AssayError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CollectorUnavailable(
            f"What {client.url} answered is no A/B test ({error!r}).", hint="Is it a collector of Assay's?"
        ) from error


def _answer(row: Mapping[str, Any]) -> Answer[AbDefinition]:
    return Answer(AbDefinition.from_api(row, _remembered), row, fixed=False)


def _copies(data_dir: Path, max_bytes: int) -> DiskCopies[AbDefinition]:
    return DiskCopies(data_dir / DIRECTORY, max_bytes=max_bytes, read_row=lambda row, is_number: _answer(row))


@lru_cache(1024)
def _key(place: Place, name: str) -> Key:
    return Key(place, name, DEFINITION, "A/B test")


_remembered = Remembered()
_cache: PromptCache[AbDefinition] = PromptCache(_fetch)
_places = Places(_copies)
