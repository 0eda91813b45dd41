"""Loaded prompts, kept so that no request waits on the collector after the first load.

A value within its time to live is served as it is; an older one is served too, while a background thread asks for a new
one. When the collector is away the last good value stays. A version named by its number cannot change and is never
asked for again.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from assay.errors import AssayError
from assay.prompts.version import PromptVersion

logger = logging.getLogger("assay.prompts")

RETRY_AFTER_S = 5.0  # between two attempts that fail, so that an outage is not met with a thread per request

Fetch = Callable[[], PromptVersion]
Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class _Entry:
    """What is known of one reference. Fields are replaced one by one: a reader needs no lock."""

    value: PromptVersion | None = None
    fetched_at: float = 0.0
    tried_at: float = float("-inf")
    failing: bool = False
    refreshing: bool = False


class PromptCache(Generic[Key]):
    """Safe to use from any thread, and in the child of a fork."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: dict[Key, _Entry] = {}
        self._lock = threading.Lock()
        if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
            os.register_at_fork(after_in_child=self._after_fork)

    def load(
        self, key: Key, fetch: Fetch, *, ttl: float, fixed: bool = False, fallback: PromptVersion | None = None
    ) -> PromptVersion:
        """The version behind `key`.

        Args:
            fetch: asks the collector; called here for the first load, and in a background thread afterwards.
            ttl: seconds for which a value is served without asking again; 0 asks every time and waits.
            fixed: a value, once there, never gets old.
            fallback: served while there has been no successful load.

        Raises:
            AssayError: there is no value yet, no fallback, and `fetch` raised this.
        """
        entry = self._entries.get(key) or self._entries.setdefault(key, _Entry())
        now = self._clock()
        if entry.value is None:
            return self._first_load(entry, fetch, now, fallback)
        if fixed or now - entry.fetched_at < ttl:
            return entry.value
        if ttl <= 0:
            self._refresh(entry, fetch)
        elif now - entry.tried_at >= min(ttl, RETRY_AFTER_S):
            self._refresh_behind(entry, fetch)
        return entry.value

    def forget(self, matches: Callable[[Key], bool]) -> None:
        """Drop what is kept under the keys that match: the next load asks, and waits."""
        with self._lock:
            self._entries = {key: entry for key, entry in self._entries.items() if not matches(key)}

    def _first_load(self, entry: _Entry, fetch: Fetch, now: float, fallback: PromptVersion | None) -> PromptVersion:
        if fallback is None:
            entry.value, entry.fetched_at = fetch(), now
            return entry.value
        if not entry.failing:
            self._refresh(entry, fetch)
        elif now - entry.tried_at >= RETRY_AFTER_S:
            self._refresh_behind(entry, fetch)
        return entry.value or fallback

    def _refresh_behind(self, entry: _Entry, fetch: Fetch) -> None:
        with self._lock:
            if entry.refreshing:
                return
            entry.refreshing = True
        threading.Thread(target=self._refresh, args=(entry, fetch), name="assay-prompt-refresh", daemon=True).start()

    def _refresh(self, entry: _Entry, fetch: Fetch) -> None:
        entry.tried_at = self._clock()
        try:
            value = fetch()
        except AssayError as error:
            if not entry.failing:
                served = "its last good version" if entry.value else "the fallback"
                logger.warning("a prompt could not be loaded; %s is served meanwhile. %s", served, error)
            entry.failing = True
        else:
            entry.value, entry.fetched_at, entry.failing = value, self._clock(), False
        finally:
            entry.refreshing = False

    def _after_fork(self) -> None:
        # The threads that were refreshing are the parent's; a lock that one of them held would stay shut here.
        self._lock = threading.Lock()
        for entry in self._entries.values():
            entry.refreshing = False
