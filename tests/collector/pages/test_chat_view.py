"""A trace as one conversation: every message once, in order, with the results of tools beside their calls."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.collector.pages.traces.chat_view import turns_of
from support.page_data import support_trace


def text(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": content}]}


def call(name: str, sent: list[dict[str, Any]], received: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "llm", "input_messages": sent, "output_messages": received, **more}


def said(calls: list[dict[str, Any]]) -> list[list[str]]:
    return [
        [part.text or part.name for message in (*turn.talk.earlier, *turn.talk.shown) for part in message.parts]
        for turn in turns_of(calls)
    ]


SYSTEM, ASKED = text("system", "rules"), text("user", "Why?")
CALL = {"type": "tool_call", "id": "c1", "name": "search", "arguments": {"q": "x"}}
CALLED = {"role": "assistant", "parts": [{"type": "reasoning", "content": "hm"}, CALL], "finish_reason": "tool_calls"}
SENT_BACK = {"role": "assistant", "parts": [CALL]}
ANSWERED = {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "found"}]}


def test_history_that_is_sent_along_is_told_once() -> None:
    turns = turns_of(support_trace("0" * 32)["spans"])
    told = [[message.label for message in turn.talk.shown] for turn in turns]
    assert told == [["System", "User", "Assistant"], ["Assistant"]]
    assert turns[0].talk.shown[2].parts[0].result == {"status": "shipped", "eta_days": 2}


def test_an_answer_is_known_again_without_its_thinking_and_finish_reason() -> None:
    calls = [
        call("a", [SYSTEM, ASKED], [CALLED]),
        call("b", [SYSTEM, ASKED, SENT_BACK, ANSWERED], [text("assistant", "So.")]),
    ]
    assert said(calls) == [["rules", "Why?", "hm", "search"], ["So."]]
    assert turns_of(calls)[0].talk.shown[-1].parts[1].result == "found"


def test_the_same_words_may_be_said_twice() -> None:
    yes, one, two = text("user", "yes"), text("assistant", "1?"), text("assistant", "2?")
    calls = [call("a", [yes], [one]), call("b", [yes, one, yes], [two])]
    assert said(calls) == [["yes", "1?"], ["yes", "2?"]]


def test_another_agent_in_between_keeps_its_own_thread() -> None:
    other = call("other", [text("system", "helper"), text("user", "sub")], [text("assistant", "done")])
    first, second = [SYSTEM, ASKED], [SYSTEM, ASKED, text("assistant", "wait"), text("user", "and?")]
    calls = [call("a", first, [text("assistant", "wait")]), other, call("b", second, [text("assistant", "end")])]
    assert said(calls) == [["rules", "Why?", "wait"], ["helper", "sub", "done"], ["and?", "end"]]


def test_a_tools_span_says_what_no_message_does() -> None:
    tool = {"kind": "tool", "output": "from the span", "attributes": {"gen_ai.tool.call.id": "c1"}}
    [turn] = turns_of([call("a", [ASKED], [CALLED]), tool])
    assert turn.talk.shown[-1].parts[1].result == "from the span"


def test_agents_are_heard_where_no_model_was_recorded() -> None:
    agent = {**call("agent", [ASKED], [text("assistant", "So.")]), "kind": "agent"}
    assert said([agent]) == [["Why?", "So."]]
    assert said([agent, call("model", [ASKED], [text("assistant", "Model.")])]) == [["Why?", "Model."]]


def test_what_came_before_the_first_call_is_folded() -> None:
    before = [text("user", "1"), text("assistant", "2"), text("user", "3")]
    [turn] = turns_of([call("a", before, [text("assistant", "4")])])
    assert (len(turn.talk.earlier), len(turn.talk.shown)) == (2, 2)


words = st.sampled_from(["a", "b", "c"])


@settings(max_examples=60)
@given(st.lists(st.tuples(words, words), min_size=1, max_size=8))
def test_a_growing_history_is_told_as_it_was_said(exchanges: list[tuple[str, str]]) -> None:
    history: list[dict[str, Any]] = []
    calls = []
    for asked, answered in exchanges:
        history.append(text("user", asked))
        calls.append(call("x", list(history), [text("assistant", answered)]))
        history.append(text("assistant", answered))
    assert [one for turn in said(calls) for one in turn] == [one for exchange in exchanges for one in exchange]
