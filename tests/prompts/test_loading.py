"""Loading prompts over HTTP while the registry hangs, fails, or is gone: no request waits, and nothing raises."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

import assay
from assay import semconv
from assay.errors import CollectorUnavailable, ConfigurationError, PromptNotFound
from assay.prompts import cache, disk_copies, loading
from assay.settings import configure, current_settings
from support.registry_stub import RegistryStub

SPANS = TracerProvider().get_tracer("test")


@pytest.fixture
def registry() -> Iterator[RegistryStub]:
    stub = RegistryStub()
    configure(endpoint=stub.url, project="test", prompt_wait_s=30.0, timeout_s=3.0)
    yield stub
    loading.clear_prompt_cache()
    stub.stop()


@pytest.fixture
def restart(registry: RegistryStub) -> Callable[[], None]:
    """What a new process would know of prompts: nothing but what is on disk."""

    def restart() -> None:
        loading.clear_prompt_cache()
        loading._places.clear()
        configure(prompt_wait_s=0.05)
        loading._places.current().settings = None

    return restart


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_prompt_is_asked_for_once(registry: RegistryStub) -> None:
    assert {assay.load_prompt("team/qa", alias="production").format(question="why") for _ in range(100)} == {
        "Answer: why"
    }
    assert registry.requests == ["/api/v1/prompts/team/qa/versions/production"]


def test_every_spelling_of_a_reference_is_one(registry: RegistryStub) -> None:
    assay.load_prompt("qa", alias="production")
    assay.load_prompt("qa", label="production")
    assay.load_prompt("prompts:/qa@production")
    assert len(registry.requests) == 1


def test_a_change_elsewhere_arrives_by_itself(registry: RegistryStub) -> None:
    assert assay.load_prompt("qa", cache_ttl=0.01).version == 1
    registry.version = 2
    until(lambda: assay.load_prompt("qa", cache_ttl=0.01).version == 2)


@pytest.mark.parametrize("mode", ["hang", "nonsense", "missing", "unavailable"])
def test_the_last_good_version_is_served_whatever_happens(registry: RegistryStub, mode: Any) -> None:
    assay.load_prompt("qa", cache_ttl=0.01)
    asked = len(registry.requests)
    registry.set(mode)
    until(lambda: assay.load_prompt("qa", cache_ttl=0.01).version == 1 and len(registry.requests) > asked)
    loaded = assay.load_prompt("qa", cache_ttl=0.01)
    assert (loaded.version, loaded.source) == (1, "cache")


def test_a_version_that_includes_a_moving_alias_moves_with_it(registry: RegistryStub) -> None:
    registry.resolved = [{"name": "tone", "version": 3, "reference": "tone/3"}]
    assay.load_prompt("qa", version=1, cache_ttl=1e-9)
    assert not assay.load_prompt("qa", version=1, cache_ttl=1e-9).is_stale
    registry.resolved = [{"name": "tone", "version": 3, "reference": "tone@production"}]
    assay.load_prompt("qa", version=2, cache_ttl=1e-9)
    assert assay.load_prompt("qa", version=2, cache_ttl=1e-9).is_stale


def test_the_next_process_has_the_copies_on_disk(
    registry: RegistryStub, restart: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "RETRY_AFTER_S", 0.05)
    assay.load_prompt("qa", alias="production")
    registry.stop()
    restart()
    first, second = (assay.load_prompt("qa", alias="production") for _ in range(2))
    assert (first.version, first.source, second.source) == (1, "disk", "disk")
    assert first.age_s is not None
    assert first.age_s < 3600.0
    with pytest.raises(CollectorUnavailable):
        assay.load_prompt("qa", alias="staging")
    registry.start()
    until(lambda: loading.prompt_cache_stats().prompts[0].source == "cache")


def test_a_copy_on_disk_bounds_the_first_load_of_a_collector_that_hangs(
    registry: RegistryStub, restart: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    assay.load_prompt("qa")
    registry.set("hang")
    restart()
    assert assay.load_prompt("qa").source == "disk"
    assert assay.load_prompt("other", fallback="mine").source == "fallback"
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_damaged_copy_is_no_copy(
    registry: RegistryStub, restart: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    assay.load_prompt("qa")
    [path] = (current_settings().data_dir / disk_copies.DIRECTORY).iterdir()
    path.write_bytes(path.read_bytes()[:-10])
    registry.stop()
    restart()
    with pytest.raises(CollectorUnavailable):
        assay.load_prompt("qa")
    assert "is ignored" in caplog.text or "cannot be read" in caplog.text
    assert assay.load_prompt("qa", fallback="mine").format() == "mine"


def test_another_program_reads_the_same_copies(registry: RegistryStub, tmp_path: Path) -> None:
    assay.load_prompt("qa")
    registry.stop()
    code = "import assay; p = assay.load_prompt('qa'); print(p.source, p.format(question='why'))"
    environment = {"ASSAY_ENDPOINT": registry.url, "ASSAY_PROJECT": "test", "ASSAY_PROMPT_WAIT_S": "5"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "disk Answer: why\n", done.stderr


def test_many_threads_wait_for_one_request(registry: RegistryStub) -> None:
    registry.set("hang")
    served: list[str] = []
    threads = [threading.Thread(target=lambda: served.append(assay.load_prompt("qa").source)) for _ in range(8)]
    for thread in threads:
        thread.start()
    until(lambda: len(registry.requests) == 1)
    registry.set("answer")
    for thread in threads:
        thread.join(60)
    assert (len(served), len(registry.requests)) == (8, 1)


def test_a_thread_that_comes_during_the_first_load_waits_as_well_and_is_not_given_the_fallback(
    registry: RegistryStub,
) -> None:
    registry.set("hang")
    served: list[str] = []
    threads = [
        threading.Thread(target=lambda: served.append(assay.load_prompt("qa", fallback="mine").source))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
        until(lambda: len(registry.requests) == 1)
    registry.set("answer")
    for thread in threads:
        thread.join(60)
    assert "fallback" not in served
    assert len(registry.requests) == 1


def test_several_prompts_are_fetched_before_they_are_needed(registry: RegistryStub) -> None:
    names = [f"prompt-{number}" for number in range(20)]
    assert [prompt.name for prompt in assay.prefetch_prompts(*names, "prompts:/qa/1")] == [*names, "qa"]
    registry.set("hang")
    assert {assay.load_prompt(name).source for name in names} == {"cache"}
    assert assay.prefetch_prompts() == []


def test_what_cannot_be_fetched_beforehand_is_told(registry: RegistryStub) -> None:
    registry.set("missing")
    with pytest.raises(PromptNotFound):
        assay.prefetch_prompts("a", "b")


@pytest.mark.parametrize("wrong", [["qa"], {"a": 1}, None, 7])
def test_what_names_no_prompt_is_told(registry: RegistryStub, wrong: Any) -> None:
    with pytest.raises(ConfigurationError):
        assay.load_prompt(wrong)


def test_another_project_or_endpoint_is_another_prompt(registry: RegistryStub) -> None:
    assay.load_prompt("qa")
    configure(project="other")
    assay.load_prompt("qa")
    configure(project="test")
    assert assay.load_prompt("qa").source == "cache"
    assert len(registry.requests) == 2


def test_spans_tell_how_old_a_prompt_was_only_when_it_was_too_old(registry: RegistryStub) -> None:
    fresh = attributes_of_use("qa", cache_ttl=60.0)
    assert fresh[semconv.GEN_AI_PROMPT_VERSION] == 1
    assert semconv.ASSAY_PROMPT_SOURCE not in fresh
    registry.set("hang")
    late = attributes_of_use("qa", cache_ttl=1e-9)
    assert (late[semconv.GEN_AI_PROMPT_VERSION], late[semconv.ASSAY_PROMPT_SOURCE]) == (1, "cache")
    assert late[semconv.ASSAY_PROMPT_AGE_S] >= 0.0


def test_spans_tell_that_a_fallback_stood_in(registry: RegistryStub) -> None:
    registry.set("missing")
    attributes = attributes_of_use("qa", fallback="Mine: {{question}}")
    assert attributes == {semconv.ASSAY_PROMPT_SOURCE: "fallback", semconv.ASSAY_PROMPT_FALLBACK_FOR: "qa"}


def attributes_of_use(name: str, **options: Any) -> dict[str, Any]:
    with SPANS.start_as_current_span("ask") as span:
        assay.load_prompt(name, **options).format(question="why")
    return dict(span.attributes)  # type: ignore[attr-defined]


def test_no_call_waits_while_the_collector_is_killed_hung_and_restarted(registry: RegistryStub) -> None:
    """The benchmark in small (`python -m benchmarks.prompts`): it counts requests made by the threads that load."""
    assay.load_prompt("qa", cache_ttl=0.01)
    waited: list[str] = []
    fetch = loading._cache._fetch

    def noted(key: Any) -> Any:
        waited.append(threading.current_thread().name)
        return fetch(key)

    formatted: list[int] = []
    over = threading.Event()

    def use() -> None:
        count = 0
        while not over.is_set() or count < 2_500:
            assert assay.load_prompt("qa", cache_ttl=0.01).format(question="why") == "Answer: why"
            count += 1
        formatted.append(count)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(loading._cache, "_fetch", noted)
        threads = [threading.Thread(target=use, name=f"user-{number}", daemon=True) for number in range(4)]
        for thread in threads:
            thread.start()
        try:
            until(lambda: len(waited) >= 2)
            registry.set("hang")
            asked = len(registry.requests)
            until(lambda: len(registry.requests) > asked)
            failures = loading.prompt_cache_stats().failures
            registry.stop()
            until(lambda: loading.prompt_cache_stats().failures > failures)
            registry.start()
        finally:
            over.set()
        for thread in threads:
            thread.join(60)
    assert len(formatted) == 4  # none has raised
    assert sum(formatted) >= 10_000
    assert set(waited) == {"assay-prompts"}
    assert loading.prompt_cache_stats().stale > 0
