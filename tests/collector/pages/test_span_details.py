"""The details of one span."""

from __future__ import annotations

import pytest

from assay.collector.pages.traces.span_details import TABS, is_note, matching, span_details
from support.page_data import score, span, support_trace


def test_a_model_call_opens_with_its_messages() -> None:
    assert span_details(support_trace("0" * 32)["spans"][4]).tab == "messages"


def test_a_span_without_messages_opens_with_its_input() -> None:
    assert span_details(span("t", 1, input="x")).tab == "io"


def test_every_span_has_the_same_tabs_so_that_each_has_its_key() -> None:
    tabs = [span_details(one).tabs for one in (span("t", 1), support_trace("0" * 32)["spans"][4])]
    assert [[key for key, _, _ in each] for each in tabs] == [list(TABS)] * 2
    assert [{key: size for key, _, size in each}["messages"] for each in tabs] == [0, 4]


@pytest.mark.parametrize("tab", ["raw", "events", "messages"])
def test_a_tab_that_is_asked_for_is_opened_even_if_it_is_empty(tab: str) -> None:
    details = span_details(span("t", 1), tab)
    assert details.tab == tab


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


def test_scores_of_the_span_and_of_the_trace_are_told_apart_and_those_taken_back_are_gone() -> None:
    trace = support_trace("0" * 32)
    first = trace["spans"][0]["span_id"]
    scores = [
        score(trace, "good", True, span_id=first),
        score(trace, "other", True, span_id="f" * 16),
        score(trace, "helpful", 0.5),
        score(trace, "failed", None, error="timeout"),
        score(trace, "taken back", None),
    ]
    details = span_details(trace["spans"][0], scores=scores)
    assert [one["name"] for one in details.scores] == ["good"]
    assert [one["name"] for one in details.trace_scores] == ["helpful", "failed"]
    assert dict((key, size) for key, _, size in details.tabs)["scores"] == 3


def test_a_note_is_a_text_of_that_name() -> None:
    trace = support_trace("0" * 32)
    assert is_note(score(trace, "note", "look here"))
    assert not is_note(score(trace, "note", 1))


def test_documents_keep_their_scores_and_odd_ones_are_shown_without() -> None:
    documents = [{"id": "a", "content": "x", "score": 0.9}, {"content": {"text": "y"}, "score": "high"}, "none"]
    details = span_details(span("t", 1, documents=documents))
    assert [(one.id, one.score, one.content) for one in details.documents] == [
        ("a", 0.9, "x"),
        ("", None, '{"text": "y"}'),
    ]


def test_dropped_attributes_are_counted() -> None:
    assert span_details(span("t", 1, dropped_attributes_count=12)).dropped_attributes == 12


def test_attributes_are_found_by_name_and_value() -> None:
    attributes = {"http.route": "/ask", "net.peer": "Router", "tries": 3}
    assert list(matching(attributes, "ROUTE")) == ["http.route", "net.peer"]
    assert list(matching(attributes, "3")) == ["tries"]
    assert matching(attributes, "") == attributes
    assert matching(None, "x") == {}
