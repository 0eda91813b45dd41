"""Chat completions with the OpenAI SDK: answers in one piece."""

from __future__ import annotations

import dataclasses
from typing import Any

import openai

from support.matrix import Call, Case, Tokens, message, said, tool_call
from support.openai_clients import (
    ANSWERED,
    COUNTED,
    HELLO,
    REPLY,
    SEARCH,
    TOKENS,
    TWO_CALLS,
    USER,
    VERSIONS,
    City,
    Clients,
)
from support.openai_server import usage

GROUP = "Chat completions"
FUNCTION: dict[str, Any] = {"type": "function", "function": SEARCH}
PICTURE: list[Any] = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,cGljdHVyZQ=="}},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        ],
    }
]
HISTORY: list[Any] = [
    {"role": "system", "content": "Be brief."},
    *HELLO,
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c0", "type": "function", "function": {"name": "search", "arguments": '{"q": "x"}'}}],
    },
    {"role": "tool", "tool_call_id": "c0", "content": "found"},
]
DEEP = {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": [1, {"j": "deep"}]}}}}}}}}}
CALLED = [
    message(
        "assistant",
        tool_call("c1", "search", {"q": "x"}),
        tool_call("c2", "search", {"q": "y"}),
        finish_reason="tool_calls",
    )
]


def answers(**fields: Any) -> Call:
    """The plain answer, with what is else in this case."""
    return dataclasses.replace(ANSWERED, **fields)


def parse(on: Clients) -> None:
    answer = on.client.chat.completions.parse(model="gpt-x", messages=HELLO, response_format=City)
    assert answer.choices[0].message.parsed == City(name="Paris")


def parse_refused(on: Clients) -> None:
    answer = on.client.chat.completions.parse(model="gpt-x", messages=HELLO, response_format=City)
    assert answer.choices[0].message.parsed is None


class OwnClient(openai.OpenAI):
    """As applications write it: a subclass with a `request` of its own."""

    def request(self, *args: Any, **kwargs: Any) -> Any:
        return super().request(*args, **kwargs)


def with_subclass(on: Clients) -> None:
    with OwnClient(base_url=on.server.url, api_key="sk-test") as client:
        client.chat.completions.create(model="gpt-x", messages=HELLO)


def with_azure(on: Clients) -> None:
    endpoint = on.server.url.removesuffix("/v1")
    with openai.AzureOpenAI(azure_endpoint=endpoint, api_key="k", api_version="2024-10-21") as client:
        client.chat.completions.create(model="gpt-x", messages=HELLO)
    assert on.server.requests[-1].path == "/openai/deployments/gpt-x/chat/completions"


def with_azure_deployment(on: Clients) -> None:
    base = on.server.url.replace("/v1", "/openai/deployments/gpt-x")
    with openai.AzureOpenAI(base_url=base, api_key="k", api_version="2024-10-21") as client:
        client.chat.completions.create(model="gpt-x", messages=HELLO)


def with_options(on: Clients) -> None:
    on.client.with_options(timeout=5).chat.completions.create(model="gpt-x", messages=HELLO)


def with_copy(on: Clients) -> None:
    on.client.copy(api_key="sk-other").chat.completions.create(model="gpt-x", messages=HELLO)


def with_module(on: Clients) -> None:
    openai.api_key, openai.base_url = "sk-test", f"{on.server.url}/"
    try:
        openai.chat.completions.create(model="gpt-x", messages=HELLO)
    finally:
        openai._reset_client()  # type: ignore[attr-defined]
        openai.api_key = openai.base_url = None


CHAT = (
    Case(
        group=GROUP,
        form="one answer",
        run=lambda on: on.chat(temperature=0.5, top_p=0.9, max_completion_tokens=50, seed=7, stop="END"),
        replies=(REPLY,),
        calls=(
            answers(
                more={
                    "gen_ai.request.temperature": 0.5,
                    "gen_ai.request.top_p": 0.9,
                    "gen_ai.request.max_tokens": 50,
                    "gen_ai.request.seed": 7,
                    "gen_ai.request.stop_sequences": ["END"],
                    "gen_ai.response.id": "chatcmpl-1",
                    "openai.response.system_fingerprint": "fp_test",
                    "http.response.header.x-request-id": ["req_test"],
                    "server.address": "127.0.0.1",
                },
                absent=["gen_ai.request.stream", "gen_ai.response.time_to_first_chunk"],
            ),
        ),
    ),
    Case(
        group=GROUP,
        form="async",
        run=lambda on: on.async_chat(),
        replies=(REPLY,),
        calls=(ANSWERED,),
    ),
    Case(
        group=GROUP,
        form="history with a tool's answer",
        run=lambda on: on.chat(messages=HISTORY),
        replies=(REPLY,),
        calls=(
            answers(
                input=[
                    said("system", "Be brief."),
                    USER,
                    message("assistant", tool_call("c0", "search", {"q": "x"})),
                    message("tool", {"type": "tool_call_response", "id": "c0", "response": "found"}),
                ],
            ),
        ),
    ),
    Case(
        group=GROUP,
        form="pictures",
        run=lambda on: on.chat(messages=PICTURE),
        replies=({"text": "hi there", "usage": usage(input=90, prompt_tokens_details={"image_tokens": 80})},),
        calls=(
            answers(
                input=[
                    message(
                        "user",
                        {"type": "text", "content": "What is this?"},
                        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "cGljdHVyZQ=="},
                        {"type": "uri", "modality": "image", "uri": "https://example.com/a.png"},
                    )
                ],
                tokens=Tokens(90, 3, cached=0, reasoning=0),
                more={"gen_ai.usage.image.input_tokens": 80},
            ),
        ),
    ),
    Case(
        group=GROUP,
        form="parallel tool calls",
        run=lambda on: on.chat(tools=[FUNCTION], tool_choice="auto", parallel_tool_calls=True),
        replies=({"tool_calls": TWO_CALLS, "usage": COUNTED},),
        calls=(
            Call(
                input=[USER],
                output=CALLED,
                tokens=TOKENS,
                finish=["tool_calls"],
                tools=["search"],
                called=["search", "search"],
                more={"assay.request.tool_choice": "auto", "assay.request.parallel_tool_calls": True},
            ),
        ),
    ),
    Case(
        group=GROUP,
        form="deeply nested tool arguments",
        run=lambda on: on.chat(tools=[FUNCTION]),
        replies=({"tool_calls": [("c1", "search", DEEP)], "usage": COUNTED},),
        calls=(
            Call(
                output=[message("assistant", tool_call("c1", "search", DEEP), finish_reason="tool_calls")],
                tokens=TOKENS,
                finish=["tool_calls"],
                tools=["search"],
                called=["search"],
            ),
        ),
    ),
    Case(
        group=GROUP,
        form="functions, their older form",
        run=lambda on: on.chat(functions=[SEARCH]),
        replies=({"function_call": ("search", {"q": "x"}), "usage": COUNTED},),
        calls=(
            Call(
                output=[message("assistant", tool_call(None, "search", {"q": "x"}), finish_reason="function_call")],
                tokens=TOKENS,
                finish=["function_call"],
                tools=["search"],
                called=["search"],
            ),
        ),
    ),
    Case(
        group=GROUP,
        form="refusal",
        run=lambda on: on.chat(),
        replies=({"refusal": "I will not.", "usage": COUNTED},),
        calls=(
            answers(
                output=[message("assistant", {"type": "refusal", "content": "I will not."}, finish_reason="stop")],
            ),
        ),
    ),
    Case(
        group=GROUP,
        form="several choices",
        run=lambda on: on.chat(n=2),
        replies=({"choices": ["one", "two"], "usage": COUNTED},),
        calls=(
            answers(
                output=[said("assistant", "one", "stop"), said("assistant", "two", "stop")],
                finish=["stop", "stop"],
                more={"gen_ai.request.choice.count": 2},
            ),
        ),
    ),
    Case(
        group=GROUP,
        form="log probabilities",
        run=lambda on: on.chat(logprobs=True, top_logprobs=2),
        replies=({**REPLY, "logprobs": True},),
        calls=(answers(more={"assay.request.logprobs": True, "assay.request.top_logprobs": 2}),),
        note="that they were asked for; the numbers themselves are left out",
    ),
    Case(
        group=GROUP,
        form="sound in and out",
        run=lambda on: on.chat(modalities=["text", "audio"], audio={"voice": "alloy", "format": "wav"}),
        replies=(
            {
                "audio": {"id": "a1", "data": "c291bmQ=", "transcript": "hi"},
                "usage": usage(
                    input=10, prompt_tokens_details={"audio_tokens": 6}, completion_tokens_details={"audio_tokens": 2}
                ),
            },
        ),
        calls=(
            answers(
                output=[
                    message(
                        "assistant",
                        {"type": "blob", "modality": "audio", "content": "c291bmQ=", "transcript": "hi"},
                        finish_reason="stop",
                    )
                ],
                tokens=Tokens(10, 3, cached=0, reasoning=0),
                more={"gen_ai.usage.audio.input_tokens": 6, "gen_ai.usage.audio.output_tokens": 2},
            ),
        ),
    ),
    Case(
        group=GROUP,
        form="predicted output",
        run=lambda on: on.chat(prediction={"type": "content", "content": "hi"}),
        replies=(
            {
                "text": "hi there",
                "usage": usage(
                    input=10,
                    completion_tokens_details={"accepted_prediction_tokens": 1, "rejected_prediction_tokens": 2},
                ),
            },
        ),
        calls=(
            answers(
                tokens=Tokens(10, 3, cached=0, reasoning=0),
                more={
                    "assay.usage.accepted_prediction_tokens": 1,
                    "assay.usage.rejected_prediction_tokens": 2,
                },
            ),
        ),
    ),
    Case(
        group=GROUP,
        form="reasoning effort, service tier",
        run=lambda on: on.chat(reasoning_effort="high", service_tier="flex"),
        replies=({**REPLY, "reasoning": "because", "more": {"service_tier": "flex"}},),
        calls=(
            answers(
                output=[
                    message(
                        "assistant",
                        {"type": "reasoning", "content": "because"},
                        {"type": "text", "content": "hi there"},
                        finish_reason="stop",
                    )
                ],
                more={
                    "gen_ai.request.reasoning.level": "high",
                    "openai.request.service_tier": "flex",
                    "openai.response.service_tier": "flex",
                },
            ),
        ),
    ),
    Case(
        group=GROUP,
        form="`parse`: structured output",
        run=parse,
        replies=({"text": '{"name": "Paris"}', "usage": COUNTED},),
        calls=(
            answers(
                output=[said("assistant", '{"name": "Paris"}', "stop")],
                more={"gen_ai.output.type": "json", "assay.request.response_format": "json_schema City"},
            ),
        ),
    ),
    Case(
        group=GROUP,
        form="`parse`, refused",
        run=parse_refused,
        replies=({"refusal": "No.", "usage": COUNTED},),
        calls=(
            answers(
                output=[message("assistant", {"type": "refusal", "content": "No."}, finish_reason="stop")],
            ),
        ),
    ),
    Case(
        group=GROUP,
        form="`parse`, answer too long",
        run=parse,
        replies=({"text": '{"na', "finish_reason": "length", "usage": COUNTED},),
        raises="LengthFinishReasonError",
        calls=(
            answers(
                output=[said("assistant", '{"na', "length")],
                finish=["length"],
                error="openai.LengthFinishReasonError",
            ),
        ),
    ),
    Case(
        group=GROUP,
        form="`parse`, answer of another shape",
        run=parse,
        replies=({"text": '{"town": 1}', "usage": COUNTED},),
        raises="ValidationError",
        calls=(
            answers(
                output=[said("assistant", '{"town": 1}', "stop")],
                error="pydantic_core._pydantic_core.ValidationError",
            ),
        ),
    ),
    *(
        Case(
            group="Clients",
            form=form,
            run=run,
            replies=(REPLY,),
            calls=(answers(provider="azure.ai.openai" if "Azure" in form else "openai"),),
        )
        for form, run in (
            ("`with_options`", with_options),
            ("`copy`", with_copy),
            ("a subclass with a `request` of its own", with_subclass),
            ("the module as the client", with_module),
            ("Azure, deployment by model", with_azure),
            ("Azure, deployment in the base URL", with_azure_deployment),
        )
    ),
)
CHAT = tuple(dataclasses.replace(case, versions=case.versions or VERSIONS) for case in CHAT)
