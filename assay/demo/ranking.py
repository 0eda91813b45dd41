"""Which texts answer a query best: BM25 over stemmed words, in plain Python."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

# Words that say nothing about what a text is about.
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a about after all am an and any anybody anyone are as at be because been but by can could did do does for
        from get go going gone got had happen happens has have hi how i if in into is it its just long many may me
        much must my need no not now of off often on or our out please pls s should so t take takes tell than that
        the their them then there these they this to too up us use was we went what when where which while who why
        will with would yet you your
        """,
    )
)


def words(text: str) -> list[str]:
    """The words of `text` that carry meaning, lower case and without their endings; numbers are kept whole."""
    found = re.findall(r"[a-z]+-\d+|\d+(?:[.:]\d+)*|[a-z]+", text.lower())
    return [_stem(word) for word in found if word not in STOP_WORDS]


def rank(query: str, texts: Sequence[str]) -> list[tuple[int, float]]:
    """Index and BM25 score of every text that shares a word with the query, best first; ties keep the order given."""
    counts = [Counter(words(text)) for text in texts]
    rarity = rarity_of(words(query), counts)
    mean_length = sum(map(Counter.total, counts)) / (len(counts) or 1)
    scores = [(index, _bm25(count, rarity, count.total() / (mean_length or 1))) for index, count in enumerate(counts)]
    return sorted((pair for pair in scores if pair[1] > 0), key=lambda pair: -pair[1])


def rarity_of(query: Sequence[str], counts: Sequence[Counter[str]]) -> dict[str, float]:
    """How well each word of the query tells the texts apart: large for a rare word, small for a common one."""
    holders = {word: sum(word in count for count in counts) for word in query}
    return {word: math.log(1 + (len(counts) - n + 0.5) / (n + 0.5)) for word, n in holders.items()}


def _bm25(count: Counter[str], rarity: dict[str, float], relative_length: float) -> float:
    # k1 = 1.2 and b = 0.75 are the values everyone uses (Robertson and Zaragoza 2009).
    damping = 1.2 * (0.25 + 0.75 * relative_length)
    return sum(weight * count[word] * 2.2 / (count[word] + damping) for word, weight in rarity.items())


def _stem(word: str) -> str:
    if not word.isalpha() or len(word) < 5:
        return word.removesuffix("s") if len(word) == 4 and not word.endswith("ss") else word
    for ending in ("ments", "ment", "ings", "ing", "ied", "ies", "ed", "es", "ly", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word
