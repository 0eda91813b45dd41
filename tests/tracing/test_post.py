"""What an answer of the collector means."""

from __future__ import annotations

import email.utils
import time
from typing import Any

import httpx
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from assay.destination import Destination
from assay.errors import MissingExtra
from assay.tracing.post import Later, Outcome, Refused, Taken, judge, retry_after_s
from support.export import Receiver, poster, request_of


def answer(status: int, **options: Any) -> httpx.Response:
    return httpx.Response(status, request=httpx.Request("POST", "http://collector/v1/traces"), **options)


def test_spans_are_posted_as_otlp_protobuf_with_project_and_key() -> None:
    receiver = Receiver()
    assert poster(receiver)(request_of("a", "b").body) == Taken()
    (request,) = receiver.requests
    assert request.url == "http://collector/v1/traces"
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["x-project-name"] == "shop"
    assert request.headers["authorization"] == "Bearer k"
    assert receiver.taken == ["a", "b"]


def test_a_project_that_no_header_can_name_is_left_to_the_resource() -> None:
    receiver = Receiver()
    post = poster(receiver)
    post._settings = post._settings.with_values(project="büro")
    assert post(b"") == Taken()
    assert "x-project-name" not in receiver.requests[0].headers


@pytest.mark.parametrize(
    ("status", "kind", "trouble"),
    [(status, Later, "busy") for status in (408, 429, 502, 503, 504)]
    + [(status, Later, "key") for status in (401, 403)]
    + [(status, Later, "address") for status in (301, 307, 404, 405, 415)]
    + [(status, Refused, None) for status in (400, 413, 422, 500, 501)],
)
def test_a_status_says_whether_to_try_again(status: int, kind: type[Outcome], trouble: str | None) -> None:
    outcome = judge(answer(status))
    assert isinstance(outcome, kind)
    assert f"answered {status}" in outcome.reason  # type: ignore[union-attr]
    assert getattr(outcome, "trouble", None) == trouble


def test_a_key_that_is_refused_comes_with_what_to_do() -> None:
    outcome = judge(answer(401))
    assert isinstance(outcome, Later)
    assert "Set ASSAY_API_KEY" in outcome.reason


def test_a_web_page_is_no_answer_of_a_collector() -> None:
    outcome = judge(answer(200, html="<h1>Sign in</h1>"))
    assert isinstance(outcome, Later)
    assert outcome.trouble == "address"


def test_what_is_rejected_of_a_request_is_read_and_garbage_is_not_minded() -> None:
    partial = ExportTracePartialSuccess(rejected_spans=1, error_message="too large")
    body = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    assert judge(answer(200, content=body)) == Taken(1, "too large")
    assert judge(answer(200, content=b"\xff\xff")) == Taken()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), ("0.5", 0.5), ("-1", 0.0), ("1e9", 300.0), ("inf", 300.0), ("nan", None), ("soon", None), ("", None)],
)
def test_retry_after_is_read_in_seconds_and_bounded(value: str, seconds: float | None) -> None:
    assert retry_after_s(answer(503, headers={"retry-after": value})) == seconds


def test_retry_after_is_read_as_a_date() -> None:
    date = email.utils.formatdate(time.time() + 100, usegmt=True)
    asked = retry_after_s(answer(429, headers={"retry-after": date}))
    assert asked is not None
    assert 90 < asked <= 100


def test_retry_info_counts_where_no_header_says_when() -> None:
    info, detail = RetryInfo(), AnyMessage()
    info.retry_delay.FromMilliseconds(2500)
    detail.Pack(info)
    body = Status(code=14, message="busy", details=[AnyMessage(type_url="x", value=b"\x08\x01"), detail])
    assert retry_after_s(answer(503, content=body.SerializeToString())) == 2.5
    assert retry_after_s(answer(503, content=b"<html>busy</html>")) is None


def test_a_collector_that_moved_is_found_again() -> None:
    places = iter(["http://old", "http://new"])
    receiver = Receiver(httpx.ConnectError("refused"))
    post = poster(receiver, lambda: Destination(url=next(places)))
    outcome = post(b"")
    assert isinstance(outcome, Later)
    assert "Try: assay serve" in outcome.reason
    assert post(b"") == Taken()
    assert [request.url.host for request in receiver.requests] == ["old", "new"]


def test_without_any_collector_the_reason_says_what_to_install_and_is_believed_for_a_while() -> None:
    tries = []

    def find() -> Destination:
        tries.append(1)
        raise MissingExtra("Keeping traces", "server")

    post = poster(Receiver(), find)
    first, second = post(b""), post(b"")
    assert isinstance(first, Later)
    assert "pip install 'assay[server]'" in first.reason
    assert first == second
    assert len(tries) == 1
