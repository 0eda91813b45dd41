"""docs/export.md is true: its snippets run, and the figures in it are those of the code."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from assay.settings import Settings
from assay.tracing import export, outbox, post
from support.snippets import ROOT, snippets

DOCUMENT = "docs/export.md"


def test_what_cannot_be_sent_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.tracing.tell._said", set())
    snippet = snippets(DOCUMENT)[0]
    names = dataclasses.replace(snippet, code=snippet.code.replace(":4318", ":9")).run_here()
    assert names["sent"] is False
    (spooled,) = (tmp_path / ".assay" / "spool").glob("*/*.otlp")
    assert b"answer" in spooled.read_bytes()


def test_files_hold_spans_and_scores(tmp_path: Path) -> None:
    snippets(DOCUMENT)[1].run_here()
    (spans,) = (tmp_path / "traces").glob("spans-*.jsonl")
    (scores,) = (tmp_path / "traces").glob("scores-*.jsonl")
    assert json.loads(spans.read_text())["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"] == "answer"
    assert json.loads(scores.read_text())["name"] == "helpful"


def test_its_figures_are_those_of_the_code() -> None:
    text = (ROOT / DOCUMENT).read_text(encoding="utf-8")
    fields = Settings.model_fields
    assert f"`ASSAY_QUEUE_MAX_BYTES` | {fields['queue_max_bytes'].default // 1024**2} MB" in text
    assert f"0 for none | {fields['spool_max_bytes'].default // 1024**2} MB" in text
    assert f"`ASSAY_TIMEOUT_S` | {fields['timeout_s'].default:.0f} s in all" in text
    assert f"`ASSAY_FILE_MAX_BYTES` ({fields['file_max_bytes'].default // 1024**2} MB)" in text
    assert f"encoded requests in memory | | {outbox.MAX_WAITING_BYTES // 1024**2} MB" in text
    assert f"after {outbox.FIRST_PAUSE_S} s at first and {outbox.LONGEST_PAUSE_S:.0f} s at most" in text
    assert f"does not answer within {outbox.SILENCE_S} s" in text
    assert f"{export.DELAY_WHILE_AWAY_S} s with one that is away" in text
    assert post.LONGEST_WAIT_S == 5 * 60
    assert all(str(status) in text for status in post.BUSY | post.ADDRESS - {421} | {401, 403, 413})
