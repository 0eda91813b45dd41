"""What agent frameworks send becomes canonical: Agent Framework, Semantic Kernel, AutoGen, OpenAI Agents."""

from __future__ import annotations

from typing import Any

import pytest

from assay.collector.dialects import semantic_kernel
from support.recordings import Row, columns, recorded_row, recorded_rows, said

MICROSOFT = "agent-framework-core-1.23.0"
KERNEL = "semantic-kernel-1.45.0"
AUTOGEN = "autogen-agentchat-0.7.5"
OPENAI = "openai-agents-0.24.0"
TALKING = [MICROSOFT, KERNEL, OPENAI]  # AutoGen traces no model calls

ASKED = ("user", ["Where is my order?"])


def row(recording: str, **wanted: Any) -> Row:
    return recorded_row("frameworks", recording, **wanted)


def model_calls(recording: str) -> list[Row]:
    return [span for span in recorded_rows("frameworks", recording) if span["kind"] == "llm"]


@pytest.mark.parametrize("library", TALKING)
def test_model_calls_have_their_messages_wherever_they_were_sent(library: str) -> None:
    first, last = model_calls(f"{library}-agent")
    assert columns(last, "provider", "request_model") == ("openai", "gpt-4o-mini")
    tool = "Shop-find_order" if library == KERNEL else "find_order"
    calling = ("assistant", [f'call_1: {tool}({{"id": 42}})'])
    assert said(first["output_messages"]) == [calling]
    called = ("tool", ['call_1 -> "order 42 is shipped"'])
    assert said(last["input_messages"]) == [("system", ["Be brief."]), ASKED, calling, called]
    assert said(last["output_messages"]) == [("assistant", ["On its way."])]
    assert columns(last, "input", "output") == ("Where is my order?", "On its way.")
    assert columns(last, "input_tokens", "output_tokens", "total_tokens") == (120, 30, 150)


@pytest.mark.parametrize("library", TALKING)
def test_a_tool_has_its_arguments_and_its_answer(library: str) -> None:
    tool = row(f"{library}-agent", kind="tool")
    assert tool["tool_name"].endswith("find_order")
    assert columns(tool, "input", "output") == ('{"id": 42}', "order 42 is shipped")


@pytest.mark.parametrize("library", [MICROSOFT, KERNEL])
def test_reasons_of_an_answers_end_are_spelled_as_providers_do(library: str) -> None:
    assert [call["finish_reasons"] for call in model_calls(f"{library}-agent")] == [["tool_calls"], ["stop"]]


@pytest.mark.parametrize("library", [MICROSOFT, KERNEL, AUTOGEN])
def test_an_agent_is_no_provider(library: str) -> None:
    agent = row(f"{library}-agent", kind="agent", operation="invoke_agent")
    assert columns(agent, "dialect", "provider", "cost_usd") == ("otel-genai", None, None)


def test_parts_of_the_totals_are_known_where_they_are_told() -> None:
    (_, last) = model_calls(f"{MICROSOFT}-agent")
    assert columns(last, "cache_read_tokens", "reasoning_tokens") == (100, 20)
    assert last["cost_usd"] == pytest.approx(20 * 0.15e-6 + 100 * 0.075e-6 + 30 * 0.6e-6)


def test_the_kernels_loop_of_calls_is_a_chain() -> None:
    assert row(f"{KERNEL}-agent", name="AutoFunctionInvocationLoop")["kind"] == "chain"


def test_several_answers_end_for_several_reasons() -> None:
    attributes = {"gen_ai.response.finish_reason": "FinishReason.STOP,FinishReason.LENGTH"}
    assert semantic_kernel.finish_reasons(attributes) == ["stop", "length"]


def test_autogen_shows_its_agents_and_tools() -> None:
    kinds = {span["name"]: span["kind"] for span in recorded_rows("frameworks", f"{AUTOGEN}-agent")}
    assert kinds == {
        "create_agent support": "agent",
        "execute_tool find_order": "tool",
        "invoke_agent support": "agent",
    }


@pytest.mark.parametrize("library", TALKING)
def test_a_call_that_the_model_refuses_is_an_error(library: str) -> None:
    (call,) = model_calls(f"{library}-error")
    assert columns(call, "status", "input_tokens", "cost_usd") == ("error", None, None)
