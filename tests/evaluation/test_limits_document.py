"""The document on limits: its code runs, and its table names every limit."""

from __future__ import annotations

import dataclasses

from assay.collector.server import Server
from assay.evaluation.limits import Limits
from support.snippets import ROOT, snippets

DOCUMENT = "docs/limits.md"


def test_the_code_runs(collector: Server) -> None:
    names = {}
    for snippet in snippets(DOCUMENT):
        names = snippet.run_here(**names)


def test_every_limit_is_in_the_table_with_its_default() -> None:
    text = (ROOT / DOCUMENT).read_text(encoding="utf-8")
    for limit in dataclasses.fields(Limits):
        row = next(line for line in text.splitlines() if line.startswith(f"| `{limit.name}` |"))
        assert ("none" if limit.default is None else str(limit.default)) in row.split("|")[2]
