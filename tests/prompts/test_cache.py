"""The cache of loaded prompts: who waits, who is served what, for how long. Its clock is a number that tests set."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from assay.errors import AssayError, CollectorUnavailable, PromptNotFound
from assay.prompts.cache import KEEP_FRESH_S, MAX_ENTRIES, RETRY_AFTER_S, Answer, Key, Place, PromptCache
from assay.prompts.version import PromptVersion

AWAY = CollectorUnavailable("Nobody answers.")
GONE = PromptNotFound("No such prompt.")
FALLBACK = PromptVersion.unregistered("qa", "fallback")


@dataclass
class Collector:
    """Answers with version 1, 2, 3, ...; fails with `error` while there is one."""

    error: Exception | None = None
    fixed: bool = False
    calls: int = 0

    def __call__(self, key: Key) -> Answer:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return answer(self.calls, fixed=self.fixed)


def answer(number: int, *, fixed: bool = False) -> Answer:
    version = PromptVersion(name="qa", version=number, template=f"v{number}", type="text")
    return Answer(version, {"version": number}, fixed)


@dataclass
class Desk:
    """One cache with its clock; what is due in the background is done when the test says so, or at once if `inline`."""

    collector: Collector = field(default_factory=Collector)
    place: Place = field(default_factory=lambda: Place("test", wait_s=0.0))
    now: float = 0.0
    inline: bool = False
    wakes: int = 0

    def __post_init__(self) -> None:
        self.cache = PromptCache(self.collector, clock=lambda: self.now, in_background=lambda work: self)

    def wake(self) -> None:
        self.wakes += 1
        if self.inline:
            self.cache.refresh_due()

    def load(self, name: str = "qa", ttl: float = 60.0, fallback: PromptVersion | None = None) -> PromptVersion:
        return self.cache.load(Key(self.place, name, "latest"), ttl=ttl, fallback=fallback)

    def later(self, seconds: float) -> float | None:
        """Seconds pass, then the background does what is due."""
        self.now += seconds
        return self.cache.refresh_due()


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_value_within_its_time_is_served_without_asking(desk: Desk) -> None:
    first = desk.load()
    desk.now = 59.9
    second = desk.load()
    assert (first.version, first.source, first.age_s) == (1, "collector", 0.0)
    assert (second.version, second.source, second.age_s, second.is_stale) == (1, "cache", 59.9, False)
    assert desk.collector.calls == 1


def test_what_is_in_use_is_asked_for_again_before_a_load_finds_it_old(desk: Desk) -> None:
    desk.load()
    assert desk.cache.refresh_due() == 60.0
    assert desk.later(60.0) == 60.0
    loaded = desk.load()
    assert (loaded.version, loaded.age_s, loaded.is_stale) == (2, 0.0, False)


def test_what_nobody_uses_is_not_asked_for(desk: Desk) -> None:
    desk.load()
    assert desk.later(KEEP_FRESH_S + 1.0) is None
    assert desk.collector.calls == 1


def test_an_old_value_is_served_and_asked_for_behind(desk: Desk) -> None:
    desk.load()
    desk.now = 3600.0
    loaded = desk.load()
    assert (loaded.version, loaded.source, loaded.age_s, loaded.is_stale) == (1, "cache", 3600.0, True)
    assert desk.collector.calls == 1  # the load itself has asked nobody
    desk.later(0.0)
    assert desk.load().version == 2


def test_many_loads_of_an_old_value_wake_the_background_once(desk: Desk) -> None:
    desk.load()
    desk.now, desk.wakes = 3600.0, 0
    for _ in range(20):
        desk.load()
    assert desk.wakes == 1


def test_the_last_good_value_stays_while_the_collector_is_away(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.load()
    desk.collector.error = AWAY
    for attempt in range(1, 4):
        desk.later(60.0)
        assert (desk.load().version, desk.load().is_stale) == (1, True)
        assert desk.collector.calls == 1 + attempt
    assert [record.levelno for record in caplog.records] == [logging.WARNING]  # told once, not at every attempt
    assert desk.cache.stats().oldest_served_s == 180.0


@pytest.mark.parametrize("error", [KeyError("surprise"), RecursionError()])
def test_a_fault_in_asking_costs_no_load(desk: Desk, error: Exception) -> None:
    desk.load()
    desk.collector.error = error
    desk.later(60.0)
    assert desk.load().version == 1
    with pytest.raises(CollectorUnavailable, match="could not be loaded"):
        desk.load("other")


def test_an_outage_is_not_met_with_a_call_per_load_nor_per_prompt(desk: Desk) -> None:
    for name in ("a", "b", "c"):
        desk.load(name)
    desk.collector.error = AWAY
    desk.now = 60.0
    for name in ("a", "b", "c"):
        desk.load(name)
    assert desk.later(0.0) == RETRY_AFTER_S
    assert desk.collector.calls == 4  # one of three has found out that the collector is away
    desk.later(RETRY_AFTER_S - 0.1)
    assert desk.collector.calls == 4


def test_when_the_collector_is_back_every_prompt_is_fresh_soon(desk: Desk) -> None:
    for name in ("a", "b", "c"):
        desk.load(name)
    desk.collector.error = AWAY
    desk.later(60.0)
    desk.collector.error = None
    desk.later(RETRY_AFTER_S)
    assert [desk.load(name).is_stale for name in ("a", "b", "c")] == [False] * 3


def test_one_prompt_that_is_gone_does_not_hold_up_the_others(desk: Desk) -> None:
    desk.load("a")
    with pytest.raises(PromptNotFound):
        Desk(Collector(GONE), desk.place).load("b")
    desk.now = 60.0
    desk.later(0.0)
    assert desk.load("a").version == 2


def test_a_fixed_version_is_never_asked_for_again_and_never_stale(desk: Desk) -> None:
    desk.collector.fixed = True
    desk.load()
    assert desk.later(1e9) is None
    assert (desk.load().version, desk.load().is_stale, desk.load(ttl=0).version) == (1, False, 1)
    assert desk.collector.calls == 1


def test_no_time_to_live_asks_every_time(desk: Desk) -> None:
    desk.inline = True
    assert [desk.load(ttl=0).source for _ in range(3)] == ["collector"] * 3
    assert desk.collector.calls == 3
    desk.collector.error = AWAY
    assert (desk.load(ttl=0).version, desk.load(ttl=0).source) == (3, "cache")
    assert desk.collector.calls == 4  # and not while it is known to be away


def test_a_first_load_that_fails_without_a_fallback_raises(desk: Desk) -> None:
    desk.collector.error = GONE
    with pytest.raises(PromptNotFound):
        desk.load()
    desk.collector.error = None
    assert desk.load().version == 2


@pytest.mark.parametrize("error", [AWAY, GONE])
def test_a_fallback_is_served_until_a_load_succeeds(desk: Desk, error: AssayError) -> None:
    desk.inline, desk.collector.error = True, error
    loaded = [desk.load(fallback=FALLBACK) for _ in range(3)]
    assert [(each.version, each.source, each.age_s, each.is_stale) for each in loaded] == [
        (0, "fallback", None, True)
    ] * 3
    assert desk.collector.calls == 1  # and no load after the first one waits for the collector
    desk.collector.error = None
    desk.later(RETRY_AFTER_S)
    assert desk.load(fallback=FALLBACK).version == 2


def test_a_fallback_is_not_served_to_those_who_gave_none(desk: Desk) -> None:
    desk.collector.error = AWAY
    desk.load(fallback=FALLBACK)
    with pytest.raises(CollectorUnavailable):
        desk.load()


def test_a_collector_that_does_not_answer_is_waited_for_once_and_not_for_every_prompt() -> None:
    desk = Desk(place=Place("test", wait_s=0.01))
    waited: list[float | None] = []
    wait = threading.Event.wait

    def noted(event: threading.Event, timeout: float | None = None) -> bool:
        waited.append(timeout)
        return wait(event, timeout)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(threading.Event, "wait", noted)
        for name in ("a", "b", "a", "b"):
            assert desk.load(name, fallback=FALLBACK).source == "fallback"
        desk.now = 3600.0
        assert desk.load("a", fallback=FALLBACK).source == "fallback"
    assert waited == [0.01]


def test_the_disk_is_looked_at_once_however_often_a_fallback_is_served(desk: Desk) -> None:
    looked: list[Key] = []

    class Nothing:
        def read(self, key: Key) -> None:
            looked.append(key)

    desk.place.copies = Nothing()  # type: ignore[assignment]
    desk.collector.error = AWAY
    for _ in range(5):
        desk.load(fallback=FALLBACK)
    assert len(looked) == 1


def test_what_this_process_changed_is_asked_for_at_once(desk: Desk) -> None:
    desk.load("a")
    desk.load("b")
    desk.cache.renew(lambda key, known: key.name == "a")
    assert (desk.collector.calls, desk.load("a").version, desk.load("b").version) == (3, 3, 2)
    desk.collector.error = AWAY
    desk.cache.renew(lambda key, known: True)
    assert desk.load("a").version == 3  # nothing good is given up for it


def test_an_answer_that_comes_late_does_not_replace_a_newer_one(desk: Desk) -> None:
    desk.load()
    slow = desk.collector

    def overtaken(key: Key) -> Answer:
        desk.cache._fetch = slow
        desk.cache.renew(lambda key, known: True)  # asked after this request, answered before it
        return answer(99)

    desk.cache._fetch = overtaken
    desk.later(60.0)
    assert desk.load().version == 2


def test_everything_is_asked_for_again_once_forgotten(desk: Desk) -> None:
    desk.load()
    desk.cache.forget()
    assert (desk.load().version, desk.load().version) == (2, 2)


def test_nothing_is_asked_of_a_place_that_is_no_longer_meant(desk: Desk) -> None:
    desk.load()
    desk.place.is_active = False
    assert desk.later(60.0) is None


def test_memory_is_bounded_whatever_names_are_asked_for(desk: Desk) -> None:
    for number in range(MAX_ENTRIES + 10):
        desk.now = number
        desk.load(f"name {number}", ttl=1e9)
    assert len(desk.cache.stats().prompts) <= MAX_ENTRIES
    assert desk.load(f"name {MAX_ENTRIES + 9}").source == "cache"


def test_all_that_was_served_is_counted(desk: Desk) -> None:
    desk.load()
    desk.load()
    desk.now = 100.0
    desk.load()
    desk.collector.error = AWAY
    desk.load("other", fallback=FALLBACK)
    desk.later(0.0)
    stats = desk.cache.stats()
    assert (stats.from_collector, stats.from_cache, stats.from_disk, stats.from_fallback) == (1, 2, 0, 1)
    assert (stats.stale, stats.oldest_served_s, stats.refreshes, stats.failures) == (1, 100.0, 1, 1)
    assert stats.last_error == "Nobody answers."
    [prompt] = stats.prompts
    assert (prompt.reference, prompt.version, prompt.is_stale, prompt.is_failing) == ("prompts:/qa", 1, True, True)


# With real threads -------------------------------------------------------------------------------------------------


class Held(Collector):
    """Holds every answer back until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.open = threading.Event()

    def __call__(self, key: Key) -> Answer:
        self.asked.set()
        assert self.open.wait(60)
        return super().__call__(key)


