"""The filter box: words of a half written filter, and what can stand at the caret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.filter import compile_trace_filter
from assay.collector.pages.traces.completion import Option, options, place_of
from assay.collector.pages.traces.filter_words import conjuncts, joined, without, words


def offered(text: str, caret: int | None = None) -> list[Option]:
    def values(field: str, prefix: str, limit: int) -> list[str]:
        return [f"{prefix}{field}", "it's"][:limit]

    return options("traces", text, len(text) if caret is None else caret, values)


def completed(text: str, number: int = 0, caret: int | None = None) -> str:
    one = offered(text, caret)[number]
    return text[: one.start] + one.text + text[one.end :]


@pytest.mark.parametrize(
    ("text", "what", "field", "given"),
    [
        ("", "field", "", ""),
        ("sta", "field", "", "sta"),
        ("status ", "sign", "status", ""),
        ("status is", "sign", "status", "is"),
        ("status = ", "value", "status", ""),
        ("status = 'er", "value", "status", "er"),
        ("status = 'error'", "joint", "", ""),
        ("status = 'error' a", "joint", "", "a"),
        ("status = 'error' and ", "field", "", ""),
        ("not ", "field", "", ""),
        ("any(kind = '", "value", "kind", ""),
        ("any(ki", "field", "", "ki"),
        ("name in ('a', 'b", "value", "name", "b"),
        ("name not in (", "value", "name", ""),
        ("scores['he", "key", "scores", "he"),
        ("scores['helpful'] ", "sign", "scores.helpful", ""),
        ("scores['helpful'] = ", "value", "scores.helpful", ""),
        ("duration_ms between 1 and ", "value", "duration_ms", ""),
        ("duration_ms > 5", "value", "duration_ms", "5"),
        ("name = 'it''s", "value", "name", "it's"),
    ],
)
def test_the_caret_is_known_by_what_stands_before_it(text: str, what: str, field: str, given: str) -> None:
    place = place_of(text, len(text))
    assert (place.what, place.field, place.given) == (what, field, given)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("stat", "status "),
        ("status ", "status = "),
        ("status = ", "status = 'status' "),
        ("kind = 'l", "kind = 'llm' "),
        ("meta", "metadata['"),
        ("attributes['", "attributes['attributes'] "),
        ("scores.helpful = t", "scores.helpful = true "),
        ("start_time > n", "start_time > now() - interval 1 hour "),
        ("status = 'ok' o", "status = 'ok' or "),
    ],
)
def test_a_choice_stands_in_the_place_of_what_was_begun(text: str, result: str) -> None:
    assert completed(text) == result


def test_a_quote_in_a_value_is_doubled() -> None:
    assert completed("name = ", 1) == "name = 'it''s' "


def test_in_the_middle_the_rest_is_left_alone() -> None:
    assert completed("sta = 'ok'", caret=3) == "status  = 'ok'"


def test_fields_that_only_hold_the_word_come_last() -> None:
    labels = [one.label for one in offered("tokens")]
    assert "total_tokens" in labels


def test_numbers_have_no_list_of_values() -> None:
    assert offered("duration_ms > ") == []


@given(st.text(max_size=40), st.integers(0, 50))
def test_no_text_is_too_odd_to_be_completed(text: str, caret: int) -> None:
    for one in offered(text, caret):
        assert 0 <= one.start <= one.end


@given(st.text(max_size=60))
def test_words_stand_where_they_say(text: str) -> None:
    assert all(text[word.start : word.end] == word.text for word in words(text))


# Conditions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("status = 'error'", ["status = 'error'"]),
        ("a = 'x and y' AND b > 1", ["a = 'x and y'", "b > 1"]),
        ("(a = 1 or b = 2) and c = 3", ["(a = 1 or b = 2)", "c = 3"]),
        ("a between 1 and 2 and b = 3", ["a between 1 and 2", "b = 3"]),
        ("a = 1 or b = 2", ["a = 1 or b = 2"]),
        ("any(a = 1 and b = 2)", ["any(a = 1 and b = 2)"]),
    ],
)
def test_a_filter_falls_into_its_conditions(text: str, parts: list[str]) -> None:
    assert conjuncts(text) == parts


def test_one_condition_can_be_taken_out() -> None:
    assert without(["a = 1", "b = 2", "c = 3"], 1) == "a = 1 and c = 3"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("", "status = 'ok'"),
        ("name = 'a'", "name = 'a' and status = 'ok'"),
        ("name = 'a' or name = 'b'", "(name = 'a' or name = 'b') and status = 'ok'"),
        ("status = 'ok' and name = 'a'", "status = 'ok' and name = 'a'"),
    ],
)
def test_a_condition_joins_a_filter(text: str, result: str) -> None:
    assert joined(text, "status = 'ok'") == result
    compile_trace_filter(result)
