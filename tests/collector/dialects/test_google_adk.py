"""What Google's Agent Development Kit sends becomes canonical: version 1, version 2, and 2 with content."""

from __future__ import annotations

from typing import Any

import pytest

from assay.collector.dialects import google_adk
from support.recordings import columns, recorded_row, recorded_rows, said

VERSION_1 = "google-adk-1.18.0"
VERSION_2 = "google-adk-2.13.0"
WITH_CONTENT = [VERSION_1, f"{VERSION_2}-latest"]
ALL = [VERSION_1, VERSION_2, f"{VERSION_2}-latest"]
SYSTEM = ("system", ['Be brief.\n\nYou are an agent. Your internal name is "support".'])
CALLING = ("assistant", ['call_1: find_order({"id": 42})'])


def row(recording: str, **wanted: Any) -> dict[str, Any]:
    return recorded_row("google_adk", recording, **wanted)


@pytest.mark.parametrize("version", ALL)
def test_thoughts_are_part_of_geminis_output_in_every_version(version: str) -> None:
    call = row(f"{version}-gemini", kind="llm")
    assert columns(call, "dialect", "request_model", "session_id") == ("otel-genai", "gemini-2.5-flash", "s1")
    assert columns(call, "input_tokens", "output_tokens", "total_tokens") == (120, 30, 150)
    assert columns(call, "cache_read_tokens", "reasoning_tokens") == (100, 20)
    assert call["cost_usd"] == pytest.approx(20 * 0.3e-6 + 100 * 0.03e-6 + 30 * 2.5e-6)


@pytest.mark.parametrize("version", ALL)
def test_thoughts_of_another_provider_are_not_counted_twice(version: str) -> None:
    call = [span for span in recorded_rows("google_adk", f"{version}-openai") if span["kind"] == "llm"][-1]
    assert columns(call, "provider", "request_model") == ("openai", "gpt-4o-mini")
    assert columns(call, "input_tokens", "output_tokens", "total_tokens") == (120, 30, 150)
    assert columns(call, "cache_read_tokens", "reasoning_tokens") == (100, 20 if version != VERSION_1 else None)
    assert call["cost_usd"] == pytest.approx(20 * 0.15e-6 + 100 * 0.075e-6 + 30 * 0.6e-6)


def test_version_1_keeps_the_whole_request_and_answer() -> None:
    call = row(f"{VERSION_1}-gemini", kind="llm")
    assert columns(call, "provider", "response_model") == (None, "gemini-2.5-flash")
    assert call["model_parameters"] == {"temperature": 0.2, "max_tokens": 100}
    assert said(call["input_messages"]) == [SYSTEM, ("user", ["Where is my order?"])]
    thought = {"type": "reasoning", "content": "Orders are shipped."}
    assert said(call["output_messages"]) == [("assistant", [thought, "On its way."])]
    assert columns(call, "input", "output", "finish_reasons") == ("Where is my order?", "On its way.", ["stop"])
    assert [tool["name"] for tool in call["tools"]] == ["find_order"]


def test_version_2_names_the_provider() -> None:
    assert row(f"{VERSION_2}-gemini", kind="llm")["provider"] == "gcp.gemini"


@pytest.mark.parametrize("version", [*WITH_CONTENT, f"{VERSION_2}-events"])
def test_an_agent_asks_for_a_tool_and_answers(version: str) -> None:
    calls = [span for span in recorded_rows("google_adk", f"{version}-gemini-tools") if span["kind"] == "llm"]
    assert [said(call["output_messages"]) for call in calls] == [[CALLING], [("assistant", ["On its way."])]]
    answer = ("tool", ['call_1 -> {"status": "shipped", "id": 42}'])
    assert said(calls[1]["input_messages"]) == [SYSTEM, ("user", ["Where is my order?"]), CALLING, answer]
    assert calls[1]["input"] == "Where is my order?"


@pytest.mark.parametrize("version", WITH_CONTENT)
def test_a_tool_has_its_arguments_and_its_answer(version: str) -> None:
    tool = row(f"{version}-gemini-tools", kind="tool")
    assert columns(tool, "tool_name", "input", "output") == (
        "find_order",
        '{"id": 42}',
        '{"status": "shipped", "id": 42}',
    )


def test_the_user_is_named_in_log_records_only() -> None:
    assert row(f"{VERSION_2}-events-gemini", kind="llm")["user_id"] == "u7"


def test_without_content_there_are_no_messages_and_still_a_tree_with_tokens() -> None:
    rows = recorded_rows("google_adk", f"{VERSION_2}-gemini-tools")
    assert [span["kind"] for span in rows] == ["llm", "tool", "llm", "agent", "chain"]
    assert columns(rows[0], "input_messages", "input", "input_tokens") == (None, None, 120)


@pytest.mark.parametrize("version", ALL)
def test_a_tool_that_fails_is_an_error_without_an_answer(version: str) -> None:
    tool = row(f"{version}-tool-error", kind="tool")
    assert columns(tool, "status", "status_message", "output") == ("error", "ValueError: no such order", None)


@pytest.mark.parametrize("version", ALL)
def test_a_call_that_the_model_refuses_is_an_error(version: str) -> None:
    call = row(f"{version}-error", kind="llm")
    assert columns(call, "status", "input_tokens", "cost_usd") == ("error", None, None)
    assert "no such model" in call["status_message"]


def test_geminis_own_long_names_are_left_alone() -> None:
    attributes = {"gen_ai.request.model": "projects/p/locations/l/endpoints/1", "gen_ai.system": "gcp.vertex.agent"}
    assert google_adk.request_model(attributes) == "projects/p/locations/l/endpoints/1"
    assert google_adk.provider(attributes) is None
