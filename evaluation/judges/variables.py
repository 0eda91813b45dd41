"""The variables of a judge's template: which of a row's texts each one is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from assay.errors import ScorerError
from assay.evaluation.judges.row_texts import JudgedRow, shown_texts

FIELDS = ("input", "output", "expected", "context", "conversation", "steps")

# A variable -> the arguments that a scorer has to be called with to have it; any other may be in these
_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "input": ("input",),
    "output": ("output",),
    "expected": ("expected",),
    "context": ("context", "trace"),
    "conversation": ("input", "output", "trace"),
    "steps": ("trace",),
}
_ELSEWHERE = ("input", "output", "expected", "metadata")


def arguments_for(names: Iterable[str]) -> list[str]:
    """The arguments that hold these texts, each once: those without which a row cannot be judged come first."""
    wanted = dict.fromkeys(argument for name in names for argument in _ARGUMENTS.get(name, _ELSEWHERE))
    return sorted(wanted, key=lambda name: name not in ("input", "output"))


def text_of(row: JudgedRow, name: str) -> Any:
    """The text that a variable stands for: a field of the row, else of its input, output, expected value or metadata.

    Raises:
        NotApplicable: the row has no expected value, context, conversation or trace, and that is asked for.
        ScorerError: nothing in the row has this name.
    """
    if name in FIELDS:
        found = shown_texts(row, [name], ())
        return "\n\n".join(found.values()) if name == "context" else found[name]
    places = [place for place in (row.input, row.output, row.expected, row.metadata) if isinstance(place, Mapping)]
    for place in places:
        if name in place:
            return place[name]
    known = ", ".join(dict.fromkeys([*FIELDS, *(str(key) for place in places for key in place)]))
    raise ScorerError(
        f"The judge's prompt asks for {{{{{name}}}}}, which this row does not have.", hint=f"It has: {known}."
    )
