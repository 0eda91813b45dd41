"""The rubric of a queue: what people are asked, and which answers there are. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from assay.collector.registry.names import check_label
from assay.errors import InvalidRequest
from assay.scores import ScoreValue

Mode = Literal["single", "pair"]
Type = Literal["bool", "choice", "number", "text", "preference"]
Place: TypeAlias = Literal["first", "second", "tie"]

MODES: tuple[str, ...] = get_args(Mode)
PLACES: tuple[str, ...] = get_args(Place)
# A preference as a score of the first of the two outputs: the numbers that judges of pairs give.
PREFERENCES: Mapping[str, float] = {"first": 1.0, "tie": 0.5, "second": 0.0}
MOST_DEFINITIONS = 20
MOST_OPTIONS = 50
MOST_KEYS = 9  # answers that one key press can give
MAX_TEXT_CHARS = 10_000
YES, NO = ("true", "yes", "1"), ("false", "no", "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One score that people give. A preference says which of two outputs is better; only queues of pairs ask for it."""

    name: str
    type: Type
    options: tuple[str, ...] = ()  # of a choice
    range: tuple[float, float] | None = None  # of a number
    help: str | None = None
    required: bool = True

    def to_dict(self) -> dict[str, Any]:
        """As the API shows it, without what says nothing."""
        found: dict[str, Any] = {"name": self.name, "type": self.type, "required": self.required}
        if self.options:
            found["options"] = list(self.options)
        if self.range:
            found["range"] = list(self.range)
        return {**found, "help": self.help} if self.help else found

    @property
    def steps(self) -> tuple[int, ...]:
        """The numbers that may be given, where they are few and whole: then they are chosen, not typed."""
        if self.type != "number" or self.range is None or not all(float(end).is_integer() for end in self.range):
            return ()
        low, high = map(int, self.range)
        return tuple(range(low, high + 1)) if high - low < MOST_KEYS else ()


def rubric_of(given: Sequence[Mapping[str, Any]], mode: str) -> tuple[Definition, ...]:
    """A checked rubric, of definitions as the API takes and shows them.

    Raises:
        InvalidRequest: something about it cannot be used; the message says which definition.
    """
    if not 1 <= len(given) <= MOST_DEFINITIONS:
        raise InvalidRequest(
            f"The rubric has {len(given)} scores.", hint=f"Give it 1 to {MOST_DEFINITIONS}: what people are asked."
        )
    found = tuple(_definition(each) for each in given)
    names = [each.name for each in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InvalidRequest(f"The rubric has two scores {twice!r}.", hint="Call one of them otherwise.")
    for each in found:
        if (each.type == "preference") != (mode == "pair"):
            raise InvalidRequest(
                f"The score {each.name!r} is of the type {each.type}, which does not go with this queue.",
                hint="In queues of pairs every score is a preference, and nowhere else.",
            )
    return found


def _definition(given: Mapping[str, Any]) -> Definition:
    name = check_label("score", str(given.get("name") or "").strip())
    type: Any = given.get("type")
    options, range = given.get("options") or (), given.get("range")
    if type not in get_args(Type):
        raise InvalidRequest(
            f"The score {name!r} has the type {type!r}.", hint=f"Types are: {', '.join(get_args(Type))}."
        )
    if options and type != "choice":
        raise InvalidRequest(f"The score {name!r} is no choice, so it has no options.", hint="Leave them out.")
    if range is not None and type != "number":
        raise InvalidRequest(f"The score {name!r} is no number, so it has no range.", hint="Leave it out.")
    return Definition(
        name=name,
        type=type,
        options=_options(name, options) if type == "choice" else (),
        range=_range(name, range),
        help=str(given.get("help") or "").strip() or None,
        required=bool(given.get("required", type != "text")),
    )


def _options(name: str, given: Sequence[Any]) -> tuple[str, ...]:
    options = tuple(check_label("option", str(each).strip()) for each in given)
    if not 2 <= len(options) <= MOST_OPTIONS or len(set(options)) < len(options):
        raise InvalidRequest(
            f"The options of the score {name!r} are {list(options)}.", hint=f"Give it 2 to {MOST_OPTIONS}, each once."
        )
    return options


def _range(name: str, given: Any) -> tuple[float, float] | None:
    if given is None:
        return None
    ends = list(given) if isinstance(given, list | tuple) else []
    numbers = [float(end) for end in ends if isinstance(end, int | float) and math.isfinite(end)]
    if len(ends) != 2 or len(numbers) != 2 or numbers[0] >= numbers[1]:
        raise InvalidRequest(f"The range of the score {name!r} is {given!r}.", hint="Give two numbers: [1, 5].")
    return numbers[0], numbers[1]


# Answers ----------------------------------------------------------------------------------------------------------


def answers(rubric: Sequence[Definition], given: Mapping[str, Any]) -> dict[str, ScoreValue]:
    """What somebody answered, by the name of the score. What is not required may be absent, or null.

    Raises:
        InvalidRequest: an answer is missing, or is none of those there are; all that is wrong is told.
    """
    known = {each.name for each in rubric}
    problems = [f"there is no score {name!r} in the rubric" for name in given if name not in known]
    found: dict[str, ScoreValue] = {}
    for each in rubric:
        value = given.get(each.name)
        if value is None or value == "":
            problems += [f"{each.name!r} has no answer"] if each.required else []
            continue
        if problem := _problem(each, value):
            problems.append(problem)
        else:
            found[each.name] = float(value) if each.type == "number" else value
    if problems or not found:
        told = "; ".join(problems) or "nothing was answered"
        raise InvalidRequest(f"This is no label: {told}.", hint="Nothing was stored. Mend it and send it again.")
    return found


def _problem(definition: Definition, value: Any) -> str | None:
    """Why a value is no answer; None where it is one."""
    told = f"{definition.name!r} is {value!r}"
    if definition.type == "bool":
        return None if isinstance(value, bool) else f"{told}, not true or false"
    if definition.type == "number":
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return f"{told}, not a number"
        low, high = definition.range or (-math.inf, math.inf)
        return None if low <= value <= high else f"{told}, not from {low:g} to {high:g}"
    if definition.type == "text":
        fits = isinstance(value, str) and len(value) <= MAX_TEXT_CHARS
        return None if fits else f"{definition.name!r} is no text of up to {MAX_TEXT_CHARS:,} characters"
    allowed = PLACES if definition.type == "preference" else definition.options
    return None if value in allowed else f"{told}, not one of {', '.join(allowed)}"


def typed(definition: Definition, text: str) -> Any:
    """What a form's text means as an answer; as it is where it means nothing, for `answers` to say so."""
    text = text.strip()
    if definition.type == "bool":
        return True if text.casefold() in YES else False if text.casefold() in NO else text
    if definition.type == "number" and text:
        try:
            return float(text)
        except ValueError:
            return text
    return text
