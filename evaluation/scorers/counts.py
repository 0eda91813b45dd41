"""How long is the output?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from assay.evaluation.scorers.texts import text_of


@dataclass(frozen=True, kw_only=True)
class Length:
    """How many characters the output has.

    Definition: The number of Unicode code points, white space included.
    Range: 0 upwards.
    Direction: lower is better, unless `direction="higher"` is said.
    Source: Python's `len`.
    Pitfalls: Length is no quality. An accent may be a character of its own, and an emoji seven.
    """

    direction: Literal["higher", "lower"] = "lower"
    name: str = "length"

    def __call__(self, output: Any) -> int:
        return len(text_of(output, self.name))


@dataclass(frozen=True, kw_only=True)
class WordCount:
    """How many words the output has.

    Definition: The number of runs of characters between white space.
    Range: 0 upwards.
    Direction: lower is better, unless `direction="higher"` is said.
    Source: Python's `str.split`.
    Pitfalls: Length is no quality. A dash between spaces is a word; a Chinese, Japanese or Thai sentence is one word.
    """

    direction: Literal["higher", "lower"] = "lower"
    name: str = "word_count"

    def __call__(self, output: Any) -> int:
        return len(text_of(output, self.name).split())
