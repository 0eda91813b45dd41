"""TER: how many edits turn the output into a reference?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from assay.evaluation.scorers.sacrebleu_scores import CorpusScore, Options, SentenceScore


@dataclass(frozen=True, kw_only=True)
class Ter(SentenceScore):
    """Translation edit rate of one text. Not applicable without a reference.

    Definition: 100 times the fewest edits (insert, delete, replace a word, shift a run of words) that make the output
        a reference, over the references' average length in words. Case is ignored unless `case_sensitive`.
    Range: 0 upwards; over 100 where the output is much longer than the reference.
    Direction: lower is better.
    Source: Snover et al. 2006; by sacrebleu, whose signature is in the metadata.
    Pitfalls: It has no upper end, so what failed rows could have changed is not bounded. Words are what stands between
        spaces: set `normalized` and `asian_support` for Chinese and Japanese.
    """

    metric: ClassVar[str] = "TER"
    greatest: ClassVar[float | None] = None
    normalized: bool = False
    asian_support: bool = False
    case_sensitive: bool = False
    name: str = "ter"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"

    def options(self) -> Options:
        return {
            "normalized": self.normalized,
            "asian_support": self.asian_support,
            "case_sensitive": self.case_sensitive,
        }


@dataclass(frozen=True, kw_only=True)
class CorpusTer(CorpusScore):
    """Translation edit rate of a whole run. Rows without a reference are left out.

    Definition: As Ter, from the edits and reference lengths of all rows added up. The interval is a percentile
        bootstrap over items (clusters where there are any).
    Range: 0 upwards.
    Direction: lower is better.
    Source: Snover et al. 2006; by sacrebleu, whose signature is in the metadata.
    Pitfalls: Not the mean of Ter over rows: long references weigh more. Rows that failed are not in it.
    """

    metric: ClassVar[str] = "TER"
    greatest: ClassVar[float | None] = None
    normalized: bool = False
    asian_support: bool = False
    case_sensitive: bool = False
    name: str = "corpus_ter"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"

    def options(self) -> Options:
        return {
            "normalized": self.normalized,
            "asian_support": self.asian_support,
            "case_sensitive": self.case_sensitive,
        }
