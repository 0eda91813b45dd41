"""One span → what its details show. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assay.collector.pages.formats import nanoseconds, plain
from assay.collector.pages.json_tokens import structured
from assay.collector.pages.traces.messages import Conversation, conversation

TABS = {
    "messages": "Messages",
    "io": "Input / Output",
    "attributes": "Attributes",
    "events": "Events",
    "scores": "Scores",
    "raw": "Raw",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionEvent:
    type: str
    message: str
    stack: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    name: str
    offset_ms: float | None  # after the start of the span
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanDetails:
    span: Mapping[str, Any]
    tab: str
    tabs: list[tuple[str, str, int | None]]  # key, label, how many things are in it
    conversation: Conversation
    exceptions: list[ExceptionEvent]
    events: list[Event]
    scores: list[Mapping[str, Any]]
    model: str | None
    input: Any
    output: Any


def span_details(span: Mapping[str, Any], tab: str | None = None) -> SpanDetails:
    """What to show of `span`; without a (known) `tab`, the first one that has something to read."""
    talk = conversation(span)
    exceptions, events = _events(span)
    scores = [score for score in span.get("scores") or [] if isinstance(score, Mapping)]
    counts = {
        "messages": len(talk.earlier) + len(talk.shown),
        "attributes": len(span.get("attributes") or {}),
        "events": len(exceptions) + len(events),
        "scores": len(scores),
    }
    shown = [key for key in TABS if counts.get(key, 1) or key in ("attributes", "scores")]
    return SpanDetails(
        span=span,
        tab=tab if tab in TABS else shown[0],
        tabs=[(key, TABS[key], counts.get(key)) for key in TABS if key in shown or key == tab],
        conversation=talk,
        exceptions=exceptions,
        events=events,
        scores=scores,
        model=span.get("response_model") or span.get("request_model"),
        input=_recorded(span, "input"),
        output=_recorded(span, "output"),
    )


def _recorded(span: Mapping[str, Any], side: str) -> Any:
    """Input or output as it was recorded where that is JSON, which says more than the readable text made of it."""
    value = (span.get("attributes") or {}).get(f"{side}.value")
    return value if isinstance(value, str) and structured(value) is not None else span.get(side)


def _events(span: Mapping[str, Any]) -> tuple[list[ExceptionEvent], list[Event]]:
    """Exceptions, which are read first, and all other events."""
    exceptions, events = [], []
    for event in span.get("events") or []:
        if not isinstance(event, Mapping):
            continue
        given = event.get("attributes")
        attributes = given if isinstance(given, Mapping) else {}
        if event.get("name") == "exception":
            exceptions.append(
                ExceptionEvent(
                    type=plain(attributes.get("exception.type")) or "exception",
                    message=plain(attributes.get("exception.message")),
                    stack=plain(attributes.get("exception.stacktrace")),
                )
            )
        else:
            events.append(
                Event(
                    name=plain(event.get("name")) or "(no name)",
                    offset_ms=_offset_ms(span, event),
                    attributes=attributes,
                )
            )
    return exceptions, events


def _offset_ms(span: Mapping[str, Any], event: Mapping[str, Any]) -> float | None:
    """None for an event without a time: a sender may leave it out."""
    time = str(event.get("time_unix_nano") or "")
    return (int(time) - nanoseconds(span["start_time"])) / 1e6 if time.isdecimal() else None