def in_threads(count: int, work: Callable[[], object]) -> list[threading.Thread]:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.parametrize("error", [None, GONE])
def test_all_threads_of_a_first_load_wait_for_one_request(error: AssayError | None) -> None:
    collector = Held()
    collector.error = error
    cache, place = PromptCache(collector), Place("test")
    served: list[object] = []

    def load() -> None:
        try:
            served.append(cache.load(Key(place, "qa", "latest"), ttl=1e9).version)
        except AssayError as raised:
            served.append(type(raised))

    threads = in_threads(8, load)
    assert collector.asked.wait(60)
    collector.open.set()
    for thread in threads:
        thread.join(60)
    if error is None:
        assert (served, collector.calls) == ([1] * 8, 1)
    else:  # a thread that came after the answer has asked by itself
        assert served == [PromptNotFound] * 8


def test_a_load_of_what_is_there_waits_for_nobody_while_the_collector_hangs() -> None:
    collector = Held()
    collector.open.set()
    cache, key = PromptCache(collector), Key(Place("test"), "qa", "latest")
    cache.load(key, ttl=1e9)
    collector.open.clear()
    collector.asked.clear()
    assert cache.load(key, ttl=1e-9).is_stale
    assert collector.asked.wait(60)  # the background waits for an answer now
    assert [cache.load(key, ttl=1e-9).version for _ in range(1000)] == [1] * 1000
    assert cache.load(key, ttl=1e-9, fallback=FALLBACK).version == 1
    assert collector.calls == 1
    collector.open.set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_the_child_of_a_fork_is_served_and_refreshes_by_itself() -> None:
    collector = Held()
    collector.open.set()
    cache, key = PromptCache(collector), Key(Place("test"), "qa", "latest")
    cache.load(key, ttl=1e9)
    collector.open.clear()
    collector.asked.clear()
    cache.load(key, ttl=1e-9)
    assert collector.asked.wait(60)  # the parent's thread is in the middle of a request that the child knows of
    if (child := os.fork()) == 0:
        status = 1
        try:
            collector.asked, collector.open = threading.Event(), threading.Event()
            collector.open.set()
            served = cache.load(key, ttl=1e-9).version
            status = 0 if served == 1 and collector.asked.wait(60) else 2
        finally:
            os._exit(status)
    collector.open.set()
    assert os.waitpid(child, 0)[1] == 0
