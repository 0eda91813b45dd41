"""Exact match: is the output the expected value, after a normalisation that is named?"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from assay.errors import ConfigurationError

Normalization = Literal["none", "strip", "casefold", "nfc", "squad"]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def _squad(text: str) -> str:
    """Lower case, without ASCII punctuation and English articles, white space as single spaces (Rajpurkar et al.
    2016).
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


NORMALIZERS: dict[str, Callable[[str], str]] = {
    "none": lambda text: text,
    "strip": str.strip,
    "casefold": lambda text: text.strip().casefold(),
    "nfc": lambda text: unicodedata.normalize("NFC", text),
    "squad": _squad,
}


@dataclass(frozen=True, kw_only=True)
class ExactMatch:
    """True when output and expected are equal. Not applicable to items without an expected value.

    Texts are compared after `normalize`: "none" (as they are), "strip" (without white space around), "casefold"
    (stripped, case ignored), "nfc" (composed Unicode), "squad" (case, punctuation, English articles and spacing
    ignored); several are applied in the order given. Anything else is compared as it is: 1 is not "1".

    Pitfalls: "e" with an accent can be one character or two, which "none" tells apart; "squad" is for English.
    """

    normalize: Normalization | tuple[Normalization, ...] = "none"
    name: str = "exact_match"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __post_init__(self) -> None:
        unknown = [step for step in self._steps if step not in NORMALIZERS]
        if unknown:
            raise ConfigurationError(
                f"ExactMatch has no normalisation {unknown[0]!r}.", hint=f"It has: {', '.join(NORMALIZERS)}."
            )

    def __call__(self, output: Any, expected: Any) -> bool | None:
        if expected is None:
            return None
        return bool(self._normalized(output) == self._normalized(expected))

    @property
    def _steps(self) -> tuple[str, ...]:
        return (self.normalize,) if isinstance(self.normalize, str) else tuple(self.normalize)

    def _normalized(self, value: Any) -> Any:
        for step in self._steps if isinstance(value, str) else ():
            value = NORMALIZERS[step](value)
        return value
