"""The short way through plain messages gives what the long way gives."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assay.collector.chat_message import plain_message, read_message

ROLE = st.sampled_from(["system", "user", "assistant", "tool", "human", "Model"])
TEXT = st.sampled_from(["", "hello", " ", '{"a": 1}'])
PART = st.fixed_dictionaries({"type": st.sampled_from(["text", "reasoning"]), "content": TEXT | st.none()})
MESSAGE = st.fixed_dictionaries({"role": ROLE, "content": TEXT | st.none() | st.lists(PART, max_size=2)}) | (
    st.fixed_dictionaries(
        {"role": ROLE, "parts": st.lists(PART, max_size=3)},
        optional={"finish_reason": st.sampled_from(["stop", "", None, 1]), "name": st.just("Ada")},
    )
)


@given(MESSAGE)
def test_plain_messages_are_read_as_any_other(item: dict[str, Any]) -> None:
    plain = plain_message(item)
    if plain is not None:
        [read] = read_message(item, "user")
        assert {key: value for key, value in plain.items() if value} == {k: v for k, v in read.items() if v}
