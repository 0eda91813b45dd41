"""Scorers of plain texts: what they say, at their edges, and each pitfall that they are documented with."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.scorers.readability import TextCounts, text_counts
from assay.scorers import (
    Ari,
    Bleu,
    Chrf,
    ColemanLiau,
    Contains,
    EditSimilarity,
    EndsWith,
    ExactMatch,
    JsonValid,
    Length,
    Readability,
    Regex,
    RougeL,
    SquadExactMatch,
    StartsWith,
    Ter,
    TokenF1,
    WordCount,
)

ACCENT = ("caf\u00e9", "cafe\u0301")  # one character and two, which look the same


@pytest.mark.parametrize(
    ("options", "output", "expected", "verdict"),
    [
        ({}, "4", ["4", "four"], True),
        ({}, "five", ["4", "four"], False),
        ({}, "x", [], None),
        ({}, ["4"], ["4"], True),
        ({}, 4, [4, "four"], True),
        ({}, 1, 1.0, True),
        ({}, 1, True, False),
        ({}, True, True, True),
        ({}, 1, "1", False),
        ({"normalize": "nfc"}, *ACCENT, True),
        ({}, *ACCENT, False),
    ],
)
def test_exact_match_of_several_references_and_of_other_values(
    options: dict[str, Any], output: Any, expected: Any, verdict: bool | None
) -> None:
    assert ExactMatch(**options)(output, expected) is verdict


def test_exact_match_of_arrays_is_an_error_that_says_what_to_return() -> None:
    with pytest.raises(ScorerError, match=r"do not compare to one truth .* Let the task return a list"):
        ExactMatch()(np.array([1, 2]), np.array([1, 2]))


@pytest.mark.parametrize(
    ("scorer", "output", "expected", "verdict"),
    [
        (StartsWith(), "Yes, it is.", "Yes", True),
        (StartsWith(), "\nYes", "Yes", False),
        (StartsWith(text=("No", "Yes")), "Yes", None, True),
        (StartsWith(case_sensitive=False), "STRASSE 1", "straße", True),
        (StartsWith(), "x", None, None),
        (EndsWith(), "so 42", ["41", "42"], True),
        (EndsWith(), "so 42.", "42", False),
        (EndsWith(), "x", [], None),
        (Contains(), "concatenate", "cat", True),
        (Contains(), "x", "", True),
        (Contains(), *ACCENT, False),
    ],
)
def test_starts_ends_and_contains(scorer: Any, output: Any, expected: Any, verdict: bool | None) -> None:
    assert scorer(output, expected) is verdict


@pytest.mark.parametrize(
    ("pattern", "mode", "output", "verdict"),
    [
        (r"\d{3}", "search", "about 12345", True),
        (r"\d{3}", "fullmatch", "12345", False),
        (r"\d+", "fullmatch", "123", True),
        (r"(?i)^yes$", "search", "YES\n", True),
        (r"(\w)\1", "search", "hello", True),
        (r"a.c", "search", "a\nc", False),
        (r"(?s)a.c", "search", "a\nc", True),
        (r"", "search", "", True),
    ],
)
def test_regex(pattern: str, mode: Any, output: str, verdict: bool) -> None:
    assert Regex(pattern, mode=mode)(output) is verdict


def test_the_user_says_whether_a_pattern_is_searched_or_matches_the_whole() -> None:
    with pytest.raises(TypeError, match="mode"):
        Regex("a")  # type: ignore[call-arg]
    with pytest.raises(ConfigurationError, match="'search' or 'fullmatch', not 'match'"):
        Regex("a", mode="match")  # type: ignore[arg-type]


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "[", "(?P<a>x)(?P=b)"])
def test_a_wrong_pattern_is_found_when_the_scorer_is_made(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match="is no regular expression"):
        Regex(pattern, mode="search")


def test_a_pattern_that_backtracks_without_end_fails_its_row_and_stops() -> None:
    catastrophe = Regex("(a?){40}a{40}" * 3 + "c", mode="search", time_limit_s=0.02)
    began = time.process_time()
    with pytest.raises(ScorerError, match=r"took longer than 0\.02 s on 200 characters"):
        catastrophe("a" * 200)
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("options", "output", "expected", "value"),
    [
        ({}, "kitten", "sitting", 1 - 3 / 7),
        ({}, "", "", 1.0),
        ({}, "", "abc", 0.0),
        ({}, "abc", ["xyz", "abd"], 2 / 3),
        ({}, *ACCENT, 1 - 2 / 5),
        ({"normalize": "nfc"}, *ACCENT, 1.0),
        ({}, "\U0001f468\u200d\U0001f469", "\U0001f468", 1 / 3),  # looks like one character, is three
        ({}, "x", None, None),
    ],
)
def test_edit_similarity(options: dict[str, Any], output: str, expected: Any, value: float | None) -> None:
    assert EditSimilarity(**options)(output, expected) == pytest.approx(value, abs=1e-12)


def levenshtein(a: str, b: str) -> int:
    """The textbook's table."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        above, row = row, [i]
        for j, y in enumerate(b, start=1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y)))
    return row[-1]


