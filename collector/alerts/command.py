"""One start of an alert's command: no shell, few variables, a limit of time, JSON on its standard input."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress

from assay.collector.alerts.outbound import NotDelivered

TIMEOUT_S = 30.0
SHOWN_CHARS = 300
# The collector's own variables hold keys of models: a command gets none of them.
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER", "TMPDIR")


def run_command(arguments: Sequence[str], body: bytes, *, timeout_s: float = TIMEOUT_S) -> None:
    """Start it and wait.

    Raises:
        NotDelivered: it cannot be started, takes too long, or ends with another status than 0.
    """
    env = {name: value for name in KEPT_VARIABLES if (value := os.environ.get(name)) is not None}
    # Files in place of pipes: a helper that lives on with a pipe in its hands would be waited for without an end.
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as complaints:
        told.write(body)
        told.seek(0)
        try:
            process = subprocess.Popen(
                list(arguments),
                stdin=told,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                env=env,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise NotDelivered(f"{arguments[0]} cannot be started: {error}", again=False) from error
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # it leads a session of its own: what it started goes too
            process.wait()
            raise NotDelivered(f"{arguments[0]} took longer than {timeout_s:g} s and was ended", again=True) from None
        complaints.seek(0)
        said = complaints.read(4 * SHOWN_CHARS)
    if process.returncode != 0:
        shown = said.decode("utf-8", "replace").strip()[:SHOWN_CHARS]
        raise NotDelivered(f"{arguments[0]} ended with status {process.returncode}: {shown}", again=True)
