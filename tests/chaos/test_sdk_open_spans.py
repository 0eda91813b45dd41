"""A program that ends in the middle of a long span leaves it interrupted, with its children."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.export import until
from support.sdk_program import Program
from support.serving import Serving, patience

LOST_AFTER_S = 75.0  # a minute of silence, and upkeep's own pace

AGENT = """
import assay, time
with assay.start_span("research", kind="agent") as span:
    span.set_inputs("a long question")
    with assay.start_span("step", kind="tool"):
        pass
    assay.flush()
    print("at work", flush=True)
    time.sleep(1000)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_program_that_ends_in_the_middle(number: signal.Signals, data_dir: Path, tmp_path: Path, size: Any) -> None:
    if number is signal.SIGKILL and not size(False, True):
        pytest.skip("takes a minute: make chaos")
    with Serving(data_dir) as serving:

        def trace() -> dict[str, Any]:
            found = httpx.get(f"{serving.url}/api/v1/traces", timeout=60 * patience()).json()["items"]
            return found[0] if found else {}

        program = Program(AGENT, cwd=tmp_path, env={"ASSAY_ENDPOINT": serving.url})
        assert program.line() == "at work"
        until(lambda: trace().get("status") == "in_progress")
        program.send(number)
        program.wait()
        until(lambda: trace()["status"] == "interrupted", LOST_AFTER_S)
        whole = httpx.get(f"{serving.url}/api/v1/traces/{trace()['trace_id']}", timeout=60 * patience()).json()
        serving.stop()
    assert [(span["name"], span["status"], span["end_time"] is None) for span in whole["spans"]] == [
        ("research", "interrupted", True),
        ("step", "unset", False),
    ]
    assert whole["input"] == "a long question"
    assert whole["end_time"] is None
