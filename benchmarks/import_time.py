"""What importing Assay costs a program, beside what importing OpenTelemetry alone costs.

Fresh interpreters in turn, so that what else the machine does falls on all of them alike.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

ROUNDS = 15
OPENTELEMETRY = "import opentelemetry.sdk.trace, opentelemetry.exporter.otlp.proto.http.trace_exporter"
PROGRAMS = {
    "python alone": "",
    "opentelemetry SDK and exporter": OPENTELEMETRY,
    "import assay": "import assay",
    "assay.trace, assay.init fetched": "import assay; assay.trace, assay.init",
    "assay.init() called": "import assay; assay.trace, assay.init; assay.init()",
}
_MEASURED = """
import time, json, sys
wall, cpu = time.perf_counter(), time.process_time()
{program}
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))
"""


def measure(program: str) -> tuple[float, float]:
    """Seconds of wall clock and of CPU that a program takes in an interpreter of its own."""
    script = _MEASURED.replace("{program}", program)
    environment = {"PYTHONDONTWRITEBYTECODE": "0", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    wall, cpu = json.loads(done.stdout)
    return wall, cpu


def main() -> None:
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
    for program in PROGRAMS.values():
        measure(program)  # bytecode written, files in the page cache
    for _ in range(ROUNDS):
        for name, program in PROGRAMS.items():
            times[name].append(measure(program))
    bare = statistics.median(cpu for _, cpu in times["opentelemetry SDK and exporter"])
    print(f"Import time, medians of {ROUNDS} interleaved runs")
    print(f"  {'':34}{'wall ms':>9}{'CPU ms':>9}{'CPU / OpenTelemetry':>22}")
    for name, runs in times.items():
        wall, cpu = (statistics.median(column) for column in zip(*runs, strict=True))
        print(f"  {name:34}{wall * 1000:9.1f}{cpu * 1000:9.1f}{cpu / bare:22.2f}")


if __name__ == "__main__":
    main()
