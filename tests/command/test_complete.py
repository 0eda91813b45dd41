"""What Tab completes: names from the collector, and nothing where there is none."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assay.collector.server import Server
from assay.command import complete


def context(**params: Any) -> Any:
    return SimpleNamespace(params=params)


def test_names_come_from_the_collector(asked: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_ENDPOINT", asked.url)
    monkeypatch.setattr(complete, "PATIENCE_S", 60.0)  # machines are slow at times
    assert "look" in complete.projects(context(), (), "")
    assert complete.sessions(context(project="look"), (), "") == ["s-1"]
    assert complete.prompts(context(project="look"), (), "") == []
    assert complete.experiments(context(project="look"), (), "a") == []
    assert len(complete.traces(context(project="look"), (), "")) >= 3


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "file:traces", "nonsense", None])
def test_where_nobody_answers_there_is_nothing_and_nothing_is_made(
    endpoint: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if endpoint:
        monkeypatch.setenv("ASSAY_ENDPOINT", endpoint)
    assert complete.datasets(context(), (), "") == []
    assert list(tmp_path.iterdir()) == []


def test_a_filter_is_completed_where_it_is_being_written() -> None:
    assert complete.filters(context(), (), "status = 'error' and dur") == ["status = 'error' and duration_ms"]


def test_versions_wait_for_the_prompt() -> None:
    assert complete.prompt_versions(context(), (), "") == []
