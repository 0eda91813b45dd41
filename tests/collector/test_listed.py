"""What lists have of spans that are too large for them."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

import assay
from assay.client import current_client
from assay.collector.listed import MAX_BYTES, MAX_ITEMS, listed_span, listed_trace
from assay.collector.server import Server
from support.otlp import PROTOBUF, recorded

WORDS = "what was said " * 70_000  # just below the limit of one string


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else "bottom"


def test_a_span_that_is_not_too_large_is_itself() -> None:
    span = {"name": "small", "input": WORDS}
    assert listed_span(span, MAX_BYTES) is span
    assert listed_trace(span) is span


def test_of_one_that_is_too_large_everything_short_stays_and_the_rest_begins_as_it_did() -> None:
    span = {"name": "large", "cost_usd": 0.1, "tags": ["a"], "input": WORDS, "metadata": {"n": 1}}
    listed = listed_span(span, MAX_BYTES + 1)
    assert listed == {**span, "input": listed["input"], "is_cut": True}
    assert listed["input"].startswith(WORDS[:1000])
    assert f"of {len(WORDS)} characters" in listed["input"]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([0.25] * 2_000_000, id="numbers"),
        pytest.param([{"role": "user", "parts": [{"type": "text", "content": WORDS}]}] * 500, id="messages"),
        pytest.param({f"{number} {WORDS[:2000]}": WORDS for number in range(500)}, id="keys"),
        pytest.param([nested(60)] * 1000, id="nested"),
    ],
)
def test_whatever_makes_it_large_little_is_left(value: Any) -> None:
    listed = listed_span({"attributes": {"a": value}, "input_messages": value}, MAX_BYTES + 1)
    assert len(orjson.dumps(listed)) < 1_000_000
    assert len(listed["input_messages"]) == min(len(value), MAX_ITEMS)


@pytest.fixture
def large(collector: Server) -> str:
    """The id of a trace whose root takes more than 5 MB, with a small span below it."""
    texts = {f"part.{number}": f"{number} {WORDS}" for number in range(6)}
    with recorded(assay__project="films", service__name="films") as recorder:
        with recorder.tracer.start_as_current_span("film", attributes=texts) as root:
            recorder.tracer.start_span("small", attributes={"input.value": "short"}).end()
        body = recorder.body()
    httpx.post(f"{collector.url}/v1/traces", content=body, headers=PROTOBUF, timeout=60).raise_for_status()
    return f"{root.get_span_context().trace_id:032x}"


def test_lists_have_its_beginning_and_the_span_alone_is_whole(large: str) -> None:
    client = current_client()
    listed = {span["name"]: span for span in client.pages("/spans", project="films")}
    assert client.get(f"/traces/{large}", project="films")["spans"] == [listed["film"]]  # its page ends behind it
    assert "is_cut" not in listed["small"]
    assert len(orjson.dumps(listed["film"])) < 100_000
    whole = client.get(f"/spans/{large}/{listed['film']['span_id']}", project="films")
    assert whole["attributes"]["part.5"] == f"5 {WORDS}"
    assert "is_cut" not in whole
    assert client.whole_span(listed["film"]) == whole


def test_a_trace_that_python_asks_for_is_whole(large: str) -> None:
    root = assay.get_trace(large, project="films").root
    assert root is not None
    assert root.attributes["part.5"] == f"5 {WORDS}"
