"""What a build makes of an evaluation, without running one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from assay.evaluation.ci.verdict import Verdict

PASSED: Any = SimpleNamespace(passed=True, verdict="passed")


def ended(*statuses: str, status: str = "completed_with_errors") -> Any:
    rows = [{"status": each, "error": "ValueError: no key"} for each in statuses]
    return SimpleNamespace(status=status, records=rows)


@pytest.mark.parametrize(
    ("result", "gate", "code"),
    [
        pytest.param(ended("ok", "task_error"), None, 0, id="some rows failed"),
        pytest.param(ended("task_error", "timeout"), None, 1, id="every row failed"),
        pytest.param(ended("task_error"), PASSED, 0, id="a gate decides"),
        pytest.param(ended(status="completed"), None, 0, id="there were none"),
        pytest.param(ended("ok", status="interrupted"), PASSED, 1, id="it did not end"),
    ],
)
def test_the_exit_code_is_the_verdict(result: Any, gate: Any, code: int) -> None:
    assert Verdict(result, None, gate).exit_code == code


def test_where_every_row_failed_the_first_one_says_why() -> None:
    assert Verdict(ended("task_error"), None, None).words == "Every row failed; the first: ValueError: no key"
