"""Regular expressions that users write, matched within a time limit: a pattern can backtrack for years."""

from __future__ import annotations

import functools
from typing import Any, Literal

from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.scorers.extras import library

TIME_LIMIT_S = 1.0


@functools.lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """The pattern, read by the `regex` library: `re` knows no time limit, and a thread cannot be stopped from outside.

    Raises:
        ConfigurationError: it is no regular expression.
    """
    regex = library("regex", "Regex")
    try:
        return regex.compile(pattern)
    except (regex.error, RecursionError, ValueError, OverflowError) as error:
        raise ConfigurationError(f"{pattern!r} is no regular expression: {error}.") from error


def matches(
    pattern: str, text: str, mode: Literal["search", "fullmatch"] = "search", time_limit_s: float = TIME_LIMIT_S
) -> bool:
    """Whether the pattern matches.

    Raises:
        ScorerError: it took too long to tell.
    """
    try:
        # concurrent: other threads, and so other rows, run meanwhile
        return getattr(compiled(pattern), mode)(text, timeout=time_limit_s, concurrent=True) is not None
    except TimeoutError as error:
        raise ScorerError(
            f"The pattern {pattern!r} took longer than {time_limit_s:g} s on {len(text):,} characters",
            hint="Repeats inside of repeats, as in (a+)+, backtrack without end: write it without them.",
        ) from error
