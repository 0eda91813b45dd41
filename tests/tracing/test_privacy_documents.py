"""docs/redaction.md and docs/sampling.md are true: their snippets run, and leave what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.redaction_rules import RULES
from assay.settings import Settings, reset_settings
from assay.tracing import runtime
from support.snippets import ROOT, snippets

REDACTION, SAMPLING = "docs/redaction.md", "docs/sampling.md"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What is traced in this test, as files that a program with `ASSAY_ENDPOINT=file:…` leaves."""
    monkeypatch.setenv("ASSAY_ENDPOINT", f"file:{tmp_path}")
    reset_settings()
    runtime.reset()
    yield tmp_path
    runtime.reset()
    runtime._redact_with = ()
    reset_settings()


def run(document: str, number: int, files: Path) -> str:
    snippets(document)[number].run_here()
    runtime.reset()
    return "".join(path.read_text(encoding="utf-8", errors="replace") for path in sorted(files.rglob("*.*")))


def test_secrets_and_what_else_is_asked_for_stay_in_the_program(files: Path) -> None:
    sent = run(REDACTION, 0, files)
    assert "[redacted:ticket]: [redacted:email] paid with [redacted:card], key [redacted:api_key]" in sent
    assert "assay.redacted.email" in sent
    for part in ("4711", "jane", "4111", "EFGH"):
        assert part not in sent


def test_a_function_of_ones_own_is_obeyed(files: Path) -> None:
    sent = run(REDACTION, 1, files)
    assert "Good morning, [name]!" in sent
    assert "Jane Doe" not in sent


def test_only_the_trace_that_failed_is_sent(files: Path) -> None:
    sent = run(SAMPLING, 0, files)
    assert sent.count('"name":"divide"') + sent.count('"name": "divide"') == 1
    assert "ZeroDivisionError" in sent


def test_open_spans_end_as_others_do(files: Path) -> None:
    sent = run(SAMPLING, 1, files)
    assert "research" in sent
    assert "three pages" in sent


def test_every_rule_and_setting_is_described() -> None:
    text = (ROOT / REDACTION).read_text(encoding="utf-8") + (ROOT / SAMPLING).read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_0-9]+)`", text))
    assert {rule.name for rule in RULES} <= named
    ours = {name for name in Settings.model_fields if name.startswith(("redact", "sample_", "keep_", "in_progress"))}
    described = set(re.findall(r"`ASSAY_([A-Z_]+)`", text))
    assert {name.upper() for name in ours} <= described | set(re.findall(r"`ASSAY_([A-Z_]+)=", text))
