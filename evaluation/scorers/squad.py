"""Answers of questions as SQuAD scores them: token F1 and exact match after its normalisation."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from assay.evaluation.scorers.normalise import squad
from assay.evaluation.scorers.texts import references_of, text_of


@dataclass(frozen=True, kw_only=True)
class TokenF1:
    """How many words the output shares with the expected answer. Not applicable to items without one.

    Definition: F1 = 2PR / (P + R) of the words (a bag: their order plays no part, their number does) after SQuAD's
        normalisation: lower case, no ASCII punctuation, no a, an, the, split at white space. Of several references the
        best counts. Version 2's rule for no answer: references that come to nothing are left out, and if none is left
        (or the list was empty) the expected answer is none; against that, F1 is 1 for an output that comes to nothing
        too and else 0.
    Range: 0 to 1.
    Direction: higher is better.
    Source: the evaluation of SQuAD 2.0, Rajpurkar et al. 2018, arXiv 1806.03822.
    Pitfalls: Articles are English ones, words are what stands between spaces: for Chinese, Japanese and Thai use Chrf.
        A long output that holds the answer scores low.
    """

    name: str = "token_f1"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __call__(self, output: Any, expected: Any) -> float | None:
        answers = _answers(expected, self.name)
        if answers is None:
            return None
        words = squad(text_of(output, self.name)).split()
        return max(_f1(words, answer.split()) for answer in answers)


@dataclass(frozen=True, kw_only=True)
class SquadExactMatch:
    """Whether the output is the expected answer by SQuAD's rules. Not applicable to items without one.

    Definition: Equality after SQuAD's normalisation (see TokenF1) with one of the references; the rule for no answer
        is that of version 2.
    Range: true or false.
    Direction: higher is better.
    Source: the evaluation of SQuAD 2.0, Rajpurkar et al. 2018, arXiv 1806.03822.
    Pitfalls: English articles only. Punctuation is ASCII's: a typographic quotation mark stays.
    """

    name: str = "squad_exact_match"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __call__(self, output: Any, expected: Any) -> bool | None:
        answers = _answers(expected, self.name)
        return None if answers is None else squad(text_of(output, self.name)) in answers


def _answers(expected: Any, scorer: str) -> list[str] | None:
    """The references, normalised; [""] where none says anything, which means that no answer is the right one."""
    if expected is None:
        return None
    return [answer for text in references_of(expected, scorer) or () if (answer := squad(text))] or [""]


def _f1(words: list[str], wanted: list[str]) -> float:
    if not words or not wanted:
        return float(words == wanted)
    shared = sum((Counter(words) & Counter(wanted)).values())
    # 2PR / (P + R) with P = shared / words and R = shared / wanted
    return 2 * shared / (len(words) + len(wanted))
