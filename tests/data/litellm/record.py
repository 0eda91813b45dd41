"""Records what LiteLLM's OpenTelemetry callback sends.

    python -m venv /tmp/v && /tmp/v/bin/pip install litellm==1.106.2 opentelemetry-sdk \
        opentelemetry-exporter-otlp-proto-http
    /tmp/v/bin/python tests/data/litellm/record.py            # its default form
    /tmp/v/bin/python tests/data/litellm/record.py --semconv  # OTEL_SEMCONV_STABILITY_OPT_IN (1.100 and later)

Recorded with 1.75.0 (openai 1.109), 1.80.0 (openai 2) and 1.106.2 (openai 2.54). A call is a `litellm_request` span
with a child `raw_gen_ai_request`, which holds what went over the wire.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.capture import capture
from support.openai_server import usage

SEMCONV = "--semconv" in sys.argv
SEARCH = {
    "type": "function",
    "function": {
        "name": "search",
        "description": "Searches the shop.",
        "parameters": {"type": "object", "properties": {"query": {"type": "string"}}},
    },
}
ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is my order?"}]
TWO_CALLS = [("call_1", "search", {"query": "order"}), ("call_2", "search", {"query": "invoice"})]

with capture(__file__, library="litellm") as recorder:
    os.environ["OTEL_EXPORTER"] = "otlp_http"
    os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf"
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = recorder.url + "/v1/traces"  # 1.75 takes it as it is
    os.environ["OTEL_SERVICE_NAME"] = "shop"
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    if SEMCONV:
        os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
        os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "SPAN_ONLY"
    import litellm
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    processors: list[Any] = []
    _init = BatchSpanProcessor.__init__

    def remembered(self: BatchSpanProcessor, *args: Any, **kwargs: Any) -> None:
        _init(self, *args, **kwargs)
        processors.append(self)

    BatchSpanProcessor.__init__ = remembered  # LiteLLM keeps its exporter to itself: this is how to flush it
    litellm.callbacks = ["otel"]
    where = {"api_base": recorder.openai.url, "api_key": "none", "max_retries": 0}
    model = "openai/gpt-4o-mini"

    def flush() -> None:
        # The callback runs on a thread of LiteLLM's own after the call has returned, with nothing to wait for.
        for _ in range(20):
            time.sleep(0.1)
            for processor in processors:
                processor.force_flush()
            if recorder.traces:
                time.sleep(0.2)
                for processor in processors:
                    processor.force_flush()
                return

    def case(name: str) -> Any:
        return recorder.case(f"semconv-{name}" if SEMCONV else name, flush)

    with case("chat") as server:
        server.reply(text="On its way.", usage=usage(input=120, output=30, cached=100, reasoning=20))
        metadata = {"session_id": "s1", "trace_user_id": "u7", "tags": ["beta"], "plan": "pro"}
        litellm.completion(model=model, messages=ASKED, temperature=0.2, user="u7", metadata=metadata, **where)
    with case("stream") as server:
        server.reply(text="On its way.", usage=usage(input=12, output=3, cached=4))
        options = {"include_usage": True}
        for _ in litellm.completion(model=model, messages=ASKED, stream=True, stream_options=options, **where):
            pass
    with case("tools") as server:
        server.reply(tool_calls=TWO_CALLS)
        litellm.completion(model=model, messages=ASKED, tools=[SEARCH], **where)
    with case("tools-stream") as server:
        server.reply(tool_calls=TWO_CALLS)
        for _ in litellm.completion(model=model, messages=ASKED, tools=[SEARCH], stream=True, **where):
            pass
    with case("tool-results") as server:
        server.reply(text="On its way.")
        calls = [
            {"id": key, "type": "function", "function": {"name": name, "arguments": '{"query": "order"}'}}
            for key, name, _ in TWO_CALLS[:1]
        ]
        history = [
            *ASKED,
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "tool", "tool_call_id": "call_1", "content": "shipped"},
        ]
        litellm.completion(model=model, messages=history, **where)
    with case("structured") as server:
        server.reply(text='{"answer": "On its way."}')
        litellm.completion(model=model, messages=ASKED, response_format={"type": "json_object"}, **where)
    with case("image") as server:
        server.reply(text="A parcel.")
        parts = [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "https://example.com/parcel.png"}},
        ]
        litellm.completion(model=model, messages=[{"role": "user", "content": parts}], **where)
    with case("embedding"):
        litellm.embedding(model="openai/text-embedding-3-small", input=["red shoes", "blue"], **where)
    with case("error") as server, suppress(Exception):
        server.reply(status=429, error="slow down")
        litellm.completion(model=model, messages=ASKED, **where)
    with case("choices") as server:
        server.reply(choices=["One.", "Two."])
        litellm.completion(model=model, messages=ASKED, n=2, **where)
    with case("reasoning") as server:
        server.reply(text="On its way.", reasoning="Orders are shipped.", usage=usage(input=9, output=9, reasoning=6))
        litellm.completion(model=model, messages=ASKED, **where)
    with case("async") as server:
        server.reply(text="On its way.")

        async def chat() -> None:
            await litellm.acompletion(model=model, messages=ASKED, **where)
            await asyncio.sleep(0.5)

        asyncio.run(chat())
