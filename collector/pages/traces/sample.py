"""Sample traces for a project that has none: half a day of a small support assistant, as an OTLP request. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TAG = "sample"  # on every one of them, so that they can be found and deleted
MS, MINUTE_NS = 10**6, 60 * 10**9
APART_NS = 30 * MINUTE_NS
SEARCH_MS = 240
SYSTEM = "You are the support assistant of a shop for indoor plants. Answer briefly, from the articles alone."
LIMITED = "429, too many requests: try again in 2 s"

Attributes = Mapping[str, str | int | float | list[str]]


@dataclass(frozen=True, slots=True)
class Turn:
    """`answer` is None where the model refused. `call_ms`: how long it took."""

    user: str
    session: str
    topic: str
    question: str
    answer: str | None
    call_ms: int


TURNS = (
    Turn(
        "user-1", "session-1-1", "plants", "How often does a fern need water?", "Twice a week, and less in winter.", 820
    ),
    Turn("user-1", "session-1-1", "plants", "And in summer?", "Every other day while it is hot.", 760),
    Turn("user-2", "session-2-1", "orders", "Where is my order M-10455?", "It left our house yesterday.", 940),
    Turn("user-2", "session-2-1", "orders", "Can I still change its address?", "No, it is on its way already.", 870),
    Turn("user-3", "session-3-1", "returns", "May I return a plant?", "Within 14 days, in its pot.", 1010),
    Turn("user-4", "session-4-1", "orders", "Do you ship to Norway?", None, 410),
    Turn("user-4", "session-4-1", "orders", "Once more: do you ship to Norway?", "Yes, within five days.", 980),
    Turn("user-3", "session-3-2", "plants", "Why are the leaves yellow?", "Most often from too much water.", 4200),
    Turn("user-2", "session-2-2", "returns", "Who pays for the return?", "We do, with the label in the parcel.", 890),
    Turn("user-1", "session-1-2", "plants", "Which plant likes shade?", "The cast-iron plant, and most ferns.", 1130),
    Turn("user-4", "session-4-2", "orders", "Can I pay by invoice?", "From the second order on.", 800),
    Turn("user-3", "session-3-3", "returns", "My parcel came open.", "Send us a picture, and you get a new one.", 1240),
)


def sample_request(now_ns: int, seed: str) -> bytes:
    """Traces that end at `now_ns`, as OTLP in JSON. `seed`: 24 hexadecimal digits that begin the id of each."""
    spans = [
        span
        for number, turn in enumerate(TURNS)
        for span in _spans(turn, f"{seed}{number:08x}", now_ns - (len(TURNS) - number) * APART_NS)
    ]
    resource = {"attributes": _listed({"service.name": "support-assistant"})}
    request = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "sample"}, "spans": spans}]}]}
    return json.dumps(request).encode()


def _spans(turn: Turn, trace_id: str, start: int) -> Iterator[dict[str, Any]]:
    """The answer, and within it the search for articles and the call of the model."""
    called = start + (SEARCH_MS + 10) * MS
    end = called + turn.call_ms * MS
    whole: Attributes = {
        "openinference.span.kind": "AGENT",
        "input.value": turn.question,
        "user.id": turn.user,
        "session.id": turn.session,
        "tag.tags": [TAG, turn.topic],
        **({"output.value": turn.answer} if turn.answer else {}),
    }
    found: Attributes = {
        "openinference.span.kind": "RETRIEVER",
        "input.value": turn.question,
        "retrieval.documents.0.document.id": f"articles/{turn.topic}.md",
        "retrieval.documents.0.document.content": turn.answer or "Nothing was found.",
        "retrieval.documents.0.document.score": 0.87,
    }
    ids = [f"{number:x}{trace_id[-15:]}" for number in (1, 2, 3)]
    fails = turn.answer is None
    yield _span("answer", trace_id, ids[0], None, start, end + 5 * MS, whole, fails=fails)
    yield _span("search_articles", trace_id, ids[1], ids[0], start + 5 * MS, start + SEARCH_MS * MS, found)
    yield _span("chat gpt-4o-mini", trace_id, ids[2], ids[0], called, end, _call(turn), fails=fails)


def _call(turn: Turn) -> Attributes:
    asked = [_message("system", SYSTEM), _message("user", turn.question)]
    call: dict[str, str | int | float | list[str]] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.request.temperature": 0.2,
        "gen_ai.input.messages": json.dumps(asked),
    }
    if turn.answer:
        call["gen_ai.output.messages"] = json.dumps([_message("assistant", turn.answer) | {"finish_reason": "stop"}])
        call |= {"gen_ai.usage.input_tokens": 60 + len(turn.question), "gen_ai.usage.output_tokens": len(turn.answer)}
    return call


def _message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _span(
    name: str,
    trace_id: str,
    span_id: str,
    parent_id: str | None,
    start: int,
    end: int,
    attributes: Attributes,
    *,
    fails: bool = False,
) -> dict[str, Any]:
    span: dict[str, Any] = {
        "name": name,
        "traceId": trace_id,
        "spanId": span_id,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(end),
        "attributes": _listed(attributes),
        **({"parentSpanId": parent_id} if parent_id else {}),
    }
    if fails:
        raised = {"exception.type": "RateLimitError", "exception.message": LIMITED}
        span["status"] = {"code": 2, "message": LIMITED}
        span["events"] = [{"name": "exception", "timeUnixNano": str(end), "attributes": _listed(raised)}]
    return span


def _listed(attributes: Attributes) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value: str | int | float | list[str]) -> dict[str, Any]:
    if isinstance(value, list):
        return {"arrayValue": {"values": [{"stringValue": one} for one in value]}}
    if isinstance(value, str):
        return {"stringValue": value}
    return {"intValue": str(value)} if isinstance(value, int) else {"doubleValue": value}
