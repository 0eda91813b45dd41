"""Scores that a person types: what the text of a field means, and the row that it becomes. Pure.

A note is a score with the name `note` and a text. The newest score of a name, source and author on a thing replaces the
one before; notes are kept apart by a number of chance, so that one person may write several.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from assay.collector.scores import score_row
from assay.errors import InvalidRequest
from assay.scores import MAX_NAME_CHARS, SPAN_ID_DIGITS, TRACE_ID_DIGITS, ScoreValue

SOURCE = "human"
NOTE = "note"
MAX_TEXT_CHARS = 100_000
MAX_AUTHOR_CHARS = 200
YES, NO = frozenset({"yes", "y", "true", "1"}), frozenset({"no", "n", "false", "0"})
_TRACE_ID = re.compile(rf"[0-9a-f]{{{TRACE_ID_DIGITS}}}")
_SPAN_ID = re.compile(rf"[0-9a-f]{{{SPAN_ID_DIGITS}}}")


def typed_value(text: str, data_type: str) -> ScoreValue:
    """What somebody typed, as a value of `data_type`: one of DATA_TYPES.

    Raises:
        InvalidRequest: it is none of that type; the message says what would be.
    """
    read = DATA_TYPES.get(data_type)
    if read is None:
        raise InvalidRequest(f"There is no kind of value {data_type!r}.", hint=f"Kinds are: {', '.join(DATA_TYPES)}.")
    return read(text.strip())


def human_score(
    project: str,
    *,
    trace_id: str,
    name: str,
    value: ScoreValue,
    span_id: str | None = None,
    explanation: str | None = None,
    author: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A judgement of a person on a trace, or on a span of it, as a row of score_log.

    Raises:
        InvalidRequest: the name, the explanation, the author or an id cannot be used.
    """
    name = name.strip()
    if not name:
        raise InvalidRequest("The score has no name.", hint="Write one, such as correct.")
    for what, text, most in (
        ("name", name, MAX_NAME_CHARS),
        ("text", value if isinstance(value, str) else "", MAX_TEXT_CHARS),
        ("explanation", explanation or "", MAX_TEXT_CHARS),
        ("author", author or "", MAX_AUTHOR_CHARS),
    ):
        if len(text) > most:
            raise InvalidRequest(f"The {what} has {len(text):,} characters.", hint=f"{most:,} are the most.")
    if not _TRACE_ID.fullmatch(trace_id) or not (span_id is None or _SPAN_ID.fullmatch(span_id)):
        raise InvalidRequest(f"{trace_id}/{span_id or ''} is not the id of a trace or span.", hint="Open it and score.")
    return score_row(
        project=project,
        name=name,
        value=value,
        explanation=explanation,
        source=SOURCE,
        author=author,
        trace_id=trace_id,
        span_id=span_id,
        repeat=secrets.randbelow(2**31) if name == NOTE else None,
        metadata=metadata,
    )


def is_own(score: Mapping[str, Any], author: str | None) -> bool:
    """Whether a score of a trace was typed by this very person."""
    return score.get("source") == SOURCE and score.get("author") == author


def _verdict(text: str) -> bool:
    if text.lower() in YES | NO:
        return text.lower() in YES
    raise InvalidRequest(f"{text[:100]!r} is neither yes nor no.", hint="Write yes or no; or choose another kind.")


def _number(text: str) -> float | int:
    try:
        number = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidRequest(f"{text[:100]!r} is no number.", hint="Write one, such as 0.8; or choose another kind.")
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _text(text: str) -> str:
    if not text:
        raise InvalidRequest("The score has no value.", hint="Write one.")
    return text


DATA_TYPES: dict[str, Callable[[str], ScoreValue]] = {"bool": _verdict, "number": _number, "text": _text}