@settings(max_examples=30)
@given(st.text("abcé日\u0301", max_size=8), st.text("abcé日\u0301", max_size=8))
def test_edit_similarity_equals_its_definition(a: str, b: str) -> None:
    expected = 1 - levenshtein(a, b) / max(len(a), len(b)) if a or b else 1.0
    assert EditSimilarity()(a, b) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("output", "expected", "f1", "exact"),
    [
        pytest.param("the Denver Broncos", "Denver Broncos", 1.0, True, id="article"),
        pytest.param("Broncos of Denver", "Denver Broncos", 0.8, False, id="order-plays-no-part"),
        pytest.param("a a b", "b b a", 2 / 3, False, id="articles-leave-b-and-b-b"),
        pytest.param("x x y", "x y y", 2 / 3, False, id="a-bag-and-no-set"),
        pytest.param("forty-two", ["42", "forty two"], 0.0, False, id="a-hyphen-joins"),
        pytest.param("42", ["41", "42"], 1.0, True, id="best-reference"),
        pytest.param("", "", 1.0, True, id="no-answer-and-none-given"),
        pytest.param("The!", "", 1.0, True, id="an-output-that-comes-to-nothing"),
        pytest.param("something", "", 0.0, False, id="no-answer-but-one-given"),
        pytest.param("", "something", 0.0, False, id="answer-but-none-given"),
        pytest.param("", [], 1.0, True, id="version-2-writes-no-answer-as-an-empty-list"),
        pytest.param("", ["the", "x"], 0.0, False, id="references-that-come-to-nothing-are-left-out"),
        pytest.param("un chat", "le chat", 0.5, False, id="english-articles-only"),
        pytest.param("x", None, None, None, id="not-applicable"),
    ],
)
def test_squad(output: str, expected: Any, f1: float | None, exact: bool | None) -> None:
    assert TokenF1()(output, expected) == pytest.approx(f1, abs=1e-12)
    assert SquadExactMatch()(output, expected) is exact


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("The cat sat. It ran!", TextCounts(14, 0, 5, 2)),
        ("No stop here", TextCounts(10, 0, 3, 1)),
        ('He said "go." Then 42 left...', TextCounts(16, 2, 6, 2)),
        ("It cost 3.14 euros", TextCounts(11, 3, 4, 1)),
        ("e.g. this", TextCounts(6, 0, 2, 2)),  # the pitfall: an abbreviation ends a sentence
        ("- ! ...", TextCounts(0, 0, 0, 0)),
        ("", TextCounts(0, 0, 0, 0)),
    ],
)
def test_words_and_sentences_are_counted_by_a_stated_rule(text: str, counts: TextCounts) -> None:
    assert text_counts(text) == counts


def test_readability_by_its_formulas() -> None:
    text = "The quick brown fox jumps over the lazy dog. It was 7 years old."
    # 48 letters and one digit in 14 words and 2 sentences
    ari = 4.71 * 49 / 14 + 0.5 * 14 / 2 - 21.43
    coleman_liau = 0.0588 * (48 / 14 * 100) - 0.296 * (2 / 14 * 100) - 15.8
    assert text_counts(text) == TextCounts(48, 1, 14, 2)
    assert Ari()(text) == pytest.approx(ari)
    assert ColemanLiau()(text) == pytest.approx(coleman_liau)
    assert Readability()(text) == {"ari": pytest.approx(ari), "coleman_liau": pytest.approx(coleman_liau)}


def test_readability_is_undefined_without_a_word() -> None:
    assert (Ari()("..."), ColemanLiau()("")) == (None, None)


def test_counting_sentences_takes_no_longer_than_the_text_is_long() -> None:
    began = time.process_time()
    assert text_counts("." * 200_000 + "x").sentences == 1
    assert time.process_time() - began < 5


def test_length_and_words() -> None:
    assert [Length()(text) for text in ("", *ACCENT)] == [0, 4, 5]
    assert [WordCount()(text) for text in ("", "a - b\n", "今日は晴れ")] == [0, 3, 1]


@pytest.mark.parametrize("output", [None, 3, {"answer": "x"}, ["x"], b"x"])
@pytest.mark.parametrize(
    "scorer",
    [Contains(), StartsWith(), EditSimilarity(), TokenF1(), SquadExactMatch(), RougeL(), Bleu(), Chrf(), Ter()],
    ids=lambda scorer: scorer.name,
)
def test_what_is_no_text_is_an_error_that_says_what_to_do(scorer: Any, output: Any) -> None:
    with pytest.raises(ScorerError, match=rf"{scorer.name} works on texts, .* Let the task return a text"):
        scorer(output, "x")
    with pytest.raises(ScorerError, match="the expected value is of type int"):
        scorer("x", [1])


@pytest.mark.parametrize("scorer", [Regex("a", mode="search"), JsonValid(), Length(), WordCount(), Ari()])
def test_and_so_it_is_where_nothing_is_expected(scorer: Any) -> None:
    with pytest.raises(ScorerError, match=f"{scorer.name} works on texts"):
        scorer({"answer": "x"})
