"""Conversations and steps as judges read them."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from assay.evaluation.judges.conversation import conversation_text, steps_text
from assay.evaluation.judges.frustration import Frustration
from assay.evaluation.judges.goal_success import GoalSuccess
from assay.evaluation.judges.tool_efficiency import ToolEfficiency
from assay.settings import configure
from assay.traces import Span, Trace
from support.scripted_judge import Scripted, says, user_text

USER, BOT = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}


@pytest.fixture(autouse=True)
def _untraced() -> None:
    configure(tracing=False)


def turns(input: Any, output: Any, trace: Trace | None = None) -> list[dict[str, Any]] | None:
    told = conversation_text(input, output, lambda: trace)
    return None if told is None else [json.loads(line) for line in told.splitlines()]


def said(*contents: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"turn": i, "role": role, "content": text} for i, (role, text) in enumerate(contents, start=1)]


CHAT = Trace(
    trace_id="1",
    spans=[
        Span(trace_id="1", span_id="1", name="route", kind="llm", input_messages=[USER]),
        Span(
            trace_id="1",
            span_id="2",
            name="chat",
            kind="llm",
            input_messages=[{"role": "user", "parts": [{"type": "text", "content": "hi"}]}],
            output_messages=[{"role": "assistant", "parts": [{"type": "text", "content": "hello"}]}],
        ),
    ],
)


@pytest.mark.parametrize(
    ("input", "output", "trace"),
    [
        pytest.param([USER], "hello", None, id="messages and an answer"),
        pytest.param({"messages": [USER]}, {"messages": [BOT]}, None, id="new messages"),
        pytest.param([USER], [USER, BOT], None, id="the whole conversation again"),
        pytest.param("hi", "hello", None, id="one question"),
        pytest.param({"id": 7}, None, CHAT, id="the longest chat of the trace"),
        pytest.param([{"type": "human", "content": "hi"}], [{"type": "ai", "content": "hello"}], None, id="LangChain"),
        pytest.param([{"role": "user", "content": [{"type": "text", "text": "hi"}]}], "hello", None, id="parts"),
    ],
)
def test_a_conversation_is_found_wherever_it_is(input: Any, output: Any, trace: Trace | None) -> None:
    assert turns(input, output, trace) == said(("user", "hi"), ("assistant", "hello"))


def test_calls_of_tools_are_told_with_their_turn() -> None:
    called = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}
    parts = {"role": "assistant", "parts": [{"type": "tool_call", "name": "f", "arguments": {"x": 1}}]}
    answered = {"role": "tool", "parts": [{"type": "tool_call_response", "response": "42"}]}
    assert turns([called, parts, answered], None) == [
        {"turn": 1, "role": "assistant", "content": "", "tools": [{"tool": "f", "arguments": "{}"}]},
        {"turn": 2, "role": "assistant", "content": "", "tools": [{"tool": "f", "arguments": {"x": 1}}]},
        {"turn": 3, "role": "tool", "content": "", "tools": [{"result": "42"}]},
    ]


async def test_a_row_without_a_conversation_is_not_applicable() -> None:
    score = await Frustration(gateway=Scripted())(None, None)
    assert score is not None
    assert score.value is None
    assert "no conversation" in (score.explanation or "")


async def test_no_sign_of_frustration_is_the_least_value_and_the_best() -> None:
    score = await Frustration(gateway=Scripted(says("none")))([USER], "hello")
    assert score is not None
    assert (score.value, Frustration().direction, Frustration().best_verdict) == (0.0, "lower", "none")


def test_steps_leave_judges_out_and_keep_errors() -> None:
    spans = [
        Span(trace_id="1", span_id="1", name="agent", kind="agent"),
        Span(
            trace_id="1",
            span_id="2",
            parent_span_id="1",
            name="call",
            kind="tool",
            tool_name="cancel",
            input='{"order": 1}',
            status="error",
            status_message="not\npermitted",
        ),
        Span(trace_id="1", span_id="3", parent_span_id="1", name="judge", kind="evaluator"),
    ]
    lines = steps_text(Trace(trace_id="1", spans=spans)).splitlines()
    assert [json.loads(line) for line in lines] == [
        {"step": 1, "depth": 0, "kind": "agent", "name": "agent"},
        {
            "step": 2,
            "depth": 1,
            "kind": "tool",
            "name": "cancel",
            "status": "error",
            "error": "not\npermitted",
            "input": '{"order": 1}',
        },
    ]


async def test_judges_of_steps_need_a_trace() -> None:
    for made in (GoalSuccess(), ToolEfficiency()):
        assert made.needs_trace
        assert not made.trace_is_optional
        score = await made("q", "a")
        assert score is not None
        assert (score.value, score.explanation) == (None, "the row has no trace")
    gateway = Scripted(says("failure"))
    judge = dataclasses.replace(GoalSuccess(), gateway=gateway)
    assert judge.wrong_example is not None
    assert (await judge.judged(judge.wrong_example)).value is False
    assert '"output": "error: not permitted"' in user_text(gateway.asked[0])
