"""What somebody writes into the forms of scores and notes → what is stored. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assay.collector.human_scores import NOTE, human_score, typed_value
from assay.collector.pages.forms import Form
from assay.errors import InvalidRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The fields of both forms as they were typed, to be shown again."""

    name: str = ""
    type: str = "bool"
    value: str = ""
    explanation: str = ""
    note: str = ""
    span_id: str = ""

    @property
    def of_trace(self) -> bool:
        return not self.span_id and bool(self.value or self.note)


NOTHING_TYPED = Typed()


def typed_in(form: Form) -> Typed:
    names = ("name", "value", "explanation", "note", "span_id")
    return Typed(type=form.one("type") or "bool", **{name: form.one(name) for name in names})


def score_of(typed: Typed, action: str, *, project: str, trace_id: str, author: str | None) -> dict[str, Any]:
    """The row of score_log that "score" or "note" makes.

    Raises:
        InvalidRequest: something typed cannot be stored; the message says what would be.
    """
    about: dict[str, Any] = {"trace_id": trace_id, "span_id": typed.span_id or None, "author": author}
    if action == "note":
        return human_score(project, name=NOTE, value=typed_value(typed.note, "text"), **about)
    if action == "score":
        value = typed_value(typed.value, typed.type)
        return human_score(
            project, name=typed.name, value=value, explanation=typed.explanation.strip() or None, **about
        )
    raise InvalidRequest("Nothing was chosen to do.", hint="Use one of the buttons of this page.")
