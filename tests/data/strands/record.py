"""Records what Strands Agents sends: an agent with a tool, its session and user, an error.

    python -m venv /tmp/v && /tmp/v/bin/pip install 'strands-agents[openai,otel]' opentelemetry-exporter-otlp-proto-http
    /tmp/v/bin/python tests/data/strands/record.py [--latest]

With --latest it is asked for the newest conventions: one event with all messages instead of one for each.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
# read when the library is imported
os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = (
    "gen_ai_latest_experimental,gen_ai_tool_definitions" if "--latest" in sys.argv else ""
)

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from strands import Agent, tool
from strands.models.openai import OpenAIModel

from support.capture import capture
from support.openai_server import usage


@tool
def find_order(id: int) -> str:
    """Finds an order."""
    if id == 0:
        raise ValueError("no such order")
    return f"order {id} is shipped"


with capture(__file__, library="strands-agents") as recorder:
    if "--latest" in sys.argv:
        recorder.version += "-latest"
    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{recorder.url}/v1/traces")))
    trace.set_tracer_provider(provider)
    arguments = {"base_url": recorder.openai.url, "api_key": "none", "max_retries": 0}
    attached = {"session.id": "s1", "user.id": "u7", "tags": ["beta", "web"], "plan": "pro"}

    def agent() -> Agent:
        return Agent(
            OpenAIModel(client_args=arguments, model_id="gpt-4o-mini", params={"temperature": 0.2}),
            name="support",
            tools=[find_order],
            system_prompt="Be brief.",
            trace_attributes=attached,
            callback_handler=None,
        )

    with recorder.case("chat", provider.force_flush) as server:
        server.reply(text="On its way.", usage=usage(input=120, output=30, cached=100, reasoning=20))
        agent()("Where is my order?")
    with recorder.case("tools", provider.force_flush) as server:
        server.reply(tool_calls=[("call_1", "find_order", {"id": 42})], usage=usage(input=60, output=9, cached=20))
        server.reply(text="On its way.", usage=usage(input=120, output=30, cached=100, reasoning=20))
        agent()("Where is my order?")
    with recorder.case("tool-error", provider.force_flush) as server:
        server.reply(tool_calls=[("call_1", "find_order", {"id": 0})], usage=usage(input=60, output=9))
        server.reply(text="There is none.", usage=usage(input=120, output=30))
        agent()("Where is my order?")
    with recorder.case("error", provider.force_flush) as server, contextlib.suppress(Exception):
        server.reply(status=400, error="no such model")
        agent()("Where is my order?")
