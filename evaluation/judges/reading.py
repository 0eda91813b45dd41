"""What a judge's model said, read strictly: one JSON object and nothing beside it. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.evaluation.gateway import Completion
from assay.evaluation.plain import plain
from assay.scores import ScoreValue

SHOWN_CHARS = 80
_THOUGHT_ENDS = "</think>"  # some servers leave what a model thought in front of its answer


class Unusable(Exception):
    """An answer without a verdict; the message says why. `final`: asking again would be no use."""

    def __init__(self, problem: str, *, final: bool = False) -> None:
        super().__init__(problem)
        self.final = final


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One answer, understood. `value` None: there is nothing to judge, and `explanation` says why."""

    value: ScoreValue | None
    explanation: str
    label: str | None = None  # the verdict, where it is one of a list
    details: dict[str, Any] = field(default_factory=dict)


def read_object(answer: Completion, needs: str) -> dict[str, Any]:
    """The JSON object that an answer consists of.

    JSON within prose is not looked for: it may be a quotation of the judged text.

    Args:
        needs: what the object has to have, in words, for the message.

    Raises:
        Unusable: there is none, or it is cut off.
    """
    if answer.finish_reason == "length":
        raise Unusable("it was cut off at the limit of output tokens")
    if answer.finish_reason == "content_filter":
        raise Unusable("it is empty (finish reason 'content_filter')" if answer.text is None else _FILTERED, final=True)
    if refusal := getattr(answer, "refusal", None):
        raise Unusable(f"the model refused: {shown(refusal)}", final=True)
    if answer.text is None:
        raise Unusable(f"it is empty (finish reason {answer.finish_reason!r})", final=True)
    try:
        said = json.loads(_bare(answer.text), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"it is no JSON ({error})") from error
    if not isinstance(said, dict):
        raise Unusable(f"it is no object with {needs}")
    known: dict[str, Any] = plain(said)  # halves of surrogate pairs can be neither stored nor printed
    return known


_FILTERED = "the provider's content filter stopped it"


def choice(said: Any, choices: Sequence[str], what: str = "verdict") -> str:
    """The choice that `said` names; case and white space around it do not count.

    Raises:
        Unusable: it names none.
    """
    if not isinstance(said, str):
        raise Unusable(f'it is no object with a text "{what}"')
    label = {known.casefold(): known for known in choices}.get(said.strip().casefold())
    if label is None:
        raise Unusable(f"{shown(said)} is none of the verdicts")
    return label


def objects(said: Any, what: str) -> list[dict[str, Any]]:
    """A list of objects, as answers of several verdicts have one.

    Raises:
        Unusable: it is anything else.
    """
    if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
        raise Unusable(f'it has no list of objects "{what}"')
    return said


def text(said: Any) -> str:
    """An explanation or a quote: whatever stands there, as text."""
    return said.strip() if isinstance(said, str) else "" if said is None else json.dumps(said, ensure_ascii=False)


def shown(said: Any, chars: int = SHOWN_CHARS) -> str:
    """The beginning of something that a model said, for a message."""
    written = repr(said)
    return written if len(written) <= chars else f"{written[:chars]}..."


def _bare(answer: str) -> str:
    """An answer without what models and servers put around it unasked: thoughts, a byte order mark, a code block."""
    _, _, after = answer.rpartition(_THOUGHT_ENDS)
    bare = (after if after.strip() else answer).strip().lstrip("\ufeff").strip()
    if bare.startswith("```") and bare.endswith("```"):
        return bare[3:-3].removeprefix("json")
    return bare


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    once = dict(pairs)
    if len(once) < len(pairs):  # which of the two holds?
        raise ValueError("a key stands in it twice")
    return once


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
