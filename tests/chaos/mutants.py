"""The collector with one promise broken: the chaos suite must notice. Never imported by anything else.

python tests/chaos/mutants.py MUTANT serve …      as `assay serve …`, with that promise broken
python tests/chaos/mutants.py                     run the suite against each; fails if one survives
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


def acknowledge_early() -> None:
    """Answer as soon as spans are queued."""
    from assay.collector import writer

    put = writer.Writer.put_spans

    def put_spans(self: writer.Writer, spans: writer.SpanBatch, *rest: object, **named: object) -> object:
        put(self, spans, *rest, **named)  # type: ignore[arg-type]
        answered: writer.Future[writer.Stored] = writer.Future()
        answered.set_result(writer.Stored(len(spans), []))
        return answered

    writer.Writer.put_spans = put_spans  # type: ignore[assignment]


def drop_dedupe() -> None:
    """Store what comes, whether or not it is there."""
    from assay.collector import rows

    rows.REPEATED = rows.REPEATED.replace("WHERE EXISTS", "WHERE false AND EXISTS")


def remove_lock() -> None:
    """Let anybody in whom DuckDB lets in."""
    from assay.collector import lock

    lock._lock = lambda file: None


MUTANTS: dict[str, Callable[[], None]] = {
    "acknowledge-early": acknowledge_early,
    "drop-dedupe": drop_dedupe,
    "remove-lock": remove_lock,
}


def serve(mutant: str, arguments: list[str]) -> None:
    MUTANTS[mutant]()
    from assay.cli import main

    sys.argv = ["assay", *arguments]
    main()


def judge() -> int:
    """Run the suite against every mutant; how many survived."""
    survived = 0
    for name in MUTANTS:
        run = subprocess.run(
            ["pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "chaos", str(Path(__file__).parent)],
            env={**os.environ, "CHAOS_MUTANT": name},
            capture_output=True,
            text=True,
            check=False,
        )
        failed = [line for line in run.stdout.splitlines() if line.startswith("FAILED")]
        caught = run.returncode == pytest.ExitCode.TESTS_FAILED and bool(failed)
        if run.returncode not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            sys.exit(f"{name}: the suite did not run\n{run.stdout}\n{run.stderr}")
        print(f"{name}: {'caught by ' + failed[0].split()[1] if caught else 'SURVIVED'}", flush=True)
        survived += not caught
    return survived


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(sys.argv[1], sys.argv[2:])
    else:
        sys.exit(judge())
