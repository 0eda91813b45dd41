"""What an item of a queue is: a trace, a span, or a row of an experiment. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from assay.content_hash import content_hash
from assay.errors import InvalidRequest
from assay.scores import SPAN_ID_DIGITS, TRACE_ID_DIGITS

Kind = Literal["trace", "span", "row"]

_SPANS = re.compile(rf"([0-9a-f]{{{TRACE_ID_DIGITS}}})(?:/([0-9a-f]{{{SPAN_ID_DIGITS}}}))?")
_ROW = re.compile(r"experiment:([0-9a-f]{32})(?::(\d{1,9}))?/(.{1,500})", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """A trace, a span of it, or a row of an experiment (which has a trace as well, where it ran)."""

    trace_id: str | None = None
    span_id: str | None = None
    experiment_id: str | None = None
    item_id: str | None = None
    repeat: int | None = None

    @property
    def kind(self) -> Kind:
        if self.experiment_id is not None:
            return "row"
        return "trace" if self.span_id is None else "span"

    def __str__(self) -> str:
        if self.experiment_id is not None:
            repeat = f":{self.repeat}" if self.repeat else ""
            return f"experiment:{self.experiment_id}{repeat}/{self.item_id}"
        return f"{self.trace_id}/{self.span_id}" if self.span_id else str(self.trace_id)

    def to_dict(self) -> dict[str, Any]:
        """Those fields that say something: also what a score on it carries."""
        fields = ("trace_id", "span_id", "experiment_id", "item_id", "repeat")
        return {name: value for name in fields if (value := getattr(self, name)) is not None}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Ref:
        """The other way about."""
        return cls(**stored)


def read_ref(text: str) -> Ref:
    """`TRACE_ID`, `TRACE_ID/SPAN_ID`, `experiment:ID/ITEM`, or `experiment:ID:REPEAT/ITEM`.

    Raises:
        InvalidRequest: it is none of these.
    """
    text = text.strip()
    if found := _SPANS.fullmatch(text.lower()):
        return Ref(trace_id=found[1], span_id=found[2])
    if found := _ROW.fullmatch(text):
        return Ref(experiment_id=found[1], repeat=int(found[2] or 0), item_id=found[3])
    raise InvalidRequest(
        f"{text[:200]!r} names nothing that can be reviewed.",
        hint="Write TRACE_ID, TRACE_ID/SPAN_ID or experiment:EXPERIMENT_ID/ITEM_ID.",
    )


def hash_of(ref: Ref, against: Ref | None) -> str:
    """The same for the same thing, however much is known of it."""
    return content_hash([str(ref), str(against) if against else None])
