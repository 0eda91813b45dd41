"""ROUGE: equal to rouge-score, with what its tokenizer throws away said."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from statistics import fmean
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ConfigurationError
from assay.scorers import Rouge1, Rouge2, RougeL, RougeLsum

SCORERS = {"rouge1": Rouge1, "rouge2": Rouge2, "rougeL": RougeL, "rougeLsum": RougeLsum}


@pytest.fixture(scope="module")
def oracle() -> Iterator[Any]:
    """rouge-score's scorers, stemming or not. Without most of NLTK: importing it takes seconds, and all that is needed
    of it is the stemmer.
    """
    light = "nltk" not in sys.modules
    if light:
        spec = find_spec("nltk")
        assert spec is not None
        assert spec.submodule_search_locations is not None
        (folder,) = spec.submodule_search_locations
        for name, place in (("nltk", folder), ("nltk.stem", f"{folder}/stem")):
            sys.modules[name] = package = ModuleType(name)
            package.__path__ = [place]
    from rouge_score.rouge_scorer import RougeScorer

    yield {stemmer: RougeScorer(list(SCORERS), use_stemmer=stemmer) for stemmer in (False, True)}
    for name in [name for name in sys.modules if light and name.split(".")[0] in ("nltk", "rouge_score")]:
        del sys.modules[name]


PAIRS = [
    ("The cat sat on the mat.", ["the cat is on the mat", "a cat sat"]),
    ("police kill the gunman", ["police killed the gunman", "the gunman police killed"]),
    ("w1 w2 w3 w4 w5", ["w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5"]),
    ("a b\nc d\n\ne", ["c d\na b", "e"]),
    ("Running runs, the runners ran", ["run the runner"]),
    ("", ["x"]),
    ("x", [""]),
    ("私は学生です", ["私は学生です"]),
    ("café au lait", ["cafe au lait"]),
]


@pytest.mark.parametrize("stemmer", [False, True])
def test_texts_score_as_in_rouge_score(oracle: Any, stemmer: bool) -> None:
    for output, references in PAIRS:
        expected = oracle[stemmer].score_multi(references, output)
        singles = [oracle[stemmer].score(reference, output) for reference in references]
        for variant, made in SCORERS.items():
            best, mean = made(stemmer=stemmer), made(stemmer=stemmer, references="mean")
            score = best(output, references)
            assert score is not None
            figures = (score.metadata["precision"], score.metadata["recall"], score.value)
            assert figures == pytest.approx(tuple(expected[variant]), abs=1e-9)
            assert mean(output, references).value == pytest.approx(  # type: ignore[union-attr]
                fmean(single[variant].fmeasure for single in singles), abs=1e-9
            )


texts = st.lists(st.sampled_from(["a", "b", "c", "Running", "d.", "日本", "\n", "é", "x-y"]), max_size=12).map(" ".join)


@settings(max_examples=40)
@given(output=texts, reference=texts)
def test_any_text_scores_as_in_rouge_score(oracle: Any, output: str, reference: str) -> None:
    expected = oracle[False].score(reference, output)
    for variant, made in SCORERS.items():
        assert made()(output, reference).value == pytest.approx(expected[variant].fmeasure, abs=1e-9)  # type: ignore[union-attr]


def test_identical_japanese_texts_score_0_and_the_score_warns_of_it() -> None:
    score = RougeL()("私は学生です", "私は学生です")
    assert score is not None
    assert score.value == 0
    assert score.metadata["warning"] == score.explanation
    assert "drops 100% of the letters" in str(score.explanation)


@pytest.mark.parametrize(
    ("text", "warned"), [("Ünlü çağdaş", True), ("a long sentence with one café", False), ("", False), ("...", False)]
)
def test_a_warning_comes_where_a_tenth_of_the_letters_is_dropped(text: str, warned: bool) -> None:
    assert ("warning" in Rouge1()("plain", text).metadata) is warned  # type: ignore[union-attr]


def test_lsum_needs_line_breaks() -> None:
    output, reference = "b b. a a.", "a a. b b."
    assert RougeLsum()(output, reference) != RougeLsum()(output.replace(". ", ".\n"), reference.replace(". ", ".\n"))
    assert RougeLsum()(output, reference).value == RougeL()(output, reference).value  # type: ignore[union-attr]


def test_one_word_has_no_pair() -> None:
    assert Rouge2()("yes", "yes").value == 0  # type: ignore[union-attr]


def test_how_references_are_put_together_is_checked() -> None:
    with pytest.raises(ConfigurationError, match=r"RougeL\(references=\) is 'max' or 'mean', not 'min'"):
        RougeL(references="min")  # type: ignore[arg-type]
