"""What LiteLLM's callback sends, in three versions and two forms, becomes the same columns."""

from __future__ import annotations

from typing import Any

import pytest

from assay.collector.dialects import litellm
from support.recordings import DATA, columns, recorded_row, recorded_rows, said

OLDEST, OLDER, NEWEST = "litellm-1.75.0", "litellm-1.80.0", "litellm-1.106.2"
FORMS = (OLDEST, OLDER, NEWEST, f"{NEWEST}-semconv")
every_form = pytest.mark.parametrize("form", FORMS)

ASKED = [("system", ["Be brief."]), ("user", ["Where is my order?"])]
CALLS = ['None: search({"query": "order"})', 'None: search({"query": "invoice"})']  # ids are not sent
TOKENS = ("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "reasoning_tokens")
MODELS = ("provider", "request_model", "response_model")
MODEL = "gpt-4o-mini-2024-07-18"


def row(recording: str, **wanted: Any) -> dict[str, Any]:
    return recorded_row("litellm", recording, **wanted)


@every_form
def test_a_chat_has_models_messages_tokens_and_cost(form: str) -> None:
    call = row(f"{form}-chat", kind="llm")
    assert columns(call, "dialect", "status", *MODELS) == ("litellm", "ok", "openai", "gpt-4o-mini", MODEL)
    assert said(call["input_messages"]) == ASKED
    assert said(call["output_messages"]) == [("assistant", ["On its way."])]
    assert columns(call, "input", "output", "finish_reasons") == ("Where is my order?", "On its way.", ["stop"])
    assert columns(call, *TOKENS, "user_id") == (120, 30, 150, 100, 20, "u7")
    assert call["cost_usd"] == pytest.approx(2.85e-05)
    assert call["model_parameters"]["temperature"] == 0.2


@every_form
def test_one_call_is_one_model_call(form: str) -> None:
    assert [span["kind"] for span in recorded_rows("litellm", f"{form}-chat")].count("llm") == 1


@every_form
def test_a_stream_reads_like_a_whole_answer(form: str) -> None:
    call = row(f"{form}-stream", kind="llm")
    assert said(call["output_messages"]) == [("assistant", ["On its way."])]
    assert columns(call, *TOKENS[:4]) == (12, 3, 15, 4)


@every_form
@pytest.mark.parametrize("case", ["tools", "tools-stream"])
def test_tool_calls_numbered_by_call_belong_to_one_answer(form: str, case: str) -> None:
    call = row(f"{form}-{case}", kind="llm")
    assert said(call["output_messages"]) == [("assistant", CALLS)]
    assert columns(call, "tool_call_names", "finish_reasons") == (["search", "search"], ["tool_calls"])
    assert [tool["name"] for tool in call["tools"]] == ["search"]


@every_form
def test_the_question_is_found_behind_results_of_tools(form: str) -> None:
    call = row(f"{form}-tool-results", kind="llm")
    assert columns(call, "input", "output") == ("Where is my order?", "On its way.")
    assert [message["role"] for message in call["input_messages"]] == ["system", "user", "assistant", "tool"]


@every_form
def test_an_answer_in_json_is_text(form: str) -> None:
    assert row(f"{form}-structured", kind="llm")["output"] == '{"answer": "On its way."}'


@every_form
def test_an_embedding(form: str) -> None:
    call = row(f"{form}-embedding", kind="embedding")
    assert columns(call, "request_model", "input_tokens") == ("text-embedding-3-small", 3)
    assert call["cost_usd"] == pytest.approx(4.5e-07)


@every_form
def test_a_failed_call_is_an_error_without_cost(form: str) -> None:
    call = row(f"{form}-error", kind="llm")
    assert columns(call, "status", "request_model", "output", "cost_usd") == ("error", "gpt-4o-mini", None, None)
    assert form == OLDEST or "slow down" in call["status_message"]  # 1.75 says nothing but that it failed


@every_form
def test_several_choices_are_several_messages(form: str) -> None:
    assert said(row(f"{form}-choices", kind="llm")["output_messages"]) == [
        ("assistant", ["One."]),
        ("assistant", ["Two."]),
    ]


def test_every_recording_is_of_this_dialect() -> None:
    for recording in DATA.joinpath("litellm").glob("*.pb"):
        labels = {span["dialect"] for span in recorded_rows("litellm", recording.stem)}
        assert labels == {"litellm"}, recording.name


PROXY = {
    "metadata.requester_metadata": "{'session_id': 's1', 'user_id': 'u7', 'tags': ['beta'], 'plan': 'pro'}",
    "metadata.user_api_key_alias": "shop",
    "metadata.user_api_key_user_id": "owner",
    "metadata.user_api_key_hash": "",
}


def test_metadata_of_a_proxied_request_names_session_user_and_tags() -> None:
    told = {name: litellm.DIALECT.functions[name](PROXY) for name in ("session_id", "user_id", "tags")}
    assert told == {"session_id": "s1", "user_id": "u7", "tags": ["beta"]}
    assert litellm.metadata(PROXY) == {
        "user_api_key_alias": "shop",
        "session_id": "s1",
        "user_id": "u7",
        "tags": ["beta"],
        "plan": "pro",
    }


def test_the_owner_of_the_key_is_the_user_where_nobody_else_is_named() -> None:
    assert litellm.user_id({"metadata.user_api_key_user_id": "owner", "llm.user": ""}) == "owner"
    assert litellm.user_id({"metadata.user_api_key_user_id": "owner", "llm.user": "u7"}) == "u7"


def test_a_model_is_named_without_its_provider() -> None:
    attributes = {
        "gen_ai.request.model": "openai/gpt-4o-mini",
        "gen_ai.system": "",
        "litellm.provider.model": "openai/x",
    }
    assert (litellm.provider(attributes), litellm.request_model(attributes)) == ("openai", "gpt-4o-mini")


def test_what_anthropic_wrote_to_its_cache_is_counted() -> None:
    attributes = {
        litellm.USAGE: "{'completion_tokens': 5, 'prompt_tokens': 120, 'prompt_tokens_details': {'cached_tokens': 90},"
        " 'cache_creation_input_tokens': 20, 'cache_read_input_tokens': 90}"
    }
    functions = litellm.DIALECT.functions
    assert [
        functions[name](attributes) for name in ("cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
    ] == [
        90,
        20,
        None,
    ]


@pytest.mark.parametrize("broken", ["", "{", "{'a': " * 3000, "__import__('os')", "[1]", 3, None, ["a"]])
def test_values_of_strange_types_raise_nothing(broken: Any) -> None:
    attributes = dict.fromkeys(
        [litellm.USAGE, litellm.REQUESTER, litellm.HIDDEN, litellm.MODEL, "gen_ai.completion.0.function_call"], broken
    )
    for function in litellm.DIALECT.functions.values():
        function(attributes)
