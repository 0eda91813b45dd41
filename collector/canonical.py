"""Decoded spans -> rows of the span table, whatever dialect they speak. Pure.

What was sent is kept as it came, in `attributes`, `resource`, `events` and `links`. Every other column is what the
dialects make of it; a column that none of them can fill is null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from operator import is_
from typing import Any

from assay import semconv
from assay.collector.chat_message import Message
from assay.collector.decode import DecodedSpan
from assay.collector.dialects import DIALECTS, Dialect
from assay.collector.dialects.dialect import EVENTS, NAME, RESOURCE, SCOPE, SPAN_KIND, Function
from assay.collector.message_text import all_text, answer_text, last_user_text, tool_calls
from assay.collector.providers import as_provider
from assay.collector.tokens import Tokens, excludes_cached, totals
from assay.collector.values import (
    INT64_MAX,
    as_count,
    as_integer,
    as_list,
    as_number,
    as_object,
    as_structure,
    as_text,
    parse_json,
    to_json,
)
from assay.prices import cost_usd
from assay.settings import DEFAULT_PROJECT

Attributes = Mapping[str, Any]

GENERIC = "generic"
EXCEPTION_EVENTS = ("exception", "gen_ai.client.operation.exception")

# column -> how whatever a sender wrote there is read
READERS: dict[str, Callable[[Any], Any]] = {
    "kind": as_text,
    "operation": as_text,
    "provider": as_provider,
    "request_model": as_text,
    "response_model": as_text,
    "finish_reasons": as_list,
    "model_parameters": as_object,
    "input_messages": as_structure,
    "output_messages": as_structure,
    "tools": as_structure,
    "input": as_text,
    "output": as_text,
    "documents": as_structure,
    "tool_name": as_text,
    "input_tokens": as_count,
    "output_tokens": as_count,
    "total_tokens": as_count,
    "cache_read_tokens": as_count,
    "cache_write_tokens": as_count,
    "reasoning_tokens": as_count,
    "cost_usd": as_number,
    "session_id": as_text,
    "user_id": as_text,
    "tags": as_list,
    "metadata": as_object,
    "prompt_name": as_text,
    "prompt_version": as_integer,
    "ab_test": as_text,
    "ab_arm": as_text,
    "experiment_id": as_text,
    "item_id": as_text,
    "trace_name": as_text,
    "environment": as_text,
    "release": as_text,
    "status": as_text,
    "status_message": as_text,
}


def span_row(span: DecodedSpan, *, received_at: int, project: str | None = None) -> list[Any]:
    """One row, in the order of SPAN_COLUMNS.

    Args:
        received_at: nanoseconds since the epoch.
        project: of the request (header), where the resource names none.
    """
    attributes, resource = span.attributes, span.resource
    found, label = _coalesce(span)
    start, end = span.start_time, span.end_time
    start = start if start < INT64_MAX else INT64_MAX - 1
    end = start if end < start else end if end < INT64_MAX else INT64_MAX - 1
    inputs, outputs = found["input_messages"], found["output_messages"]
    provider, tokens = found["provider"], _tokens(found, span.scope.name)
    cost = found["cost_usd"]
    if cost is None and found["kind"] in ("llm", "embedding"):
        cost = cost_usd(
            provider=provider,
            models=(found["response_model"], found["request_model"]),
            at=start,
            input_tokens=tokens.input,
            output_tokens=tokens.output,
            cache_read_tokens=found["cache_read_tokens"],
            cache_write_tokens=found["cache_write_tokens"],
        )
    calls = [name for part in tool_calls(outputs) if (name := as_text(part.get("name")))]
    return [
        project_of(resource, project),
        span.trace_id,
        span.span_id,
        span.parent_span_id,
        span.name,
        found["kind"],
        found["operation"],
        label,
        start,
        end,
        (end - start) / 1e6,
        _status(span, found["status"]),
        span.status_message or found["status_message"] or _exception_message(span),
        as_text(resource.get(semconv.SERVICE_NAME)),
        found["environment"]
        or as_text(resource.get(semconv.DEPLOYMENT_ENVIRONMENT_NAME))
        or as_text(resource.get("deployment.environment")),
        found["release"] or as_text(resource.get(semconv.SERVICE_VERSION)),
        found["session_id"],
        found["user_id"],
        found["tags"],
        _json(found["metadata"]),
        provider,
        found["request_model"],
        found["response_model"],
        found["finish_reasons"] or _finish_reasons(outputs),
        _json(found["model_parameters"]),
        _as_sent(attributes.get(semconv.GEN_AI_INPUT_MESSAGES), inputs),
        _as_sent(attributes.get(semconv.GEN_AI_OUTPUT_MESSAGES), outputs),
        _as_sent(attributes.get(semconv.GEN_AI_TOOL_DEFINITIONS), found["tools"]),
        (all_text(inputs) if found["kind"] == "embedding" else last_user_text(inputs)) or found["input"],
        answer_text(outputs) or found["output"],
        _json(found["documents"]),
        _tool_name(span, found),
        calls or None,
        tokens.input,
        tokens.output,
        tokens.total,
        found["cache_read_tokens"],
        found["cache_write_tokens"],
        found["reasoning_tokens"],
        cost,
        found["prompt_name"],
        found["prompt_version"],
        found["ab_test"],
        found["ab_arm"],
        found["experiment_id"],
        found["item_id"],
        attributes,
        resource,
        _json(span.events),
        _json(span.links),
        found["trace_name"],
        span.scope.name or None,
        span.scope.version or None,
        span.span_kind,
        span.trace_state,
        span.dropped_attributes_count,
        received_at,
    ]


def project_of(resource: Attributes, header: str | None) -> str:
    """The project a span is filed under: what its resource says, else the request's header, else the service's name."""
    named = (
        as_text(resource.get(semconv.ASSAY_PROJECT))
        or as_text(resource.get(semconv.OPENINFERENCE_PROJECT_NAME))
        or header
    )
    if named:
        return named
    service = as_text(resource.get(semconv.SERVICE_NAME))
    return service if service and not service.startswith("unknown_service") else DEFAULT_PROJECT


def _coalesce(span: DecodedSpan) -> tuple[dict[str, Any], str]:
    """Every column that dialects can fill, and the label of the first dialect that recognises the span."""
    attributes, events, scope = span.attributes, span.events, span.scope.name
    names = tuple(attributes)
    if len(names) > MANY_NAMES:
        names = _gist(names)
    plan, label = _plan(names, scope, _declared(events) if events else ())
    said = _Said(attributes)
    said[NAME], said[SCOPE], said[SPAN_KIND] = span.name, scope, span.span_kind
    said[EVENTS], said[RESOURCE] = events, span.resource
    found = dict.fromkeys(READERS)
    for column, read, ways in plan:
        for name, function in ways:
            value = read(said[name] if function is None else function(said))
            if value is not None:
                found[column] = value
                break
    return found, label


class _Said(dict[str, Any]):
    """What a span says. What it does not say is None: a function is asked wherever a name starts as it wants."""

    def __missing__(self, name: str) -> None:
        return None


Way = tuple[str, Function | None]  # a function of all that is said, or without one an attribute's name
Plan = tuple[tuple[str, Callable[[Any], Any], tuple[Way, ...]], ...]

MANY_NAMES = 64
FIELD_NAMES = frozenset(name for dialect in DIALECTS for names in dialect.fields.values() for name in names)
EVENT_PREFIXES = tuple({prefix for dialect in DIALECTS for prefix in dialect.events})
NOT_THE_FIRST = re.compile(r"\.[1-9][0-9]*(?:\.|$)")
SAID_BESIDE = (NAME, SPAN_KIND, RESOURCE)


def _gist(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names that decide the plan: of lists spread over numbered names the first item stands for all.

    Without this every turn of a conversation would need a plan of its own.
    """
    gist: dict[str, None] = {}
    for name in names:
        later = None if name in FIELD_NAMES else NOT_THE_FIRST.search(name)
        gist[name if later is None else name[: later.start() + 1]] = None
    return tuple(gist)


