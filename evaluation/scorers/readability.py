"""Readability: the school grade that two formulas say an English text is for, from characters, words and sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from assay.evaluation.scorers.texts import text_of

# An end of sentence: full stops and the like, and what closes after them, before white space or the end of the text.
# Possessive, and begun only where a run of them begins: the time grows with the text and no faster.
_END = re.compile(r"""(?<![.!?\u2026])[.!?\u2026]++["'\u201d\u2019)\]\u00bb]*+(?=\s|$)""")


@dataclass(frozen=True, slots=True)
class TextCounts:
    letters: int
    digits: int
    words: int
    sentences: int


def text_counts(text: str) -> TextCounts:
    """Letters and digits by Unicode; words: what stands between white space and has a letter or a digit; sentences:
    what stands between ends of sentences and has a word, so that a last one without a full stop counts.
    """
    words = [word for word in text.split() if any(map(str.isalnum, word))]
    parts = [part for part in _END.split(text) if any(map(str.isalnum, part))]
    return TextCounts(
        letters=sum(map(str.isalpha, text)),
        digits=sum(letter.isalnum() and not letter.isalpha() for letter in text),
        words=len(words),
        sentences=len(parts),
    )


@dataclass(frozen=True, kw_only=True)
class Ari:
    """Automated readability index: the American school grade that the output's English is for.

    Definition: 4.71 characters / words + 0.5 words / sentences - 21.43, where characters are letters and digits, words
        stand between white space and have one, and a sentence ends at . ! ? or … before white space or the end. Not
        applicable to an output without a word.
    Range: unbounded; about 1 to 14 for real texts, below 0 for very short words.
    Direction: lower is better, unless `direction="higher"` is said.
    Source: Smith and Senter 1967, AMRL-TR-66-220.
    Pitfalls: Made for English prose. An abbreviation ends a sentence. Lists and code without full stops are one long
        sentence. A few words give no stable figure.
    """

    direction: Literal["higher", "lower"] = "lower"
    name: str = "ari"

    def __call__(self, output: Any) -> float | None:
        counts = text_counts(text_of(output, self.name))
        if not counts.words:
            return None
        characters = counts.letters + counts.digits
        return 4.71 * characters / counts.words + 0.5 * counts.words / counts.sentences - 21.43


@dataclass(frozen=True, kw_only=True)
class ColemanLiau:
    """Coleman-Liau index: the American school grade that the output's English is for.

    Definition: 0.0588 L - 0.296 S - 15.8, where L is letters and S sentences per 100 words, counted as for Ari (digits
        are no letters). Not applicable to an output without a word.
    Range: unbounded; about 1 to 16 for real texts.
    Direction: lower is better, unless `direction="higher"` is said.
    Source: Coleman and Liau 1975, Journal of Applied Psychology 60(2).
    Pitfalls: As Ari's. The two differ by a grade or two on the same text: compare within one.
    """

    direction: Literal["higher", "lower"] = "lower"
    name: str = "coleman_liau"

    def __call__(self, output: Any) -> float | None:
        counts = text_counts(text_of(output, self.name))
        if not counts.words:
            return None
        return 5.88 * counts.letters / counts.words - 29.6 * counts.sentences / counts.words - 15.8


@dataclass(frozen=True, kw_only=True)
class Readability:
    """Both readability formulas at once, as `readability/ari` and `readability/coleman_liau`.

    Definition: Ari and ColemanLiau.
    Range: unbounded.
    Direction: lower is better, unless `direction="higher"` is said.
    Source: see Ari and ColemanLiau.
    Pitfalls: As theirs: for English prose of several sentences.
    """

    direction: Literal["higher", "lower"] = "lower"
    name: str = "readability"

    def __call__(self, output: Any) -> dict[str, float | None]:
        return {"ari": Ari()(output), "coleman_liau": ColemanLiau()(output)}
