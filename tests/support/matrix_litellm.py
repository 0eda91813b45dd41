"""What LiteLLM can be asked, and what must be recorded of it. `run` takes the base URL of an OpenAI-compatible server.

LiteLLM takes seconds to import, so it is imported by the cases.
"""

from __future__ import annotations

import functools
from typing import Any

import pytest

from support.matrix import Call, Case, Tokens, said, tool_call
from support.matrix import message as message_of
from support.openai_server import MODEL, usage

GPT = "openai/gpt-4o-mini"
HELLO: list[Any] = [{"role": "user", "content": "hello"}]
USER = said("user", "hello")
COUNTED = usage(input=10, output=7, cached=4, reasoning=5)
TOKENS = Tokens(10, 7, cached=4, reasoning=5)
COST = pytest.approx(6 * 0.15e-6 + 4 * 0.075e-6 + 7 * 0.6e-6)  # gpt-4o-mini, by LiteLLM's own table
SEARCH = {"type": "function", "function": {"name": "search", "parameters": {"type": "object", "properties": {}}}}
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": MODEL,
    "status": "completed",
    "output": [
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "hi", "annotations": []}],
        }
    ],
    "usage": {
        "input_tokens": 10,
        "output_tokens": 7,
        "total_tokens": 17,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens_details": {"reasoning_tokens": 5},
    },
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}
EVENTS = [
    {"type": "response.created", "response": {**RESPONSE, "status": "in_progress", "output": [], "usage": None}},
    {
        "type": "response.output_text.delta",
        "delta": "hi",
        "item_id": "m",
        "output_index": 0,
        "content_index": 0,
        "sequence_number": 1,
    },
    {"type": "response.completed", "response": RESPONSE},
]
TEXT = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1,
    "model": MODEL,
    "choices": [{"index": 0, "text": "hi", "finish_reason": "stop", "logprobs": None}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}


def call(function: str, url: str, **given: Any) -> Any:
    import litellm

    return getattr(litellm, function)(api_base=url, api_key="sk-test", max_retries=0, **given)


chat = functools.partial(call, "completion", model=GPT, messages=HELLO)
achat = functools.partial(call, "acompletion", model=GPT, messages=HELLO)


def read(url: str, **given: Any) -> list[Any]:
    return list(chat(url, stream=True, **given))


async def aread(url: str, **given: Any) -> list[Any]:
    return [chunk async for chunk in await achat(url, stream=True, **given)]


def broken_off(url: str) -> None:
    stream = chat(url, stream=True)
    while not next(stream).choices[0].delta.content:
        pass
    stream.close()


async def abroken_off(url: str) -> None:
    stream = await achat(url, stream=True)
    async for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    await stream.aclose()


async def aresponses_read(url: str) -> None:
    async for _ in await call("aresponses", url, model=GPT, input="hello", stream=True):
        pass


def router(url: str) -> Any:
    """Two deployments: `fast` falls back to `slow`, after one more try."""
    import litellm

    models = {"fast": GPT, "slow": "openai/gpt-4o"}
    deployments: list[Any] = [
        {"model_name": name, "litellm_params": {"model": model, "api_base": url, "api_key": "sk-test"}}
        for name, model in models.items()
    ]
    return litellm.Router(model_list=deployments, fallbacks=[{"fast": ["slow"]}], num_retries=1, retry_after=0)


async def routed_stream(url: str) -> None:
    options = {"include_usage": True}
    stream = await router(url).acompletion(model="fast", messages=HELLO, stream=True, stream_options=options)
    async for _ in stream:
        pass


def gpt(**changes: Any) -> Call:
    """An answer `hi` to `hello`, with all that is known of it."""
    usual: dict[str, Any] = {
        "request_model": "gpt-4o-mini",
        "input": [USER],
        "output": [said("assistant", "hi", "stop")],
        "tokens": TOKENS,
        "finish": ["stop"],
        "more": {"llm.cost.total": COST},
    }
    return Call(**{**usual, **changes})


def failed(**changes: Any) -> Call:
    usual = {"response_model": None, "output": None, "tokens": None, "finish": None}
    return gpt(**{**usual, "more": {"http.response.status_code": 500}, "error": ERROR, **changes})


ERROR = "litellm.exceptions.InternalServerError"
HI = {"text": "hi", "usage": COUNTED}
FAIL = {"status": 500, "error": "broken"}
GROUP = gpt(request_model="fast", tokens=None, more={}, absent=("llm.cost.total",))
SLOW = gpt(request_model="gpt-4o", parent="chat fast", more={})

