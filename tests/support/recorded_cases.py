"""The calls that recorders under tests/data make through every instrumentation library, so that recordings compare.

Imports stand inside the functions: each recorder runs in an environment that has only its own libraries.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

from support.capture import MODEL, Recorder
from support.openai_server import usage

SYSTEM = {"role": "system", "content": "You are a support bot."}
QUESTION = "Where is my order 42?"
ASKED = [SYSTEM, {"role": "user", "content": QUESTION}]
ANSWER = "It left the warehouse this morning."
WEATHER_TOOL = {
    "type": "function",
    "function": {
        "name": "find_order",
        "description": "Finds an order",
        "parameters": {"type": "object", "properties": {"id": {"type": "integer"}}},
    },
}
CALLED = [
    *ASKED,
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "find_order", "arguments": '{"id": 42}'}}
        ],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": '{"status": "sent"}'},
]
PICTURE = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "https://example.org/parcel.png"}},
        ],
    }
]
TWO_CALLS = [("call_1", "find_order", {"id": 42}), ("call_2", "find_order", {"id": 43})]


def openai_calls(recorder: Recorder, flush: Callable[[], Any], *, responses: bool = True) -> None:
    """Chat, streams, tools, pictures, several choices, structured answers, embeddings and errors."""
    import openai

    client = openai.OpenAI(base_url=recorder.openai.url, api_key="none", max_retries=0)
    create = client.chat.completions.create
    model = "gpt-4o-mini"
    with recorder.case("chat", flush) as server:
        server.reply(text=ANSWER, usage=usage(input=120, output=8, cached=100))
        create(model=model, messages=ASKED, temperature=0.2, max_tokens=50)
    with recorder.case("stream", flush) as server:
        server.reply(text=ANSWER, usage=usage(input=120, output=8, cached=100))
        for _ in create(model=model, messages=ASKED, stream=True, stream_options={"include_usage": True}):
            pass
    with recorder.case("stream-without-usage", flush) as server:
        server.reply(text=ANSWER)
        for _ in create(model=model, messages=ASKED, stream=True):
            pass
    with recorder.case("reasoning", flush) as server:
        server.reply(text=ANSWER, usage=usage(input=30, output=500, reasoning=480))
        create(model="o4-mini", messages=ASKED)
    with recorder.case("tool-calls", flush) as server:
        server.reply(tool_calls=TWO_CALLS, usage=usage(input=80, output=20))
        create(model=model, messages=ASKED, tools=[WEATHER_TOOL])
    with recorder.case("tool-calls-stream", flush) as server:
        server.reply(tool_calls=TWO_CALLS, usage=usage(input=80, output=20))
        options = {"include_usage": True}
        for _ in create(model=model, messages=ASKED, tools=[WEATHER_TOOL], stream=True, stream_options=options):
            pass
    with recorder.case("tool-results", flush) as server:
        server.reply(text=ANSWER, usage=usage(input=100, output=8))
        create(model=model, messages=CALLED, tools=[WEATHER_TOOL])
    with recorder.case("picture", flush) as server:
        server.reply(text="A parcel.", usage=usage(input=900, output=3))
        create(model=model, messages=PICTURE)
    with recorder.case("two-choices", flush) as server:
        server.reply(choices=["Yes.", "No."], usage=usage(input=20, output=4))
        create(model=model, messages=ASKED, n=2)
    with recorder.case("json-answer", flush) as server:
        server.reply(text='{"status": "sent"}', usage=usage(input=20, output=6))
        create(model=model, messages=ASKED, response_format={"type": "json_object"})
    with recorder.case("refusal", flush) as server:
        server.reply(refusal="I cannot help with that.", usage=usage(input=20, output=6))
        create(model=model, messages=ASKED)
    with recorder.case("error", flush) as server:
        server.reply(status=429, error="slow down")
        with contextlib.suppress(openai.RateLimitError):
            create(model=model, messages=ASKED)
    with recorder.case("embeddings", flush):
        client.embeddings.create(model="text-embedding-3-small", input=["one two", "three"])
    if responses:
        _responses_calls(client, recorder, flush)


def _responses_calls(client: Any, recorder: Recorder, flush: Callable[[], Any]) -> None:
    with recorder.case("responses", flush) as server:
        server.reply(raw=response_object([message_item(ANSWER)]))
        client.responses.create(model="gpt-4o-mini", instructions=SYSTEM["content"], input=QUESTION)
    with recorder.case("responses-tools", flush) as server:
        call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "find_order", "status": "completed"}
        reasoning = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Look it up."}]}
        server.reply(raw=response_object([reasoning, {**call, "arguments": '{"id": 42}'}]))
        earlier = [
            {"role": "user", "content": QUESTION},
            {"type": "function_call", "call_id": "call_0", "name": "find_order", "arguments": '{"id": 41}'},
            {"type": "function_call_output", "call_id": "call_0", "output": "no such order"},
        ]
        tool = {"type": "function", "strict": None, **WEATHER_TOOL["function"]}
        client.responses.create(model="gpt-4o-mini", input=earlier, tools=[tool])


def message_item(text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}


def response_object(output: list[dict[str, Any]]) -> dict[str, Any]:
    """An answer of the Responses API."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": MODEL,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 60,
            "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 0},
            "output_tokens": 12,
            "output_tokens_details": {"reasoning_tokens": 5},
            "total_tokens": 72,
        },
    }


