"""Contains: do the expected phrases occur in the output?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from assay.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True)
class Contains:
    """True when the output contains the expected phrases. Not applicable to items without any.

    Phrases come from `phrases`, else from the item's expected value: a text or a list of texts. `match` says whether
    all of them must occur or any one. An output that is no text is no match for any phrase: that is an error, not a
    False.

    Pitfalls: substrings, not words: "cat" is in "concatenate". Case counts unless `case_sensitive` is false.
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
        wanted = self.phrases if self.phrases is not None else expected
        if wanted is None:
            return None
        phrases = [wanted] if isinstance(wanted, str) else list(wanted)
        if not phrases:
            return None
        for text in (output, *phrases):
            if not isinstance(text, str):
                raise TypeError(f"texts can contain texts; this is {type(text).__name__}: {str(text)[:80]!r}")
        found = [self._folded(phrase) in self._folded(output) for phrase in phrases]
        return all(found) if self.match == "all" else any(found)

    def _folded(self, text: str) -> str:
        return text if self.case_sensitive else text.casefold()
