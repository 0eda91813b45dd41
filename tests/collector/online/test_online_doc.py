"""What docs/online.md shows works as it stands, and its table of limits and waits is true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.client import current_client
from assay.collector.alerts import watch
from assay.collector.online import answers, scoring
from assay.collector.online.definition import Declared, is_sampled
from assay.collector.server import Server
from support.snippets import snippets

DOCUMENT = "docs/online.md"
TEXT = (Path(__file__).parents[3] / DOCUMENT).read_text(encoding="utf-8")


def known(project: str, method: str, params: Any) -> dict[str, Any]:
    return {"source": "llm" if "judge" in params["definition"] else "code"}


def test_its_snippets_run(
    collector: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(collector.service.online, "_ask", known)
    monkeypatch.setattr(collector.service.online, "wake", lambda: None)
    monkeypatch.setattr(collector.service.alerts, "wake", lambda: None)
    for snippet in snippets(DOCUMENT):
        snippet.run_here()
    printed = capsys.readouterr().out
    assert "kind active 0 0" in printed
    assert "{'webhook': 'https://hooks.example.org/…'}" in printed
    assert {scorer["name"] for scorer in current_client().get("/online-scorers")["items"]} == {
        "kind",
        "mentions_refund",
    }


def test_its_figures_are_those_of_the_code() -> None:
    declared = Declared.model_validate({"definition": {"scorer": "length"}})
    assert (declared.quiet_s, declared.limits.usd_per_day, declared.limits.traces_per_minute) == (30, 5.0, 60)
    assert answers.RETRY_AFTER_S == (30, 120, 600, 3600)
    assert watch.RETRY_AFTER_S == (10, 60, 300, 1800)
    assert f"{scoring.MAX_WAITING:,}" in TEXT
    assert is_sampled("0" * 31 + "1", 1.0)
