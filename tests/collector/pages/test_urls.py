"""Names of any kind survive a trip through an address."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.pages import urls

names = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1)


@given(names)
def test_a_name_is_one_segment_even_after_a_server_has_decoded_it(name: str) -> None:
    decoded_on_the_way = unquote(urls.segment(name))
    assert "/" not in decoded_on_the_way
    assert urls.name_of(decoded_on_the_way) == name


def test_a_name_is_never_the_word_of_another_page() -> None:
    assert unquote(urls.review_queue("p", "new")) != "/p/p/review/new"
    assert urls.name_of(unquote(urls.segment("new"))) == "new"


@pytest.mark.parametrize("name", ["x.csv", "a/b.json", "items.jsonl"])
def test_a_name_that_ends_like_a_file_asks_for_no_file(name: str) -> None:
    on_the_way = unquote(urls.dataset("p", name))
    assert not on_the_way.endswith((".csv", ".json", ".jsonl"))
    assert urls.name_of(unquote(urls.segment(name))) == name


@pytest.mark.parametrize("name", [".", ".."])
def test_dots_are_not_taken_for_folders(name: str) -> None:
    assert "." not in unquote(urls.segment(name))


@pytest.mark.parametrize("name", ["qa", "support-bot", "tone_2.1"])
def test_a_simple_name_stays_as_it_is(name: str) -> None:
    assert urls.segment(name) == name


def test_a_slash_typed_by_hand_is_understood() -> None:
    assert urls.name_of("team/qa") == "team/qa"


def test_parameters_that_are_not_given_leave_no_trace() -> None:
    assert urls.traces("p", q="", after=None) == "/p/p/traces"
    assert urls.traces("p", q="a b&c") == "/p/p/traces?q=a+b%26c"


def test_the_parts_of_a_prompts_name_are_parts_of_its_address() -> None:
    assert urls.prompt("p", "weird/x y", 2) == "/p/p/prompts/weird/x%20y/v/2"


@pytest.mark.parametrize("name", ["a/v/2", "a/versions", "/a", "a//b", "a/"])
def test_what_could_be_read_in_two_ways_stays_one_segment(name: str) -> None:
    assert urls.prompt("p", name) == f"/p/p/prompts/{urls.segment(name)}"
