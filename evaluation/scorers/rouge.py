"""ROUGE: n-grams, or the longest common subsequence, that output and reference share."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import Any, ClassVar, Literal

from assay.errors import ConfigurationError
from assay.evaluation.scorers.rouge_figures import (
    Figures,
    Words,
    lcs_figures,
    n_gram_figures,
    stemmed_words,
    summary_figures,
    words_of,
)
from assay.evaluation.scorers.texts import references_of, text_of
from assay.scores import Score

MAX_DROPPED = 0.1  # share of a text's letters and digits that may be dropped without a word

SEVERAL = ("max", "mean")


@dataclass(frozen=True, kw_only=True)
class Rouge1:
    """ROUGE-1: words in common. Not applicable to items without a reference.

    Definition: F1 of the words of output and reference, each counted as often as both have it. Text is put in lower
        case and split at everything but a-z and 0-9; `stemmer=True` takes off English endings first. Of several
        references the best F1 counts, or their mean with `references="mean"`. Precision and recall are in the metadata.
    Range: 0 to 1.
    Direction: higher is better.
    Source: Lin 2004, W04-1013; as rouge-score computes it.
    Pitfalls: All but a-z and 0-9 is dropped: identical Japanese texts score 0, and "café" is the word "caf". Where a
        tenth of a text's letters is dropped, the score's explanation and metadata warn of it; use Chrf there.
    """

    references: Literal["max", "mean"] = "max"
    stemmer: bool = False
    name: str = "rouge1"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __post_init__(self) -> None:
        if self.references not in SEVERAL:
            raise ConfigurationError(f"{type(self).__name__}(references=) is 'max' or 'mean', not {self.references!r}.")

    def __call__(self, output: Any, expected: Any) -> Score | None:
        wanted = references_of(expected, self.name)
        if wanted is None:
            return None
        text = text_of(output, self.name)
        found = [self._figures(text, reference) for reference in wanted]
        best = max(found, key=lambda figures: figures.f1)
        counted = [best] if self.references == "max" else found
        warning = _warning([text, *wanted])
        return Score(
            name=self.name,
            value=min(fmean(figures.f1 for figures in counted), 1.0),
            explanation=warning,
            metadata={
                "precision": fmean(figures.precision for figures in counted),
                "recall": fmean(figures.recall for figures in counted),
                **({"warning": warning} if warning else {}),
            },
        )

    def _figures(self, output: str, reference: str) -> Figures:
        return n_gram_figures(self._words(output), self._words(reference), 1)

    def _words(self, text: str) -> Words:
        return stemmed_words(self.name)(text) if self.stemmer else words_of(text)


@dataclass(frozen=True, kw_only=True)
class Rouge2(Rouge1):
    """ROUGE-2: pairs of neighbouring words in common. Not applicable to items without a reference.

    Definition: As Rouge1, of pairs of neighbouring words.
    Range: 0 to 1.
    Direction: higher is better.
    Source: Lin 2004, W04-1013; as rouge-score computes it.
    Pitfalls: Identical texts of a single word have no pair and score 0. What Rouge1 says of other scripts.
    """

    name: str = "rouge2"

    def _figures(self, output: str, reference: str) -> Figures:
        return n_gram_figures(self._words(output), self._words(reference), 2)


@dataclass(frozen=True, kw_only=True)
class RougeL(Rouge1):
    """ROUGE-L: the longest common subsequence of words. Not applicable to items without a reference.

    Definition: As Rouge1, of the length of the longest run of words that both texts have in the same order, gaps
        allowed. Line breaks are as good as spaces.
    Range: 0 to 1.
    Direction: higher is better.
    Source: Lin 2004, W04-1013; as rouge-score computes it.
    Pitfalls: Papers on summaries usually report RougeLsum. What Rouge1 says of other scripts."""

    name: str = "rouge_l"

    def _figures(self, output: str, reference: str) -> Figures:
        return lcs_figures(self._words(output), self._words(reference), self.name)


@dataclass(frozen=True, kw_only=True)
class RougeLsum(Rouge1):
    """ROUGE-Lsum: ROUGE-L sentence by sentence. Not applicable to items without a reference.

    Definition: As RougeL, of the union over the reference's sentences of the longest common subsequences with each
        sentence of the output. A sentence is a line.
    Range: 0 to 1.
    Direction: higher is better.
    Source: Lin 2004, W04-1013, section 3.2; as rouge-score computes it.
    Pitfalls: Sentences must stand on lines of their own: without line breaks it is RougeL. What Rouge1 says of other
        scripts. Time grows with the product of the lengths.
    """

    name: str = "rouge_lsum"

    def _figures(self, output: str, reference: str) -> Figures:
        given, wanted = ([self._words(line) for line in text.split("\n") if line] for text in (output, reference))
        return summary_figures(given, wanted)


def _warning(texts: list[str]) -> str | None:
    """In words, where the tokenizer drops much of what it is given."""
    worst = max(map(_dropped, texts))
    if worst < MAX_DROPPED:
        return None
    return (
        f"ROUGE reads a-z and 0-9 only and drops {worst:.0%} of the letters of a text here: use Chrf, or another scorer"
    )


def _dropped(text: str) -> float:
    """Share of the letters and digits that the tokenizer drops."""
    if text.isascii():
        return 0.0
    letters = [letter for letter in text.lower() if letter.isalnum()]
    return sum(not letter.isascii() for letter in letters) / len(letters) if letters else 0.0
