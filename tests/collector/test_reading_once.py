"""JSON text is parsed once for all the columns that are read from it: the same rows come out as if each column parsed
it for itself, so nobody changes what the others are given.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay import semconv
from assay.collector import values
from assay.collector.canonical import span_row
from assay.collector.decode import DecodedSpan, Scope, decode_request
from tests.support.recordings import DATA

NAMES = (
    semconv.GEN_AI_INPUT_MESSAGES,
    semconv.GEN_AI_OUTPUT_MESSAGES,
    semconv.GEN_AI_TOOL_DEFINITIONS,
    semconv.INPUT_VALUE,
    semconv.OUTPUT_VALUE,
    semconv.METADATA,
    "gen_ai.prompt",
    "gen_ai.completion",
    "llm.invocation_parameters",
)
PARTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "tool_call", "reasoning"])},
    optional={"content": st.text(max_size=20), "name": st.text(max_size=5), "arguments": st.text(max_size=9)},
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "system", "tool", "human"])},
        optional={
            "content": st.text(max_size=20) | st.lists(PARTS, max_size=2),
            "parts": st.lists(PARTS, max_size=3),
            "refusal": st.text(max_size=5),
            "reasoning_content": st.text(max_size=5),
            "finish_reason": st.sampled_from(["", "stop"]),
        },
    ),
    max_size=4,
)
SPELLINGS = (None, (",", ":"), (" ,", " : "))


@st.composite
def attributes(draw: st.DrawFn) -> dict[str, Any]:
    """Messages under the names that dialects read, bare or in an object, spelled in several ways."""
    found: dict[str, Any] = {semconv.OPENINFERENCE_SPAN_KIND: draw(st.sampled_from(["LLM", "TOOL", "CHAIN"]))}
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4)):
        said = draw(MESSAGES | MESSAGES.map(lambda messages: {"messages": messages, "model": "m"}))
        found[name] = json.dumps(said, separators=draw(st.sampled_from(SPELLINGS)), ensure_ascii=draw(st.booleans()))
    return found


def span(given: dict[str, Any]) -> DecodedSpan:
    ids = ("0" * 31 + "1", "0" * 15 + "2", None)
    return DecodedSpan(*ids, "work", None, 1, 2, "unset", None, given, [], [], None, 0, Scope("", ""), {})


def both_ways(spans: list[DecodedSpan]) -> tuple[list[Any], list[Any]]:
    once = [span_row(one, received_at=1) for one in spans]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values, "_remembered", values._parsed)
        return once, [span_row(one, received_at=1) for one in spans]


@pytest.mark.parametrize("dialect", sorted(path.name for path in DATA.iterdir() if any(path.glob("*.pb"))))
def test_recorded_spans_read_the_same(dialect: str) -> None:
    recordings = [path for path in (DATA / dialect).glob("*.pb") if not path.name.endswith(".logs.pb")]
    once, anew = both_ways([one for path in recordings for one in decode_request(path.read_bytes()).spans])
    assert once == anew


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(attributes(), min_size=1, max_size=3))
def test_any_messages_read_the_same(given: list[dict[str, Any]]) -> None:
    once, anew = both_ways([span(each) for each in given])
    assert once == anew


def test_messages_in_which_nothing_changed_are_stored_as_they_were_sent() -> None:
    sent = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Where?"}]}], indent=2)
    row = span_row(span({semconv.GEN_AI_OPERATION_NAME: "chat", semconv.GEN_AI_INPUT_MESSAGES: sent}), received_at=1)
    assert sent in row
