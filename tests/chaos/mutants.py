"""The collector with one promise broken: the chaos tests must notice. Never imported by anything else.

python tests/chaos/mutants.py MUTANT serve …      as `assay serve …`, with that promise broken
python tests/chaos/mutants.py                     run the test of each promise, kept and broken; fails if one survives
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
NOTICED_BY = {
    "acknowledge-early": "test_endings.py::test_kill_9_under_load_loses_and_doubles_nothing",
    "drop-dedupe": "test_endings.py::test_kill_9_under_load_loses_and_doubles_nothing",
    "remove-lock": "test_starts.py::test_a_second_collector_is_refused_by_name_and_harms_nobody",
}


def serve(mutant: str, arguments: list[str]) -> None:
    MUTANTS[mutant]()
    from assay.cli import main

    sys.argv = ["assay", *arguments]
    main()


def judge() -> int:
    """How many mutants survived: the test that passes without them passes with them too."""
    survived = 0
    for name, test in NOTICED_BY.items():
        if failure := failed(test, mutant=""):
            sys.exit(f"{test} fails with no promise broken, so it can judge none:\n{failure}")
        caught = bool(failed(test, mutant=name))
        print(f"{name}: {'caught by ' + test if caught else 'SURVIVED'}", flush=True)
        survived += not caught
    return survived


def failed(test: str, *, mutant: str) -> str:
    """What the test says when it fails; nothing when it passes."""
    run = subprocess.run(
        ["pytest", "-q", "-p", "no:cacheprovider", "-m", "chaos", str(Path(__file__).with_name(test))],
        env={**os.environ, "CHAOS_MUTANT": mutant},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        sys.exit(f"{test}: it did not run\n{run.stdout}\n{run.stderr}")
    return run.stdout if run.returncode else ""


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(sys.argv[1], sys.argv[2:])
    else:
        sys.exit(judge())
