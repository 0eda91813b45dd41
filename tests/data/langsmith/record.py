"""Records what LangSmith's OpenTelemetry export sends of LangChain, LangGraph, its OpenAI wrapper and own functions.

python -m venv /tmp/v
/tmp/v/bin/pip install 'langsmith[otel]' langchain langchain-openai opentelemetry-exporter-otlp-proto-http
/tmp/v/bin/python tests/data/langsmith/record.py
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ["LANGSMITH_TRACING"] = "true"
os.environ["LANGSMITH_OTEL_ENABLED"] = "true"
os.environ["LANGSMITH_OTEL_ONLY"] = "true"
os.environ["LANGSMITH_API_KEY"] = "none"
os.environ["LANGSMITH_PROJECT"] = "shop"
os.environ["LANGSMITH_ENDPOINT"] = "http://127.0.0.1:9"

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from support import recorded_cases
from support.capture import capture
from support.openai_server import usage

with capture(__file__, library="langsmith") as recorder:
    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{recorder.url}/v1/traces")))
    trace.set_tracer_provider(provider)

    import openai
    from langchain_core.tracers.langchain import wait_for_all_tracers
    from langsmith import Client, traceable
    from langsmith.run_trees import get_cached_client
    from langsmith.wrappers import wrap_openai

    client: Client = get_cached_client()

    def flush() -> None:
        wait_for_all_tracers()
        client.flush()
        provider.force_flush()

    recorded_cases.langchain_calls(recorder, flush)

    with recorder.case("functions", flush) as server:
        server.reply(text=recorded_cases.ANSWER, usage=usage(input=120, output=8, cached=100))
        model = wrap_openai(openai.OpenAI(base_url=recorder.openai.url, api_key="none", max_retries=0))

        @traceable(run_type="retriever")
        def search(query: str) -> list[dict[str, object]]:
            return [{"page_content": "Parcels take two days.", "type": "Document", "metadata": {"page": 3}}]

        @traceable(run_type="chain", name="support", tags=["beta"], metadata={"thread_id": "t1", "plan": "pro"})
        def answer(question: str) -> str | None:
            search(question)
            made = model.chat.completions.create(model="gpt-4o-mini", messages=recorded_cases.ASKED, temperature=0.2)
            return made.choices[0].message.content

        answer(recorded_cases.QUESTION)
    with recorder.case("function-error", flush), contextlib.suppress(ValueError):

        @traceable(run_type="tool", name="find_order")
        def find_order(id: int) -> str:
            raise ValueError("no such order")

        find_order(42)
