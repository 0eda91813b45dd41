"""How fast evaluations are, beside peers: rows a second with every row stored and traced, and how near to what the
model allows.

Each system evaluates in a process of its own (benchmarks/evaluate_peers.py) over an empty directory; systems and rounds
take turns. "of ideal" is rows x model time / concurrency over the time it took. The peers are measured where their
environments are given; --peer-rows are theirs, since some take minutes for a thousand:

    python -m benchmarks.evaluate --mlflow VENV/bin/python --peers VENV/bin/python

pydantic-evals stores and traces nothing; Inspect writes one log file at the end; MLflow stores traces in SQLite; Assay
stores rows and traces in a collector that is embedded in the same process, whose time and memory are in its figures.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(__file__).with_name("evaluate_peers.py")
SHAPES = ((0.005, 100), (0.2, 64))  # seconds of the model, rows under way at once
WITHIN_S = 3_600


@dataclass(frozen=True, slots=True)
class System:
    name: str
    python: str
    rows: int


@dataclass(frozen=True, slots=True)
class Measured:
    rows: int
    seconds: float
    cpu_s: float
    peak_mb: float
    scored: int


def measure(system: System, model_s: float, concurrency: int) -> Measured:
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            [system.python, PROGRAM, system.name, str(system.rows), str(model_s), str(concurrency), directory],
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
        )
    if done.returncode:
        raise SystemExit(f"{system.name} failed:\n{done.stderr[-2000:]}")
    return Measured(rows=system.rows, **json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mlflow", help="the Python of an environment with mlflow")
    parser.add_argument("--peers", help="the Python of an environment with pydantic-evals and inspect-ai")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--peer-rows", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments, _ = parser.parse_known_args()
    systems = [System("assay", sys.executable, arguments.rows)]
    if arguments.mlflow:
        systems.append(System("mlflow", arguments.mlflow, arguments.peer_rows))
    if arguments.peers:
        systems += [System(name, arguments.peers, arguments.peer_rows) for name in ("pydantic-evals", "inspect")]
    print(f"medians of {arguments.rounds} rounds\n")
    headings = f"{'':16}{'model':>8}{'at once':>9}{'rows':>8}{'scored':>8}{'rows/s':>9}"
    print(f"{headings}{'of ideal':>10}{'CPU ms/row':>12}{'peak MB':>9}")
    for model_s, concurrency in SHAPES:
        rounds: dict[str, list[Measured]] = {system.name: [] for system in systems}
        for _, system in itertools.product(range(arguments.rounds), systems):
            rounds[system.name].append(measure(system, model_s, concurrency))
        for name, measured in rounds.items():
            _print(name, model_s, concurrency, measured)


def _print(name: str, model_s: float, concurrency: int, rounds: Sequence[Measured]) -> None:
    rows = rounds[0].rows
    seconds = statistics.median(one.seconds for one in rounds)
    cpu = statistics.median(one.cpu_s for one in rounds)
    print(
        f"{name:16}{model_s * 1000:5.0f} ms{concurrency:9}{rows:8,}{min(one.scored for one in rounds):8,}"
        f"{rows / seconds:9,.0f}{rows * model_s / concurrency / seconds:10.1%}{cpu / rows * 1000:12.2f}"
        f"{max(one.peak_mb for one in rounds):9,.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
