"""Models of LangChain: chat and text models, retrievers, tools."""

from __future__ import annotations

import asyncio
import gc
import threading
from dataclasses import replace as but
from typing import Any

from support.langchain_models import LangChain
from support.matrix import Call, Tokens, message, said, tool_call
from support.matrix_langchain import LangChainCase
from support.openai_server import MODEL, usage

COUNTED = usage(input=10, output=7, cached=4, reasoning=5)
TOKENS = Tokens(10, 7, cached=4, reasoning=5)
REPLY: dict[str, Any] = {"text": "hi there", "usage": COUNTED}
USER = said("user", "hello")
ANSWERED = Call(input=[USER], output=[said("assistant", "hi there", "stop")], tokens=TOKENS, finish=["stop"])
STREAMED = but(ANSWERED, tokens=None, more={"gen_ai.request.stream": True})
ECHOED = but(ANSWERED, tokens=Tokens(1, 2), output=[said("assistant", "echo: hello", "stop")])
CANCELLED = "asyncio.exceptions.CancelledError"
ALONE = ("ChatOpenAI llm",)
TWO_CALLS: list[Any] = [("c1", "search", {"q": "x"}), ("c2", "search", {"q": "y"})]
WORDS: dict[str, Any] = {"text": "one two three four"}


def case(group: str, form: str, run: Any, call: Call, *replies: dict[str, Any], **fields: Any) -> LangChainCase:
    return LangChainCase(group=group, form=form, run=run, replies=replies, calls=(call,), **{"tree": ALONE, **fields})


def chat(form: str, run: Any, call: Call = ANSWERED, *replies: dict[str, Any], **fields: Any) -> LangChainCase:
    return case("Chat models", form, run, call, *(replies or (REPLY,)), **fields)


def stream(form: str, run: Any, call: Call = STREAMED, *replies: dict[str, Any], **fields: Any) -> LangChainCase:
    return case("Streams of chat models", form, run, call, *(replies or (REPLY,)), **fields)


def with_parameters(lc: LangChain) -> None:
    lc.chat.bind(temperature=0.5, top_p=0.9, max_tokens=50, seed=7, stop=["END"]).invoke(
        "hello", {"run_name": "ask", "tags": ["beta"], "metadata": {"plan": "pro", "user_id": "u7"}}
    )


def with_history(lc: LangChain) -> None:
    from langchain.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

    call = {"id": "c0", "name": "search", "args": {"q": "x"}, "type": "tool_call"}
    answered = AIMessage("", tool_calls=[call])
    found = ToolMessage("found", tool_call_id="c0")
    lc.chat.invoke([SystemMessage("Be brief."), HumanMessage("hello"), answered, found])


def with_blocks(lc: LangChain) -> None:
    from langchain.messages import HumanMessage

    lc.chat.invoke(
        [
            HumanMessage(
                [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image", "base64": "cGljdHVyZQ==", "mime_type": "image/png"},
                    {"type": "image", "url": "https://example.com/a.png"},
                    {"type": "image_url", "image_url": {"url": "https://example.com/b.png"}},
                ]
            )
        ]
    )


def with_tools(lc: LangChain) -> None:
    lc.chat.bind_tools([lc.search]).invoke("hello")


