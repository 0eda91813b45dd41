"""What OpenLIT sends becomes canonical: GenAI messages, and in its older versions one text for all of them."""

from __future__ import annotations

from typing import Any

import pytest

from assay.collector.dialects import openlit
from support.recordings import columns, recorded_row, said

OLD, NEW = "openlit-1.34.43", "openlit-1.45.0"
BOTH = [OLD, NEW]
QUESTION = "Where is my order 42?"
ANSWER = "It left the warehouse this morning."
ASKED = [("system", ["You are a support bot."]), ("user", [QUESTION])]
CALLS = [("assistant", ['call_1: find_order({"id": 42})', 'call_2: find_order({"id": 43})'])]


def row(recording: str, kind: str = "llm") -> dict[str, Any]:
    return recorded_row("openlit", recording, kind=kind)


@pytest.mark.parametrize("version", BOTH)
def test_a_chat_is_a_model_call(version: str) -> None:
    call = row(f"{version}-chat")
    assert columns(call, "dialect", "operation", "provider", "status") == ("otel-genai", "chat", "openai", "ok")
    assert columns(call, "request_model", "response_model") == ("gpt-4o-mini", "gpt-4o-mini-2024-07-18")
    assert said(call["input_messages"]) == ASKED
    assert said(call["output_messages"]) == [("assistant", [ANSWER])]
    assert columns(call, "input", "output", "finish_reasons") == (QUESTION, ANSWER, ["stop"])
    assert columns(call, "input_tokens", "output_tokens", "total_tokens") == (120, 8, 128)
    assert (call["environment"], call["user_id"]) == ("staging", None)  # it writes "" where there is no user


def test_a_cost_of_nothing_is_an_unknown_price_so_ours_is_taken() -> None:
    assert row(f"{NEW}-chat")["cost_usd"] == pytest.approx(20 * 0.15e-6 + 100 * 0.075e-6 + 8 * 0.6e-6)


@pytest.mark.parametrize("version", BOTH)
def test_marks_of_parameters_that_were_not_given_are_none(version: str) -> None:
    parameters = row(f"{version}-chat")["model_parameters"]
    assert (parameters["temperature"], parameters["max_tokens"]) == (0.2, 50)
    assert not [name for name, value in parameters.items() if value in ("", -1, [])]


@pytest.mark.parametrize("case", ["tool-calls", "tool-calls-stream"])
@pytest.mark.parametrize("version", BOTH)
def test_tool_calls_are_the_answer_of_a_model_and_make_no_tool_of_it(version: str, case: str) -> None:
    call = row(f"{version}-{case}")
    assert said(call["output_messages"]) == CALLS
    assert columns(call, "tool_call_names", "tool_name") == (["find_order", "find_order"], None)


@pytest.mark.parametrize("version", BOTH)
def test_the_users_question_is_the_input_though_tools_answered_since(version: str) -> None:
    call = row(f"{version}-tool-results")
    assert columns(call, "input", "output") == (QUESTION, ANSWER)


def test_an_answer_in_json_stays_text() -> None:
    assert row(f"{NEW}-json-answer")["output"] == '{"status": "sent"}'


def test_an_image_is_a_part_of_its_own() -> None:
    (message,) = row(f"{NEW}-picture")["input_messages"]
    assert message["parts"][1] == {"type": "uri", "modality": "image", "uri": "https://example.org/parcel.png"}


def test_reasoning_and_cached_tokens_of_the_responses_api_are_parts_of_the_totals() -> None:
    call = row(f"{NEW}-responses")
    assert columns(call, "input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens") == (60, 12, 40, 5)


def test_an_embedding_has_its_texts_as_input() -> None:
    call = row(f"{NEW}-embeddings", "embedding")
    assert columns(call, "input", "output", "input_tokens", "total_tokens") == ("one two\nthree", None, 3, 3)


@pytest.mark.parametrize("version", BOTH)
def test_a_refused_request_is_an_error(version: str) -> None:
    call = row(f"{version}-error")
    assert columns(call, "status", "input_tokens", "cost_usd") == ("error", None, None)
    assert "slow down" in call["status_message"]


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"gen_ai.operation.name": "vectordb", "db.operation.name": "QUERY"}, "retriever"),
        ({"gen_ai.operation.name": "vectordb", "db.operation.name": "INSERT"}, None),
        ({"gen_ai.operation.name": "framework"}, "chain"),
        ({"gen_ai.operation.name": "chat"}, None),
    ],
)
def test_operations_of_its_own_have_kinds(attributes: dict[str, Any], kind: str | None) -> None:
    assert openlit.kind(attributes) == kind
