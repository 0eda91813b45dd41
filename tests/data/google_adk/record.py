"""Records what Google's Agent Development Kit sends: an agent with a tool, on Gemini and on OpenAI through LiteLLM.

    python -m venv /tmp/v && /tmp/v/bin/pip install google-adk litellm opentelemetry-exporter-otlp-proto-http
    /tmp/v/bin/python tests/data/google_adk/record.py [--latest | --events]

Version 1 puts requests and answers into attributes of its own. Version 2 keeps content only where the environment asks
for it: --latest asks for it on spans, --events in log records.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
# read when the library is imported
os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental" if len(sys.argv) > 1 else ""
os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = {
    "--latest": "SPAN_ONLY",
    "--events": "EVENT_ONLY",
}.get(sys.argv[-1], "")
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["GOOGLE_API_KEY"] = "none"

from google.adk.agents import LlmAgent
from google.adk.models.lite_llm import LiteLlm
from google.adk.runners import Runner
from google.adk.sessions import InMemorySessionService
from google.genai import types
from opentelemetry import trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from support.capture import capture
from support.openai_server import usage


def find_order(id: int) -> dict[str, Any]:
    """Finds an order."""
    if id == 0:
        raise ValueError("no such order")
    return {"status": "shipped", "id": id}


def gemini(*parts: dict[str, Any], **counts: int) -> dict[str, Any]:
    """An answer of Gemini, which counts thoughts beside the answer, cached tokens within the prompt."""
    counted = {"promptTokenCount": 120, "candidatesTokenCount": 10, "totalTokenCount": 150, "thoughtsTokenCount": 20}
    return {
        "candidates": [{"content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP", "index": 0}],
        "modelVersion": "gemini-2.5-flash",
        "responseId": "r1",
        "usageMetadata": {**counted, "cachedContentTokenCount": 100, **counts},
    }


async def ask(model: Any) -> None:
    sessions = InMemorySessionService()
    await sessions.create_session(app_name="shop", user_id="u7", session_id="s1")
    settings = types.GenerateContentConfig(temperature=0.2, max_output_tokens=100)
    agent = LlmAgent(
        name="support", model=model, instruction="Be brief.", tools=[find_order], generate_content_config=settings
    )
    runner = Runner(agent=agent, app_name="shop", session_service=sessions)
    question = types.Content(role="user", parts=[types.Part(text="Where is my order?")])
    async for _ in runner.run_async(user_id="u7", session_id="s1", new_message=question):
        pass


with capture(__file__, library="google-adk") as recorder:
    if len(sys.argv) > 1:
        recorder.version += sys.argv[-1].removeprefix("-")
    os.environ["GOOGLE_GEMINI_BASE_URL"] = recorder.openai.url.removesuffix("/v1")
    resource = Resource({"service.name": "shop"})
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter(f"{recorder.url}/v1/logs")))
    set_logger_provider(logs)
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{recorder.url}/v1/traces")))
    trace.set_tracer_provider(provider)
    openai = LiteLlm("openai/gpt-4o-mini", api_base=recorder.openai.url, api_key="none", num_retries=0, max_retries=0)
    call = {"functionCall": {"id": "call_1", "name": "find_order", "args": {"id": 42}}}

    with recorder.case("gemini", provider.force_flush) as server:
        server.reply(raw=gemini({"text": "Orders are shipped.", "thought": True}, {"text": "On its way."}))
        asyncio.run(ask("gemini-2.5-flash"))
    with recorder.case("gemini-tools", provider.force_flush) as server:
        server.reply(raw=gemini(call))
        server.reply(raw=gemini({"text": "On its way."}))
        asyncio.run(ask("gemini-2.5-flash"))
    with recorder.case("openai", provider.force_flush) as server:
        server.reply(tool_calls=[("call_1", "find_order", {"id": 42})], usage=usage(input=60, output=9, cached=20))
        server.reply(text="On its way.", usage=usage(input=120, output=30, cached=100, reasoning=20))
        asyncio.run(ask(openai))
    with recorder.case("tool-error", provider.force_flush) as server, contextlib.suppress(Exception):
        server.reply(tool_calls=[("call_1", "find_order", {"id": 0})], usage=usage(input=60, output=9))
        asyncio.run(ask(openai))
    with recorder.case("error", provider.force_flush) as server, contextlib.suppress(Exception):
        server.reply(status=400, error="no such model")
        asyncio.run(ask(openai))
