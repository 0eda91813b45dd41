"""chrF and chrF++: character n-grams that output and reference share, and word n-grams with the second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from assay.evaluation.scorers.sacrebleu_scores import CorpusScore, Options, SentenceScore


@dataclass(frozen=True, kw_only=True)
class Chrf(SentenceScore):
    """chrF of one text: the best default for languages other than English. Not applicable without a reference.

    Definition: 100 times the F-score with recall weighted twice (beta = 2) of precision and recall averaged over
        character n-grams, n = 1 to 6, white space left out. Of several references the best counts.
    Range: 0 to 100.
    Direction: higher is better.
    Source: Popovic 2015, W15-3049; by sacrebleu, whose signature is in the metadata.
    Pitfalls: Unrelated texts of one language share letters: their chrF is well above 0. Figures compare within one
        language only.
    """

    metric: ClassVar[str] = "CHRF"
    word_order: ClassVar[int] = 0
    lowercase: bool = False
    name: str = "chrf"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 100)

    def options(self) -> Options:
        return {"word_order": self.word_order, "lowercase": self.lowercase}


@dataclass(frozen=True, kw_only=True)
class ChrfPlusPlus(Chrf):
    """chrF++ of one text: chrF with words. Not applicable without a reference.

    Definition: As Chrf, with word n-grams (n = 1 and 2) averaged in.
    Range: 0 to 100.
    Direction: higher is better.
    Source: Popovic 2017, W17-4770; by sacrebleu, whose signature is in the metadata.
    Pitfalls: Words are what stands between spaces: for Chinese, Japanese and Thai use Chrf.
    """

    word_order: ClassVar[int] = 2
    name: str = "chrf_plus_plus"


@dataclass(frozen=True, kw_only=True)
class CorpusChrf(CorpusScore):
    """chrF of a whole run. Rows without a reference are left out.

    Definition: As Chrf, from the n-gram counts of all rows added up (of several references, the counts of each row's
        best). The interval is a percentile bootstrap over items (clusters where there are any).
    Range: 0 to 100.
    Direction: higher is better.
    Source: Popovic 2015, W15-3049; by sacrebleu, whose signature is in the metadata.
    Pitfalls: Not the mean of Chrf over rows: long texts weigh more. Rows that failed are not in it.
    """

    metric: ClassVar[str] = "CHRF"
    word_order: ClassVar[int] = 0
    lowercase: bool = False
    name: str = "corpus_chrf"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 100)

    def options(self) -> Options:
        return {"word_order": self.word_order, "lowercase": self.lowercase}


@dataclass(frozen=True, kw_only=True)
class CorpusChrfPlusPlus(CorpusChrf):
    """chrF++ of a whole run. Rows without a reference are left out.

    Definition: As CorpusChrf, with word n-grams (n = 1 and 2) averaged in.
    Range: 0 to 100.
    Direction: higher is better.
    Source: Popovic 2017, W17-4770; by sacrebleu, whose signature is in the metadata.
    Pitfalls: Words are what stands between spaces. Not the mean of ChrfPlusPlus over rows.
    """

    word_order: ClassVar[int] = 2
    name: str = "corpus_chrf_plus_plus"
