"""The details of one span."""

from __future__ import annotations

import pytest

from assay.collector.pages.traces.span_details import span_details
from support.page_data import span, support_trace


def keys(details_of: object) -> list[str]:
    return [key for key, _, _ in details_of.tabs]  # type: ignore[attr-defined]


def test_a_model_call_opens_with_its_messages() -> None:
    assert span_details(support_trace("0" * 32)["spans"][4]).tab == "messages"


def test_a_span_without_messages_has_no_tab_for_them_and_opens_with_its_input() -> None:
    details = span_details(span("t", 1, input="x"))
    assert details.tab == "io"
    assert keys(details) == ["io", "attributes", "scores", "raw"]


@pytest.mark.parametrize("tab", ["raw", "events", "messages"])
def test_a_tab_that_is_asked_for_is_opened_even_if_it_is_empty(tab: str) -> None:
    details = span_details(span("t", 1), tab)
    assert details.tab == tab
    assert tab in keys(details)


def test_a_tab_that_nobody_knows_is_ignored() -> None:
    assert span_details(span("t", 1), "nonsense").tab == "io"


def test_exceptions_are_told_apart_from_other_events() -> None:
    start_ns = 1_795_262_400_000_000_000  # 2026-11-21T12:00:00Z, when the sample spans start
    events = [
        {"name": "exception", "attributes": {"exception.type": "ValueError", "exception.message": "no"}},
        {"name": "first token", "time_unix_nano": start_ns + 2_500_000, "attributes": {"n": 1}},
        {"name": "from a sender that writes text", "time_unix_nano": str(start_ns + 1_000_000)},
        {"name": "", "attributes": None},
        "not an event",
    ]
    details = span_details(span("t", 1, events=events))
    assert [(one.type, one.message) for one in details.exceptions] == [("ValueError", "no")]
    assert [(one.name, one.offset_ms) for one in details.events] == [
        ("first token", 2.5),
        ("from a sender that writes text", 1.0),
        ("(no name)", None),
    ]


def test_the_recorded_json_is_shown_rather_than_the_text_made_of_it() -> None:
    attributes = {"input.value": '{"question": "Why?"}', "output.value": "So."}
    details = span_details(span("t", 1, input="Why?", output="So.", attributes=attributes))
    assert (details.input, details.output) == ('{"question": "Why?"}', "So.")
