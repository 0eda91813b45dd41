"""The filter box: words, expressions, and where a mistake is."""

from __future__ import annotations

import pytest

from assay.collector.filter import compile_filter
from assay.collector.pages.traces import filters
from assay.errors import InvalidRequest


@pytest.mark.parametrize("typed", ["", "   "])
def test_nothing_typed_is_no_filter(typed: str) -> None:
    assert filters.to_filter(typed) is None


@pytest.mark.parametrize("typed", ["refund", "how do I", '"status = 1"', "'two words'"])
def test_words_are_looked_for_in_input_output_and_name(typed: str) -> None:
    text = typed.strip("\"'")
    wanted = f"(input ilike '%{text}%' or output ilike '%{text}%' or name ilike '%{text}%')"
    assert filters.to_filter(typed) == wanted


def test_a_quote_in_words_stays_inside_the_text() -> None:
    condition = filters.to_filter('"it\'s; drop"')
    assert compile_filter(condition, "traces", "t").parameters == ["%it's; drop%"] * 3


@pytest.mark.parametrize("typed", ["status = 'error'", "user_id is not null", "tags in ('a')", "duration_ms>5"])
def test_an_expression_goes_on_as_it_is(typed: str) -> None:
    assert filters.to_filter(typed) == typed


@pytest.mark.parametrize("text", [text for _, text in filters.READY_FILTERS if text])
def test_every_ready_made_filter_is_one(text: str) -> None:
    assert compile_filter(filters.to_filter(text), "traces", "t").sql != "true"


@pytest.mark.parametrize("value", ["u-7", "o'neil", "50% off"])
def test_a_link_to_all_traces_of_somebody_asks_for_exactly_them(value: str) -> None:
    assert compile_filter(filters.equals("user_id", value), "traces", "t").parameters == [value]


def test_the_mark_stands_below_the_character_the_error_speaks_of() -> None:
    typed = "name = 'a' and statsu = 'error'"
    with pytest.raises(InvalidRequest) as caught:
        compile_filter(typed, "traces", "t")
    problem = filters.problem(typed, caught.value)
    assert problem.pointer is not None
    assert typed[problem.pointer.index("^") :].startswith("statsu")


@pytest.mark.parametrize("message", ["The filter is nested too deeply.", "at character 0", "at character 99"])
def test_there_is_no_mark_where_the_error_names_no_character_of_the_text(message: str) -> None:
    assert filters.problem("a = b", InvalidRequest(message)).pointer is None
