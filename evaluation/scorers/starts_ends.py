"""Starts with, ends with: is the expected text where it belongs?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from assay.evaluation.scorers.texts import references_of, text_of


@dataclass(frozen=True, kw_only=True)
class StartsWith:
    """Whether the output starts with the expected text. Not applicable to items without one.

    Definition: One of the texts is a prefix of the output. They come from `text`, else from the item's expected value:
        a text or a list of texts. Case counts unless `case_sensitive` is false.
    Range: true or false.
    Direction: higher is better.
    Source: Python's `str.startswith`; case is ignored by Unicode case folding.
    Pitfalls: White space counts: an answer that begins with a line break starts with nothing else.
    """

    text: str | tuple[str, ...] | None = None
    case_sensitive: bool = True
    name: str = "starts_with"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __call__(self, output: Any, expected: Any = None) -> bool | None:
        wanted = references_of(self.text if self.text is not None else expected, self.name)
        if wanted is None:
            return None
        return self._found(self._folded(text_of(output, self.name)), tuple(map(self._folded, wanted)))

    def _found(self, output: str, wanted: tuple[str, ...]) -> bool:
        return output.startswith(wanted)

    def _folded(self, text: str) -> str:
        return text if self.case_sensitive else text.casefold()


@dataclass(frozen=True, kw_only=True)
class EndsWith(StartsWith):
    """Whether the output ends with the expected text. Not applicable to items without one.

    Definition: One of the texts is a suffix of the output. They come from `text`, else from the item's expected value:
        a text or a list of texts. Case counts unless `case_sensitive` is false.
    Range: true or false.
    Direction: higher is better.
    Source: Python's `str.endswith`; case is ignored by Unicode case folding.
    Pitfalls: White space counts: models like to end with a line break, and a full stop hides the number before it.
    """

    name: str = "ends_with"

    def _found(self, output: str, wanted: tuple[str, ...]) -> bool:
        return output.endswith(wanted)
