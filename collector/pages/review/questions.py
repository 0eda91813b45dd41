"""The rubric as a form: what is asked, which keys answer it, and what was answered. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.collector.pages.forms import Form
from assay.collector.review.rubric import MOST_KEYS, Definition, typed

ROWS = 5  # of definitions in the form of a new queue
_RANGE = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*(?:to|-|–|\.\.|…|,)\s*(-?\d+(?:\.\d+)?)\s*")
# The places of two outputs on the page, and what they mean as they stand and with the outputs changed about
SIDES = ("left", "tie", "right")
STANDING = dict(zip(SIDES, ("first", "tie", "second"), strict=True))
SWAPPED = dict(zip(SIDES, ("second", "tie", "first"), strict=True))


@dataclass(frozen=True, slots=True)
class Choice:
    value: str  # as the form sends it
    label: str
    key: str  # that chooses it; empty: none does
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Question:
    field: str  # the name of its inputs
    definition: Definition
    choices: tuple[Choice, ...]
    text: str  # where it is typed


def is_swapped(queue: str, position: int, reviewer: str) -> bool:
    """Whether the second output stands left: by chance for each item and person, and the same at every look."""
    return bool(hashlib.blake2b(f"{queue}\0{position}\0{reviewer}".encode("utf-8", "replace")).digest()[0] & 1)


def questions(
    rubric: Sequence[Definition], values: Mapping[str, Any], *, swapped: bool = False
) -> tuple[Question, ...]:
    """What is asked, with the answers that were given as they stand."""
    return tuple(
        Question(f"v{place}", each, _choices(each, values.get(each.name), swapped), _text(each, values.get(each.name)))
        for place, each in enumerate(rubric)
    )


def sent_answers(rubric: Sequence[Definition], form: Form, *, swapped: bool = False) -> dict[str, Any]:
    """What a form answers; what it leaves empty is not in it."""
    found: dict[str, Any] = {}
    for place, each in enumerate(rubric):
        text = form.one(f"v{place}")
        if each.type == "preference":
            text = (SWAPPED if swapped else STANDING).get(text, text)
        if text.strip():
            found[each.name] = typed(each, text)
    return found


def _choices(definition: Definition, value: Any, swapped: bool) -> tuple[Choice, ...]:
    if definition.type == "bool":
        labels = [("true", "Yes", True, "y"), ("false", "No", False, "n")]
        return tuple(Choice(sent, label, key, value is meant) for sent, label, meant, key in labels)
    if definition.type == "preference":
        places = SWAPPED if swapped else STANDING
        words = {"left": "Left is better", "tie": "Equally good", "right": "Right is better"}
        return tuple(
            Choice(side, words[side], str(number), value == places[side]) for number, side in enumerate(SIDES, start=1)
        )
    options = [(option, option == value) for option in definition.options]
    options += [(f"{step}", value is not None and float(step) == value) for step in definition.steps]
    by_itself = bool(definition.steps) and definition.steps[0] >= 1 and definition.steps[-1] <= MOST_KEYS
    return tuple(
        Choice(text, text, _key(text if by_itself else str(number)), chosen)
        for number, (text, chosen) in enumerate(options, start=1)
    )


def _key(text: str) -> str:
    return text if text.isdigit() and 1 <= int(text) <= MOST_KEYS else ""


def _text(definition: Definition, value: Any) -> str:
    return "" if value is None else f"{value:g}" if definition.type == "number" else str(value)


# A new rubric -----------------------------------------------------------------------------------------------------

# What can be begun with: name -> its words and its definitions
PRESETS: Mapping[str, tuple[str, tuple[Mapping[str, Any], ...]]] = {
    "correct": (
        "Correct or not",
        (
            {"name": "correct", "type": "bool", "help": "Does it answer the question, and is all of it true?"},
            {"name": "note", "type": "text", "help": "What is wrong, in a few words."},
        ),
    ),
    "stars": (
        "One to five",
        ({"name": "quality", "type": "number", "range": [1, 5], "help": "5 is as good as can be."},),
    ),
    "grades": (
        "Good, fair, bad",
        ({"name": "grade", "type": "choice", "options": ["good", "fair", "bad"], "help": "As a whole."},),
    ),
}
PAIR_PRESET: tuple[Mapping[str, Any], ...] = (
    {"name": "preferred", "type": "preference", "help": "Which answer would you rather have given?"},
)


def rows_of(definitions: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Definitions as the rows of the form that writes them, with empty rows behind."""
    rows = [
        {
            "name": str(each.get("name") or ""),
            "type": str(each.get("type") or ""),
            "options": _spelled(each),
            "help": str(each.get("help") or ""),
        }
        for each in definitions
    ]
    return rows + [{"name": "", "type": "bool", "options": "", "help": ""}] * max(0, ROWS - len(rows))


def _spelled(definition: Mapping[str, Any]) -> str:
    if ends := definition.get("range"):
        return " to ".join(f"{end:g}" if isinstance(end, int | float) else str(end) for end in ends)
    return ", ".join(map(str, definition.get("options") or ()))


def sent_rows(form: Form) -> list[dict[str, str]]:
    """The rows as they were typed."""
    fields = ("name", "type", "options", "help")
    columns = [form.all(f"score_{field}") for field in fields]
    return [dict(zip(fields, row, strict=True)) for row in zip(*columns, strict=False)]


def sent_rubric(form: Form) -> list[dict[str, Any]]:
    """The definitions that a form holds; rows without a name are left out. `rubric_of` checks them."""
    return [_definition(row) for row in sent_rows(form) if row["name"].strip()]


def _definition(row: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": row["name"], "type": row["type"], "help": row["help"]}
    written = row["options"].strip()
    if row["type"] == "number" and written:
        ends = _RANGE.fullmatch(written)
        return {**found, "range": [float(ends[1]), float(ends[2])] if ends else written}
    if row["type"] == "choice":
        return {**found, "options": [option for option in re.split(r"[,;\n]", written) if option.strip()]}
    return found
