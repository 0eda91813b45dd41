"""What people type into the filter box ↔ the filter language, and where in it a mistake is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from assay.errors import InvalidRequest

_JUDGE = "any(kind = 'evaluator' and parent_span_id is null)"
READY_FILTERS = [
    ("All", ""),
    ("Live", "experiment_id is null"),
    ("From evaluations", f"experiment_id is not null and not {_JUDGE}"),
    ("Judges", _JUDGE),
    ("Errors", "status = 'error'"),
    ("Slower than 5 s", "duration_ms > 5000"),
    ("Last 24 hours", "start_time > now() - interval 1 day"),
]
_LANGUAGE = re.compile(r"[=<>()\[\]'%]|\b(is|in|like|ilike|between)\b", re.IGNORECASE)
_POSITION = re.compile(r"at character (\d+)")
_QUOTED = re.compile(r"""^(?:"([^"]*)"|'([^']*)')$""")


@dataclass(frozen=True, slots=True)
class Problem:
    """A filter that cannot be used: the message, and the text with a mark below the mistake."""

    message: str
    hint: str | None
    text: str
    pointer: str | None


def to_filter(typed: str) -> str | None:
    """The filter for what was typed: words, or text in quotes, mean "input, output or name holds it"."""
    typed = typed.strip()
    if not typed:
        return None
    if quoted := _QUOTED.match(typed):
        return contains(quoted.group(1) or quoted.group(2) or "")
    return typed if _LANGUAGE.search(typed) else contains(typed)


def is_expression(typed: str) -> bool:
    """Whether it is in the filter language; else it is words to look for."""
    return bool(typed.strip()) and not _QUOTED.match(typed.strip()) and bool(_LANGUAGE.search(typed))


def as_condition(typed: str) -> str:
    """What was typed as a condition that others can be joined to; words become a search for them."""
    typed = typed.strip()
    if not typed or is_expression(typed):
        return typed
    quoted = _QUOTED.match(typed)
    return f"search({_literal((quoted[1] or quoted[2] or '') if quoted else typed)})"


def all_of(*conditions: str | None) -> str | None:
    """One filter that asks for all of these; None when none says anything."""
    said = [condition for condition in conditions if condition]
    # A line each: what begins with -- is a comment to the end of its line
    return " and ".join(f"({condition}\n)" for condition in said) if len(said) > 1 else (said[0] if said else None)


def equals(field: str, value: str) -> str:
    return f"{field} = {_literal(value)}"


def one_of(field: str, values: Iterable[str]) -> str:
    return f"{field} in ({', '.join(map(_literal, values))})"


def scored(name: str, value: str | None) -> str:
    """The condition that a score of this name is there, or says `value`, which is true or false."""
    field = f"scores[{_literal(name)}]"
    return f"{field} is not null" if value is None else f"{field} = {value}"


def problem(typed: str, error: InvalidRequest) -> Problem:
    """What to show for `error`; the mark stands below the character that the message speaks of."""
    spoken_of = _POSITION.search(error.message)
    column = int(spoken_of.group(1)) if spoken_of else 0
    can_point = typed.isprintable() and 1 <= column <= len(typed) + 1
    pointer = " " * (column - 1) + "^" if can_point else None
    return Problem(message=error.message, hint=error.hint, text=typed, pointer=pointer)


def contains(text: str) -> str:
    pattern = _literal(f"%{text}%")
    return f"(input ilike {pattern} or output ilike {pattern} or name ilike {pattern})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
