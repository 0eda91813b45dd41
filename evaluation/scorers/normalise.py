"""Normalisations of text, by name: what is done to both sides before they are compared."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Sequence
from typing import Literal

from assay.errors import ConfigurationError

Normalization = Literal["none", "strip", "casefold", "nfc", "squad"]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def squad(text: str) -> str:
    """Lower case, without ASCII punctuation and English articles, white space as single spaces (Rajpurkar et al.
    2016).
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


NORMALIZERS: dict[str, Callable[[str], str]] = {
    "none": lambda text: text,
    "strip": str.strip,
    "casefold": lambda text: text.strip().casefold(),
    "nfc": lambda text: unicodedata.normalize("NFC", text),
    "squad": squad,
}

Steps = Normalization | Sequence[Normalization]


def steps_of(normalize: Steps, scorer: str) -> tuple[str, ...]:
    """The steps in their order.

    Raises:
        ConfigurationError: there is no such normalisation.
    """
    steps = (normalize,) if isinstance(normalize, str) else tuple(normalize)
    if unknown := [step for step in steps if step not in NORMALIZERS]:
        raise ConfigurationError(
            f"{scorer} has no normalisation {unknown[0]!r}.", hint=f"It has: {', '.join(NORMALIZERS)}."
        )
    return steps


def normalised(text: str, steps: Sequence[str]) -> str:
    for step in steps:
        text = NORMALIZERS[step](text)
    return text
