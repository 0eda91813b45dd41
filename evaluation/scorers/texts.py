"""What scorers of texts are given: an output that must be a text, and one reference text or several."""

from __future__ import annotations

from typing import Any

from assay.errors import ScorerError

SHOWN_CHARS = 80


def text_of(value: Any, scorer: str, what: str = "output") -> str:
    """`value`, which is a text.

    Raises:
        ScorerError: it is something else. What to make of that is not for a scorer to guess.
    """
    if isinstance(value, str):
        return value
    raise ScorerError(
        f"{scorer} works on texts, and the {what} is of type {type(value).__name__}: {str(value)[:SHOWN_CHARS]!r}",
        hint="Let the task return a text, or call this scorer in one of your own, on the part that is a text."
        if what == "output"
        else "Give a text or a list of texts.",
    )


def references_of(expected: Any, scorer: str) -> list[str] | None:
    """The reference texts: one or a list of them; None where there is none to compare with.

    Raises:
        ScorerError: a reference is no text.
    """
    if expected is None:
        return None
    given = list(expected) if isinstance(expected, list | tuple) else [expected]
    return [text_of(each, scorer, "expected value") for each in given] or None
