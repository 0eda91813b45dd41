"""Records what MLflow exports over OTLP: its OpenAI and LangChain autologging, its own spans.

    python -m venv /tmp/v && /tmp/v/bin/pip install mlflow-tracing==3.17.2 openai langchain langchain-openai anthropic \
        opentelemetry-exporter-otlp-proto-http
    /tmp/v/bin/python tests/data/mlflow/record.py            # its own attributes
    /tmp/v/bin/python tests/data/mlflow/record.py --genai    # written as GenAI conventions (3.10 and later)

Recorded with 3.4.0 (openai 1.109, langchain 0.3), 3.8.1 (openai 2.20, langchain 1) and 3.17.2 (openai 3.52, langchain
1). Attribute values are JSON text, strings too.
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
from support.recorded_cases import anthropic_calls, langchain_calls

GENAI = "--genai" in sys.argv
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
        {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Orders are shipped."}]},
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

with capture(__file__, library="mlflow-tracing") as recorder:
    os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = recorder.url + "/v1/traces"
    os.environ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf"
    os.environ["MLFLOW_ENABLE_OTEL_GENAI_SEMCONV"] = "true" if GENAI else "false"
    import mlflow
    from openai import AsyncOpenAI, OpenAI
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    mlflow.openai.autolog()
    client = OpenAI(base_url=recorder.openai.url, api_key="none", max_retries=0)
    model = "gpt-4o-mini"

    processors: list[BatchSpanProcessor] = []
    _init = BatchSpanProcessor.__init__

    def remembered(self: BatchSpanProcessor, *args: Any, **kwargs: Any) -> None:
        _init(self, *args, **kwargs)
        processors.append(self)

    BatchSpanProcessor.__init__ = remembered  # MLflow keeps its exporter to itself: this is how to flush it

    def flush() -> None:
        for processor in processors:
            processor.force_flush()

    def case(name: str) -> Any:
        return recorder.case(f"genai-{name}" if GENAI else name, flush)

    with case("chat") as server:
        server.reply(text="On its way.", usage=usage(input=120, output=30, cached=100, reasoning=20))
        client.chat.completions.create(model=model, messages=ASKED, temperature=0.2, user="u7")
    with case("stream") as server:
        server.reply(text="On its way.", usage=usage(input=12, output=3, cached=4))
        options = {"include_usage": True}
        for _ in client.chat.completions.create(model=model, messages=ASKED, stream=True, stream_options=options):
            pass
    with case("stream-without-usage") as server:
        server.reply(text="On its way.")
        for _ in client.chat.completions.create(model=model, messages=ASKED, stream=True):
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
    with case("structured") as server:
        server.reply(text='{"answer": "On its way."}')
        client.chat.completions.create(model=model, messages=ASKED, response_format={"type": "json_object"})
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

    with case("trace"):
        from mlflow.entities import Document as Page

        @mlflow.trace(span_type="RETRIEVER")
        def search(query: str) -> list[Any]:
            return [Page(page_content="Parcels take 3 days.", metadata={"doc_uri": "faq.md"}, id="d1")]

        @mlflow.trace(span_type="TOOL", name="lookup", attributes={"shelf": 7})
        def lookup(order: int) -> dict[str, str]:
            return {"state": "shipped"}

        @mlflow.trace(span_type="RERANKER")
        def rank(query: str) -> list[str]:
            return ["faq.md"]

        @mlflow.trace(span_type="AGENT", name="support")
        def support(question: str) -> str:
            with suppress(Exception):
                mlflow.update_current_trace(
                    tags={"channel": "web"},
                    metadata={"mlflow.trace.session": "s1", "mlflow.trace.user": "u7", "plan": "pro"},
                )
            search(question)
            lookup(7)
            rank(question)
            client.chat.completions.create(model=model, messages=ASKED)
            return "On its way."

        support("Where is my order?")

    with case("failed"), suppress(ValueError):

        @mlflow.trace(span_type="TOOL")
        def broken(order: int) -> None:
            raise ValueError("no stock")

        broken(7)

    if not GENAI:
        with suppress(ImportError):
            import anthropic  # noqa: F401 - only where it is installed

            mlflow.anthropic.autolog()
            anthropic_calls(recorder, flush)
        mlflow.openai.autolog(disable=True)
        mlflow.langchain.autolog()
        with suppress(ImportError):
            langchain_calls(recorder, flush)
        mlflow.openai.autolog(disable=False)

    with case("langchain") as server:
        from langchain_core.documents import Document
        from langchain_core.prompts import ChatPromptTemplate
        from langchain_core.retrievers import BaseRetriever
        from langchain_core.tools import tool
        from langchain_openai import ChatOpenAI

        class Shelf(BaseRetriever):
            def _get_relevant_documents(self, query: str, **_: Any) -> list[Document]:
                return [Document(page_content="Parcels take 3 days.", metadata={"source": "faq.md"}, id="d1")]

        @tool
        def find(query: str) -> str:
            """Searches the shop."""
            return "shipped"

        mlflow.langchain.autolog()
        chat = ChatOpenAI(model=model, base_url=recorder.openai.url, api_key="none", max_retries=0)
        template = ChatPromptTemplate.from_messages([("system", "Be brief."), ("user", "{question}")])
        server.reply(text="On its way.", usage=usage(input=120, output=30, cached=100, reasoning=20))
        (template | chat).invoke(
            {"question": "Where is my order?"}, {"tags": ["beta"], "metadata": {"thread_id": "s1", "user_id": "u7"}}
        )
        server.reply(tool_calls=TWO_CALLS)
        chat.bind_tools([find]).invoke("Where is my order?")
        Shelf().invoke("parcels")
        find.invoke({"query": "order"})
    with case("langchain-stream") as server:
        server.reply(text="On its way.", usage=usage(input=12, output=3))
        list(ChatOpenAI(model=model, base_url=recorder.openai.url, api_key="none", stream_usage=True).stream("Hello?"))
