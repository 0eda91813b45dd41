"""The traces of a session → turns of a conversation: what was said to the application, and what it answered. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assay.collector.pages.formats import readable
from assay.collector.pages.json_tokens import structured
from assay.collector.pages.traces.messages import Message, Part


@dataclass(frozen=True, slots=True)
class SessionTurn:
    trace: Mapping[str, Any]
    messages: list[Message]

    @property
    def has_failed(self) -> bool:
        return bool(self.trace["status"] == "error")


def turns_of_session(traces: Iterable[Mapping[str, Any]]) -> list[SessionTurn]:
    return [SessionTurn(trace, [_bubble("user", trace), _bubble("assistant", trace)]) for trace in traces]


def _bubble(role: str, trace: Mapping[str, Any]) -> Message:
    given = trace["input"] if role == "user" else trace["output"]
    parts = [] if given in (None, "") else [_part(given)]
    return Message(role=role, label=role.title(), parts=parts)


def _part(given: str) -> Part:
    """Text as it is; the arguments of a function as a person would say them, where that is short, else as JSON."""
    value = structured(given)
    if value is None:
        return Part(kind="text", text=given)
    if isinstance(value, dict) and len(value) == 1 and isinstance(only := next(iter(value.values())), str):
        return Part(kind="text", text=only)
    return Part(kind="other", name=readable(given, 60), result=value)
