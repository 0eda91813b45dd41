"""Workers: children that are asked over JSON lines, and end when their collector does."""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from assay.collector.workers import Worker, Workers, child_env
from assay.errors import AssayError, CollectorUnavailable, InvalidRequest, NotFound

MODULE = "support.child_program"
TESTS = str(Path(__file__).parents[1])
PATIENCE_S = 60.0


def env(more: Mapping[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": TESTS, **(more or {})}


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """One process for the tests that leave it alive."""
    worker = Worker(MODULE, env())
    yield worker
    worker.close()


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_nothing_is_started_before_somebody_asks() -> None:
    assert Worker(MODULE, env()).pid is None


def test_a_request_is_answered_by_what_the_handler_returns(worker: Worker) -> None:
    assert worker.ask("shout", {"text": "grüße \u2028"}) == "GRÜSSE \u2028"  # and what libraries print is no answer


def test_events_come_before_the_result(worker: Worker) -> None:
    assert list(worker.stream("count", {"to": 3})) == [0, 1, 2, 3]


def test_an_error_is_raised_as_it_was_with_its_hint(worker: Worker) -> None:
    with pytest.raises(NotFound, match=r"no such thing\. Look elsewhere"):
        worker.ask("refuse", {})


def test_a_fault_of_the_child_is_told_and_its_traceback_logged(caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker(MODULE, env())
    with caplog.at_level(logging.INFO, "assay.collector"):
        with pytest.raises(AssayError, match="ZeroDivisionError: by accident"):
            worker.ask("fail", {})
        worker.close()  # whatever it wrote has been read then
    assert "Traceback" in caplog.text
    assert 'raise ZeroDivisionError("by accident")' in caplog.text


def test_a_method_that_is_not_there_is_refused_with_those_that_are(worker: Worker) -> None:
    with pytest.raises(InvalidRequest, match="shout"):
        worker.ask("whisper", {})


def test_many_ask_at_once_and_each_gets_its_own_answer(worker: Worker) -> None:
    answers: dict[int, list[int]] = {}

    def ask(to: int) -> None:
        answers[to] = list(worker.stream("count", {"to": to}))

    threads = [threading.Thread(target=ask, args=(to,)) for to in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {to: list(range(to + 1)) for to in range(20)}


def test_closing_a_stream_cancels_the_handler(worker: Worker, tmp_path: Path) -> None:
    answers = worker.stream("wait", {"given_up": str(tmp_path / "given up")})
    assert next(answers) == "waiting"
    answers.close()
    worker.ask("shout", {"text": ""})  # answered after the cancellation was read
    assert (tmp_path / "given up").exists()


def test_closing_lets_go_of_a_thread_that_waits_for_the_next_answer(worker: Worker, tmp_path: Path) -> None:
    answers = worker.stream("wait", {"given_up": str(tmp_path / "given up")})
    next(answers)
    waiting = threading.Thread(target=list, args=(answers,))
    waiting.start()
    answers.close()
    waiting.join(PATIENCE_S)
    assert not waiting.is_alive()


def test_silence_ends_at_the_timeout(worker: Worker, tmp_path: Path) -> None:
    with pytest.raises(CollectorUnavailable, match="said nothing"):
        list(worker.stream("wait", {"given_up": str(tmp_path / "given up")}, timeout_s=0.01))


def test_one_that_dies_fails_its_requests_and_comes_back_after_a_pause() -> None:
    now = 100.0
    worker = Worker(MODULE, env(), clock=lambda: now)
    with pytest.raises(CollectorUnavailable, match="ended before it answered"):
        worker.ask("die", {})
    with pytest.raises(CollectorUnavailable, match=r"started again in 0\.5 seconds"):
        worker.ask("shout", {"text": "a"})
    now += 0.6
    assert worker.ask("shout", {"text": "a"}) == "A"
    worker.close()


def test_an_idle_one_ends_and_another_is_started_for_the_next_request() -> None:
    now = 100.0
    worker = Worker(MODULE, env(), clock=lambda: now)
    worker.ask("shout", {"text": ""})
    first = worker.pid
    worker.rest(idle_s=60)
    assert worker.pid == first
    now += 61
    worker.rest(idle_s=60)
    assert worker.pid is None
    assert worker.ask("shout", {"text": "again"}) == "AGAIN"
    worker.close()


def test_closing_gives_up_what_is_under_way_and_refuses_more(tmp_path: Path) -> None:
    worker = Worker(MODULE, env())
    answers = worker.stream("wait", {"given_up": str(tmp_path / "given up")})
    next(answers)
    pid = worker.pid
    assert pid is not None
    worker.close()
    assert gone(pid)
    assert (tmp_path / "given up").exists()
    with pytest.raises(CollectorUnavailable):
        list(answers)
    with pytest.raises(CollectorUnavailable, match="stopping"):
        worker.ask("shout", {"text": ""})


def test_a_child_does_not_outlive_a_collector_that_is_killed() -> None:
    program = (
        "import os, signal, sys\n"
        "from assay.collector.workers import Worker\n"
        f"worker = Worker({MODULE!r})\n"
        "worker.ask('shout', {'text': ''})\n"
        "print(worker.pid, flush=True)\n"
        "signal.pause()\n"
    )
    collector = subprocess.Popen([sys.executable, "-c", program], env=env(), stdout=subprocess.PIPE)
    assert collector.stdout is not None
    child = int(collector.stdout.readline())
    watched = os.pidfd_open(child)
    try:
        collector.send_signal(signal.SIGKILL)
        collector.wait()
        collector.stdout.close()
        assert select.select([watched], [], [], PATIENCE_S)[0], "the child still runs"
    finally:
        os.close(watched)


def test_children_are_had_once_the_collector_serves_an_address(tmp_path: Path) -> None:
    workers = Workers(tmp_path)
    with pytest.raises(CollectorUnavailable, match="serves no address"):
        workers.get(MODULE, "shop")
    workers.serve_at("http://127.0.0.1:1")
    assert workers.get(MODULE, "shop") is workers.get(MODULE, "shop")
    assert workers.get(MODULE, "shop") is not workers.get(MODULE, "bank")


def test_a_child_is_told_where_its_spans_go_and_nothing_of_the_collectors_surroundings(tmp_path: Path) -> None:
    had = {"OPENAI_API_KEY": "k", "OTEL_TRACES_EXPORTER": "none", "ASSAY_PROJECT": "other", "ASSAY_TRACING": "false"}
    told = child_env(had, url="http://127.0.0.1:1", api_key="t", project="shop", data=tmp_path)
    assert told["OPENAI_API_KEY"] == "k"
    assert "OTEL_TRACES_EXPORTER" not in told
    assert (told["ASSAY_ENDPOINT"], told["ASSAY_API_KEY"], told["ASSAY_PROJECT"]) == ("http://127.0.0.1:1", "t", "shop")
    assert told["ASSAY_TRACING"] == "true"
