"""Contains: do the expected phrases occur in the output?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from assay.errors import ConfigurationError
from assay.evaluation.scorers.texts import references_of, text_of


@dataclass(frozen=True, kw_only=True)
class Contains:
    """Whether the output contains the expected phrases. Not applicable to items without any.

    Definition: Every phrase (`match="any"`: at least one) is a substring of the output. Phrases come from `phrases`,
        else from the item's expected value: a text or a list of texts. Case counts unless `case_sensitive` is false.
    Range: true or false.
    Direction: higher is better.
    Source: Python's `in`; case is ignored by Unicode case folding.
    Pitfalls: Substrings, not words: "cat" is in "concatenate". The empty text is in every text. The same accented
        letter in one character and in two is not the same substring.
    """

    phrases: str | tuple[str, ...] | None = None
    match: Literal["all", "any"] = "all"
    case_sensitive: bool = True
    name: str = "contains"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __post_init__(self) -> None:
        if self.match not in ("all", "any"):
            raise ConfigurationError(f"Contains(match=) is 'all' or 'any', not {self.match!r}.")

    def __call__(self, output: Any, expected: Any = None) -> bool | None:
        phrases = references_of(self.phrases if self.phrases is not None else expected, self.name)
        if phrases is None:
            return None
        text = self._folded(text_of(output, self.name))
        found = [self._folded(phrase) in text for phrase in phrases]
        return all(found) if self.match == "all" else any(found)

    def _folded(self, text: str) -> str:
        return text if self.case_sensitive else text.casefold()
