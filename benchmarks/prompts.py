"""Loading and formatting prompts while the collector is killed, restarted, and hangs.

Four threads load by alias and format 100,000 times in all, at a pace that spreads this over the outage, and once more
without a pause. Beside every call of ours the same thread times plain Python work that takes about as long: how much
later than usual that one ends is what this machine and the interpreter's lock do at that moment, and not ours. (Of
threads that never pause, one that is ready to run waits up to 5 ms for each of the others.)

    python -m benchmarks.prompts
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
THREADS = 4
CALLS = 100_000
TTL_S = 1.0
PAUSE_S = 0.0015  # between two calls of a thread: what a request does beside
WARM_UP = 50  # calls of each thread


@dataclass
class Timings:
    """Of one thread, in nanoseconds."""

    ours: list[int] = field(default_factory=list)
    other: list[int] = field(default_factory=list)
    cpu: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    oldest_s: float = 0.0
    stale: int = 0


def main() -> None:
    sys.path.insert(0, str(ROOT / "tests"))
    import assay
    from assay.settings import configure
    from support.serving import Serving

    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        data_dir = Path(directory) / "collector"
        collector = Serving(data_dir, program=[sys.executable, "-m", "assay"], port=port)
        configure(endpoint=collector.url, project="benchmark", timeout_s=60.0)  # a collector loads its API when asked
        assay.register_prompt("qa", "Answer briefly: {{question}}", "first", config={"model": "m", "temperature": 0})
        assay.set_prompt_alias("qa", "production", 1)
        configure(timeout_s=5.0)
        run("paced; killed, restarted, hung, going on", PAUSE_S, lambda: outage(collector))
        run("without a pause; killed", 0.0, collector.kill)
        os.chdir("/")


def outage(collector: Any) -> None:
    """It is killed, starts again, takes requests but answers none (stopped), and goes on."""
    time.sleep(1.0)
    collector.kill()
    time.sleep(8.0)
    collector.start()
    recovered("restarted")
    os.kill(collector.process.pid, signal.SIGSTOP)
    time.sleep(8.0)
    os.kill(collector.process.pid, signal.SIGCONT)
    recovered("going on")


def recovered(what: str) -> None:
    """Wait until prompts are fresh again, and say how long that took."""
    import assay

    began = time.monotonic()
    while assay.load_prompt("qa", alias="production", cache_ttl=TTL_S).is_stale:
        if time.monotonic() - began > 60.0:
            print(f"  {what}: not fresh after 60 s")
            return
        time.sleep(0.05)
    print(f"  {what}: fresh again after {time.monotonic() - began:.1f} s")


def run(title: str, pause_s: float, disturb: Callable[[], None]) -> None:
    import assay

    assay.load_prompt("qa", alias="production", cache_ttl=TTL_S)
    before = assay.prompt_cache_stats()
    timings = [Timings() for _ in range(THREADS)]
    threads = [threading.Thread(target=use, args=(each, pause_s)) for each in timings]
    trouble = threading.Thread(target=disturb)
    cpu, began = time.process_time(), time.monotonic()
    for thread in (*threads, trouble):
        thread.start()
    for thread in (*threads, trouble):
        thread.join()
    after = assay.prompt_cache_stats()
    print(f"{title}: {THREADS} threads, {CALLS:,} calls in {time.monotonic() - began:.1f} s")
    for name in ("ours", "other"):
        print(f"  {'load and format' if name == 'ours' else 'plain Python   '}  {percentiles(timings, name)}")
    print(f"  CPU, ours        {percentiles(timings, 'cpu')}")
    print(f"  CPU of the process, all in all: {time.process_time() - cpu:.1f} s")
    print(f"  errors: {sum(len(each.errors) for each in timings)}", *{text for each in timings for text in each.errors})
    stale = sum(each.stale for each in timings)
    print(
        f"  stale: {stale:,} calls, the oldest {max(each.oldest_s for each in timings):.1f} s (time to live {TTL_S} s)"
    )
    waited = after.from_collector - before.from_collector
    print(
        f"  asked in the background {after.refreshes + after.failures - before.refreshes - before.failures} times; "
        f"loads that waited: {waited}"
    )


def use(timings: Timings, pause_s: float) -> None:
    import assay

    clock, cpu_clock = time.perf_counter_ns, time.thread_time_ns
    rounds = plain_rounds()
    for number in range(CALLS // THREADS + WARM_UP):
        cpu = cpu_clock()  # asks the kernel, which may let another program run: outside of what is timed
        began = clock()
        try:
            prompt = assay.load_prompt("qa", alias="production", cache_ttl=TTL_S)
            prompt.format(question="why")
        except Exception as error:
            timings.errors.append(repr(error))
            continue
        ended = clock()
        used = cpu_clock() - cpu
        again = clock()
        plain(rounds)
        after = clock()
        if number >= WARM_UP:
            timings.ours.append(ended - began)
            timings.other.append(after - again)
            timings.cpu.append(used)
        if prompt.is_stale:
            timings.stale += 1
            timings.oldest_s = max(timings.oldest_s, prompt.age_s or 0.0)
        if pause_s:
            time.sleep(pause_s)


def plain(rounds: int) -> int:
    total = 0
    for number in range(rounds):
        total += number
    return total


def plain_rounds() -> int:
    """So many rounds of `plain` as take about the time of a call of ours."""
    import assay

    def shortest(call: Callable[[], object]) -> int:
        took = []
        for _ in range(500):
            began = time.thread_time_ns()
            call()
            took.append(time.thread_time_ns() - began)
        return min(took)

    ours = shortest(lambda: assay.load_prompt("qa", alias="production", cache_ttl=TTL_S).format(question="why"))
    return max(1, round(1000 * ours / shortest(lambda: plain(1000))))


def percentiles(timings: list[Timings], name: str) -> str:
    every = sorted(ns for each in timings for ns in getattr(each, name))
    at = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
    told = [f"{label} {every[int(len(every) * share)] / 1e6:8.3f}" for label, share in at.items()]
    over = sum(ns > 1_000_000 for ns in every)
    return f"{'  '.join(told)}  max {every[-1] / 1e6:8.3f} ms; over 1 ms: {over} ({over / len(every):.3%})"


if __name__ == "__main__":
    main()
