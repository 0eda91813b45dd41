"""Loaded prompts, kept so that no request waits on the collector after the first load.

What is in memory is served as it is, whatever its age; one background thread asks again before requests notice that it
is old, and goes on asking while the collector is away. A version named by its number cannot change and is asked for
once. Where there is nothing in memory yet, a copy on disk or a fallback bounds how long the first load waits.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

from assay.errors import AssayError, CollectorUnavailable
from assay.prompts.background import Background
from assay.prompts.cache_stats import CachedPrompt, PromptCacheStats
from assay.prompts.reference import Reference
from assay.prompts.version import Source
from assay.settings import Settings

logger = logging.getLogger("assay.prompts")

RETRY_AFTER_S = 5.0  # between two attempts that fail, and before a first load waits again for one that did not answer
KEEP_FRESH_S = 600.0  # what was not used for so long is not asked for again until it is
SHORTEST_PERIOD_S = 1.0  # between two refreshes that no load asked for, however short the time to live is
MAX_ENTRIES = 10_000


class Loaded(Protocol):
    """What is kept: a prompt version, or the definition of an A/B test."""

    @property
    def version(self) -> int: ...

    def served(self, source: Source, age_s: float | None, is_stale: bool) -> Self:
        """A copy for one caller, who may change it."""


Value = TypeVar("Value", bound=Loaded)


@dataclass(eq=False)
class Place:
    """One project of one collector. There is one object for each, so that it can be compared by identity."""

    project: str
    endpoint: str | None = None
    settings: Settings | None = None  # those that meant it last
    is_active: bool = True  # the settings of this process mean it now; of other places nothing is asked
    wait_s: float = 2.0  # of a first load that has something else to serve
    copies: Copies[Any] | None = None
    retry_at: float = float("-inf")  # it did not answer: it is not asked before
    no_wait_until: float = float("-inf")  # it did not answer in time: no first load waits for it before


class Key(NamedTuple):
    """What is asked for, and where. A plain tuple: this is hashed in every load."""

    place: Place
    name: str
    version: int | str
    noun: str = "prompt"

    @property
    def reference(self) -> Reference:
        return Reference(self.name, self.version)

    @property
    def label(self) -> str:
        """For people: prompt 'prompts:/qa@production'."""
        return f"{self.noun} {(str(self.reference) if self.noun == 'prompt' else self.name)!r}"


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """What the collector said. `row` is its JSON, as it can be kept; `fixed`: it will say the same for ever."""

    version: Value
    row: Mapping[str, Any]
    fixed: bool


class Copies(Protocol[Value]):
    """Last good answers on disk. Never raises: what is damaged is as good as not there."""

    def read(self, key: Key) -> tuple[Answer[Value], float] | None:
        """The answer, and how many seconds ago the collector gave it."""

    def write(self, key: Key, answer: Answer[Value]) -> None: ...

    def confirm(self, key: Key) -> None:
        """The collector has just said the same again."""


class Wakes(Protocol):
    def wake(self) -> None:
        """Have done soon, in another thread, what is due. Never waits."""


@dataclass(eq=False, slots=True)
class _Flight:
    """One request to the collector, and all who wait for it."""

    started: bool = False
    done: threading.Event = field(default_factory=threading.Event)
    error: AssayError | None = None


@dataclass(eq=False, slots=True)
class _Entry(Generic[Value]):
    """What is known of one key. Fields are replaced one by one: who reads needs no lock."""

    answer: Answer[Value] | None = None
    from_disk: bool = False  # and not confirmed since
    confirmed_at: float = 0.0
    used_at: float = 0.0
    ttl: float = 0.0
    wanted: bool = False  # a load found it too old
    was_loaded: bool = False  # the first load has passed: it looked on disk, and waited if that made sense
    failing: bool = False
    retry_at: float = float("-inf")
    asked: int = 0  # number of the request whose answer this is: an older one that ends later does not replace it
    flight: _Flight | None = None


@dataclass(eq=False, slots=True)
class _Counts:
    """Changed by `+=` alone, without a lock: between reading and writing back, CPython runs no other thread."""

    collector: int = 0
    cache: int = 0
    disk: int = 0
    fallback: int = 0
    stale: int = 0
    oldest_served_s: float = 0.0
    refreshes: int = 0
    failures: int = 0


class PromptCache(Generic[Value]):
    """Safe to use from any thread, and in the child of a fork.

    Args:
        fetch: asks the collector; called in the thread of a first load, else in the background.
        in_background: makes what calls `refresh_due` when it is woken.
    """

    def __init__(
        self,
        fetch: Callable[[Key], Answer[Value]],
        *,
        clock: Callable[[], float] = time.monotonic,
        in_background: Callable[[Callable[[], float | None]], Wakes] = Background,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._entries: dict[Key, _Entry[Value]] = {}
        self._counts = _Counts()
        self._requests = 0
        self._last_error: str | None = None
        self._lock = threading.Lock()  # of flights and of the dictionary's size; no load of what is there takes it
        self._background = in_background(self.refresh_due)
        _caches.add(self)

    def load(self, key: Key, *, ttl: float, fallback: Value | None = None) -> Value:
        """The version behind `key`, as a copy of the caller's own.

        Args:
            ttl: seconds for which a value is as good as new; 0 asks every time, and waits as a first load does.
            fallback: served while there is nothing else.

        Raises:
            AssayError: there is no value yet, no copy on disk, no fallback, and the collector gave this.
        """
        entry = self._entries.get(key)
        if entry is None or (answer := entry.answer) is None or (ttl <= 0 and not answer.fixed):
            return self._load_waiting(key, ttl, fallback)
        now = self._clock()
        age_s = now - entry.confirmed_at
        entry.used_at, entry.ttl = now, ttl
        counts = self._counts
        if stale := not answer.fixed and age_s >= ttl:
            self._note_stale(entry, age_s)
        if entry.from_disk:
            counts.disk += 1
            return answer.version.served("disk", age_s, stale)
        counts.cache += 1
        return answer.version.served("cache", age_s, stale)

    def renew(self, matches: Callable[[Key, Answer[Value] | None], bool]) -> None:
        """Ask now, in this thread, for what matches: this process has changed it, and its loads are to see that."""
        for key, entry in list(self._entries.items()):
            if matches(key, entry.answer):
                self._run(key, entry, _Flight(started=True))

    def known(self, key: Key) -> Answer[Value] | None:
        """What is in memory of `key`, whatever its age."""
        entry = self._entries.get(key)
        return entry.answer if entry is not None else None

    def forget(self) -> None:
        """Drop everything: the next loads ask, and wait."""
        with self._lock:
            self._entries = {}

    def stats(self) -> PromptCacheStats:
        now, counts = self._clock(), self._counts
        entries = [(key, entry, entry.answer) for key, entry in list(self._entries.items())]
        prompts = [
            CachedPrompt(
                reference=str(key.reference),
                project=key.place.project,
                version=answer.version.version,
                source="disk" if entry.from_disk else "cache",
                age_s=now - entry.confirmed_at,
                is_stale=not answer.fixed and now - entry.confirmed_at > entry.ttl,
                is_failing=entry.failing,
            )
            for key, entry, answer in entries
            if answer is not None
        ]
        return PromptCacheStats(
            prompts=tuple(sorted(prompts, key=lambda prompt: (prompt.project, prompt.reference))),
            from_collector=counts.collector,
            from_cache=counts.cache,
            from_disk=counts.disk,
            from_fallback=counts.fallback,
            stale=counts.stale,
            oldest_served_s=counts.oldest_served_s,
            refreshes=counts.refreshes,
            failures=counts.failures,
            last_error=self._last_error,
        )

    def refresh_due(self) -> float | None:
        """Ask for everything that is due; in how many seconds the next will be, None: no time is known."""
        while due := self._due():
            now = self._clock()
            if due[0][0] > now:
                return due[0][0] - now
            for _, key, entry in due:
                due_at = self._due_at(key, entry, now)  # again: what failed just now may say something of the others
                if due_at is None or due_at > (now := self._clock()):
                    continue
                flight = self._join(entry)
                if self._start(flight):
                    self._run(key, entry, flight)
                else:  # a first load is at it
                    entry.wanted, entry.retry_at = False, now + RETRY_AFTER_S
        return None

    def _due(self) -> list[tuple[float, Key, _Entry[Value]]]:
        """What will have to be asked for, and when; soonest first."""
        now = self._clock()
        entries = list(self._entries.items())
        found = [(at, key, entry) for key, entry in entries if (at := self._due_at(key, entry, now)) is not None]
        return sorted(found, key=lambda each: each[0])

    def _due_at(self, key: Key, entry: _Entry[Value], now: float) -> float | None:
        answer = entry.answer
        earliest = max(entry.retry_at, key.place.retry_at)
        if entry.wanted or (entry.flight is not None and not entry.flight.started):
            return earliest
        if answer is None or not key.place.is_active or now - entry.used_at > KEEP_FRESH_S:
            return None
        if entry.from_disk:
            return earliest
        if answer.fixed or entry.ttl <= 0:
            return None
        return max(earliest, entry.confirmed_at + max(entry.ttl, SHORTEST_PERIOD_S))

    def _note_stale(self, entry: _Entry[Value], age_s: float) -> None:
        counts = self._counts
        counts.stale += 1
        if age_s > counts.oldest_served_s:
            counts.oldest_served_s = age_s
        if not entry.wanted:
            entry.wanted = True
            self._background.wake()

    # Loads that wait --------------------------------------------------------------------------------------------

    def _load_waiting(self, key: Key, ttl: float, fallback: Value | None) -> Value:
        """A first load, or one that is to ask every time."""
        entry = self._entries.get(key) or self._entry(key)
        entry.used_at, entry.ttl = self._clock(), ttl
        is_first = not entry.was_loaded
        asked = entry.asked
        if is_first and entry.answer is None:
            self._take_copy(key, entry)
        if entry.answer is None and fallback is None:
            self._ask_and_wait(key, entry)
        elif entry.answer is None or entry.from_disk or ttl <= 0:  # else it was answered between two lines of this
            self._ask_behind(key, entry, may_wait=is_first or ttl <= 0)
        entry.was_loaded = True  # not before: whoever comes meanwhile waits as well
        return self._served(entry, ttl, fallback, is_new=entry.asked > asked)

    def _served(self, entry: _Entry[Value], ttl: float, fallback: Value | None, *, is_new: bool) -> Value:
        counts = self._counts
        if (answer := entry.answer) is None:
            assert fallback is not None
            counts.fallback += 1
            return fallback.served("fallback", None, True)
        age_s = self._clock() - entry.confirmed_at
        source: Source = "disk" if entry.from_disk else "collector" if is_new else "cache"
        if stale := not is_new and not answer.fixed and age_s >= ttl:
            self._note_stale(entry, age_s)
        setattr(counts, source, getattr(counts, source) + 1)
        if entry.from_disk or not answer.fixed:
            self._background.wake()  # from now on it is kept fresh
        return answer.version.served(source, age_s, stale)

    def _take_copy(self, key: Key, entry: _Entry[Value]) -> None:
        """Begin with the copy on disk, if there is one, and if no answer came while it was read."""
        if key.place.copies and (found := key.place.copies.read(key)):
            answer, age_s = found
            with self._lock:
                if entry.answer is None:
                    entry.confirmed_at, entry.from_disk = self._clock() - age_s, True
                    entry.answer = answer

    def _ask_and_wait(self, key: Key, entry: _Entry[Value]) -> None:
        """Ask in this thread, or wait for the thread that does."""
        while (flight := self._awaited(entry)) is not None:
            if self._start(flight):
                self._run(key, entry, flight)
            else:
                flight.done.wait()
            if flight.error is not None and entry.answer is None:
                raise flight.error

    def _ask_behind(self, key: Key, entry: _Entry[Value], *, may_wait: bool) -> None:
        """Have the background ask, and wait a moment for it, unless it is known that this would be in vain."""
        place, now = key.place, self._clock()
        if not may_wait or now < max(entry.retry_at, place.retry_at, place.no_wait_until):
            if not entry.wanted:
                entry.wanted = True
                self._background.wake()
            return
        flight = self._join(entry)
        self._background.wake()
        if not flight.done.wait(place.wait_s):
            place.no_wait_until = self._clock() + RETRY_AFTER_S
            logger.warning(
                "The collector did not answer within %g s; what there is of prompt %r is served meanwhile.",
                place.wait_s,
                str(key.reference),
            )

    # Requests ---------------------------------------------------------------------------------------------------

    def _entry(self, key: Key) -> _Entry[Value]:
        with self._lock:
            if (entry := self._entries.get(key)) is None:
                if len(self._entries) >= MAX_ENTRIES:
                    oldest = sorted(self._entries.items(), key=lambda item: item[1].used_at)
                    self._entries = dict(oldest[MAX_ENTRIES // 10 :])
                entry = self._entries[key] = _Entry()
            return entry

    def _join(self, entry: _Entry[Value]) -> _Flight:
        """The request for this entry that has not ended, or a new one that nobody has made yet."""
        with self._lock:
            return _flight_of(entry)

    def _awaited(self, entry: _Entry[Value]) -> _Flight | None:
        """The request to make or to wait for; None once the answer is there, so that nobody asks a second time."""
        with self._lock:
            return _flight_of(entry) if entry.answer is None else None

    def _start(self, flight: _Flight) -> bool:
        """Whether it is for the caller to make this request."""
        with self._lock:
            mine = not flight.started
            flight.started = True
            return mine

    def _run(self, key: Key, entry: _Entry[Value], flight: _Flight) -> None:
        """Make one request, and keep what comes of it. Only what is no `Exception` is raised."""
        with self._lock:
            self._requests += 1
            number = self._requests
        entry.wanted = False
        try:
            answer = self._fetch(key)
        except Exception as error:
            flight.error = self._failed(key, entry, error)
        else:
            self._succeeded(key, entry, answer, number)
        finally:
            with self._lock:
                if entry.flight is flight:
                    entry.flight = None
            flight.done.set()

    def _succeeded(self, key: Key, entry: _Entry[Value], answer: Answer[Value], number: int) -> None:
        before = entry.answer
        with self._lock:
            if number < entry.asked:
                return
            entry.asked = number
            entry.confirmed_at = self._clock()
            entry.answer, entry.from_disk, entry.failing = answer, False, False
        entry.retry_at = key.place.retry_at = key.place.no_wait_until = float("-inf")
        self._counts.refreshes += 1
        if copies := key.place.copies:
            if before is None or before.row != answer.row:
                copies.write(key, answer)
            else:
                copies.confirm(key)

    def _failed(self, key: Key, entry: _Entry[Value], error: Exception) -> AssayError:
        now = self._clock()
        self._counts.failures += 1
        if not isinstance(error, AssayError):
            told = CollectorUnavailable(f"{_capital(key.label)} could not be loaded: {error!r}.")
            told.__cause__ = error
            error = told
        self._last_error = str(error)
        if isinstance(error, CollectorUnavailable):
            key.place.retry_at = now + RETRY_AFTER_S
        else:  # it answers, but not with this prompt
            key.place.retry_at = key.place.no_wait_until = float("-inf")
            entry.retry_at = now + RETRY_AFTER_S
        if not entry.failing and entry.answer is not None:
            logger.warning(
                "%s could not be loaded again; its last good version is served meanwhile. %s",
                _capital(key.label),
                error,
            )
        entry.failing = True
        return error

    def _after_fork(self) -> None:
        # The threads that were asking are the parent's; a lock that one of them held would stay shut here.
        self._lock = threading.Lock()
        for entry in self._entries.values():
            entry.flight, entry.wanted = None, False


def _flight_of(entry: _Entry[Value]) -> _Flight:
    if entry.flight is None:
        entry.flight = _Flight()
    return entry.flight


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


_caches: weakref.WeakSet[PromptCache[Any]] = weakref.WeakSet()


def _after_fork() -> None:
    for cache in list(_caches):
        cache._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
