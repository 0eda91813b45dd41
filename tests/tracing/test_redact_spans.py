"""Redaction in the traced program: wherever a secret stands in a span, it does not leave the process."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags, TraceState

import assay
from assay.errors import ConfigurationError
from assay.redaction import FAILED
from assay.settings import load_settings
from assay.tracing import runtime
from assay.tracing.own_functions import OwnFunctions
from assay.tracing.redact_spans import SpanRedactor, span_redactor
from support.spans import Caught

SECRET = "sk-proj-" + "a1B2" * 10
ESCAPED = SECRET.replace("-", "\\u002d")
CONTEXT = SpanContext(7, 9, is_remote=False, trace_flags=TraceFlags(1), trace_state=TraceState([("vendor", SECRET)]))


def a_span(text: str = "fine", *, name: str = "work", **more: Any) -> ReadableSpan:
    """A span that holds `text` wherever a span can hold one."""
    return ReadableSpan(
        name=f"{name} {text}",
        context=CONTEXT,
        resource=Resource({"service.name": "shop", "process.command": f"run {text}"}),
        attributes={"a": text, "list": ("x", text), "json": f'{{"deep": ["{text}"]}}', text: 1, "blob": text.encode()},
        events=[Event("exception", {"exception.stacktrace": f'File "x"\n{text}'}), Event(f"at {text}", {})],
        links=[Link(SpanContext(1, 2, is_remote=False), {"why": text})],
        status=Status(StatusCode.ERROR, f"refused {text}"),
        **more,
    )


def wire(spans: list[ReadableSpan]) -> bytes:
    return bytes(encode_spans(spans).SerializeToString())


def redactor(**settings: Any) -> SpanRedactor:
    return span_redactor(load_settings(**settings))


@pytest.mark.parametrize("text", [SECRET, ESCAPED, f"cut off {{'x': \"{ESCAPED}"])
def test_a_secret_is_nowhere_in_what_is_sent(text: str) -> None:
    sent = wire(redactor().spans([a_span(text)]))
    assert SECRET.encode() not in sent
    assert ESCAPED.encode() not in sent
    assert b"a1B2" not in sent
    assert b"[redacted:api_key]" in sent


def test_the_span_says_how_much_was_redacted() -> None:
    (span,) = redactor(redact="secrets,email").spans([a_span(f"{SECRET} of jane@example.org")])
    attributes = dict(span.attributes or {})
    assert attributes["assay.redacted.email"] == 10
    assert attributes["assay.redacted.api_key"] == 11  # one is in the trace state


def test_what_is_clean_is_the_same_span() -> None:
    span = ReadableSpan(name="x", context=SpanContext(1, 2, is_remote=False), attributes={"a": "b"})
    assert redactor(redact="all").spans([span])[0] is span


def test_the_original_is_left_to_other_exporters() -> None:
    span = a_span(SECRET)
    redactor().spans([span])
    assert SECRET in span.name
    assert (span.attributes or {})["a"] == SECRET


def test_off_lets_everything_through() -> None:
    span = a_span(SECRET)
    assert redactor(redact="off").spans([span])[0] is span


def test_personal_data_stays_unless_asked() -> None:
    text = "jane@example.org 4111 1111 1111 1111 DE89370400440532013000 10.1.2.3 2001:db8::8a2e:370:7334"
    assert b"jane@example" in wire(redactor().spans([a_span(text)]))
    sent = wire(redactor(redact="personal").spans([a_span(text)]))
    for part in (b"jane@", b"4111", b"DE89", b"10.1.2", b"2001:db8"):
        assert part not in sent


@pytest.mark.parametrize("names", ["customer.*, ssn", ["customer.*", "SSN"]])
def test_values_go_by_their_names(names: str | list[str]) -> None:
    span = ReadableSpan(
        name="x",
        context=CONTEXT,
        attributes={"customer.name": "Jane", "ssn": 5, "json": '{"ssn": {"a": "Jane"}}', "customers": "many"},
    )
    (sent,) = redactor(redact="off", redact_names=names).spans([span])
    mark = "[redacted:attribute]"
    json = f'{{"ssn": "{mark}"}}'
    assert dict(sent.attributes or {}) == {
        "customer.name": mark,
        "ssn": mark,
        "json": json,
        "customers": "many",
        "assay.redacted.attribute": 3,
    }


def test_own_patterns_apply_beside_the_others() -> None:
    (sent,) = redactor(redact_patterns={"ticket": r"TICKET-\d+"}).spans([a_span("TICKET-123")])
    assert (sent.attributes or {})["a"] == "[redacted:ticket]"
    assert b"TICKET-123" not in wire([sent])


def test_content_off_holds_for_other_peoples_spans_too() -> None:
    span = ReadableSpan(
        name="chat",
        context=SpanContext(1, 2, is_remote=False),
        attributes={
            "input.value": "private",
            "llm.input_messages.0.message.content": "private",
            "gen_ai.prompt.0.content": "private",
            "gen_ai.prompt.name": "qa",
            "gen_ai.usage.input_tokens": 5,
        },
        events=[Event("gen_ai.user.message", {"content": "private"}), Event("retry", {"n": 1})],
    )
    (sent,) = redactor(capture_content=False).spans([span])
    assert dict(sent.attributes or {}) == {"gen_ai.prompt.name": "qa", "gen_ai.usage.input_tokens": 5}
    assert [event.name for event in sent.events] == ["retry"]


def test_a_span_that_cannot_be_looked_through_goes_without_its_contents(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("assay.tracing.redact_spans._rewritten", fail)
    monkeypatch.setattr("assay.tracing.redact_spans.our_fault", lambda where: None)
    (sent,) = redactor().spans([a_span(SECRET)])
    assert SECRET.encode() not in wire([sent])
    assert (sent.name, sent.context.span_id, sent.status.status_code) == (FAILED, 9, StatusCode.ERROR)


# Functions of one's own -------------------------------------------------------------------------------------------


def through(function: Callable[[str], str], span: ReadableSpan, *, timeout_s: float = 5.0) -> ReadableSpan:
    made = SpanRedactor(None, [function])
    made._functions = OwnFunctions([function], timeout_s=timeout_s)
    return made.spans([span])[0]


def test_a_function_sees_every_text_and_its_answers_are_sent() -> None:
    sent = through(lambda text: text.replace("Jane", "J."), a_span("Jane"))
    assert b"Jane" not in wire([sent]).replace(b"\x0a\x04Jane", b"")  # but for the name of an attribute
    assert (sent.attributes or {})["json"] == '{"deep": ["J."]}'
    assert (sent.attributes or {})["assay.redacted.function"] == 9


def fails(text: str) -> str:
    raise ValueError(text)


def leaves(text: str) -> str:
    raise SystemExit


@pytest.mark.parametrize("function", [fails, leaves, lambda text: None, len])
def test_what_a_function_fails_on_does_not_leave(
    function: Callable[[str], Any], caplog: pytest.LogCaptureFixture, told_afresh: None
) -> None:
    sent = through(function, a_span("Jane", name="j"))
    attributes = dict(sent.attributes or {})
    assert (sent.name, attributes["a"]) == (FAILED, FAILED)
    assert attributes["assay.redacted.failed"] >= 9
    assert sent.resource.attributes["service.name"] == "shop"  # it is still filed where it belongs
    assert "redact_with" in caplog.text
    assert "Jane" not in caplog.text


def test_what_a_function_does_not_get_to_in_time_does_not_leave(
    caplog: pytest.LogCaptureFixture, told_afresh: None
) -> None:
    go_on = threading.Event()

    def hangs(text: str) -> str:
        if text == "slow":
            go_on.wait(30)
        return text

    functions = OwnFunctions([hangs], timeout_s=0.2)
    try:
        assert functions(["quick", "slow", "after"]) == ["quick", FAILED, FAILED]
        assert functions(["another"]) == [FAILED]  # it is still busy
        assert "more than 0.2 s" in caplog.text
    finally:
        go_on.set()
    deadline = time.monotonic() + 120
    while functions(["another"]) == [FAILED] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert functions(["another"]) == ["another"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_a_worker_of_its_own() -> None:
    functions = OwnFunctions([str.upper])
    assert functions(["a"]) == ["A"]
    child = os.fork()
    if child == 0:
        os._exit(0 if functions(["b"]) == ["B"] else 1)
    assert os.waitpid(child, 0)[1] == 0


# The whole way ----------------------------------------------------------------------------------------------------


@pytest.fixture
def told_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.tracing.tell._said", set())


@pytest.fixture
def own_settings() -> Iterator[list[ReadableSpan]]:
    from assay.settings import reset_settings

    sent: list[ReadableSpan] = []
    yield sent
    runtime.reset()
    runtime._redact_with = ()
    reset_settings()


def test_redaction_is_on_from_the_start_and_runs_in_the_background(spans: Caught) -> None:
    threads: list[str] = []

    def note(text: str) -> str:
        threads.append(threading.current_thread().name)
        return text

    with assay.start_span("x") as span:
        span.set_outputs({"key": SECRET})
    assert spans.attributes()["output.value"] == {"key": "[redacted:api_key]"}
    SpanRedactor(None, [note]).spans([a_span()])
    assert set(threads) == {"assay-redaction"}


def test_init_takes_rules_and_functions(own_settings: list[ReadableSpan]) -> None:
    assay.init(redact=["secrets", "email"], redact_with=str.upper, endpoint="http://127.0.0.1:9")
    made = runtime.redactor()
    assert (made.span(a_span("a@b.org")).attributes or {})["a"] == "[REDACTED:EMAIL]"


@pytest.mark.parametrize("wrong", [{"redact": "passport"}, {"redact_patterns": {"x": "("}}, {"redact_with": [5]}])
def test_init_refuses_what_cannot_be_used(wrong: dict[str, Any], own_settings: list[ReadableSpan]) -> None:
    with pytest.raises(ConfigurationError, match=re.escape("passport") + "|'x'|redact_with"):
        assay.init(endpoint="http://127.0.0.1:9", **wrong)


def test_rows_of_an_experiment_are_redacted_but_for_their_data() -> None:
    from assay.evaluation.redacted_rows import redacted_row

    row = {
        "item_id": "1",
        "input": SECRET,
        "output": [SECRET],
        "error": None,
        "scores": {"ok": {"explanation": SECRET}},
    }
    sent = redacted_row(row)
    mark = "[redacted:api_key]"
    assert sent == {**row, "output": [mark], "scores": {"ok": {"explanation": mark}}}
