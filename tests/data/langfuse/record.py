"""Records what Langfuse's Python SDK sends: its OpenAI client, its LangChain callback, its own observations.

    python -m venv /tmp/v && /tmp/v/bin/pip install langfuse==5.0.4 openai langchain langchain-openai
    /tmp/v/bin/python tests/data/langfuse/record.py

Recorded with 3.8.1 (openai 2.3, langchain 0.3), 4.10.0 (openai 2.20, langchain 1) and 5.0.4 (openai 3.52, langchain 1).
Version 4 moved session, user and tags from `update_current_trace` to `propagate_attributes`; version 5 writes every
metadata value as JSON, strings too.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from langchain_core.tracers.context import register_configure_hook
from langfuse import Langfuse, get_client, observe
from langfuse.api import Prompt_Text
from langfuse.langchain import CallbackHandler
from langfuse.model import TextPromptClient
from langfuse.openai import AsyncOpenAI, OpenAI

from support.capture import capture
from support.openai_server import usage
from support.recorded_cases import langchain_calls

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


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """Session, user, tags and metadata of the trace, as this version takes them."""
    client = get_client()
    if hasattr(client, "update_current_trace"):
        with client.start_as_current_span(name="request"):
            client.update_current_trace(**fields)
            yield
    else:
        from langfuse import propagate_attributes

        with client.start_as_current_observation(name="request"), propagate_attributes(**fields):
            yield


def prompt() -> TextPromptClient:
    fields = {"name": "support", "version": 3, "prompt": "Be brief.", "labels": [], "tags": [], "config": {}}
    return TextPromptClient(Prompt_Text.construct(**fields))


with capture(__file__, library="langfuse") as recorder:
    langfuse = Langfuse(
        public_key="pk", secret_key="sk", host=recorder.url, environment="staging", release="r7", flush_at=50
    )
    client = OpenAI(base_url=recorder.openai.url, api_key="none", max_retries=0)
    model = "gpt-4o-mini"

    def case(name: str) -> Any:
        return recorder.case(name, langfuse.flush)

    with case("chat") as server:
        server.reply(text="On its way.", usage=usage(input=120, output=30, cached=100, reasoning=20))
        metadata = {"plan": "pro", "attempt": 2, "zip": "01234"}
        client.chat.completions.create(
            model=model, messages=ASKED, temperature=0.2, name="answer", metadata=metadata, langfuse_prompt=prompt()
        )
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

        @observe(as_type="retriever")
        def search(query: str) -> list[dict[str, Any]]:
            return [{"page_content": "Parcels take 3 days.", "metadata": {"source": "faq.md"}}]

        @observe(as_type="tool", name="lookup")
        def lookup(order: int) -> dict[str, str]:
            return {"state": "shipped"}

        @observe(as_type="guardrail")
        def harmless(text: str) -> bool:
            return True

        @observe(as_type="agent", name="support")
        def support(question: str) -> str:
            search(question)
            lookup(7)
            harmless(question)
            client.chat.completions.create(model=model, messages=ASKED)
            return "On its way."

        with about(session_id="s1", user_id="u7", tags=["beta", "web"], metadata={"plan": "pro"}):
            support("Where is my order?")

    with (
        case("by-hand"),
        langfuse.start_as_current_observation(
            name="claude",
            as_type="generation",
            model="claude-3-5-sonnet-20241022",
            input=[{"role": "user", "content": "Hello"}],
            model_parameters={"max_tokens": 100},
            metadata="plain",
        ) as generation,
    ):
        generation.update(
            output="Hi!",
            usage_details={"input": 10, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 20, "output": 5},
            cost_details={"input": 0.001, "output": 0.002, "total": 0.003},
            prompt=prompt(),
        )
    with case("by-hand-error"), langfuse.start_as_current_observation(name="step", as_type="chain") as step:
        step.update(level="ERROR", status_message="no stock", input={"n": 1}, output={"ok": False})
    with case("event"):
        langfuse.create_event(name="clicked", input="button", metadata={"x": 1})

    handler = CallbackHandler()
    everywhere: ContextVar[Any] = ContextVar("everywhere", default=None)
    register_configure_hook(everywhere, inheritable=True)
    everywhere.set(handler)
    langchain_calls(recorder, langfuse.flush)
    everywhere.set(None)

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

        config = {
            "callbacks": [handler],
            "metadata": {"langfuse_session_id": "s1", "langfuse_user_id": "u7", "langfuse_tags": ["beta"]},
        }
        chat = ChatOpenAI(model=model, base_url=recorder.openai.url, api_key="none", max_retries=0)
        template = ChatPromptTemplate.from_messages([("system", "Be brief."), ("user", "{question}")])
        server.reply(text="On its way.", usage=usage(input=120, output=30, cached=100, reasoning=20))
        (template | chat).invoke({"question": "Where is my order?"}, config)
        server.reply(tool_calls=TWO_CALLS)
        chat.bind_tools([find]).invoke("Where is my order?", config)
        Shelf().invoke("parcels", config)
        find.invoke({"query": "order"}, config)
    with case("langchain-stream") as server:
        server.reply(text="On its way.", usage=usage(input=12, output=3))
        streaming = ChatOpenAI(model=model, base_url=recorder.openai.url, api_key="none", stream_usage=True)
        list(streaming.stream("Where is my order?", config))
