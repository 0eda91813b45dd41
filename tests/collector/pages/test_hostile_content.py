"""Whatever a sender, a user or a model writes, a page shows it as text: in every field of every page."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from support.harmless import assert_harmless
from support.hostile import ADDRESSES, MARK, STRINGS, HostileSource, all_beginning_with, every_page
from support.html_parts import parts_of
from support.pages_app import pages_app

OTHERS = [string for string in STRINGS if string not in ADDRESSES]
SHARE = 4  # each of the others comes first on one in so many pages


def answers(text: str, first: int = 0, step: int = 1) -> dict[str, str]:
    """What every so many pages say that have this text wherever somebody else could have written it."""
    with TestClient(pages_app(HostileSource(text))) as client:
        asked = every_page(text)[first::step]
        found = {address: client.get(address, headers={"accept": "text/html"}) for address in asked}
    assert {answer.status_code for answer in found.values()} <= {200, 400, 404}
    return {address: answer.text for address, answer in found.items()}


def check(pages: dict[str, str]) -> None:
    for address, html in pages.items():
        assert_harmless(html, address)


@pytest.mark.parametrize("string", ADDRESSES, ids=range(len(ADDRESSES)))
def test_no_page_lets_a_hostile_text_out_of_its_place(string: str) -> None:
    pages = answers(all_beginning_with(string))
    check(pages)
    assert sum(MARK in parts_of(page).text for page in pages.values()) > 0.8 * len(pages)  # it really is on them


@pytest.mark.parametrize("number", range(len(OTHERS)))
def test_no_hostile_text_gets_out_where_it_comes_first(number: int) -> None:
    check(answers(all_beginning_with(OTHERS[number]), number % SHARE, SHARE))


@pytest.mark.chaos
@pytest.mark.parametrize("string", STRINGS, ids=range(len(STRINGS)))
def test_no_page_lets_any_hostile_text_alone_out_of_its_place(string: str) -> None:
    check(answers(string))
