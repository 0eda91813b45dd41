"""Which tool calls a trace shows: each once, with its arguments and its time."""

from __future__ import annotations

from typing import Any

import pytest

from assay.errors import ScorerError
from assay.evaluation.agents.calls import UNKNOWN, calls_of, expected_calls
from support.agent_traces import model, span, tool, trace

PARIS, ROME = {"city": "Paris"}, {"city": "Rome"}


def told(*spans: Any) -> list[tuple[str, Any]]:
    return [(call.name, call.arguments) for call in calls_of(trace(*spans))]


@pytest.mark.parametrize(
    ("asked", "ran"),
    [
        pytest.param(("weather", PARIS, "c1"), {"attributes": {"gen_ai.tool.call.id": "c1"}}, id="by its id"),
        pytest.param(("weather", PARIS), {}, id="by its arguments"),
        pytest.param(("weather", '{"city": "Paris"}'), {}, id="JSON text"),
    ],
)
def test_a_call_that_a_model_asked_for_and_a_tool_ran_is_one(asked: Any, ran: dict[str, Any]) -> None:
    assert told(model("m", [asked], 1), tool("t", "weather", PARIS, 3, **ran)) == [("weather", PARIS)]


def test_a_tool_that_fills_in_defaults_is_the_call_that_was_asked_for() -> None:
    spans = [model("m", [("weather", PARIS)], 1), tool("t", "weather", {**PARIS, "days": 1}, 3)]
    assert told(*spans) == [("weather", PARIS)]


def test_two_equal_calls_are_two() -> None:
    asked = [model("m", [("weather", PARIS), ("weather", PARIS)], 1)]
    ran = [tool("t1", "weather", PARIS, 3), tool("t2", "weather", PARIS, 5)]
    assert told(*asked, *ran) == told(*ran) == told(*asked) == [("weather", PARIS)] * 2


def test_what_ran_without_being_asked_for_counts_too() -> None:
    spans = [tool("t0", "search", {"q": "x"}, 0), model("m", [("weather", PARIS)], 2), tool("t1", "weather", PARIS, 4)]
    assert told(*spans) == [("search", {"q": "x"}), ("weather", PARIS)]


def test_an_id_that_a_server_gives_every_call_does_not_make_them_one() -> None:
    spans = [
        model("m1", [("weather", PARIS, "call_0")], 1),
        tool("t1", "weather", PARIS, 3, attributes={"gen_ai.tool.call.id": "call_0"}),
        model("m2", [("weather", ROME, "call_0")], 5),
        tool("t2", "weather", ROME, 7, attributes={"gen_ai.tool.call.id": "call_0"}),
    ]
    assert told(*spans) == [("weather", PARIS), ("weather", ROME)]


def test_two_libraries_that_tell_of_the_same_call_tell_it_once() -> None:
    spans = [
        model("outer", [("weather", PARIS, "c1")], 1),
        model("inner", [("weather", PARIS, "c1")], 1, parent_span_id="outer"),
        tool("around", "weather", PARIS, 3, 6),
        tool("within", "weather", {**PARIS, "days": 1}, 4, parent_span_id="around"),
    ]
    assert told(*spans) == [("weather", PARIS)]


def test_a_tool_that_calls_others_comes_before_them() -> None:
    spans = [
        tool("a", "plan", {}, 1, 9),
        tool("b", "search", {"q": "x"}, 3, parent_span_id="a"),
        tool("c", "plan", {"depth": "deep"}, 5, parent_span_id="b"),
    ]
    found = calls_of(trace(*spans))
    assert [call.name for call in found] == ["plan", "search"]  # plan() inside plan() holds its arguments: none
    assert found[0].precedes(found[1].start)


def test_earlier_turns_in_a_models_input_are_not_asked_for_again() -> None:
    history = [{"role": "assistant", "parts": [{"type": "tool_call", "name": "weather", "arguments": PARIS}]}]
    spans = [model("m1", [("weather", PARIS)], 1), model("m2", [], 5, input_messages=history)]
    assert told(*spans) == [("weather", PARIS)]


def test_a_trace_without_models_and_tools_says_what_to_switch_on() -> None:
    with pytest.raises(ScorerError, match=r"no span of a model or of a tool.*assay.autolog\(\).*kind='tool'"):
        calls_of(trace(span("r", "retriever", 1, 2)))


def test_a_trace_without_content_says_what_to_switch_on() -> None:
    with pytest.raises(ScorerError, match=r"'m' holds no answer.*ASSAY_CAPTURE_CONTENT"):
        calls_of(trace(model("m", [], 1, output_messages=[])))
    silent = trace(tool("t", "weather", None, 1))
    assert [call.arguments for call in calls_of(silent)] == [UNKNOWN]
    with pytest.raises(ScorerError, match="does not hold the arguments of 'weather'"):
        calls_of(silent, with_arguments=True)


def test_a_model_that_answered_in_words_called_nothing() -> None:
    assert told(model("m", [], 1)) == []
    assert told(model("m", [], 1, output_messages=[], status="error"), model("n", [], 3)) == []


@pytest.mark.parametrize(
    "form",
    [
        [{"name": "weather", "arguments": PARIS}],
        {"tool_calls": [{"name": "weather", "arguments": PARIS}]},
        {
            "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Paris"}'}}
            ]
        },
        [{"name": "weather", "args": PARIS}],
        [{"type": "tool_use", "name": "weather", "input": PARIS}],
        {"name": "weather", "arguments": PARIS},
    ],
)
def test_expected_calls_are_read_from_every_usual_form(form: Any) -> None:
    found = expected_calls(form)
    assert found is not None
    assert [(call.name, call.arguments) for call in found] == [("weather", PARIS)]


def test_expected_calls_without_arguments_say_nothing_of_them() -> None:
    found = expected_calls([{"name": "now"}, "now", {"name": "now", "arguments": ""}, {"name": "now", "arguments": {}}])
    assert found is not None
    assert [call.arguments for call in found] == [UNKNOWN, UNKNOWN, {}, {}]
    assert expected_calls(None) is None
    assert expected_calls([]) == expected_calls({"tool_calls": []}) == []


@pytest.mark.parametrize("wrong", ["weather", 3, [3], [{"arguments": {}}], {"answer": "x"}])
def test_other_expected_values_are_an_error_that_shows_the_form(wrong: Any) -> None:
    with pytest.raises(ScorerError, match='"name": "search"'):
        expected_calls(wrong)
