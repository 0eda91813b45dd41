"""The cache of loaded prompts: who waits, who is served what, for how long. Its clock is a number that tests set."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from assay.errors import CollectorUnavailable, PromptNotFound
from assay.prompts.cache import RETRY_AFTER_S, PromptCache
from assay.prompts.version import PromptVersion


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Collector:
    """Answers with version 1, 2, 3, ...; fails while `away`; each answer waits for `open`."""

    def __init__(self) -> None:
        self.calls = 0
        self.threads: list[threading.Thread] = []
        self.error: Exception | None = None
        self.open = threading.Event()
        self.open.set()

    def __call__(self) -> PromptVersion:
        self.calls += 1
        self.threads.append(threading.current_thread())
        assert self.open.wait(10)
        if self.error is not None:
            raise self.error
        return version(self.calls)

    def wait_for_refresh(self) -> None:
        """Until the background thread of the last call has ended."""
        for thread in self.threads:
            if thread is not threading.current_thread():
                thread.join(10)


AWAY = CollectorUnavailable("Nobody answers.")
FALLBACK = PromptVersion.unregistered("qa", "fallback")


def version(number: int) -> PromptVersion:
    return PromptVersion(name="qa", version=number, template=f"v{number}", type="text")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def collector() -> Collector:
    return Collector()


@pytest.fixture
def load(clock: Clock, collector: Collector) -> Callable[..., int]:
    """Load through one cache with 60 s to live; the number of the version that is served."""
    cache: PromptCache[str] = PromptCache(clock)

    def load(ttl: float = 60.0, **options: object) -> int:
        return cache.load("qa", collector, ttl=ttl, **options).version  # type: ignore[arg-type]

    return load


def test_a_value_within_its_time_is_served_without_asking(
    clock: Clock, collector: Collector, load: Callable[..., int]
) -> None:
    load()
    clock.now = 59.9
    assert load() == 1
    assert collector.calls == 1


def test_an_old_value_is_served_while_a_new_one_is_on_its_way(
    clock: Clock, collector: Collector, load: Callable[..., int]
) -> None:
    load()
    clock.now = 60.0
    collector.open.clear()  # the collector takes its time: the caller does not wait for it
    assert load() == 1
    collector.open.set()
    wait_for_calls(collector, 2)
    assert load() == 2


def test_only_one_refresh_is_under_way_at_a_time(clock: Clock, collector: Collector, load: Callable[..., int]) -> None:
    load()
    clock.now = 60.0
    collector.open.clear()
    for _ in range(20):
        load()
    collector.open.set()
    wait_for_calls(collector, 2)
    assert collector.calls == 2


def test_the_last_good_value_stays_while_the_collector_is_away(
    clock: Clock, collector: Collector, load: Callable[..., int], caplog: pytest.LogCaptureFixture
) -> None:
    load()
    collector.error = AWAY
    for attempt in range(1, 4):
        clock.now += 60.0
        assert load() == 1
        wait_for_calls(collector, 1 + attempt)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]  # told once, not at every attempt


def test_an_outage_is_not_met_with_a_call_per_load(
    clock: Clock, collector: Collector, load: Callable[..., int]
) -> None:
    load()
    collector.error = AWAY
    clock.now = 60.0
    load()
    wait_for_calls(collector, 2)
    clock.now += RETRY_AFTER_S - 0.1
    load()
    collector.wait_for_refresh()
    assert collector.calls == 2


def test_when_the_collector_is_back_its_value_is_served(
    clock: Clock, collector: Collector, load: Callable[..., int]
) -> None:
    load()
    collector.error = AWAY
    clock.now = 60.0
    load()
    wait_for_calls(collector, 2)
    collector.error = None
    clock.now += RETRY_AFTER_S
    load()
    wait_for_calls(collector, 3)
    assert load() == 3


def test_a_fixed_version_is_never_asked_for_again(clock: Clock, collector: Collector, load: Callable[..., int]) -> None:
    load(fixed=True)
    clock.now = 1e9
    assert load(fixed=True) == 1
    assert collector.calls == 1


def test_no_time_to_live_asks_every_time(collector: Collector, load: Callable[..., int]) -> None:
    assert [load(ttl=0), load(ttl=0), load(ttl=0)] == [1, 2, 3]
    collector.error = AWAY
    assert load(ttl=0) == 3


def test_a_first_load_that_fails_without_a_fallback_raises(collector: Collector, load: Callable[..., int]) -> None:
    collector.error = PromptNotFound("No such prompt.")
    with pytest.raises(PromptNotFound):
        load()
    collector.error = None
    assert load() == 2


@pytest.mark.parametrize("error", [AWAY, PromptNotFound("No such prompt.")])
def test_a_fallback_is_served_until_the_first_load_succeeds(
    clock: Clock, collector: Collector, load: Callable[..., int], error: Exception
) -> None:
    collector.error = error
    assert load(fallback=FALLBACK) == 0
    assert load(fallback=FALLBACK) == 0
    assert collector.calls == 1  # and no load after the first one waits for the collector
    collector.error = None
    clock.now = RETRY_AFTER_S
    load(fallback=FALLBACK)
    wait_for_calls(collector, 2)
    assert load(fallback=FALLBACK) == 2


def test_a_fallback_is_not_served_to_those_who_gave_none(collector: Collector, load: Callable[..., int]) -> None:
    collector.error = AWAY
    load(fallback=FALLBACK)
    with pytest.raises(CollectorUnavailable):
        load()


def test_what_is_forgotten_is_asked_for_again(clock: Clock, collector: Collector) -> None:
    cache: PromptCache[str] = PromptCache(clock)
    for key in ("a", "b"):
        cache.load(key, collector, ttl=60)
    cache.forget(lambda key: key == "a")
    assert [cache.load(key, collector, ttl=60).version for key in ("a", "b")] == [3, 2]


def wait_for_calls(collector: Collector, calls: int) -> None:
    """Until the collector was asked so often, and what it said has been taken in."""
    deadline = threading.Event()
    for _ in range(1000):
        if collector.calls >= calls:
            break
        deadline.wait(0.01)
    assert collector.calls == calls
    collector.wait_for_refresh()
