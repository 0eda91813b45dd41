"""docs/statistics.md is true: its snippets run, and every function of the package is in its table."""

from __future__ import annotations

import inspect
import re

from assay.collector.server import Server
from assay.evaluation import statistics
from assay.evaluation.statistics import bounded_scores, paired, permutation
from support.snippets import ROOT, snippets

DOCUMENT = "docs/statistics.md"
TEXT = " ".join((ROOT / DOCUMENT).read_text(encoding="utf-8").split())


def test_every_snippet_runs(collector: Server) -> None:
    for snippet in snippets(DOCUMENT):
        snippet.run_here()


def test_every_function_is_listed_and_has_its_source_in_its_docstring() -> None:
    functions = [name for name in statistics.__all__ if inspect.isfunction(getattr(statistics, name))]
    assert [name for name in functions if f"`{name}`" not in TEXT] == []
    documented = {name: getattr(statistics, name).__doc__ or "" for name in functions}
    assert [name for name, text in documented.items() if not re.search(r"Sources?:", text)] == []


def test_the_bounds_are_those_of_the_code() -> None:
    for bound in (
        f"numbers, {paired.FEW_ITEMS_FOR_T} items or more",
        f"clusters, {paired.FEW_CLUSTERS_FOR_T} or more",
        f"exact up to {permutation.EXACT_SIGN_FLIPS.bit_length() - 1} items",
        f"else {permutation.SAMPLED_SIGN_FLIPS:,} draws",
        f"t from {bounded_scores.ENOUGH_FOR_T} items on",
        f"{bounded_scores.FROM_THE_EDGE:g} standard errors",
        f"below {bounded_scores.FEWEST_FOR_BOOTSTRAP} items",
    ):
        assert bound in TEXT
