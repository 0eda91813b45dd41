"""Limits on compressed bodies, on what is held at once, and on what one span may carry."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.collector.api.errors import TooLarge, UnsupportedMediaType
from assay.collector.decode import Decoded, decode_request
from assay.collector.decode_logs import DecodedLogs, decode_logs
from assay.collector.inflate import FREE_EXPANSION_BYTES, Inflater, inflate
from assay.collector.intake import Intake
from assay.collector.span_limits import (
    MAX_ATTRIBUTES,
    MAX_NUMBERED_ATTRIBUTES,
    MAX_VALUE_CHARS,
    shorten,
    within_limits,
)
from assay.errors import CollectorUnavailable, InvalidRequest
from support.otlp_messages import logs, record, span, traces

LIMIT = 64 * 1024**2


# Decompression ----------------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(st.binary(max_size=2000), st.integers(1, 300), st.sampled_from(["gzip", "deflate"]))
def test_what_was_packed_comes_out_whole_whatever_the_pieces(body: bytes, size: int, encoding: str) -> None:
    packed = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
    inflater = Inflater(encoding, LIMIT)
    out = b"".join(inflater(packed[start : start + size]) for start in range(0, len(packed), size))
    inflater.finish()
    assert out == body == inflate(packed, encoding, LIMIT)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@settings(max_examples=50)
@given(st.binary(max_size=300))
def test_no_bytes_break_it(encoding: str, body: bytes) -> None:
    try:
        inflate(body, encoding, LIMIT)
    except InvalidRequest:
        return


def test_a_bomb_is_given_up_when_it_grows_beyond_all_measure() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    with pytest.raises(TooLarge):
        inflate(bomb, "gzip", LIMIT)
    assert inflate(gzip.compress(bytes(FREE_EXPANSION_BYTES)), "gzip", LIMIT) == bytes(FREE_EXPANSION_BYTES)


def test_a_bomb_in_a_bomb_is_not_opened() -> None:
    inner = gzip.compress(bytes(1000))
    assert inflate(gzip.compress(inner), "gzip", LIMIT) == inner


def test_an_unknown_compression_is_named() -> None:
    with pytest.raises(UnsupportedMediaType, match="zstd"):
        Inflater("zstd", LIMIT)


# What is held -----------------------------------------------------------------------------------------------------


def test_what_is_held_is_bounded_and_given_back() -> None:
    intake = Intake(100)
    with intake.hold() as first, intake.hold() as second:
        first.add(80)
        with pytest.raises(CollectorUnavailable):
            second.add(30)
        second.add(20)
        assert intake.full()
    with intake.hold() as third:
        third.add(100)


def test_one_request_alone_may_be_larger_than_all_together() -> None:
    intake = Intake(100)
    with intake.hold() as alone, intake.hold() as other:
        alone.add(90)
        alone.add(90)
        with pytest.raises(CollectorUnavailable):
            other.add(1)


# Spans ------------------------------------------------------------------------------------------------------------

LONG = "x" * (MAX_VALUE_CHARS + 5)
CUT = f"{LONG[:MAX_VALUE_CHARS]}… [cut: {MAX_VALUE_CHARS} of {len(LONG)} characters]"


def limited(attributes: dict[str, Any], **fields: Any) -> Any:
    body = traces(span(attributes, **fields)).SerializeToString()
    decoded = within_limits(decode_request(body), len(body))
    assert isinstance(decoded, Decoded)
    [only] = decoded.spans
    return only


def test_a_value_that_is_too_long_is_cut_with_a_mark() -> None:
    only = limited({"long": LONG, "short": "x", "nested": {"a": [LONG, 1]}}, name=LONG)
    assert only.attributes == {"long": CUT, "short": "x", "nested": {"a": [CUT, 1]}}
    assert only.name == CUT


def test_json_stays_json_when_a_text_in_it_is_cut() -> None:
    messages = [{"role": "user", "parts": [{"type": "text", "content": "hello"}, {"type": "blob", "content": LONG}]}]
    cut = json.loads(limited({"gen_ai.input.messages": json.dumps(messages)}).attributes["gen_ai.input.messages"])
    assert [part["content"] for part in cut[0]["parts"]] == ["hello", CUT]


def test_a_long_conversation_of_short_texts_is_kept_to_the_letter() -> None:
    text = json.dumps([{"role": "user", "content": "hello " * 10}] * 20_000)
    assert len(text) > MAX_VALUE_CHARS
    assert limited({"gen_ai.input.messages": text}).attributes == {"gen_ai.input.messages": text}


@pytest.mark.parametrize("text", ["[" * MAX_VALUE_CHARS + "]" * MAX_VALUE_CHARS, "{" + LONG])
def test_text_that_only_looks_like_json_is_cut_like_any(text: str) -> None:
    assert shorten(text).startswith(text[:MAX_VALUE_CHARS] + "…")


def test_what_is_within_limits_is_not_even_copied() -> None:
    value = {"a": ["b", {"c": "d"}]}
    assert shorten(value) is value


def test_attributes_beyond_the_limit_are_counted() -> None:
    only = limited({f"k{number}": number for number in range(20_000)}, dropped_attributes_count=2)
    assert list(only.attributes) == [f"k{number}" for number in range(MAX_ATTRIBUTES)]
    assert only.dropped_attributes_count == 2 + 20_000 - MAX_ATTRIBUTES


def test_a_list_of_messages_spread_over_attributes_has_a_limit_of_its_own() -> None:
    spread = {f"llm.input_messages.{number}.message.content": "hi" for number in range(MAX_NUMBERED_ATTRIBUTES + 1)}
    only = limited({**spread, **{f"k{number}": number for number in range(10)}})
    assert len(only.attributes) == MAX_NUMBERED_ATTRIBUTES + 10
    assert only.dropped_attributes_count == 1


def test_log_records_are_cut_as_well() -> None:
    body = logs(record("gen_ai.choice", {"a": LONG}, {"message": LONG})).SerializeToString()
    decoded = within_limits(decode_logs(body), len(body))
    assert isinstance(decoded, DecodedLogs)
    assert (decoded.records[0].attributes, decoded.records[0].body) == ({"a": CUT}, {"message": CUT})
