"""Whose prompts and A/B tests are meant: one place for each project of each collector."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from assay.client import current_client
from assay.prompts.cache import Copies, Place
from assay.settings import Settings, current_settings

MakeCopies = Callable[[Path, int], Copies[Any]]


class Places:
    """The places that the settings of this process have meant so far, and the one that they mean now.

    Args:
        copies: makes the copies on disk below a data directory, within so many bytes.
    """

    def __init__(self, copies: MakeCopies) -> None:
        self._copies = copies
        self._places: dict[tuple[str | None, str, str], Place] = {}
        self._latest: Place | None = None

    def current(self) -> Place:
        """The place that the settings mean. The usual case is quick: they are the same object as before."""
        settings, latest = current_settings(), self._latest
        if latest is not None and latest.settings is settings:
            return latest
        current_client()  # the process's client is one for these settings from here on
        place = self.of(settings)
        if latest is not None and latest is not place:
            latest.is_active = False
        place.settings, place.is_active, place.wait_s = settings, True, _wait_s(settings)
        self._latest = place
        return place

    def clear(self) -> None:
        """Forget every place: what is asked for next is asked for anew."""
        self._places, self._latest = {}, None

    def of(self, settings: Settings) -> Place:
        """The place that some settings mean."""
        data_dir = settings.data_dir
        where = (settings.endpoint, str(data_dir), settings.project)
        if (place := self._places.get(where)) is None:
            made = Place(
                project=settings.project,
                endpoint=settings.endpoint,
                settings=settings,
                wait_s=_wait_s(settings),
                copies=self._copies(data_dir, settings.prompt_cache_max_bytes) if settings.endpoint else None,
            )
            place = self._places.setdefault(where, made)  # no lock: the child of a fork might find it shut
        return place


def _wait_s(settings: Settings) -> float:
    """How long a first load that has something else to serve waits. A collector in the data directory may be one that
    this process has yet to start.
    """
    return settings.prompt_wait_s if settings.endpoint else settings.timeout_s