def structured(lc: LangChain) -> None:
    schema = {"title": "City", "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    answer = lc.chat.with_structured_output(schema).invoke("hello")
    assert answer == {"name": "Paris"}


def broken_off(lc: LangChain) -> None:
    for chunk in lc.chat.stream("hello"):
        if "two" in chunk.content:
            break


def dropped(lc: LangChain) -> None:
    chunks = lc.chat.stream("hello")
    while "two" not in next(chunks).content:
        pass
    del chunks
    gc.collect()


async def async_broken_off(lc: LangChain) -> None:
    chunks = lc.chat.astream("hello")
    async for chunk in chunks:
        if "two" in chunk.content:
            break
    await chunks.aclose()


async def cancelled(lc: LangChain) -> None:
    await cancel_while_asked(lc, lc.chat.ainvoke("hello"))


async def timed_out(lc: LangChain) -> None:
    hold = lc.server.reply(hold=threading.Event()).hold
    assert hold is not None
    try:
        await asyncio.wait_for(lc.chat.ainvoke("hello"), 0.1)
    finally:
        hold.set()


async def cancel_while_asked(lc: LangChain, call: Any) -> None:
    hold, before = lc.server.reply(hold=threading.Event()).hold, len(lc.server.requests)
    assert hold is not None
    task = asyncio.ensure_future(call)
    try:
        while len(lc.server.requests) == before:
            await asyncio.sleep(0.002)
        task.cancel()
        await task
    finally:
        hold.set()


async def read(chunks: Any) -> None:
    async for _ in chunks:
        pass


def v3(lc: LangChain) -> None:
    for _ in lc.chat.stream_events("hello", version="v3"):
        pass


def several_choices(lc: LangChain) -> None:
    from langchain.messages import HumanMessage

    lc.chat.generate([[HumanMessage("hello")]], n=2)


def two_prompts(lc: LangChain) -> None:
    from langchain.messages import HumanMessage

    lc.chat.generate([[HumanMessage("hello")], [HumanMessage("hello")]])


# LangChain keeps no more than this of the answer of a text model
TEXT = but(ANSWERED, operation="text_completion", response_model=None, tokens=Tokens(10, 7))
FIRST_TWO = but(STREAMED, output=[said("assistant", "one two")], finish=None, response_model=None)
UNANSWERED = Call(input=[USER], response_model=None)
DISCONNECTED = "langchain_openai.chat_models.base.OpenAIConnectionError"
RETRY = {"status": 429, "error": "slow down", "headers": {"retry-after-ms": "1"}}
TOOLS = Call(
    input=[USER],
    output=[
        message(
            "assistant",
            tool_call("c1", "search", {"q": "x"}),
            tool_call("c2", "search", {"q": "y"}),
            finish_reason="tool_calls",
        )
    ],
    tokens=TOKENS,
    finish=["tool_calls"],
    tools=["search"],
    called=["search", "search"],
)
TOLD = {
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.top_p": 0.9,
    "gen_ai.request.max_tokens": 50,
    "gen_ai.request.seed": 7,
    "gen_ai.request.stop_sequences": ["END"],
    "tag.tags": ["beta"],
    "metadata": {"plan": "pro"},
    "user.id": "u7",
}
HISTORY = [
    said("system", "Be brief."),
    USER,
    message("assistant", tool_call("c0", "search", {"q": "x"})),
    message("tool", {"type": "tool_call_response", "id": "c0", "response": "found"}),
]
PICTURES = [
    message(
        "user",
        {"type": "text", "content": "What is this?"},
        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "cGljdHVyZQ=="},
        {"type": "uri", "modality": "image", "uri": "https://example.com/a.png"},
        {"type": "uri", "modality": "image", "uri": "https://example.com/b.png"},
    )
]
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": MODEL,
    "status": "completed",
    "output": [
        {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "thought"}]},
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Paris", "annotations": []}],
        },
    ],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": {
        "input_tokens": 9,
        "output_tokens": 5,
        "total_tokens": 14,
        "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 3},
    },
}
REASONED = Call(
    input=[USER],
    output=[
        message(
            "assistant",
            {"type": "reasoning", "content": "thought"},
            {"type": "text", "content": "Paris"},
            finish_reason="stop",
        )
    ],
    tokens=Tokens(9, 5, cached=2, reasoning=3),
    finish=["stop"],
    more={"gen_ai.response.id": "resp_1"},
)

