"""The document of the dialects is made from their tables, and the tables name what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.collector.canonical import READERS
from assay.collector.dialects import DIALECTS, Dialect
from assay.collector.dialects_markdown import dialects_markdown

ROOT = Path(__file__).parents[3]
LABELS = {"otel-genai", "openinference", "openllmetry", "vercel", "logfire", "langfuse", "mlflow", "litellm", "generic"}


def test_the_document_is_current() -> None:
    written = (ROOT / "docs" / "dialects.md").read_text(encoding="utf-8")
    assert written == dialects_markdown(), "docs/dialects.md is out of date: run `make docs`"


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: f"{dialect.name}-{dialect.prefixes[:1]}")
def test_a_dialect_fills_columns_that_exist_under_a_label_that_exists(dialect: Dialect) -> None:
    assert {*dialect.fields, *dialect.functions} <= READERS.keys()
    assert dialect.name in LABELS or dialect.name == "assay"


def test_every_module_of_a_dialect_is_asked() -> None:
    helpers = {"__init__", "dialect", "flattened", "genai_events"}
    modules = {path.stem for path in (ROOT / "collector" / "dialects").glob("*.py")} - helpers
    assert all(f"\n## {name}\n" in dialects_markdown() for name in modules)
