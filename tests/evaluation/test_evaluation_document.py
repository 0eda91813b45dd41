"""docs/evaluation.md is true: its code runs, from the top to the bottom."""

from __future__ import annotations

from typing import Any

import pytest

from support.snippets import snippets

pytestmark = pytest.mark.usefixtures("own_project")


def test_the_document_runs(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for snippet in snippets("docs/evaluation.md"):
        names = snippet.run_here(**{name: value for name, value in names.items() if not name.startswith("__")})
    told = capsys.readouterr().out
    assert "exact_match" in told
    assert "task" in told