def _declared(events: list[dict[str, Any]]) -> tuple[str, ...]:
    """The names of the events that some dialect reads, each once."""
    return tuple(sorted({event["name"] for event in events if event["name"].startswith(EVENT_PREFIXES)}))


@lru_cache(maxsize=4096)
def _plan(names: tuple[str, ...], scope: str, events: tuple[str, ...]) -> tuple[Plan, str]:
    """What to try for each column of a span with these attributes, of this scope, with these events.

    Spans of one kind carry the same ones, over and over.
    """
    present: dict[str, Any] = {**dict.fromkeys(names), SCOPE: scope, **dict.fromkeys(SAID_BESIDE)}
    if events:
        present[EVENTS] = events
    speaking = [dialect for dialect in DIALECTS if _speaks(dialect, names, scope, events)]
    label = next((dialect.name for dialect in speaking if dialect.recognises(present)), GENERIC)
    ways = {column: tuple(_ways(column, speaking, present)) for column in READERS}
    return tuple((column, READERS[column], tried) for column, tried in ways.items() if tried), label


def _speaks(dialect: Dialect, names: tuple[str, ...], scope: str, events: tuple[str, ...]) -> bool:
    return (
        scope.startswith(dialect.scopes)
        or _any_starts(names, dialect.prefixes)
        or _any_starts(events, dialect.events)
        or dialect.prefixes == ("",)
    )


