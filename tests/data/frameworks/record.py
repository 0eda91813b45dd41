"""Records what agent frameworks send: an agent that calls a tool and answers, and a request that is refused.

    python -m venv /tmp/v && /tmp/v/bin/pip install <libraries> opentelemetry-exporter-otlp-proto-http
    /tmp/v/bin/python tests/data/frameworks/record.py <framework>

- agent_framework: agent-framework-core agent-framework-openai
- semantic_kernel: semantic-kernel
- autogen: autogen-agentchat 'autogen-ext[openai]'
- openai_agents: openai-agents openinference-instrumentation-openai-agents
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ["SEMANTICKERNEL_EXPERIMENTAL_GENAI_ENABLE_OTEL_DIAGNOSTICS_SENSITIVE"] = "true"
os.environ["ENABLE_SENSITIVE_DATA"] = "true"

from opentelemetry import trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from support.capture import Recorder, capture
from support.openai_server import usage

Ask = Callable[[], Awaitable[object]]
DISTRIBUTIONS = {
    "agent_framework": "agent-framework-core",
    "semantic_kernel": "semantic-kernel",
    "autogen": "autogen-agentchat",
    "openai_agents": "openai-agents",
}
QUESTION = "Where is my order?"


def find_order(id: int) -> str:
    """Finds an order."""
    return f"order {id} is shipped"


def agent_framework(recorder: Recorder) -> Ask:
    from agent_framework import Agent
    from agent_framework.observability import enable_instrumentation
    from agent_framework.openai import OpenAIChatCompletionClient

    enable_instrumentation(enable_sensitive_data=True)
    client = OpenAIChatCompletionClient(model="gpt-4o-mini", base_url=recorder.openai.url, api_key="none")
    agent = Agent(client=client, name="support", instructions="Be brief.", tools=[find_order])
    return lambda: agent.run(QUESTION)


def semantic_kernel(recorder: Recorder) -> Ask:
    from openai import AsyncOpenAI
    from semantic_kernel.agents import ChatCompletionAgent
    from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion
    from semantic_kernel.functions import kernel_function

    client = AsyncOpenAI(base_url=recorder.openai.url, api_key="none", max_retries=0)
    service = OpenAIChatCompletion(ai_model_id="gpt-4o-mini", async_client=client)

    class Shop:
        @kernel_function(description="Finds an order.")
        def find_order(self, id: int) -> str:
            return find_order(id)

    agent = ChatCompletionAgent(service=service, name="support", instructions="Be brief.", plugins=[Shop()])
    return lambda: agent.get_response(messages=QUESTION)


def autogen(recorder: Recorder) -> Ask:
    from autogen_agentchat.agents import AssistantAgent
    from autogen_ext.models.openai import OpenAIChatCompletionClient

    client = OpenAIChatCompletionClient(
        model="gpt-4o-mini", base_url=recorder.openai.url, api_key="none", max_retries=0
    )
    agent = AssistantAgent("support", client, tools=[find_order], system_message="Be brief.", reflect_on_tool_use=True)
    return lambda: agent.run(task=QUESTION)


def openai_agents(recorder: Recorder) -> Ask:
    from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool
    from openai import AsyncOpenAI
    from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor

    OpenAIAgentsInstrumentor().instrument()
    client = AsyncOpenAI(base_url=recorder.openai.url, api_key="none", max_retries=0)
    model = OpenAIChatCompletionsModel("gpt-4o-mini", client)
    agent = Agent(name="support", instructions="Be brief.", model=model, tools=[function_tool(find_order)])
    return lambda: Runner.run(agent, QUESTION)


FRAMEWORKS = {build.__name__: build for build in (agent_framework, semantic_kernel, autogen, openai_agents)}
TOOLS = {"semantic_kernel": "Shop-find_order"}

framework = sys.argv[1]
with capture(__file__, library=DISTRIBUTIONS[framework]) as recorder:
    resource = Resource({"service.name": "shop"})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{recorder.url}/v1/traces")))
    trace.set_tracer_provider(provider)
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{recorder.url}/v1/logs")))
    set_logger_provider(logs)
    if framework in ("agent_framework", "semantic_kernel"):  # they log what was said
        logging.getLogger(framework).addHandler(LoggingHandler(logger_provider=logs))
        logging.getLogger(framework).setLevel(logging.INFO)

    def flush() -> None:
        provider.force_flush()
        logs.force_flush()

    async def ask() -> None:
        await FRAMEWORKS[framework](recorder)()

    with recorder.case("agent", flush) as server:
        call = ("call_1", TOOLS.get(framework, "find_order"), {"id": 42})
        server.reply(tool_calls=[call], usage=usage(input=60, output=9, cached=20))
        server.reply(text="On its way.", usage=usage(input=120, output=30, cached=100, reasoning=20))
        asyncio.run(ask())
    with recorder.case("error", flush) as server, contextlib.suppress(Exception):
        server.reply(status=400, error="no such model")
        asyncio.run(ask())
