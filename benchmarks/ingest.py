"""From the first byte to "every span can be queried after a crash": how fast collectors take spans, and what it costs.

Each system runs in a process of its own over an empty directory. Connections send requests one after the other for a
few seconds; then the benchmark waits until everything that was acknowledged is stored, kills the system with SIGKILL,
and counts what is there. Systems and rounds take turns. The peers are measured where their environments are given:

    python -m benchmarks.ingest --phoenix VENV/bin/python --mlflow VENV/bin/python
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks import payload, systems
from benchmarks.systems import Running, System, running

SHAPES = ((4, 128), (1, 512), (32, 512))  # connections, spans per request
STORED_WITHIN_S = 180
PREPARED_SPANS = 20_480  # sent again with other trace ids where a system takes more


@dataclass(frozen=True, slots=True)
class Measured:
    acknowledged: int
    stored: int
    spans_per_s: float
    cpu_s: float
    bytes_per_span: float
    ready_s: float
    idle_mb: float
    peak_mb: float


class Sender:
    """What the connections send, in turn: prepared requests, each time with trace ids of their own."""

    def __init__(self, prepared: list[bytes]) -> None:
        self._requests = self._endless(prepared)
        self._lock = threading.Lock()

    @staticmethod
    def _endless(prepared: list[bytes]) -> Iterator[bytes]:
        for time_sent in itertools.count():
            for request in prepared:
                yield payload.again(request, time_sent)

    def next(self) -> bytes:
        with self._lock:
            return next(self._requests)


def measure(
    system: System, connections: int, spans_per_request: int, prepared: list[bytes], seconds: float
) -> Measured:
    with tempfile.TemporaryDirectory() as name, running(system, Path(name)) as found:
        time.sleep(1)  # what it still does after it has started
        idle, cpu = found.memory_mb(), found.cpu_s()
        started = time.perf_counter()
        acknowledged, peak = _send(found, connections, Sender(prepared), started + seconds)
        acknowledged *= spans_per_request
        _wait_until_stored(found, acknowledged)
        elapsed, cpu = time.perf_counter() - started, found.cpu_s() - cpu
        found.kill()
        stored = system.stored(found.directory)
        size = sum(
            file.stat().st_size for file in found.directory.rglob("*") if file.is_file() and "log" not in file.name
        )
        return Measured(
            acknowledged, stored, stored / elapsed, cpu, size / max(stored, 1), found.ready_s, idle, max(peak, idle)
        )


def _send(found: Running, connections: int, sender: Sender, until: float) -> tuple[int, float]:
    """How many requests were acknowledged, and the most memory that was used."""
    counts, peaks = [0] * connections, [0.0]

    def connection(number: int) -> None:
        headers = {"content-type": "application/x-protobuf", **found.system.headers}
        with httpx.Client(timeout=120, trust_env=False, headers=headers) as client:
            while time.perf_counter() < until:
                with suppress(httpx.TransportError):  # no answer within two minutes: not acknowledged
                    counts[number] += client.post(f"{found.url}/v1/traces", content=sender.next()).status_code == 200
                if number == 0:
                    peaks.append(found.memory_mb())

    threads = [threading.Thread(target=connection, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts), max(peaks)


def _wait_until_stored(found: Running, acknowledged: int) -> None:
    deadline = time.perf_counter() + STORED_WITHIN_S
    while found.system.countable_live and time.perf_counter() < deadline:
        if found.system.stored(found.directory) >= acknowledged:
            return
        time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phoenix", type=Path, help="the Python of an environment with arize-phoenix")
    parser.add_argument("--mlflow", type=Path, help="the Python of an environment with mlflow")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    arguments, _ = parser.parse_known_args()
    compared = [systems.assay()]
    if arguments.phoenix:
        compared.append(systems.phoenix(arguments.phoenix))
    if arguments.mlflow:
        compared.append(systems.mlflow(arguments.mlflow))
    print(f"medians of {arguments.rounds} rounds of {arguments.seconds:g} s\n")
    print(
        f"{'':18}{'shape':>10}{'spans/s':>10}{'acknowledged':>14}{'kept':>10}{'CPU s/10k':>11}{'B/span':>8}"
        f"{'ready s':>9}{'idle MB':>9}{'peak MB':>9}"
    )
    for connections, spans_per_request in SHAPES:
        prepared = list(payload.requests(spans_per_request, PREPARED_SPANS))
        rounds: dict[str, list[Measured]] = {system.name: [] for system in compared}
        for _, system in itertools.product(range(arguments.rounds), compared):
            rounds[system.name].append(measure(system, connections, spans_per_request, prepared, arguments.seconds))
        for name, measured in rounds.items():
            _print(name, f"{connections} x {spans_per_request}", measured)


def _print(name: str, shape: str, rounds: list[Measured]) -> None:
    def median(values: Iterator[float]) -> float:
        return statistics.median(list(values))

    print(
        f"{name:18}{shape:>10}{median(one.spans_per_s for one in rounds):10,.0f}"
        f"{sum(one.acknowledged for one in rounds):14,}{sum(one.stored for one in rounds):10,}"
        f"{median(one.cpu_s / max(one.stored, 1) * 10_000 for one in rounds):11.2f}"
        f"{median(one.bytes_per_span for one in rounds):8,.0f}{median(one.ready_s for one in rounds):9.1f}"
        f"{median(one.idle_mb for one in rounds):9,.0f}{median(one.peak_mb for one in rounds):9,.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
