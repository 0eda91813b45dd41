"""Whatever a sender, a user or a model writes, a page shows it as text: in every field of every page."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from support.hostile import MARK, STRINGS, HostileSource, every_page
from support.html_parts import parts_of
from support.pages_app import pages_app

SCHEMES = ("/", "#", "?", "http:", "https:", "mailto:")


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


def assert_harmless(html: str, address: str) -> None:
    parts = parts_of(html)
    assert not parts.unbalanced, (address, parts.unbalanced)
    assert not parts.open, (address, parts.open)
    for tag, attributes in parts.elements:
        assert MARK not in tag, address
        assert tag not in {"iframe", "object", "embed", "base", "img", "style"}, address
        if tag == "script" and attributes.get("type") != "application/json":  # data: never run
            assert attributes.get("src", "").startswith("/static/"), address
        for name, value in attributes.items():
            assert MARK not in name, (address, tag, name)
            assert not name.startswith("on"), (address, tag, name)
            assert name not in {"style", "srcdoc", "formaction"}, (address, tag, name)
            if name in {"href", "src", "action", "data-fragment"}:
                assert value.startswith(SCHEMES), (address, tag, name, value)
                assert not value.startswith("//"), (address, tag, name, value)
