"""The pages of prompts over made-up data: versions, differences, names, the history of aliases."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from support.html_parts import parts_of, text_of
from support.page_data import PROJECT

PROMPTS = f"/p/{PROJECT}/prompts"


def test_a_prompt_opens_with_its_newest_version(client: TestClient) -> None:
    shown = text_of(client.get(f"{PROMPTS}/qa").text)
    for part in ("qa v3", "challenger", "ground answers in the articles", "mira", "{{customer}}", "Compare v2 with v3"):
        assert part in shown
    assert 'prompt = assay.load_prompt("qa", alias="challenger")' in shown


def test_a_version_without_an_alias_is_loaded_by_its_number(client: TestClient) -> None:
    assert 'assay.load_prompt("qa", version=1)' in text_of(client.get(f"{PROMPTS}/qa/v/1").text)


@pytest.mark.parametrize("written", ["team%252Ftone%20of%20voice", "team%2Ftone%20of%20voice", "team/tone of voice"])
@pytest.mark.parametrize("rest", ["", "/v/2", "/diff/1..2"])
def test_a_name_may_hold_a_slash_however_it_is_written(client: TestClient, written: str, rest: str) -> None:
    assert "team/tone of voice" in text_of(client.get(f"{PROMPTS}/{written}{rest}").text)


def test_a_version_that_there_is_not_names_those_there_are(client: TestClient) -> None:
    answer = client.get(f"{PROMPTS}/qa/v/9")
    assert answer.status_code == 404
    assert "It has: 3, 2, 1." in answer.text


def test_a_difference_marks_words_and_warns_of_variables(client: TestClient) -> None:
    html = client.get(f"{PROMPTS}/qa/diff/2..3").text
    shown = " ".join(parts_of(html).text.split())
    assert "customer is new: callers must pass it." in shown
    assert re.search(r"<ins>[^<]*Answer only from the articles", html)
    assert "temperature" in shown


def test_a_version_shows_all_that_it_is_made_of(client: TestClient) -> None:
    html = client.get(f"{PROMPTS}/qa").text
    shown = " ".join(parts_of(html).text.split())
    for part in ("Messages given as {{history}}", "{{> team/tone of voice@production}}", "order_status", "sources"):
        assert part in shown
    assert f'href="{PROMPTS}/team/tone%20of%20voice"' in html


def test_a_version_shows_what_came_of_it(client: TestClient) -> None:
    shown = text_of(client.get(f"{PROMPTS}/qa/v/2").text)
    figures = (
        "1,284 80 of experiments",
        "9 0.7 %",
        "$0.00011 $0.0001 … $0.00012 of 1,290 with a known price",
        "812 ms",
    )
    scores = ("helpful 0.780 0.761 … 0.799", "warm 61", "helpful by day Day Mean 95 % interval Traces 2026-11-01")
    links = (
        "qa-v3-grounded",
        "qa-tone as short 640 traces",
        "production 2026-10-31 12:00 UTC 2026-11-01 12:00 UTC then v1",
    )
    for part in (*figures, *scores, *links):
        assert part in " ".join(shown.split()), part


def test_what_is_not_known_of_a_version_is_not_0(client: TestClient) -> None:
    shown = text_of(client.get(f"{PROMPTS}/qa/v/1").text)
    assert "No trace has used this version yet." in shown
    assert "Cost per call" not in shown


def test_the_list_of_prompts_is_searched_and_tells_of_the_last_week(client: TestClient) -> None:
    shown = text_of(client.get(f"{PROMPTS}?q=qa").text)
    assert "1,204" in shown
    assert "team/tone of voice" not in shown
    assert "No prompt is called so" in text_of(client.get(f"{PROMPTS}?q=nothing").text)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("alias=production&on=2026-11-05", "At the end of 2026-11-05, production was v1 , since 2026-11-01 12:00"),
        ("alias=production&on=2026-10-15", "At the end of 2026-10-15, production was v1"),
        ("alias=production&on=2026-10-01", "there was no production yet"),
        ("alias=beta&on=2026-11-05", "there was no beta : it had been removed on 2026-10-22 12:00"),
    ],
)
def test_the_history_says_what_an_alias_was_on_a_day(client: TestClient, asked: str, answer: str) -> None:
    assert answer in text_of(client.get(f"{PROMPTS}/qa/versions?{asked}").text)


@pytest.mark.parametrize("on", ["tomorrow", "2026-13-01", "0001-01-01T00:00+14:00"])
def test_a_day_that_there_is_not_is_said_so(client: TestClient, on: str) -> None:
    assert client.get(f"{PROMPTS}/qa/versions", params={"alias": "production", "on": on}).status_code == 400


def test_two_versions_are_chosen_and_the_older_stands_on_the_left(client: TestClient) -> None:
    assert client.get(f"{PROMPTS}/qa/diff?old=3&new=1").headers["location"] == f"{PROMPTS}/qa/diff/1..3"


def test_versions_without_a_difference_say_so(client: TestClient) -> None:
    assert "Template and configuration are the same." in text_of(client.get(f"{PROMPTS}/qa/diff/2..2").text)
