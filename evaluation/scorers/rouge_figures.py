"""ROUGE's arithmetic, equal to rouge-score's.

Not by that library itself: importing it imports NLTK, which takes seconds, and its longest common subsequence is a
table of Python lists. Only its stemmer is taken from there, by those who ask for one.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from assay.evaluation.scorers.extras import library

Words = list[str]

_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Figures:
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def words_of(text: str) -> Words:
    """Runs of a-z and 0-9 in the text in lower case: all that ROUGE reads."""
    return _WORD.findall(text.lower())


@functools.cache
def stemmed_words(scorer: str) -> Callable[[str], Words]:
    """`words_of` with English endings taken off by rouge-score's own tokenizer."""
    tokenizer: Any = library("rouge_score.tokenizers", scorer).DefaultTokenizer(use_stemmer=True)
    return tokenizer.tokenize  # type: ignore[no-any-return]


def n_gram_figures(output: Words, reference: Words, n: int) -> Figures:
    """ROUGE-N: n-grams in common, each as often as both have it."""
    given, wanted = _n_grams(output, n), _n_grams(reference, n)
    return _figures((given & wanted).total(), given.total(), wanted.total())


def lcs_figures(output: Words, reference: Words, scorer: str) -> Figures:
    """ROUGE-L: the length of the longest common subsequence."""
    length = library("rapidfuzz.distance.LCSseq", scorer).similarity
    return _figures(length(output, reference), len(output), len(reference))


def summary_figures(output: Sequence[Words], reference: Sequence[Words]) -> Figures:
    """ROUGE-Lsum (Lin 2004, section 3.2) of sentences: the words of each reference sentence that are in its longest
    common subsequence with any sentence of the output; a word counts at most as often as either text has it.
    """
    left = Counter(word for sentence in output for word in sentence)
    left &= Counter(word for sentence in reference for word in sentence)
    hits = 0
    for sentence in reference:
        in_common = set().union(*(lcs_places(sentence, other) for other in output))
        for place in sorted(in_common):
            if left[sentence[place]] > 0:
                left[sentence[place]] -= 1
                hits += 1
    return _figures(hits, sum(map(len, output)), sum(map(len, reference)))


def lcs_places(reference: Words, output: Words) -> set[int]:
    """Where in `reference` a longest common subsequence stands. Of several, the one that rouge-score takes: read from
    the end, a word of the reference is given up unless giving up one of the output leaves a longer one.
    """
    lengths = [[0] * (len(output) + 1)]  # [i][j]: of the first i words of the reference and the first j of the output
    for word in reference:
        above, row = lengths[-1], [0]
        for j, other in enumerate(output):
            row.append(above[j] + 1 if word == other else max(above[j + 1], row[j]))
        lengths.append(row)
    i, j, places = len(reference), len(output), set()
    while i and j:
        if reference[i - 1] == output[j - 1]:
            places.add(i - 1)
            i, j = i - 1, j - 1
        elif lengths[i][j - 1] > lengths[i - 1][j]:
            j -= 1
        else:
            i -= 1
    return places


def _n_grams(words: Words, n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[start:] for start in range(n)), strict=False))


def _figures(hits: int, given: int, wanted: int) -> Figures:
    return Figures(hits / given if given else 0.0, hits / wanted if wanted else 0.0)
