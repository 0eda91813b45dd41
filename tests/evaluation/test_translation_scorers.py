"""BLEU, chrF and TER: equal to sacrebleu, text by text and over a run, in several languages."""

from __future__ import annotations

from statistics import fmean
from typing import Any

import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ConfigurationError, MissingPackage, ScorerError
from assay.evaluation.scorers.corpus_interval import percentile_interval, unit_sums
from assay.scorers import (
    Bleu,
    Chrf,
    ChrfPlusPlus,
    CorpusBleu,
    CorpusChrf,
    CorpusChrfPlusPlus,
    CorpusTer,
    RunRow,
    Ter,
)

OUTPUTS = [
    "The cat sat on the mat.",
    "Der Hund bellt laut, sehr laut!",
    "私は学生です。",
    "",
    "one two three four five",
]
REFERENCES = [
    ["The cat sat on a mat.", "A cat is on the mat."],
    ["Der Hund bellte laut."],
    ["私は先生です。", "私は学生。", "学生です。"],
    ["nothing"],
    ["one two three four five"],
]
SENTENCE = [
    (Bleu(), sacrebleu.BLEU(effective_order=True)),
    (Bleu(tokenize="zh", lowercase=True), sacrebleu.BLEU(effective_order=True, tokenize="zh", lowercase=True)),
    (Chrf(), sacrebleu.CHRF()),
    (ChrfPlusPlus(), sacrebleu.CHRF(word_order=2)),
    (Ter(), sacrebleu.TER()),
    (Ter(normalized=True, asian_support=True), sacrebleu.TER(normalized=True, asian_support=True)),
]
CORPUS = [
    (CorpusBleu(), sacrebleu.BLEU()),
    (CorpusBleu(tokenize="char"), sacrebleu.BLEU(tokenize="char")),
    (CorpusChrf(), sacrebleu.CHRF()),
    (CorpusChrfPlusPlus(), sacrebleu.CHRF(word_order=2)),
    (CorpusTer(), sacrebleu.TER()),
]


def rows(outputs: list[str] = OUTPUTS, references: Any = REFERENCES, **options: Any) -> list[RunRow]:
    pairs = zip(outputs, references, strict=True)
    return [RunRow(item_id=f"i{n}", output=text, expected=refs, **options) for n, (text, refs) in enumerate(pairs)]


def in_streams(references: list[list[str]]) -> list[list[str | None]]:
    most = max(map(len, references))
    return [[each[i] if i < len(each) else None for each in references] for i in range(most)]


@pytest.mark.parametrize(("ours", "theirs"), SENTENCE)
def test_a_text_scores_as_in_sacrebleu_and_brings_its_signature(ours: Any, theirs: Any) -> None:
    for output, references in zip(OUTPUTS, REFERENCES, strict=True):
        score = ours(output, references)
        assert score.value == pytest.approx(theirs.sentence_score(output, references).score, abs=1e-9)
        assert score.metadata["signature"] == str(theirs.get_signature())
        if ours.greatest is not None:
            assert 0 <= score.value <= ours.greatest


sentences = st.text("ab Ωd日本. ,\n", max_size=20)


@settings(max_examples=15)
@given(sentences, st.lists(sentences, min_size=1, max_size=3))
def test_any_text_scores_as_in_sacrebleu(output: str, references: list[str]) -> None:
    for ours, theirs in SENTENCE:
        assert ours(output, references).value == pytest.approx(
            theirs.sentence_score(output, references).score, abs=1e-9
        )


@pytest.mark.parametrize(("ours", "theirs"), CORPUS)
def test_a_run_scores_as_the_corpus_in_sacrebleu(ours: Any, theirs: Any) -> None:
    score = ours(rows())
    assert score.value == pytest.approx(theirs.corpus_score(OUTPUTS, in_streams(REFERENCES)).score, abs=1e-9)
    assert score.metadata["signature"] == str(theirs.get_signature())
    assert score.metadata["n_rows"] == 5
    assert score.metadata["interval"]["low"] <= score.value <= score.metadata["interval"]["high"]


