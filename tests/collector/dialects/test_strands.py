"""What Strands Agents sends becomes canonical, with the events of its first version and with the newest ones."""

from __future__ import annotations

from typing import Any

import pytest

from support.recordings import columns, recorded_row, recorded_rows, said

VERSIONS = ["strands-agents-1.0.0", "strands-agents-1.62.0", "strands-agents-1.62.0-latest"]
WITH_CACHE = VERSIONS[1:]
CALLING = ("assistant", ['call_1: find_order({"id": 42})'])
CALLED = ("tool", ['call_1 -> "order 42 is shipped"'])


def row(recording: str, **wanted: Any) -> dict[str, Any]:
    return recorded_row("strands", recording, **wanted)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_model_call_has_its_messages_and_no_provider(version: str) -> None:
    call = row(f"{version}-chat", kind="llm")
    assert columns(call, "dialect", "provider", "request_model", "status") == ("otel-genai", None, "gpt-4o-mini", "ok")
    assert said(call["input_messages"])[-1] == ("user", ["Where is my order?"])
    assert said(call["output_messages"]) == [("assistant", ["On its way."])]
    assert columns(call, "input", "output", "finish_reasons") == ("Where is my order?", "On its way.", ["end_turn"])
    assert columns(call, "input_tokens", "output_tokens", "total_tokens") == (120, 30, 150)


@pytest.mark.parametrize("version", WITH_CACHE)
def test_cached_tokens_are_part_of_the_input(version: str) -> None:
    call = row(f"{version}-chat", kind="llm")
    assert call["cache_read_tokens"] == 100
    assert call["cost_usd"] == pytest.approx(20 * 0.15e-6 + 100 * 0.075e-6 + 30 * 0.6e-6)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_agent_calls_a_tool_and_answers(version: str) -> None:
    calls = [span for span in recorded_rows("strands", f"{version}-tools") if span["kind"] == "llm"]
    assert [said(call["output_messages"]) for call in calls] == [[CALLING], [("assistant", ["On its way."])]]
    assert said(calls[1]["input_messages"])[-2:] == [CALLING, CALLED]
    assert calls[1]["input"] == "Where is my order?"
    assert calls[0]["tool_call_names"] == ["find_order"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_tools_events_are_its_arguments_and_its_answer_and_no_messages(version: str) -> None:
    tool = row(f"{version}-tools", kind="tool")
    assert (tool["tool_name"], tool["input"].replace(" ", "")) == ("find_order", '{"id":42}')
    assert columns(tool, "output", "input_messages", "output_messages") == ("order 42 is shipped", None, None)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_agent_has_the_whole_conversation_its_session_and_its_user(version: str) -> None:
    agent = row(f"{version}-tools", kind="agent")
    assert columns(agent, "session_id", "user_id", "tags") == ("s1", "u7", ["beta", "web"])
    assert said(agent["input_messages"]) == [("system", ["Be brief."]), ("user", ["Where is my order?"])]
    assert columns(agent, "input", "output", "cost_usd") == ("Where is my order?", "On its way.", None)
    assert columns(agent, "input_tokens", "output_tokens") == (180, 39)  # the sum of its model calls


@pytest.mark.parametrize("version", VERSIONS)
def test_cycles_of_the_event_loop_are_chains(version: str) -> None:
    cycles = [s for s in recorded_rows("strands", f"{version}-tools") if s["name"] == "execute_event_loop_cycle"]
    assert [columns(cycle, "kind", "dialect", "input_tokens") for cycle in cycles] == [
        ("chain", "otel-genai", None)
    ] * 2


@pytest.mark.parametrize("version", WITH_CACHE)
def test_a_tool_that_fails_is_an_error(version: str) -> None:
    tool = row(f"{version}-tool-error", kind="tool")
    assert columns(tool, "status", "status_message", "tool_name") == ("error", "no such order", "find_order")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_call_that_the_model_refuses_is_an_error_with_its_question(version: str) -> None:
    call = row(f"{version}-error", kind="llm")
    assert columns(call, "status", "input", "output", "input_tokens") == ("error", "Where is my order?", None, None)
    assert "no such model" in call["status_message"]
