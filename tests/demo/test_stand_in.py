"""The demo's stand-in model, met as programs meet it: through the `openai` client and over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from assay.demo.stand_in import FINGERPRINT, MODEL, StandIn, tokens

CONTEXT = """Context:

[returns] Returns
You can return a garden within 60 days. Refunds take 7 working days. Opened pods cannot be returned.

[pump] Noise
The pump is as loud as a quiet fridge, 28 decibels. It runs for five minutes every half hour."""
PLAIN = "You are a support assistant. Answer the question."
CAREFUL = (
    "Answer in one short sentence, using only the context. If it is not there, say that you don't know. "
    "Cite the page in brackets."
)
ORDER_TOOL = {
    "type": "function",
    "function": {
        "name": "order_status",
        "parameters": {
            "type": "object",
            "properties": {"order": {"type": "string", "pattern": r"^M-\d{5}$"}},
            "required": ["order"],
        },
    },
}


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    with StandIn() as model, openai.OpenAI(base_url=model.url, api_key="any", max_retries=0) as client:
        yield client


def messages(instructions: str, question: str) -> list[Any]:
    return [
        {"role": "system", "content": instructions},
        {"role": "user", "content": f"{CONTEXT}\n\nQuestion: {question}"},
    ]


def ask(client: openai.OpenAI, instructions: str, question: str) -> str:
    completion = client.chat.completions.create(model=MODEL, messages=messages(instructions, question))
    return completion.choices[0].message.content or ""


def test_it_says_that_it_is_a_stand_in(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(model=MODEL, messages=messages(PLAIN, "How loud is the pump?"))
    assert (completion.model, completion.system_fingerprint) == ("stand-in", FINGERPRINT)
    assert [model.id for model in client.models.list()] == ["stand-in"]


def test_without_instructions_it_hands_over_the_whole_passage(client: openai.OpenAI) -> None:
    assert ask(client, PLAIN, "How loud is the pump?").endswith(
        "The pump is as loud as a quiet fridge, 28 decibels. It runs for five minutes every half hour."
    )


def test_asked_to_be_short_it_quotes_one_sentence_and_cites_it(client: openai.OpenAI) -> None:
    expected = "The pump is as loud as a quiet fridge, 28 decibels. [pump]"
    assert ask(client, CAREFUL, "How loud is the pump?") == expected


def test_told_to_it_says_when_the_context_has_no_answer(client: openai.OpenAI) -> None:
    question = "Who founded the company, and in which year?"
    assert "don't know" in ask(client, CAREFUL, question)
    assert "don't know" not in ask(client, PLAIN, question)


def test_without_context_it_admits_that_it_knows_nothing(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Who wrote Emma?"}])
    assert "stand-in" in (completion.choices[0].message.content or "")


def test_the_same_request_is_answered_the_same(client: openai.OpenAI) -> None:
    assert ask(client, CAREFUL, "Can I return pods?") == ask(client, CAREFUL, "Can I return pods?")


def test_a_stream_carries_the_same_answer_and_usage_at_its_end(client: openai.OpenAI) -> None:
    request = messages(CAREFUL, "How loud is the pump?")
    whole = client.chat.completions.create(model=MODEL, messages=request)
    stream = client.chat.completions.create(
        model=MODEL, messages=request, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert len(chunks) > 5
    assert (chunks[-2].choices[0].finish_reason, chunks[-1].usage) == ("stop", whole.usage)


def test_a_stream_reports_usage_only_when_asked_to(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(model=MODEL, messages=messages(CAREFUL, "How loud?"), stream=True)
    assert all(chunk.usage is None and chunk.choices for chunk in stream)


@pytest.mark.parametrize("stream", [False, True])
def test_it_calls_a_tool_whose_argument_the_question_spells_out(client: openai.OpenAI, stream: bool) -> None:
    request = messages(CAREFUL, "Where is my order M-10455?")
    if stream:
        chunks = list(client.chat.completions.create(model=MODEL, messages=request, tools=[ORDER_TOOL], stream=True))  # type: ignore[list-item]
        deltas = [chunk.choices[0].delta for chunk in chunks]
        call = next(delta.tool_calls[0] for delta in deltas if delta.tool_calls)
        finish_reason = chunks[-1].choices[0].finish_reason
    else:
        choice = client.chat.completions.create(model=MODEL, messages=request, tools=[ORDER_TOOL]).choices[0]  # type: ignore[list-item]
        assert choice.message.tool_calls
        call, finish_reason = choice.message.tool_calls[0], choice.finish_reason  # type: ignore[assignment]
    assert finish_reason == "tool_calls"
    assert call.function
    assert (call.function.name, json.loads(call.function.arguments or "")) == ("order_status", {"order": "M-10455"})


def test_it_calls_no_tool_that_the_question_does_not_ask_for(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(
        model=MODEL,
        messages=messages(CAREFUL, "How loud is the pump?"),
        tools=[ORDER_TOOL],  # type: ignore[list-item]
    )
    assert completion.choices[0].message.tool_calls is None


def test_it_answers_from_a_tools_result(client: openai.OpenAI) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "order_status", "arguments": "{}"}}
    conversation = [
        *messages(CAREFUL, "Where is my order M-10455?"),
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": '{"status": "shipped", "carrier": "bpost"}'},
    ]
    completion = client.chat.completions.create(model=MODEL, messages=conversation, tools=[ORDER_TOOL])  # type: ignore[list-item]
    assert completion.choices[0].message.content == "status: shipped, carrier: bpost."


def test_usage_adds_up_and_counts_four_characters_as_a_token(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(model=MODEL, messages=messages(CAREFUL, "How loud is the pump?"))
    assert completion.usage
    assert completion.usage.completion_tokens == tokens(completion.choices[0].message.content or "")
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens


@pytest.mark.parametrize(
    ("answer", "expected", "verdict"),
    [
        pytest.param("It is 28 decibels loud.", "28 decibels", "correct", id="holds-the-facts"),
        pytest.param("It is 35 decibels loud.", "28 decibels", "incorrect", id="another-number"),
        pytest.param("Nine holes", "There are 9 holes.", "correct", id="numbers-in-words"),
        pytest.param("I don't know.", "28 decibels", "incorrect", id="gives-up"),
        pytest.param("It costs 3 euros.", "The assistant does not know.", "incorrect", id="invents"),
        pytest.param("I do not know that.", "The assistant does not know.", "correct", id="admits"),
    ],
)
def test_as_a_judge_it_fills_in_the_schema_of_the_request(
    client: openai.OpenAI, answer: str, expected: str, verdict: str
) -> None:
    properties = {
        "explanation": {"type": "string"},
        "verdict": {"type": "string", "enum": ["correct", "incorrect"]},
        "agrees": {"type": "boolean"},
    }
    completion = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": f"<expected>{expected}</expected>\n<answer>{answer}</answer>"}],
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "verdict", "schema": {"type": "object", "properties": properties}},
        },
    )
    filled = json.loads(completion.choices[0].message.content or "")
    assert (filled["verdict"], filled["agrees"]) == (verdict, verdict == "correct")
    assert "stand-in" in filled["explanation"]


def test_an_unknown_model_is_refused_as_openai_refuses_it(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="does not exist") as caught:
        client.chat.completions.create(model="gpt-none", messages=[{"role": "user", "content": "Hello"}])
    assert caught.value.code == "model_not_found"


def test_a_request_without_messages_is_a_bad_request(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="messages"):
        client.chat.completions.create(model=MODEL, messages=[])
