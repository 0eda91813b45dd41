"""The table of built-in scorers: by name, lazily, and each documented in the same form."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import assay.scorers
from assay.errors import ConfigurationError
from assay.evaluation.scorers import BUILT_IN, OTHERS, SCORERS
from assay.evaluation.scorers.by_name import ALIASES, scorer_by_name
from assay.evaluation.scorers.document import PARTS, parts_of, scorers_markdown
from assay.evaluation.scorers.protocol import scorer_name
from assay.scorers import ChrfPlusPlus, ExactMatch, Ndcg, PrecisionAtK, ReciprocalRank, RougeL
from support.snippets import snippets

ROOT = Path(__file__).parents[2]


def test_the_table_is_sorted_and_names_what_is_there() -> None:
    assert list(SCORERS) == sorted(SCORERS)
    assert list(BUILT_IN) == sorted(BUILT_IN)
    assert len(BUILT_IN) == len(SCORERS)
    assert all(BUILT_IN[name].__name__ in SCORERS for name in BUILT_IN)


def test_type_checkers_read_the_same_names_as_the_table_has() -> None:
    tree = ast.parse((ROOT / "assay" / "scorers.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    imported = {
        alias.asname: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert imported == {**SCORERS, **OTHERS, "Score": "assay.scores"}


def test_every_public_name_loads() -> None:
    assert [name for name in assay.scorers.__all__ if getattr(assay.scorers, name, None) is None] == []


def test_importing_the_scorers_loads_no_library_of_theirs() -> None:
    code = "import assay.scorers, sys; assay.scorers.ExactMatch; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "scipy", "sklearn", "pandas", "litellm", "sacrebleu", "nltk", "rapidfuzz", "regex", "pydantic"}
    assert heavy.isdisjoint(done.stdout.split())


@pytest.mark.parametrize("name", list(BUILT_IN))
def test_every_scorer_is_documented_in_the_same_form(name: str) -> None:
    parts = parts_of(BUILT_IN[name])
    assert [part for part in ("", *PARTS) if not parts.get(part)] == []
    assert getattr(BUILT_IN[name], "direction", "") != "", "it says which way is better"


@pytest.mark.parametrize("name", list(BUILT_IN))
def test_direction_and_range_are_documented_as_they_are_declared(name: str) -> None:
    found, parts = BUILT_IN[name], parts_of(BUILT_IN[name])
    if (direction := getattr(found, "direction", None)) in ("higher", "lower"):
        assert parts["Direction"].lower().startswith(direction)
    if isinstance(ends := getattr(found, "range", None), tuple):
        low, high = (f"{end:g}" for end in ends)
        said = parts["Range"].lower()
        assert said.startswith("true or false") or (said.startswith(f"{low} to ") and f"to {high}" in said), said


def test_the_document_is_current() -> None:
    written = (ROOT / "docs" / "scorers.md").read_text(encoding="utf-8")
    assert written == scorers_markdown(BUILT_IN), "docs/scorers.md is out of date: run `make docs`"


def test_the_documents_example_runs(collector: Any) -> None:
    (snippet,) = snippets("docs/scorers.md")
    summary = snippet.run_here()["result"].summary.set_index("scorer")
    assert summary.loc[["exact_match", "rouge_l", "shouting"], "mean"].tolist() == [0.5, 0.5, 0.625]


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        ("exact_match", ExactMatch()),
        ("ExactMatch", ExactMatch()),
        ("rouge_l", RougeL()),
        ("rougeL", RougeL()),
        ("chrf++", ChrfPlusPlus()),
        ("ndcg@5", Ndcg(k=5)),
        ("precision@3", PrecisionAtK(k=3)),
        ("mrr@20", ReciprocalRank(k=20)),
    ],
)
def test_scorers_are_found_by_the_names_people_use(asked: str, made: Any) -> None:
    assert scorer_by_name(asked, BUILT_IN) == made


@pytest.mark.parametrize("name", ["ndcg@5", "ndcg_exp@5", "precision@5", "recall@5", "hit@5", "unjudged@5"])
def test_a_cut_off_is_part_of_the_name_and_finds_the_scorer_again(name: str) -> None:
    assert scorer_name(scorer_by_name(name, BUILT_IN)) == name


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("rogue_l", "There is no scorer 'rogue_l'. Did you mean 'rouge_l'"),
        ("quality", "There is no scorer 'quality'. Built in: "),
        ("length@3", "after @ stands the cut-off of a scorer that has one"),
        ("ndcg@x", "after @ stands the cut-off of a scorer that has one"),
        ("ndcg@0", "Ndcg(k=) is a whole number from 1, not 0"),
        ("regex", "cannot be asked for by name alone"),
    ],
)
def test_a_name_that_finds_nothing_is_answered_with_what_to_do(asked: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        scorer_by_name(asked, BUILT_IN)
    assert message in str(caught.value)


def test_other_names_lead_to_scorers_that_exist() -> None:
    assert set(ALIASES.values()) <= set(BUILT_IN)
