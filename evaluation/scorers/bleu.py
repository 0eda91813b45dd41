"""BLEU: word n-grams of the output that references have too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from assay.evaluation.scorers.sacrebleu_scores import CorpusScore, Options, SentenceScore, known_option

# Those of sacrebleu that need nothing from the network
TOKENIZERS = ("13a", "intl", "char", "none", "zh", "ja-mecab", "ko-mecab")
Tokenizer = Literal["13a", "intl", "char", "none", "zh", "ja-mecab", "ko-mecab"]


@dataclass(frozen=True, kw_only=True)
class Bleu(SentenceScore):
    """BLEU of one text. Not applicable to items without a reference.

    Definition: 100 times the geometric mean of the shares of the output's n-grams (n = 1 to 4) that a reference has
        too, times exp(1 - reference length / output length) where the output is shorter. Orders that the output is too
        short for are left out (`effective_order`), shares of 0 are smoothed exponentially. With several references an
        n-gram counts as often as in the one that has it most, and the closest length is taken. `tokenize` splits
        words: "13a" (default), "intl", "char", "none", "zh", "ja-mecab", "ko-mecab".
    Range: 0 to 100.
    Direction: higher is better.
    Source: Papineni et al. 2002; Post 2018, arXiv 1804.08771; by sacrebleu, whose signature is in the metadata.
    Pitfalls: The mean of these is not corpus BLEU: use CorpusBleu for a figure that others can compare. "13a" takes a
        Chinese or Japanese sentence for one word: choose their tokenizer, or Chrf. Figures with different signatures
        do not compare.
    """

    metric: ClassVar[str] = "BLEU"
    tokenize: Tokenizer = "13a"
    lowercase: bool = False
    name: str = "bleu"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 100)

    def __post_init__(self) -> None:
        known_option("Bleu", "tokenize", self.tokenize, TOKENIZERS)

    def options(self) -> Options:
        return {"tokenize": self.tokenize, "lowercase": self.lowercase, "effective_order": True}


@dataclass(frozen=True, kw_only=True)
class CorpusBleu(CorpusScore):
    """BLEU of a whole run: the figure that papers report. Rows without a reference are left out.

    Definition: As Bleu, from the n-gram counts and lengths of all rows added up, without `effective_order`. The
        interval is a percentile bootstrap over items (clusters where there are any).
    Range: 0 to 100.
    Direction: higher is better.
    Source: Papineni et al. 2002; Post 2018, arXiv 1804.08771; Koehn 2004 for the bootstrap; by sacrebleu, whose
        signature is in the metadata.
    Pitfalls: Not the mean of sentence BLEU. Long texts weigh more. Rows that failed are not in it. The tokenizer is
        part of the figure: compare only what has the same signature.
    """

    metric: ClassVar[str] = "BLEU"
    tokenize: Tokenizer = "13a"
    lowercase: bool = False
    name: str = "corpus_bleu"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 100)

    def __post_init__(self) -> None:
        known_option("CorpusBleu", "tokenize", self.tokenize, TOKENIZERS)

    def options(self) -> Options:
        return {"tokenize": self.tokenize, "lowercase": self.lowercase}
