"""What the ingest benchmarks send: OTLP requests of eight-span traces as a GenAI application makes them.

An agent retrieves, calls tools and calls a model three times, each call with the conversation so far. Words are drawn
at random, some often and most rarely, so that nothing compresses better than it would in life. A span has some 2 KB.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import accumulate

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import Tracer

SPANS_PER_TRACE = 8
MARK = b"\xa5\x5a\xc3\x3c"  # starts every trace id, and is replaced where the same requests are sent once more
SYLLABLES = [consonant + vowel for consonant in "bdgklmnprst" for vowel in "aeio"]

random_source = random.Random(7)
WORDS = ["".join(random_source.choices(SYLLABLES, k=random_source.randint(1, 4))) for _ in range(4000)]
CUMULATIVE = list(accumulate(1 / (rank + 1) for rank in range(len(WORDS))))


class _Ids(IdGenerator):
    """Trace ids that start with MARK, all different."""

    def __init__(self) -> None:
        self._last = 0

    def generate_trace_id(self) -> int:
        self._last += 1
        return int.from_bytes(MARK + self._last.to_bytes(12, "big"), "big")

    def generate_span_id(self) -> int:
        self._last += 1
        return self._last


def words(count: int) -> str:
    return " ".join(random_source.choices(WORDS, cum_weights=CUMULATIVE, k=count))


SYSTEM = words(120)


def _message(role: str, text: str) -> dict[str, object]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _trace(tracer: Tracer, number: int) -> None:
    question, answer = words(40), words(160)
    agent = {
        "openinference.span.kind": "AGENT",
        "input.value": question,
        "output.value": answer,
        "session.id": f"session-{number % 500}",
        "user.id": f"user-{number % 97}",
    }
    messages = [_message("system", SYSTEM), _message("user", question)]
    with tracer.start_as_current_span("answer", attributes=agent):
        found = {"openinference.span.kind": "RETRIEVER", "input.value": question, "output.value": words(240)}
        with tracer.start_as_current_span("search", attributes=found):
            pass
        for turn in range(3):
            reply = _message("assistant", words(100) if turn < 2 else answer)
            call = {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-4o-mini",
                "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
                "gen_ai.response.id": f"chatcmpl-{number}-{turn}",
                "gen_ai.request.temperature": 0.2,
                "gen_ai.request.max_tokens": 1024,
                "gen_ai.input.messages": json.dumps(messages),
                "gen_ai.output.messages": json.dumps([{**reply, "finish_reason": "stop"}]),
                "gen_ai.usage.input_tokens": random_source.randint(200, 2000),
                "gen_ai.usage.output_tokens": random_source.randint(40, 400),
                "gen_ai.usage.cache_read.input_tokens": 64 * (turn > 0),
                "gen_ai.response.finish_reasons": ["stop"],
            }
            with tracer.start_as_current_span("chat gpt-4o-mini", attributes=call):
                pass
            if turn < 2:
                tool = {
                    "openinference.span.kind": "TOOL",
                    "tool.name": "lookup",
                    "input.value": json.dumps({"order": number, "query": words(8)}),
                    "output.value": words(120),
                }
                with tracer.start_as_current_span("lookup", attributes=tool):
                    pass
            messages = [*messages, reply, _message("user", words(40))]
        with tracer.start_as_current_span("GET /orders", attributes={"http.route": "/orders", "http.status_code": 200}):
            pass


def requests(spans_per_request: int, spans: int) -> Iterator[bytes]:
    """Export requests that hold `spans` spans together, all of them different."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "bench"}), id_generator=_Ids())
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("bench")
    waiting: list[ReadableSpan] = []
    for number in range(spans // SPANS_PER_TRACE):
        _trace(tracer, number)
        waiting += exporter.get_finished_spans()
        exporter.clear()
        if len(waiting) >= spans_per_request:
            yield encode_spans(waiting).SerializeToString()
            waiting = []
    if waiting:
        yield encode_spans(waiting).SerializeToString()


def again(request: bytes, time: int) -> bytes:
    """The request with trace ids of its own, for the `time`-th time it is sent."""
    return request.replace(MARK, (int.from_bytes(MARK, "big") ^ time).to_bytes(4, "big"))
