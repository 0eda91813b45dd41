"""Records what Logfire and Pydantic AI send over OTLP.

    python -m venv /tmp/v && /tmp/v/bin/pip install logfire==5.2.0 'pydantic-ai-slim[openai]==2.60.0' anthropic \
        opentelemetry-exporter-otlp-proto-http
    /tmp/v/bin/python tests/data/logfire/record.py

Recorded with 3.19.0 (Pydantic AI 0.4), 4.10.0 (Pydantic AI 1.0) and 5.2.0 (Pydantic AI 2.60). A streamed call is two
spans: the request, without an answer, and a log of no length when the stream ends, in a trace of its own unless a
span is open around both.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.capture import capture
from support.openai_server import usage
from support.recorded_cases import anthropic_calls

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
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "gpt-4o-mini-2024-07-18",
    "instructions": "Be brief.",
    "output": [
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "On its way.", "annotations": []}],
        },
        {
            "id": "fc_1",
            "type": "function_call",
            "call_id": "call_1",
            "name": "search",
            "arguments": '{"query": "order"}',
            "status": "completed",
        },
    ],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": {
        "input_tokens": 50,
        "input_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 0},
        "output_tokens": 12,
        "output_tokens_details": {"reasoning_tokens": 8},
        "total_tokens": 62,
    },
}

with capture(__file__, library="logfire") as recorder:
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = recorder.url
    os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf"
    import logfire
    from openai import AsyncOpenAI, OpenAI

    logfire.configure(send_to_logfire=False, console=False, service_name="shop", environment="staging")
    logfire.instrument_openai()
    client = OpenAI(base_url=recorder.openai.url, api_key="none", max_retries=0)
    model = "gpt-4o-mini"

    def case(name: str) -> Any:
        return recorder.case(name, logfire.force_flush)

    with case("chat") as server:
        server.reply(text="On its way.", usage=usage(input=120, output=30, cached=100, reasoning=20))
        client.chat.completions.create(model=model, messages=ASKED, temperature=0.2)
    with case("stream") as server:
        server.reply(text="On its way.", usage=usage(input=12, output=3, cached=4))
        options = {"include_usage": True}
        for _ in client.chat.completions.create(model=model, messages=ASKED, stream=True, stream_options=options):
            pass
    with case("tools") as server:
        server.reply(tool_calls=TWO_CALLS)
        client.chat.completions.create(model=model, messages=ASKED, tools=[SEARCH])
    with case("tools-stream") as server:
        server.reply(tool_calls=TWO_CALLS)
        for _ in client.chat.completions.create(model=model, messages=ASKED, tools=[SEARCH], stream=True):
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
        client.chat.completions.create(model=model, messages=history)
    with case("image") as server:
        server.reply(text="A parcel.")
        parts = [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "https://example.com/parcel.png"}},
        ]
        client.chat.completions.create(model=model, messages=[{"role": "user", "content": parts}])
    with case("embedding"):
        client.embeddings.create(model="text-embedding-3-small", input=["red shoes", "blue"])
    with case("responses") as server:
        server.reply(raw=RESPONSE)
        client.responses.create(model=model, instructions="Be brief.", input="Where is my order?")
    with case("error") as server, suppress(Exception):
        server.reply(status=429, error="slow down")
        client.chat.completions.create(model=model, messages=ASKED)
    with case("choices") as server:
        server.reply(choices=["One.", "Two."])
        client.chat.completions.create(model=model, messages=ASKED, n=2)
    with case("async") as server:
        server.reply(text="On its way.")
        asynchronous = AsyncOpenAI(base_url=recorder.openai.url, api_key="none")
        asyncio.run(asynchronous.chat.completions.create(model=model, messages=ASKED))
    with suppress(ImportError, RuntimeError):
        logfire.instrument_anthropic()
        anthropic_calls(recorder, logfire.force_flush)
    with case("completions") as server:
        choice = {"text": " world", "index": 0, "logprobs": None, "finish_reason": "stop"}
        counted = {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}
        head = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "gpt-3.5-turbo-instruct"}
        server.reply(raw={**head, "choices": [choice], "usage": counted})
        client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Hello")
    with case("by-hand"):

        @logfire.instrument("support {question}", record_return=True)
        def support(question: str) -> str:
            logfire.info("looked up {order}", order=7, _tags=["shop"])
            return "On its way."

        support("Where is my order?")
        with suppress(ValueError), logfire.span("broken", plan="pro"):
            raise ValueError("no stock")

    from pydantic import BaseModel
    from pydantic_ai import Agent
    from pydantic_ai.models import openai as models
    from pydantic_ai.providers.openai import OpenAIProvider

    logfire.instrument_pydantic_ai()

    def chat() -> Any:
        kind = getattr(models, "OpenAIChatModel", None) or models.OpenAIModel  # renamed in 1.0
        plain = AsyncOpenAI(base_url=recorder.openai.url, api_key="none", max_retries=0)
        return kind(model, provider=OpenAIProvider(openai_client=plain))

    class Answer(BaseModel):
        answer: str

    with case("agent") as server:
        agent = Agent(chat(), name="support", system_prompt="Be brief.")

        @agent.tool_plain
        def search(query: str) -> str:
            """Searches the shop."""
            return "shipped"

        server.reply(tool_calls=TWO_CALLS, usage=usage(input=120, output=30, cached=100, reasoning=20))
        server.reply(text="On its way.", usage=usage(input=140, output=5, cached=100))
        agent.run_sync("Where is my order?")
    with case("agent-stream") as server:
        server.reply(text="On its way.", usage=usage(input=12, output=3))

        async def stream() -> None:
            async with Agent(chat(), name="support").run_stream("Where is my order?") as result:
                async for _ in result.stream_text():
                    pass

        asyncio.run(stream())
    with case("agent-structured") as server:
        server.reply(tool_calls=[("call_9", "final_result", {"answer": "On its way."})])
        Agent(chat(), name="support", output_type=Answer, instructions="Be brief.").run_sync("Where is my order?")
    with case("agent-failed") as server, suppress(Exception):
        server.reply(tool_calls=[("call_1", "broken", {})])
        failing = Agent(chat(), name="support")

        @failing.tool_plain
        def broken() -> str:
            raise ValueError("no stock")

        failing.run_sync("Where is my order?")
    with case("agent-history") as server:
        server.reply(text="On its way.")
        first = Agent(chat(), name="support", instructions="Be brief.").run_sync("Hello")
        server.reply(text="It is on its way.")
        Agent(chat(), name="support").run_sync("And now?", message_history=first.all_messages())
    logfire.shutdown()