CLAUDE = "claude-sonnet-4-5-20250929"
CLAUDE_USAGE = {
    "input_tokens": 10,
    "cache_read_input_tokens": 200,
    "cache_creation_input_tokens": 50,
    "output_tokens": 30,
}


def claude_message(content: list[dict[str, Any]], stop_reason: str) -> dict[str, Any]:
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": CLAUDE, "stop_sequence": None}
    return {**head, "content": content, "stop_reason": stop_reason, "usage": CLAUDE_USAGE}


def claude_events(text: str) -> list[dict[str, Any]]:
    """The same as a stream."""
    start = {**claude_message([], "end_turn"), "stop_reason": None, "usage": {**CLAUDE_USAGE, "output_tokens": 1}}
    return [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 30},
        },
        {"type": "message_stop"},
    ]


def anthropic_calls(recorder: Recorder, flush: Callable[[], Any]) -> None:
    """Claude: its counts of input tokens exclude what the cache read and wrote."""
    import anthropic

    client = anthropic.Anthropic(base_url=recorder.openai.url.removesuffix("/v1"), api_key="none", max_retries=0)
    asked = {"model": "claude-sonnet-4-5", "max_tokens": 100, "system": SYSTEM["content"]}
    user = {"role": "user", "content": QUESTION}
    with recorder.case("anthropic-chat", flush) as server:
        server.reply(raw=claude_message([{"type": "text", "text": ANSWER}], "end_turn"))
        client.messages.create(**asked, messages=[user])
    with recorder.case("anthropic-stream", flush) as server:
        server.reply(events=claude_events(ANSWER))
        for _ in client.messages.create(**asked, messages=[user], stream=True):
            pass
    with recorder.case("anthropic-tools", flush) as server:
        use = {"type": "tool_use", "id": "toolu_2", "name": "find_order", "input": {"id": 43}}
        server.reply(raw=claude_message([{"type": "text", "text": "One more."}, use], "tool_use"))
        function = WEATHER_TOOL["function"]
        tool = {"name": "find_order", "description": "Finds an order", "input_schema": function["parameters"]}
        earlier = [
            user,
            {"role": "assistant", "content": [{**use, "id": "toolu_1", "input": {"id": 42}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "sent"}]},
        ]
        client.messages.create(**asked, messages=earlier, tools=[tool])


def langchain_calls(recorder: Recorder, flush: Callable[[], Any]) -> None:
    """A chain with a session and a user, a retriever, an agent with a tool, an error inside a chain."""
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI

    class Manual(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
            return [Document("Parcels take two days.", id="d1", metadata={"page": 3}), Document("Returns are free.")]

    @tool
    def find_order(id: int) -> str:
        """Finds an order."""
        return json.dumps({"status": "sent", "id": id})

    model = ChatOpenAI(model="gpt-4o-mini", base_url=recorder.openai.url, api_key="none", max_retries=0, temperature=0)
    prompt = ChatPromptTemplate.from_messages([("system", SYSTEM["content"]), ("user", "{question}")])
    config = {"tags": ["beta"], "metadata": {"session_id": "s1", "user_id": "u7", "plan": "pro"}}
    with recorder.case("langchain-chain", flush) as server:
        server.reply(text=ANSWER, usage=usage(input=120, output=8, cached=100))
        (prompt | model).invoke({"question": QUESTION}, config)
    with recorder.case("langchain-stream", flush) as server:
        server.reply(text=ANSWER, usage=usage(input=120, output=8, cached=100))
        list(model.stream(QUESTION, stream_usage=True))
    with recorder.case("langchain-retriever", flush):
        Manual().invoke("How long do parcels take?")
    with recorder.case("langchain-agent", flush) as server:
        server.reply(tool_calls=TWO_CALLS[:1], usage=usage(input=80, output=20))
        server.reply(text=ANSWER, usage=usage(input=100, output=8))
        agent = _agent(model, [find_order])
        agent.invoke({"messages": [{"role": "user", "content": QUESTION}]}, config)
    with recorder.case("langchain-error", flush) as server:
        server.reply(status=400, error="no such model")
        with contextlib.suppress(Exception):
            (prompt | model).invoke({"question": QUESTION})


def _agent(model: Any, tools: list[Any]) -> Any:
    try:
        from langchain.agents import create_agent
    except ImportError:  # before LangChain 1
        from langgraph.prebuilt import create_react_agent

        return create_react_agent(model, tools, prompt=SYSTEM["content"], name="support")
    return create_agent(model, tools, system_prompt=SYSTEM["content"], name="support")