MODELS = (
    chat(
        "one answer",
        lambda lc: lc.chat.invoke("hello"),
        but(
            ANSWERED,
            more={"gen_ai.response.id": "chatcmpl-1", "openai.response.system_fingerprint": "fp_test"},
            absent=["gen_ai.request.stream", "gen_ai.response.time_to_first_chunk"],
        ),
    ),
    chat("name, tags, metadata, parameters", with_parameters, but(ANSWERED, more=TOLD), tree=("ask llm",)),
    chat("async", lambda lc: lc.chat.ainvoke("hello")),
    chat("history with a tool's answer", with_history, but(ANSWERED, input=HISTORY)),
    chat("pictures", with_blocks, but(ANSWERED, input=PICTURES)),
    chat("parallel tool calls", with_tools, TOOLS, {"tool_calls": TWO_CALLS, "usage": COUNTED}),
    chat(
        "refusal",
        lambda lc: lc.chat.invoke("hello"),
        but(ANSWERED, output=[message("assistant", {"type": "refusal", "content": "No."}, finish_reason="stop")]),
        {"refusal": "No.", "usage": COUNTED},
    ),
    chat(
        "several choices",
        several_choices,
        but(
            ANSWERED,
            output=[said("assistant", "one", "stop"), said("assistant", "two", "stop")],
            finish=["stop", "stop"],
            more={"gen_ai.request.choice.count": 2},
        ),
        {"choices": ["one", "two"], "usage": COUNTED},
    ),
    chat(
        "structured output",
        structured,
        but(
            ANSWERED,
            parent="RunnableSequence",
            output=[said("assistant", '{"name": "Paris"}', "stop")],
            more={"gen_ai.output.type": "json"},
        ),
        {"text": '{"name": "Paris"}', "usage": COUNTED},
        tree=("RunnableSequence chain", "  ChatOpenAI llm", "  _check_refusal chain", "  JsonOutputParser chain"),
    ),
    chat("OpenAI's Responses API", lambda lc: lc.responses.invoke("hello"), REASONED, {"raw": RESPONSE}),
    chat(
        "retries of the client",
        lambda lc: lc.patient.invoke("hello"),
        but(ANSWERED, events=["assay.retry"]),
        RETRY,
        REPLY,
    ),
    chat(
        "error of the server",
        lambda lc: lc.chat.invoke("hello"),
        but(
            UNANSWERED,
            error="langchain_openai.chat_models.base.OpenAIRateLimitError",
            more={"http.response.status_code": 429},
        ),
        {"status": 429, "error": "slow down"},
        raises="OpenAIRateLimitError",
    ),
    LangChainCase(
        group="Chat models",
        form="`batch`",
        run=lambda lc: lc.chat.batch(["hello", "hello"]),
        calls=(ECHOED, ECHOED),
        tree=("ChatOpenAI llm", "ChatOpenAI llm"),
    ),
    LangChainCase(
        group="Chat models",
        form="`abatch`",
        run=lambda lc: lc.chat.abatch(["hello", "hello"]),
        calls=(ECHOED, ECHOED),
        tree=("ChatOpenAI llm", "ChatOpenAI llm"),
    ),
    LangChainCase(
        group="Chat models",
        form="`generate` for two prompts",
        run=two_prompts,
        calls=(ECHOED, ECHOED),
        tree=("ChatOpenAI llm", "ChatOpenAI llm"),
    ),
    case("Chat models", "cancelled", cancelled, but(UNANSWERED, error=CANCELLED), raises="CancelledError"),
    case("Chat models", "timed out", timed_out, but(UNANSWERED, error=CANCELLED), raises="TimeoutError"),
    case(
        "Text models",
        "one answer",
        lambda lc: lc.completion.invoke("hello"),
        TEXT,
        REPLY,
        tree=("OpenAI llm",),
    ),
    case(
        "Text models",
        "async",
        lambda lc: lc.completion.ainvoke("hello"),
        TEXT,
        REPLY,
        tree=("OpenAI llm",),
    ),
    stream("`stream`", lambda lc: list(lc.chat.stream("hello"))),
    stream("`astream`", lambda lc: read(lc.chat.astream("hello"))),
    stream(
        "with the usage",
        lambda lc: list(lc.chat_with_usage.stream("hello")),
        but(STREAMED, tokens=TOKENS),
    ),
    stream("`astream_events`", lambda lc: read(lc.chat.astream_events("hello", version="v2"))),
    stream("`stream_events`, version 3", v3),
    stream(
        "tool calls",
        lambda lc: list(lc.chat.bind_tools([lc.search]).stream("hello")),
        but(TOOLS, tokens=None, more={"gen_ai.request.stream": True}),
        {"tool_calls": TWO_CALLS},
    ),
    stream("left by `break`", broken_off, FIRST_TWO, WORDS),
    stream("dropped", dropped, FIRST_TWO, WORDS),
    stream("closed early, async", async_broken_off, FIRST_TWO, WORDS),
    stream(
        "broken connection",
        lambda lc: list(lc.chat.stream("hello")),
        but(FIRST_TWO, error=DISCONNECTED),
        {**WORDS, "cut_after": 3},
        raises=DISCONNECTED.rpartition(".")[2],
    ),
)
