"""What is told of a trace above its tree, and of one span alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from assay.command.columns import cost, count, duration, harmless, text, time
from assay.command.ink import Ink, wrapped

MOST_SCORES = 20
FACTS = {
    **{"session_id": "session", "user_id": "user", "models": "models", "tags": "tags", "prompt_name": "prompt"},
    **{"experiment_id": "experiment", "environment": "environment", "release": "release"},
}
SPAN_FACTS = (
    *("kind", "operation", "provider", "request_model", "response_model", "finish_reasons", "model_parameters"),
    *("tool_name", "tool_call_names", "input_tokens", "output_tokens", "total_tokens", "cache_read_tokens"),
    *("cache_write_tokens", "reasoning_tokens", "prompt_name", "prompt_version", "ab_test", "ab_arm", "experiment_id"),
    *("item_id", "session_id", "user_id", "tags", "metadata", "service_name", "environment", "release", "dialect"),
)


def trace_facts(trace: Mapping[str, Any], ink: Ink) -> Iterator[str]:
    """The head of a trace: how it ended and what it took, whose it is, its scores."""
    status = str(trace["status"])
    facts = [status.replace("_", " ")] if status != "unset" else []
    facts += [] if trace["duration_ms"] is None else [duration(trace["duration_ms"])]
    facts += [_number(trace["span_count"], "span")]
    facts += [_number(trace["error_count"], "error")] if trace["error_count"] else []
    facts += [] if trace["total_tokens"] is None else [_number(trace["total_tokens"], "token")]
    facts += [] if trace["cost_usd"] is None else [cost(trace["cost_usd"])]
    yield from _lines(text(trace["name"] or "(no name yet)"), ink, "error" if status == "error" else "name")
    yield from _lines(", ".join(facts), ink, "error" if status == "error" else None)
    yield from _lines(f"trace {text(trace['trace_id'])}, {time(trace['start_time'])} UTC", ink, "quiet")
    told = [f"{name} {text(trace[field])}" for field, name in FACTS.items() if trace.get(field)]
    yield from _lines(", ".join(told), ink, "quiet")
    scores = trace.get("scores") or []
    yield from _lines(", ".join(_score(each) for each in scores[:MOST_SCORES]), ink, None)
    if len(scores) > MOST_SCORES:
        yield f"{count(len(scores) - MOST_SCORES)} more scores"


def span_facts(span: Mapping[str, Any], ink: Ink, *, io: bool) -> Iterator[str]:
    """One span, whole but for `attributes`, which `--json` prints; with `io`, what went in and out."""
    failed = span["status"] == "error"
    yield from _lines(text(span["name"]) or "(no name)", ink, "error" if failed else "name")
    took = "running" if span["duration_ms"] is None else duration(span["duration_ms"])
    usd = "" if span["cost_usd"] is None else f", {cost(span['cost_usd'])}"
    yield from _lines(f"{text(span['status'])}, {took}{usd}", ink, "error" if failed else None)
    yield from _lines(f"span {text(span['span_id'])}, {time(span['start_time'])} UTC", ink, "quiet")
    for name in SPAN_FACTS:
        if span.get(name) not in (None, [], {}):
            yield from _lines(f"{name}: {text(span[name])}", ink, "quiet")
    if span.get("status_message"):
        yield from _lines(f"error: {text(span['status_message'])}", ink, "error")
    for event in span.get("events") or ():
        yield from _event(event, ink)
    if io:
        for name in ("input", "output"):
            if span.get(name) is not None:
                yield ""
                yield f"{name}:"
                yield from _whole(readable(span[name]), ink)


def readable(value: str) -> str:
    """JSON in lines; any other text as it is."""
    if value[:1] not in ("{", "["):
        return value
    try:
        return json.dumps(json.loads(value), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return value


def _event(event: Mapping[str, Any], ink: Ink) -> Iterator[str]:
    attributes = event.get("attributes") or {}
    yield from _lines(
        f"event {text(event.get('name'))}: {text(attributes.get('exception.message') or '')}", ink, "quiet"
    )
    if stack := attributes.get("exception.stacktrace"):
        yield from _whole(str(stack), ink)


def _whole(told: str, ink: Ink) -> Iterator[str]:
    for line in told.splitlines():
        for piece in wrapped(harmless(line.expandtabs(4)), ink.width - 2) or [""]:
            yield f"  {piece}".rstrip()


def _lines(told: str, ink: Ink, style: str | None) -> Iterator[str]:
    for piece in wrapped(told, ink.width):
        yield ink.paint(piece, style)


def _score(score: Mapping[str, Any]) -> str:
    return f"{text(score.get('name'))} = {text(score.get('value'))} ({text(score.get('source') or 'unknown')})"


def _number(number: int, word: str) -> str:
    return f"{count(number)} {word}{'s' * (number != 1)}"