CASES = (
    Case(group="Chat completions", form="one answer", run=chat, replies=(HI,), calls=(gpt(),)),
    Case(group="Chat completions", form="async", run=achat, replies=(HI,), calls=(gpt(),)),
    Case(
        group="Chat completions",
        form="user, session, tags and metadata",
        run=functools.partial(chat, user="u7", metadata={"session_id": "s1", "tags": ["beta"], "plan": "pro"}),
        replies=(HI,),
        calls=(
            gpt(
                more={
                    "session.id": "s1",
                    "user.id": "u7",
                    "tag.tags": ["beta"],
                    "metadata": {"plan": "pro"},
                }
            ),
        ),
    ),
    Case(
        group="Chat completions",
        form="tools",
        run=functools.partial(chat, tools=[SEARCH]),
        replies=({"tool_calls": [("c1", "search", {"q": "x"})], "usage": COUNTED},),
        calls=(
            gpt(
                output=[message_of("assistant", tool_call("c1", "search", {"q": "x"}), finish_reason="tool_calls")],
                finish=["tool_calls"],
                tools=["search"],
                called=["search"],
            ),
        ),
    ),
    Case(
        group="Chat completions",
        form="structured output",
        run=functools.partial(chat, response_format={"type": "json_object"}),
        replies=(HI,),
        calls=(gpt(more={"gen_ai.output.type": "json"}),),
    ),
    Case(
        group="Chat completions",
        form="error",
        run=chat,
        replies=({"status": 429, "error": "slow down"},),
        raises="RateLimitError",
        calls=(failed(error="litellm.exceptions.RateLimitError", more={"http.response.status_code": 429}),),
    ),
    Case(
        group="Chat completions, streamed",
        form="stream with usage",
        run=functools.partial(read, stream_options={"include_usage": True}),
        replies=(HI,),
        calls=(gpt(),),
    ),
    Case(
        group="Chat completions, streamed",
        form="stream without usage",
        run=read,
        replies=(HI,),
        calls=(gpt(tokens=None, more={}, absent=("llm.cost.total",)),),
        note="tokens are unknown: nothing is estimated",
    ),
    Case(
        group="Chat completions, streamed",
        form="async stream",
        run=functools.partial(aread, stream_options={"include_usage": True}),
        replies=(HI,),
        calls=(gpt(),),
    ),
    Case(
        group="Chat completions, streamed",
        form="closed early",
        run=broken_off,
        replies=({"text": "hi there"},),
        calls=(gpt(output=[said("assistant", "hi")], tokens=None, finish=None, more={}),),
    ),
    Case(
        group="Chat completions, streamed",
        form="async, closed early",
        run=abroken_off,
        replies=({"text": "hi there"},),
        calls=(gpt(output=[said("assistant", "hi")], tokens=None, finish=None, more={}),),
    ),
    Case(
        group="Text completions",
        form="one answer",
        run=functools.partial(call, "text_completion", model="text-completion-openai/babbage-002", prompt="hello"),
        replies=({"raw": TEXT},),
        calls=(gpt(operation="text_completion", request_model="babbage-002", tokens=Tokens(3, 1), more={}),),
    ),
    Case(
        group="Text completions",
        form="over a chat model",
        run=functools.partial(call, "text_completion", model=GPT, prompt="hello"),
        replies=(HI,),
        calls=(gpt(operation="text_completion"),),
    ),
    Case(
        group="Responses API",
        form="one answer",
        run=functools.partial(call, "responses", model=GPT, input="hello"),
        replies=({"raw": RESPONSE},),
        calls=(gpt(),),
    ),
    Case(
        group="Responses API",
        form="async stream",
        run=aresponses_read,
        replies=({"events": EVENTS},),
        calls=(gpt(more={}),),
    ),
    Case(
        group="Embeddings",
        form="texts",
        run=functools.partial(call, "embedding", model="openai/text-embedding-3-small", input=["one two"]),
        calls=(
            Call(
                operation="embeddings",
                kind="EMBEDDING",
                request_model="text-embedding-3-small",
                tokens=Tokens(2),
                prompt=False,
                more={"llm.cost.total": pytest.approx(2 * 0.02e-6)},
            ),
        ),
    ),
    Case(
        group="Attempts",
        form="fallbacks",
        run=functools.partial(chat, fallbacks=["openai/gpt-4o"]),
        replies=(FAIL, HI),
        calls=(
            gpt(tokens=None, more={}, absent=("llm.cost.total",)),
            failed(parent="chat gpt-4o-mini"),
            gpt(request_model="gpt-4o", parent="chat gpt-4o-mini", more={}),
        ),
    ),
    Case(
        group="Attempts",
        form="router",
        run=lambda url: router(url).completion(model="fast", messages=HELLO),
        replies=(HI,),
        calls=(GROUP, gpt(parent="chat fast")),
    ),
    Case(
        group="Attempts",
        form="router, async stream",
        run=routed_stream,
        replies=(HI,),
        calls=(gpt(request_model="fast", response_model="gpt-4o-mini", tokens=None, more={}), gpt(parent="chat fast")),
    ),
    Case(
        group="Attempts",
        form="router, retried, then fallen back",
        run=lambda url: router(url).completion(model="fast", messages=HELLO),
        replies=(FAIL, FAIL, HI),
        calls=(GROUP, failed(parent="chat fast"), failed(parent="chat fast"), SLOW),
    ),
)
