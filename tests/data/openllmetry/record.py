"""Records what Traceloop's instrumentors (OpenLLMetry) send. Run with a Python that has

    opentelemetry-instrumentation-{openai,anthropic,langchain} of Traceloop, traceloop-sdk, openai, anthropic,
    langchain, langchain-openai, langgraph, opentelemetry-exporter-otlp-proto-http

as `PYTHONPATH=tests python tests/data/openllmetry/record.py openai|anthropic|langchain|sdk`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from support.capture import Recorder, capture
from support.openai_server import usage
from support.recorded_cases import ANSWER, ASKED, TWO_CALLS, anthropic_calls, langchain_calls, openai_calls

os.environ["TRACELOOP_TELEMETRY"] = "false"
os.environ["TRACELOOP_TRACE_CONTENT"] = "true"


def record_openai(recorder: Recorder, provider: TracerProvider) -> None:
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    OpenAIInstrumentor().instrument(tracer_provider=provider)
    openai_calls(recorder, provider.force_flush)


def record_anthropic(recorder: Recorder, provider: TracerProvider) -> None:
    from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor

    AnthropicInstrumentor().instrument(tracer_provider=provider)
    anthropic_calls(recorder, provider.force_flush)


def record_langchain(recorder: Recorder, provider: TracerProvider) -> None:
    from opentelemetry.instrumentation.langchain import LangchainInstrumentor

    LangchainInstrumentor().instrument(tracer_provider=provider)
    langchain_calls(recorder, provider.force_flush)


def record_sdk(recorder: Recorder, provider: TracerProvider) -> None:
    """Decorators, association properties and prompts of Traceloop's own SDK."""
    import openai
    from traceloop.sdk import Traceloop
    from traceloop.sdk.decorators import agent, task, tool, workflow
    from traceloop.sdk.instruments import Instruments

    Traceloop.init(
        app_name="recorder",
        exporter=OTLPSpanExporter(f"{recorder.url}/v1/traces"),
        disable_batch=True,
        instruments={Instruments.OPENAI},
    )
    client = openai.OpenAI(base_url=recorder.openai.url, api_key="none")

    @tool(name="find_order")
    def find_order(id: int) -> dict[str, object]:
        return {"status": "sent", "id": id}

    @agent(name="support_agent")
    def support(question: str) -> str:
        for _ in range(2):
            answer = client.chat.completions.create(model="gpt-4o-mini", messages=ASKED)
            if answer.choices[0].message.tool_calls:
                find_order(id=42)
        return answer.choices[0].message.content or ""

    @task(name="shorten")
    def shorten(text: str) -> str:
        return text[:10]

    @workflow(name="answer")
    def answer(question: str) -> str:
        Traceloop.set_association_properties({"session_id": "s1", "user_id": "u7", "plan": "pro"})
        Traceloop.set_prompt("Answer: {question}", {"question": question}, version=3)
        return shorten(support(question))

    with recorder.case("workflow") as server:
        server.reply(tool_calls=TWO_CALLS[:1], usage=usage(input=80, output=20))
        server.reply(text=ANSWER, usage=usage(input=100, output=8))
        answer("Where is my order 42?")


RECORDERS: dict[str, tuple[str, Callable[[Recorder, TracerProvider], None]]] = {
    "openai": ("opentelemetry-instrumentation-openai", record_openai),
    "anthropic": ("opentelemetry-instrumentation-anthropic", record_anthropic),
    "langchain": ("opentelemetry-instrumentation-langchain", record_langchain),
    "sdk": ("traceloop-sdk", record_sdk),
}


def main() -> None:
    library, record = RECORDERS[sys.argv[1]]
    with capture(__file__, library=library) as recorder:
        provider = TracerProvider(resource=Resource({"service.name": "recorder"}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{recorder.url}/v1/traces")))
        record(recorder, provider)
        provider.shutdown()


if __name__ == "__main__":
    main()
