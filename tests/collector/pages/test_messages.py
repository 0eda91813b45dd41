"""Chat messages as the page shows them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.pages.traces.messages import FOLDED_FROM, Answers, conversation, messages_of


def text(role: str, content: str = "x") -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": content}]}


CALL = {"type": "tool_call", "id": "c1", "name": "search", "arguments": {"q": "x"}}
RESULT = {"type": "tool_call_response", "id": "c1", "response": ["found"]}


def test_input_comes_before_output_and_output_is_marked() -> None:
    shown = conversation(
        {"input_messages": [text("user", "Why?")], "output_messages": [text("assistant", "So.")]}
    ).shown
    assert [(message.label, message.parts[0].text, message.is_output) for message in shown] == [
        ("User", "Why?", False),
        ("Assistant", "So.", True),
    ]


def test_the_result_of_a_tool_stands_beside_its_call() -> None:
    messages = [{"role": "assistant", "parts": [CALL]}, {"role": "tool", "parts": [RESULT]}]
    shown = conversation({"input_messages": messages}).shown
    assert len(shown) == 1
    assert shown[0].parts[0].has_result
    assert shown[0].parts[0].result == ["found"]


def test_a_result_whose_call_is_not_there_stands_by_itself() -> None:
    shown = conversation({"input_messages": [{"role": "tool", "parts": [RESULT]}]}).shown
    assert (shown[0].parts[0].kind, shown[0].parts[0].result) == ("tool_result", ["found"])


def test_a_call_without_a_result_says_so() -> None:
    part = conversation({"output_messages": [{"role": "assistant", "parts": [CALL]}]}).shown[0].parts[0]
    assert (part.name, part.has_result) == ("search", False)


def test_results_without_an_id_stand_by_themselves_beside_calls_without_one() -> None:
    call, result = {**CALL, "id": None}, {**RESULT, "id": None}
    talk = conversation(
        {"input_messages": [{"role": "assistant", "parts": [call]}, {"role": "tool", "parts": [result]}]}
    )
    assert [part.kind for message in talk.shown for part in message.parts] == ["tool_call", "tool_result"]


def test_a_result_that_only_the_tools_span_has_is_joined_as_well() -> None:
    asked = [{"role": "assistant", "parts": [CALL]}]
    [message] = messages_of(asked, answers=Answers.within(asked, {"c1": "from the span"}))
    assert message.parts[0].result == "from the span"


def test_a_failed_call_is_told_apart() -> None:
    messages = [{"role": "assistant", "parts": [CALL]}, {"role": "tool", "parts": [{**RESULT, "is_error": True}]}]
    assert conversation({"input_messages": messages}).shown[0].parts[0].is_error


@pytest.mark.parametrize(
    ("part", "name", "text"),
    [
        ({"type": "blob", "mime_type": "image/png", "content": "AAAA" * 3}, "image/png, 9 bytes", ""),
        ({"type": "blob", "mime_type": "image/png", "content": "%"}, "image/png, 1 characters that are no base64", ""),
        ({"type": "uri", "modality": "image", "uri": "https://x.example/i.png"}, "image", "https://x.example/i.png"),
        ({"type": "uri", "modality": "image", "uri": "data:image/png;base64,AAAA"}, "image, 3 bytes", ""),
        ({"type": "file", "modality": "audio", "file_id": "file-1"}, "audio", "file-1"),
    ],
)
def test_media_is_described(part: dict[str, Any], name: str, text: str) -> None:
    shown = conversation({"input_messages": [{"role": "user", "parts": [part]}]}).shown[0].parts[0]
    assert (shown.kind, shown.name, shown.text) == ("media", name, text)


def test_a_part_of_an_unknown_kind_is_shown_whole() -> None:
    part = (
        conversation({"input_messages": [{"role": "user", "parts": [{"type": "hologram", "x": 1}]}]}).shown[0].parts[0]
    )
    assert (part.kind, part.name, part.result) == ("other", "hologram", {"type": "hologram", "x": 1})


def test_a_role_nobody_knows_keeps_its_name() -> None:
    message = conversation({"input_messages": [text("oracle")]}).shown[0]
    assert (message.role, message.label) == ("other", "oracle")


def test_long_history_is_folded_but_the_system_prompt_and_the_last_turn_stay() -> None:
    turns = [text("user", f"q{n}") if n % 2 == 0 else text("assistant", f"a{n}") for n in range(20)]
    given_messages = [text("system", "rules"), *turns, text("user", "last")]
    talk = conversation({"input_messages": given_messages, "output_messages": [text("assistant", "end")]})
    assert [message.parts[0].text for message in talk.shown] == ["rules", "last", "end"]
    assert len(talk.earlier) == 20


def test_a_single_earlier_message_is_not_worth_a_fold() -> None:
    talk = conversation({"input_messages": [text("user")] * FOLDED_FROM})
    assert (len(talk.shown), talk.earlier) == (FOLDED_FROM, [])


def test_a_span_without_messages_has_no_conversation() -> None:
    assert not conversation({"input_messages": None})


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "parts", "type", "content", "id", "name", "arguments", "response", "uri"])
            | st.text(max_size=4),
            inner | st.sampled_from(["text", "tool_call", "tool_call_response", "blob", "uri", "reasoning"]),
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(anything, anything)
def test_nothing_a_sender_writes_breaks_the_page(sent: Any, received: Any) -> None:
    talk = conversation({"input_messages": sent, "output_messages": received})
    mappings = [one for side in (sent, received) if isinstance(side, list) for one in side if isinstance(one, dict)]
    assert len(talk.earlier) + len(talk.shown) <= len(mappings)
