"""Whatever a sender, a user or a model writes, a page shows it as text: in every field of every page."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from support.harmless import assert_harmless
from support.hostile import MARK, STRINGS, HostileSource, every_page
from support.html_parts import parts_of
from support.pages_app import pages_app


@pytest.mark.parametrize("string", STRINGS, ids=range(len(STRINGS)))
def test_no_page_lets_a_hostile_text_out_of_its_place(string: str) -> None:
    source = HostileSource(string)
    with TestClient(pages_app(source)) as client:
        for address in every_page(string):
            answer = client.get(address, headers={"accept": "text/html"})
            assert answer.status_code in (200, 400, 404), address
            assert_harmless(answer.text, address)


def test_the_corpus_really_is_on_the_pages() -> None:
    source = HostileSource(STRINGS[0])
    with TestClient(pages_app(source)) as client:
        pages = [client.get(address, headers={"accept": "text/html"}).text for address in every_page(STRINGS[0])]
    shown = [MARK in parts_of(page).text for page in pages]
    assert sum(shown) > 0.8 * len(pages)
