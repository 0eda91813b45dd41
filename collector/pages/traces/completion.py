"""What can stand where the caret is in a filter: fields, operators, values, or what joins two conditions. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from assay.collector.distinct_values import COLUMNS as WITH_VALUES
from assay.collector.filter import Target
from assay.collector.filter_fields import KEYED, SPAN_FIELDS, TRACE_FIELDS
from assay.collector.pages.traces.filter_words import Word, words
from assay.semconv import KINDS

MOST_OPTIONS = 10
JOINTS = ("and", "or")
SIGNS: dict[str, tuple[str, ...]] = {
    "text": ("=", "<>", "ilike", "in (", "is null", "is not null"),
    "list": ("=", "<>", "in ("),
    "number": (">", ">=", "<", "<=", "=", "between", "is null", "is not null"),
    "time": (">", ">=", "<", "<=", "between"),
    "any": ("=", "<>", ">", ">=", "<", "<=", "ilike", "is null", "is not null"),
}
TIMES = ("now() - interval 1 hour", "now() - interval 1 day", "now() - interval 7 day", "now()")
FIRST = (
    *("status", "name", "kind", "models", "duration_ms", "total_tokens", "cost_usd", "user_id", "session_id"),
    *("tags", "input", "output", "scores", "attributes", "metadata"),
)
CALLS = {"any": "some span of the trace", "child": "a direct child", "search": "text in input or output"}
_SIGN_WORDS = ("like", "ilike", "in", "is", "between")

Values = Callable[[str, str, int], Iterable[str]]  # of a field, beginning with a text, so many
What = Literal["field", "sign", "value", "key", "joint"]


@dataclass(frozen=True, slots=True)
class Place:
    """`what` can stand at the caret. `given` is the part of it that is written, from `start` to `end`."""

    what: What
    given: str
    start: int
    end: int
    field: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """`text` replaces what stands from `start` to `end`."""

    label: str
    note: str
    text: str
    start: int
    end: int


def options(target: Target, text: str, caret: int, values: Values) -> list[Option]:
    """What the box offers, the likeliest first."""
    place = place_of(text, caret)
    if place.what == "field":
        offered = _fields(target, place.given)
    elif place.what == "sign":
        offered = [(sign, "", f"{sign} ") for sign in SIGNS[_kind(place.field)] if sign.startswith(place.given.lower())]
    elif place.what == "key":
        offered = [(key, "", f"{_quoted(key)}] ") for key in values(place.field, place.given, MOST_OPTIONS)]
    elif place.what == "value":
        offered = _values(place, values)
    else:
        offered = [(word, "", f"{word} ") for word in JOINTS if word.startswith(place.given.lower())]
    return [Option(label, note, insert, place.start, place.end) for label, note, insert in offered[:MOST_OPTIONS]]


def place_of(text: str, caret: int) -> Place:
    """What the caret stands in, or behind."""
    before = words(text[:caret])
    written = before.pop() if before and _reaches(before[-1], caret) else None
    given = written.text.strip("'\"").replace("''", "'") if written else ""
    start = written.start if written else caret
    what, field = _follows(before)
    return Place(what, given, start, caret, field)


def _reaches(word: Word, caret: int) -> bool:
    is_open_text = word.kind == "text" and (len(word.text) == 1 or not word.text.endswith("'"))
    return word.end == caret and (word.kind in ("name", "number") or is_open_text)


def _follows(before: list[Word]) -> tuple[What, str]:
    """What comes behind these words, and the field it belongs to."""
    if not before:
        return "field", ""
    last = before[-1]
    if last.kind == "open":
        return _inside(before)
    if last.kind == "sign":
        return ("value", _field(before[:-1])) if last.text != "," else ("value", _field(_list_head(before)))
    if last.kind == "name" and last.lower in ("and", "or", "not"):
        is_range = any(word.lower == "between" for word in before[-3:])
        return ("value", _field(before[:-3])) if last.lower == "and" and is_range else ("field", "")
    if last.kind == "name" and last.lower in _SIGN_WORDS:
        return "value", _field(before[:-1])
    if (last.kind == "name" and _is_field(before)) or (last.text == "]" and _is_field(before)):
        return "sign", _field(before)
    return "joint", ""


def _inside(before: list[Word]) -> tuple[What, str]:
    head = before[-2].lower if len(before) > 1 else ""
    if before[-1].text == "[":
        return "key", head
    if head == "in":
        return "value", _field(before[:-2])
    return "field", ""


def _list_head(before: list[Word]) -> list[Word]:
    """What stands before `in (` of a list that is not closed."""
    for place in range(len(before) - 1, 0, -1):
        if before[place].text == "(" and before[place - 1].lower == "in":
            return before[: place - 1]
    return []


def _is_field(before: list[Word]) -> bool:
    """Whether the last word is a field, and not the value of a comparison."""
    place = len(before) - (4 if before[-1].text == "]" else 1)
    return place <= 0 or before[place - 1].kind == "open" or before[place - 1].lower in ("and", "or", "not")


def _field(before: list[Word]) -> str:
    """The field that the last words name: `scores['helpful']` is `scores.helpful`."""
    words_of = [word for word in before if word.lower != "not"]
    if not words_of:
        return ""
    if words_of[-1].text == "]" and len(words_of) >= 4:
        return f"{words_of[-4].lower}.{words_of[-2].text.strip(chr(39))}"
    return words_of[-1].text


def _kind(field: str) -> str:
    if field.partition(".")[0] in KEYED:
        return "any"
    kind = TRACE_FIELDS.get(field.lower()) or SPAN_FIELDS.get(field.lower(), "any")
    return {"integer": "number", "json": "any"}.get(kind, kind)


def _fields(target: Target, given: str) -> list[tuple[str, str, str]]:
    known = {**SPAN_FIELDS, **TRACE_FIELDS} if target == "traces" else dict(SPAN_FIELDS)
    names = [*(name for name in FIRST if name in known or name in KEYED), *sorted({*known, *KEYED} - {*FIRST})]
    fields = [
        (name, "by key" if name in KEYED else str(known[name]), f"{name}['" if name in KEYED else f"{name} ")
        for name in names
    ]
    calls = [(f"{name}(…)", note, f"{name}(") for name, note in CALLS.items()]
    start = given.lower()
    fitting = [one for one in (*fields, *calls) if one[0].startswith(start)]
    return fitting + [one for one in fields if start and start in one[0] and one not in fitting]


def _values(place: Place, values: Values) -> list[tuple[str, str, str]]:
    field, kind = place.field, _kind(place.field)
    if kind == "time":
        return [(time, "", f"{time} ") for time in TIMES if time.startswith(place.given)]
    if field.startswith("scores."):
        return [(said, "", f"{said} ") for said in ("true", "false") if said.startswith(place.given.lower())]
    if field == "kind":
        return [(name, "", f"{_quoted(name)} ") for name in KINDS if name.startswith(place.given)]
    if field in WITH_VALUES or field.startswith("attributes."):
        return [(value, "", f"{_quoted(value)} ") for value in values(field, place.given, MOST_OPTIONS)]
    return []


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
