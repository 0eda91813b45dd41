"""docs/prompts.md is true: its snippets run, and the names and bounds in it are those of the code."""

from __future__ import annotations

import pytest

from assay.collector.server import Server
from assay.prompts import composition, jinja_budget, jinja_format
from assay.prompts.jinja_filters import FILTERS, TESTS
from assay.prompts.jinja_nodes import LOOP_ATTRIBUTES
from support.snippets import ROOT, snippets

DOCUMENT = "docs/prompts.md"
TEXT = (ROOT / DOCUMENT).read_text(encoding="utf-8")


def test_every_snippet_runs(collector: Server) -> None:
    for snippet in snippets(DOCUMENT):
        snippet.run_here()


@pytest.mark.parametrize(
    "bound",
    [
        f"nest {composition.MAX_DEPTH} deep",
        f"include {composition.MAX_PROMPTS} others",
        f"{composition.MAX_CHARS:,} characters",
        f"{jinja_budget.MAX_STEPS:,} steps",
        f"{jinja_budget.CHARS_PER_STEP} characters each",
        f"{jinja_format.MAX_SOURCE:,} characters, and {jinja_format.MAX_TOKENS:,} tokens",
    ],
)
def test_the_bounds_are_those_of_the_code(bound: str) -> None:
    assert bound in " ".join(TEXT.split())


def test_every_filter_and_test_of_jinja_prompts_is_listed() -> None:
    rows = [
        line
        for line in TEXT.splitlines()
        if line.startswith(("| filters", "| other filters", "| tests", "| in a loop"))
    ]
    listed = {word.removeprefix("loop.") for row in rows for word in row.split("`")[1].split()}
    assert listed == FILTERS.keys() | TESTS.keys() | LOOP_ATTRIBUTES.keys()
