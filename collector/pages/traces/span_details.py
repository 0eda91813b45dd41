"""One span → what its details show. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.collector.human_scores import NOTE
from assay.collector.pages.content.stack_trace import Section, sections_of
from assay.collector.pages.formats import nanoseconds, plain
from assay.collector.pages.json_tokens import structured
from assay.collector.pages.traces.messages import Conversation, conversation, mappings

TABS = {
    "messages": "Messages",
    "io": "Input/Output",
    "attributes": "Attributes",
    "events": "Events/Errors",
    "scores": "Scores & notes",
    "raw": "Raw",
}
ATTRIBUTE_LIMIT = 128  # of OpenTelemetry's SDKs, unless the line below says otherwise
LIMIT_LINE = "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=4096"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionEvent:
    type: str
    message: str
    stack: list[Section]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    name: str
    offset_ms: float | None  # after the start of the span
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a retriever found or a reranker sorted."""

    id: str
    score: float | None
    content: str
    metadata: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanDetails:
    span: Mapping[str, Any]
    tab: str
    tabs: list[tuple[str, str, int | None]]  # key, label, how many things are in it
    conversation: Conversation
    exceptions: list[ExceptionEvent]
    events: list[Event]
    documents: list[Document]
    scores: list[Mapping[str, Any]]  # of this span
    trace_scores: list[Mapping[str, Any]]  # of the whole trace
    dropped_attributes: int
    model: str | None
    input: Any
    output: Any


def span_details(
    span: Mapping[str, Any], tab: str | None = None, *, scores: Sequence[Mapping[str, Any]] = ()
) -> SpanDetails:
    """What to show of `span`; without a (known) `tab`, the first one that has something to read.

    Args:
        scores: of the trace with all of its spans.
    """
    talk = conversation(span)
    exceptions, events = _events(span)
    said = [score for score in scores if score.get("value") is not None or score.get("error")]
    own = [score for score in said if score.get("span_id") == span["span_id"]]
    of_trace = [score for score in said if not score.get("span_id")]
    counts = {
        "messages": len(talk.earlier) + len(talk.shown),
        "attributes": len(span.get("attributes") or {}),
        "events": len(exceptions) + len(events),
        "scores": len(own) + len(of_trace),
    }
    first = next(key for key in TABS if counts.get(key, 1))
    return SpanDetails(
        span=span,
        tab=tab if tab in TABS else first,
        tabs=[(key, label, counts.get(key)) for key, label in TABS.items()],
        conversation=talk,
        exceptions=exceptions,
        events=events,
        documents=[_document(one) for one in mappings(span.get("documents"))],
        scores=own,
        trace_scores=of_trace,
        dropped_attributes=span.get("dropped_attributes_count") or 0,
        model=span.get("response_model") or span.get("request_model"),
        input=_recorded(span, "input"),
        output=_recorded(span, "output"),
    )


def matching(attributes: Mapping[str, Any] | None, text: str) -> dict[str, Any]:
    """The attributes that hold `text` in name or value, upper or lower case alike; all of them for an empty one."""
    wanted = text.lower()
    return {
        name: value
        for name, value in (attributes or {}).items()
        if not wanted or wanted in name.lower() or wanted in plain(value).lower()
    }


def is_note(score: Mapping[str, Any]) -> bool:
    return score.get("name") == NOTE and isinstance(score.get("value"), str)


def _recorded(span: Mapping[str, Any], side: str) -> Any:
    """Input or output as it was recorded where that is JSON, which says more than the readable text made of it."""
    value = (span.get("attributes") or {}).get(f"{side}.value")
    return value if isinstance(value, str) and structured(value) is not None else span.get(side)


def _document(document: Mapping[str, Any]) -> Document:
    score = document.get("score")
    return Document(
        id=plain(document.get("id")),
        score=score if isinstance(score, int | float) else None,
        content=plain(document.get("content")),
        metadata=document.get("metadata"),
    )


def _events(span: Mapping[str, Any]) -> tuple[list[ExceptionEvent], list[Event]]:
    """Exceptions, which are read first, and all other events."""
    exceptions, events = [], []
    for event in mappings(span.get("events")):
        given = event.get("attributes")
        attributes = given if isinstance(given, Mapping) else {}
        if event.get("name") == "exception":
            exceptions.append(
                ExceptionEvent(
                    type=plain(attributes.get("exception.type")) or "exception",
                    message=plain(attributes.get("exception.message")),
                    stack=sections_of(plain(attributes.get("exception.stacktrace"))),
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
