"""Recorded spans with values of strange types in places of known names: every one still makes a row."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.collector.canonical import span_row
from assay.collector.decode import DecodedSpan, decode_request
from support.recordings import DATA

LIBRARIES = ("vercel", "langsmith", "haystack", "strands", "google_adk", "openlit", "frameworks")

# What the places above hold, with something of another type at every depth
STRANGE = [
    {"messages": [5, None, {"role": 3, "content": [1, None, {"type": []}]}]},
    '{"generations": [[{"message": {"kwargs": []}}]]}',
    '{"replies": [null, 3, {"meta": {"usage": 3}}], "meta": [3]}',
    '{"config": {"tools": [3, {"function_declarations": 3}], "system_instruction": 7}, "contents": 3}',
    '{"output": {"messages": [null]}, "input": 4}',
    {"content": {"parts": [{"text": 3}, None]}},
    [{"toolCallId": [], "toolName": {}, "args": 3}, 5],
    '{"prompt": {"a": 1}, "system": [1, null]}',
    '{"tools": [{"data": 3}], "documents": [{"a": 1}, 4], "query": ["a"], "text": {"b": 1}}',
    ['{"index": "a"}', "3", 3, '{"index": 99}'],
    '{"a": {"usage": [], "usageMetadata": 3}, "input_tokens": {}, "usage_metadata": []}',
    "user: [{'a'",
    "[[[1]]]",
]
VALUES = st.sampled_from(STRANGE) | st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())


@cache
def recorded_spans() -> list[DecodedSpan]:
    paths = [path for library in LIBRARIES for path in sorted((DATA / library).glob("*.pb"))]
    bodies = [path.read_bytes() for path in paths if not path.name.endswith(".logs.pb")]
    return [span for body in bodies for span in decode_request(body).spans if span.attributes]


@settings(max_examples=40)
@given(st.data())
def test_no_value_breaks_a_span_of_a_known_library(data: st.DataObject) -> None:
    span = data.draw(st.sampled_from(recorded_spans()))
    names = st.sampled_from(sorted(span.attributes))
    changed: dict[str, Any] = data.draw(st.dictionaries(names, VALUES, min_size=1, max_size=4))
    events = [{**event, "attributes": dict.fromkeys(event["attributes"], data.draw(VALUES))} for event in span.events]
    made = replace(
        span, attributes={**span.attributes, **changed}, events=data.draw(st.sampled_from([span.events, events]))
    )
    assert span_row(made, received_at=1)[1] == span.trace_id
