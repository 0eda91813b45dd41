"""The collector fails while programs trace: every span arrives, once, and the programs hardly notice."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.chaos_set import only_full, short
from support.otlp_port import Handler, OtlpPort, busy, drip, free_port, garbage, hang, take
from support.sdk_program import SENDER, Program, again, names, report, spooled, stored
from support.serving import Serving, patience

EXIT_WITHIN_S = 2.0  # of an idle machine, when the collector is away
ARRIVED_WITHIN_S = 60.0


def test_a_collector_killed_again_and_again_during_many_spans(data_dir: Path, tmp_path: Path, size: Any) -> None:
    count, kills = size(2_000, 10_000), size(2, 10)
    with Serving(data_dir, port=free_port()) as serving:
        env = {"ASSAY_ENDPOINT": serving.url}
        program = Program(SENDER, "kill", count, size(400, 250), cwd=tmp_path, env=env)
        killed = 0
        while killed < kills and program.running():
            time.sleep(0.7)
            serving.kill()
            killed += 1
            time.sleep(0.5)
            serving.start()
        said = program.done()
        again(tmp_path, env)
        serving.stop()
    found = stored(data_dir)
    report(said["sent"], found, program.told_as_dropped(), f"{killed} kills")
    assert names("kill", count) <= found.keys()
    assert {count for name, count in found.items() if name != "again"} == {1}
    assert program.told_as_dropped() == 0


def test_a_collector_that_is_away_for_long(data_dir: Path, tmp_path: Path, size: Any) -> None:
    """Three programs come and go while it is away; a fourth one is there when it is back."""
    seconds, per_s = size(3, 600), 100
    port = free_port()
    env = {"ASSAY_ENDPOINT": f"http://127.0.0.1:{port}"}
    counts = [seconds * per_s // 3] * 3
    said = []
    for number, count in enumerate(counts):
        program = Program(SENDER, f"away {number}", count, per_s, cwd=tmp_path, env=env)
        said.append(program.done(seconds + 120))
        assert program.told_as_dropped() == 0
        assert program.errors.count("Try: assay serve") == 1
    assert spooled(tmp_path) == sum(counts) + 3
    with Serving(data_dir, port=port) as serving:
        began = time.monotonic()
        again(tmp_path, env)
        took_s = time.monotonic() - began
        serving.stop()
    found = stored(data_dir)
    worst, exits = max(each["p99_us"] for each in said), max(each["exit_s"] for each in said)
    report(
        sum(counts), found, 0, f"{seconds} s away, p99 {worst} us/span, exit {exits} s, all there after {took_s:.1f} s"
    )
    assert set(found) >= set().union(*(names(f"away {number}", count) for number, count in enumerate(counts)))
    assert {count for name, count in found.items() if name != "again"} == {1}
    assert took_s <= ARRIVED_WITHIN_S * patience()
    assert exits <= EXIT_WITHIN_S * patience()
    if min(counts) >= 1_000:  # of fewer the slowest is meant, which is the first: it loads what all of them need
        assert worst <= 1_000 * patience()


def test_a_collector_that_is_busy_for_a_while(tmp_path: Path, size: Any) -> None:
    with OtlpPort() as port:
        until_then = time.monotonic() + size(3, 30)
        refused = itertools.count()

        def busy_at_first(request: Handler) -> None:
            if time.monotonic() < until_then:
                next(refused)
                busy(request)
            else:
                take(request)

        port.answer = busy_at_first
        env = {"ASSAY_ENDPOINT": port.url}
        count = size(500, 5_000)
        program = Program(SENDER, "busy", count, size(250, 200), cwd=tmp_path, env=env)
        said = program.done()
        again(tmp_path, env)
    report(said["sent"], port.taken, program.told_as_dropped(), f"503 {next(refused)} times")
    assert names("busy", count) <= port.taken.keys()
    assert {count for name, count in port.taken.items() if name != "again"} == {1}
    assert program.told_as_dropped() == 0


@pytest.mark.parametrize("answer", short([hang, drip, garbage], hang))
def test_a_collector_that_never_answers(answer: Callable[[Handler], None], tmp_path: Path) -> None:
    with OtlpPort() as port:
        port.answer = answer
        env = {"ASSAY_ENDPOINT": port.url}
        program = Program(SENDER, "mute", 2_000, 0, cwd=tmp_path, env=env)
        said = program.done()
        assert said["exit_s"] <= EXIT_WITHIN_S * patience()
        port.answer = take
        again(tmp_path, env)
    report(said["sent"], port.taken, program.told_as_dropped(), f"exit {said['exit_s']} s")
    assert names("mute", 2_000) <= port.taken.keys()
    assert program.told_as_dropped() == 0


@only_full
def test_a_collector_that_is_slow(tmp_path: Path) -> None:
    """Slower than the spans come: what does not fit into memory goes to the disk."""

    def slow(request: Handler) -> None:
        time.sleep(0.5)
        take(request)

    with OtlpPort() as port:
        port.answer = slow
        env = {"ASSAY_ENDPOINT": port.url}
        program = Program(SENDER, "slow", 10_000, 4_000, cwd=tmp_path, env=env)
        said = program.done()
        port.answer = take
        again(tmp_path, env)
    report(said["sent"], port.taken, program.told_as_dropped(), "0.5 s for each request")
    assert names("slow", 10_000) <= port.taken.keys()
    assert program.told_as_dropped() == 0
