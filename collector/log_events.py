"""What log records hold for us: GenAI events, which belong to a span, and evaluations' results, which are scores. Pure.

Several instrumentations put prompts and answers into log records only. They come in requests of their own, before
their span or after it.

Source: open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-events.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from assay import semconv
from assay.collector.announcements import Announced
from assay.collector.batch import SpanKey
from assay.collector.canonical import project_of
from assay.collector.convert import Filing
from assay.collector.decode import Attributes, DecodedSpan
from assay.collector.decode_logs import DecodedLog
from assay.collector.values import as_number, as_text, to_json

GEN_AI_EVENT = "gen_ai."
EVALUATION_RESULT = "gen_ai.evaluation.result"
EVALUATION_NAME = "gen_ai.evaluation.name"
EVALUATION_VALUE = "gen_ai.evaluation.score.value"
EVALUATION_LABEL = "gen_ai.evaluation.score.label"
EVALUATION_EXPLANATION = "gen_ai.evaluation.explanation"
BODY = "body"  # the attribute of an event that holds a log record's body

# A score that names one of these was given by a model
MODEL_ATTRIBUTES = (
    semconv.GEN_AI_REQUEST_MODEL,
    semconv.GEN_AI_RESPONSE_MODEL,
    semconv.GEN_AI_PROVIDER_NAME,
    semconv.GEN_AI_OPERATION_NAME,
)
SAID_ELSEWHERE = (
    EVALUATION_NAME,
    EVALUATION_VALUE,
    EVALUATION_EXPLANATION,
    semconv.ERROR_TYPE,
    "event.name",
)

Event = dict[str, Any]
ScoreRow = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """An event, and the span it belongs to."""

    key: SpanKey
    event: Event


@dataclass(slots=True)
class Sorted:
    """The log records of one request by what becomes of them."""

    events: list[SpanEvent] = field(default_factory=list)
    scores: list[ScoreRow] = field(default_factory=list)
    open: Announced = field(default_factory=Announced)
    rejected: list[str] = field(default_factory=list)
    dropped: int = 0  # no GenAI events, or events that name no span: nothing is made of them here


def filed_under(resource: Attributes, filing: Filing) -> str:
    """The project of what comes from `resource`."""
    return filing.only or project_of(resource, filing.fallback)


def sort_records(records: Iterable[DecodedLog], filing: Filing) -> Sorted:
    found = Sorted()
    for record in records:
        project = filed_under(record.resource, filing)
        if record.event_name == EVALUATION_RESULT:
            score = evaluation_score(
                _fields(record),
                key=(project, record.trace_id, record.span_id),
                time=record.time,
                received_at=filing.received_at,
                author=record.scope.name,
            )
            if score is None:
                found.rejected.append(f"{EVALUATION_RESULT} needs {EVALUATION_NAME}")
            else:
                found.scores.append(score)
        elif record.event_name.startswith(GEN_AI_EVENT) and record.trace_id and record.span_id:
            event = {"name": record.event_name, "time_unix_nano": record.time, "attributes": _fields(record)}
            found.events.append(SpanEvent((project, record.trace_id, record.span_id), event))
        elif not found.open.take(record, project, filing.received_at):
            found.dropped += 1
    return found


def _fields(record: DecodedLog) -> Attributes:
    return record.attributes if record.body is None else {**record.attributes, BODY: record.body}


def evaluation_score(
    attributes: Attributes, *, key: tuple[str, str | None, str | None], time: int, received_at: int, author: str
) -> ScoreRow | None:
    """A result of an evaluation as a row of `score_log`; None where it does not say what was evaluated.

    Its id is made from what it says, so that the same result sent again is known.
    """
    body = attributes.get(BODY)
    said = {**body, **attributes} if isinstance(body, dict) else attributes
    name = as_text(said.get(EVALUATION_NAME))
    if name is None:
        return None
    project, trace_id, span_id = key
    number, label = as_number(said.get(EVALUATION_VALUE)), as_text(said.get(EVALUATION_LABEL))
    value = label if number is None else number
    error = as_text(said.get(semconv.ERROR_TYPE)) if value is None else None
    rest = {name: value for name, value in said.items() if name not in SAID_ELSEWHERE and name != BODY}
    return {
        "id": hashlib.blake2b(_identity([*key, time, said]), digest_size=16).hexdigest(),
        "project": project,
        "name": name,
        "value": None if value is None else to_json(value),
        "explanation": as_text(said.get(EVALUATION_EXPLANATION)),
        "source": "llm" if any(attribute in said for attribute in MODEL_ATTRIBUTES) else "code",
        "author": author or None,
        "trace_id": trace_id,
        "span_id": span_id,
        "session_id": None,
        "experiment_id": None,
        "item_id": None,
        "repeat": None,
        "status": "scorer_error" if value is None else "scored",
        "error": None if value is not None else error or "the result has no value",
        "metadata": to_json(rest) if rest else None,
        "created_at": time or received_at,
    }


def scores_of_span(span: DecodedSpan, project: str, received_at: int) -> list[ScoreRow]:
    """The results of evaluations among a span's events."""
    scores = (
        evaluation_score(
            event["attributes"],
            key=(project, span.trace_id, span.span_id),
            time=event["time_unix_nano"],
            received_at=received_at,
            author=span.scope.name,
        )
        for event in span.events
        if event["name"] == EVALUATION_RESULT
    )
    return [score for score in scores if score is not None]


def with_events(present: Sequence[Event], added: Iterable[Event]) -> list[Event]:
    """`present` and what is new of `added`, in order of time."""
    known = {_identity(event) for event in present}
    new = {_identity(event): event for event in added}
    all_events = [*present, *(event for identity, event in new.items() if identity not in known)]
    return sorted(all_events, key=lambda event: event.get("time_unix_nano") or 0)


def _identity(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str)


def response_id(attributes: Mapping[str, Any]) -> str | None:
    """The provider's id of an answer: what an evaluation that names no span is linked by."""
    return as_text(attributes.get(semconv.GEN_AI_RESPONSE_ID))
