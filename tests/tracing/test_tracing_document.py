"""docs/tracing.md is true: its snippets run, and the figures in it are those of the code."""

from __future__ import annotations

import pytest

from assay.tracing import serialise, streams
from support.snippets import ROOT, Snippet, snippets
from support.spans import Caught

DOCUMENT = "docs/tracing.md"


@pytest.mark.parametrize("snippet", snippets(DOCUMENT), ids=str)
def test_every_snippet_runs_and_makes_spans(snippet: Snippet, spans: Caught) -> None:
    snippet.run_here()
    assert spans.all()
    assert "not recorded" not in str([span.attributes for span in spans.all()])


def test_the_bounds_are_those_of_the_code() -> None:
    text = (ROOT / DOCUMENT).read_text(encoding="utf-8")
    for bound in (serialise.MAX_ITEMS, serialise.MAX_VALUES, serialise.MAX_CHARS, streams.MAX_KEPT):
        assert f"{bound:,}" in text
    assert f"{serialise.MAX_DEPTH} levels" in text
    assert f"{serialise.MAX_CPU_S * 1000:.0f} ms" in text
