"""Records what Haystack sends: a pipeline with documents, an agent with a tool, an error.

    python -m venv /tmp/v && /tmp/v/bin/pip install haystack-ai opentelemetry-haystack
    /tmp/v/bin/pip install opentelemetry-exporter-otlp-proto-http
    HAYSTACK_CONTENT_TRACING_ENABLED=true /tmp/v/bin/python tests/data/haystack/record.py

Version 3 moved its tracer to opentelemetry-haystack.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ["HAYSTACK_CONTENT_TRACING_ENABLED"] = "true"  # read when the library is imported
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "false"

from haystack import Document, Pipeline, tracing
from haystack.components.agents import Agent
from haystack.components.builders import ChatPromptBuilder
from haystack.components.embedders import OpenAITextEmbedder
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
from haystack.dataclasses import ChatMessage
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.tools import tool
from haystack.utils import Secret
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from support.capture import capture
from support.openai_server import usage

SYSTEM = "Answer from: {% for document in documents %}{{ document.content }} {% endfor %}"


@tool
def find_order(id: int) -> str:
    """Finds an order."""
    return f"order {id} is shipped"


with capture(__file__, library="haystack-ai") as recorder:
    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{recorder.url}/v1/traces")))
    trace.set_tracer_provider(provider)
    try:
        from haystack.tracing import OpenTelemetryTracer
    except ImportError:
        from haystack_integrations.tracing.opentelemetry import OpenTelemetryTracer
    tracing.tracer.is_content_tracing_enabled = True
    tracing.enable_tracing(OpenTelemetryTracer(provider.get_tracer("shop")))

    settings = {"api_key": Secret.from_token("none"), "api_base_url": recorder.openai.url, "max_retries": 0}

    def generator() -> OpenAIChatGenerator:
        return OpenAIChatGenerator(model="gpt-4o-mini", generation_kwargs={"temperature": 0.2}, **settings)

    def pipeline() -> Pipeline:
        store = InMemoryDocumentStore()
        store.write_documents([Document(id="d1", content="Parcels take two days.", meta={"page": 3})])
        prompt = [ChatMessage.from_system(SYSTEM), ChatMessage.from_user("{{ question }}")]
        made = Pipeline()
        made.add_component("retriever", InMemoryBM25Retriever(store))
        made.add_component("prompt", ChatPromptBuilder(prompt, required_variables="*"))
        made.add_component("model", generator())
        made.connect("retriever.documents", "prompt.documents")
        made.connect("prompt.prompt", "model.messages")
        return made

    asked = {"retriever": {"query": "How long do parcels take?"}, "prompt": {"question": "How long do parcels take?"}}
    with recorder.case("pipeline", provider.force_flush) as server:
        server.reply(text="Two days.", usage=usage(input=120, output=30, cached=100, reasoning=20))
        pipeline().run(asked)
    with recorder.case("agent", provider.force_flush) as server:
        server.reply(tool_calls=[("call_1", "find_order", {"id": 42})], usage=usage(input=60, output=9, cached=20))
        server.reply(text="On its way.", usage=usage(input=120, output=30, cached=100, reasoning=20))
        agent = Agent(chat_generator=generator(), tools=[find_order], system_prompt="Be brief.")
        agent.run(messages=[ChatMessage.from_user("Where is my order?")])
    with recorder.case("embedder", provider.force_flush):
        embedders = Pipeline()
        embedders.add_component("embedder", OpenAITextEmbedder(model="text-embedding-3-small", **settings))
        embedders.run({"embedder": {"text": "red shoes"}})
    with recorder.case("error", provider.force_flush) as server, contextlib.suppress(Exception):
        server.reply(status=400, error="no such model")
        pipeline().run(asked)