def _ways(column: str, dialects: list[Dialect], present: Attributes) -> Iterator[Way]:
    for dialect in dialects:
        yield from ((name, None) for name in dialect.fields.get(column, ()) if name in present)
        for function in dialect.functions_of(column):
            wanted = getattr(function, "needs", None)
            if wanted is None or _any_starts(present, wanted):
                yield "", function


def _any_starts(names: Iterable[str], prefixes: tuple[str, ...]) -> bool:
    return any(name.startswith(prefixes) for name in names)


def _tokens(found: dict[str, Any], scope: str) -> Tokens:
    if found["cache_read_tokens"] is None and found["cache_write_tokens"] is None and not found["reasoning_tokens"]:
        return totals(input=found["input_tokens"], output=found["output_tokens"], total=found["total_tokens"])
    return totals(
        input=found["input_tokens"],
        output=found["output_tokens"],
        total=found["total_tokens"],
        cached=(found["cache_read_tokens"] or 0) + (found["cache_write_tokens"] or 0),
        reasoning=found["reasoning_tokens"] or 0,
        input_excludes_cached=excludes_cached(scope, found["provider"]),
    )


def _tool_name(span: DecodedSpan, found: dict[str, Any]) -> str | None:
    if found["kind"] == "llm":  # the tools that a model asks for are in its answer
        return None
    return found["tool_name"] or (span.name if found["kind"] == "tool" else None)


def _finish_reasons(outputs: list[Message] | None) -> list[str] | None:
    """Where they only stand in the messages, as the conventions once had them."""
    return [message["finish_reason"] for message in outputs or () if message.get("finish_reason")] or None


def _status(span: DecodedSpan, found: str | None) -> str:
    # Any one of the three is enough to call it an error: many instrumentations set only one.
    if span.status != "unset":
        return span.status
    if semconv.ERROR_TYPE in span.attributes or _exception(span) is not None:
        return "error"
    return found if found in ("ok", "error") else "unset"


def _exception(span: DecodedSpan) -> dict[str, Any] | None:
    # An exception that was handled inside the span, and said so, does not make the span fail.
    for event in span.events:
        if event["name"] in EXCEPTION_EVENTS and str(event["attributes"].get("exception.escaped")).lower() != "false":
            return event
    return None


def _exception_message(span: DecodedSpan) -> str | None:
    """Of the exception that escaped; of a span that says itself that it failed, of the last one it tells of."""
    told = [event for event in span.events if event["name"] in EXCEPTION_EVENTS] if span.status == "error" else []
    event = _exception(span) or (told[-1] if told else None)
    return as_text(event["attributes"].get("exception.message")) if event else None


def _json(value: Any) -> str | None:
    return to_json(value) if value else None


def _as_sent(sent: Any, value: Any) -> str | None:
    """JSON of a value: the very text that was sent where that spells the same, since it is stored once already."""
    if not value or type(sent) is not str:
        return _json(value)
    spelled = parse_json(sent)
    if _is_same(spelled, value):
        return sent
    text = to_json(value)
    return sent if len(sent) >= len(text) and to_json(spelled) == text else text


def _is_same(spelled: Any, value: Any) -> bool:
    """Whether nothing was changed of what was read, told without looking into it."""
    if type(spelled) is list is type(value):
        return len(spelled) == len(value) and all(map(is_, spelled, value))
    return spelled is value