@settings(max_examples=5)
@given(st.lists(st.tuples(sentences, st.lists(sentences, min_size=1, max_size=2)), min_size=1, max_size=4))
def test_any_run_scores_as_the_corpus_in_sacrebleu(pairs: list[tuple[str, list[str]]]) -> None:
    outputs, references = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    for ours, theirs in CORPUS:
        expected = theirs.corpus_score(outputs, in_streams(references)).score
        assert ours(rows(outputs, references)).value == pytest.approx(expected, abs=1e-9)


def test_the_mean_of_sentence_bleu_is_not_corpus_bleu() -> None:
    sentence = fmean(Bleu()(row.output, row.expected).value for row in rows())  # type: ignore[union-attr,misc]
    corpus = CorpusBleu()(rows())
    assert corpus is not None
    assert abs(sentence - float(corpus.value)) > 5


def test_the_default_tokenizer_takes_a_japanese_sentence_for_one_word() -> None:
    output, reference = "私は今日学校へ行きます", "私は今日学校に行きます"
    assert Bleu()(output, reference).value == 0  # type: ignore[union-attr]
    assert Bleu(tokenize="char")(output, reference).value > 50  # type: ignore[union-attr,operator]
    assert Chrf()(output, reference).value > 50  # type: ignore[union-attr,operator]


def test_an_unknown_tokenizer_is_refused_and_one_that_is_not_installed_says_how_to_get_it() -> None:
    with pytest.raises(ConfigurationError, match=r"Bleu\(tokenize=\) is one of '13a'"):
        Bleu(tokenize="flores200")  # type: ignore[arg-type]
    with pytest.raises(MissingPackage, match=r"pip install 'sacrebleu\[ko\]'"):
        Bleu(tokenize="ko-mecab")("가", "가")


def test_ter_has_no_upper_end() -> None:
    score = Ter()("a b c d e", "x")
    assert score is not None
    assert float(score.value) > 100
    assert not hasattr(Ter(), "range")


def test_rows_without_a_reference_are_left_out_and_without_any_there_is_no_score() -> None:
    some = [*rows(), RunRow(item_id="x", output="text")]
    assert CorpusBleu()(some) == CorpusBleu()(rows())
    assert CorpusBleu()([RunRow(item_id="x", output="text")]) is None
    assert Bleu()("x", None) is None


def test_an_output_that_is_no_text_is_named_by_its_item() -> None:
    with pytest.raises(ScorerError, match="the output of item bad is of type dict"):
        CorpusBleu()([RunRow(item_id="bad", output={}, expected="x")])


def test_repeats_and_clusters_are_one_unit_of_the_interval() -> None:
    repeated = [RunRow(item_id="a", repeat=n, output="x y", expected="x z") for n in range(3)]
    score = CorpusBleu()(repeated)
    assert score is not None
    assert "interval" not in score.metadata
    assert score.explanation == "one item or cluster has no spread"
    assert len(unit_sums(repeated, [[1, 2]] * 3)) == 1
    assert unit_sums(rows(cluster="c"), [[1, 2]] * 5) == [[5, 10]]


def test_the_interval_is_that_of_resampled_units_and_the_same_each_time() -> None:
    units = [[float(n), 1.0] for n in range(200)]

    def mean(sums: Any) -> float:
        return float(sums[0] / sums[1])

    interval, reason = percentile_interval(units, mean)
    assert reason is None
    assert interval is not None
    half = 1.96 * 57.74 / 200**0.5  # of the mean of 0..199, whose standard deviation is 57.74
    assert interval["low"] == pytest.approx(99.5 - half, abs=1)
    assert interval["high"] == pytest.approx(99.5 + half, abs=1)
    assert percentile_interval(units, mean) == (interval, None)


def test_equal_units_have_no_interval_of_width_zero() -> None:
    interval, reason = percentile_interval([[1.0, 2.0]] * 9, lambda sums: sums[0] / sums[1])
    assert (interval, str(reason)[:13]) == (None, "all resamples")
