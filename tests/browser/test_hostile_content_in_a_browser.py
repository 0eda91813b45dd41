"""Hostile texts in a real browser: nothing runs, nothing is asked for elsewhere, the policy has no work to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from support.hostile import ADDRESSES, STRINGS, HostileSource, all_beginning_with, every_page
from support.page_data import PROJECT

NewPage = Callable[..., Page]
Serve = Callable[[Any], str]
TEXTS = [all_beginning_with(string) for string in (STRINGS[0], *ADDRESSES)]
PAGES = 24  # so many of all pages, which the texts share


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_nothing_that_was_sent_runs(new_page: NewPage, serve: Serve, number: int) -> None:
    page = new_page(serve(HostileSource(TEXTS[number])))
    pages = [address for address in every_page(TEXTS[number]) if "/spans/" not in address]
    some = pages[:: max(1, len(pages) // PAGES)]
    for address in some[number :: len(TEXTS)]:
        page.goto(address)
        assert left_behind(page) == [None, 0]
    assert page.evaluate("window.violations") == []


def test_nothing_runs_of_what_a_script_puts_in_its_place(new_page: NewPage, serve: Serve) -> None:
    page = new_page(serve(HostileSource(TEXTS[0])))
    page.goto(f"/p/{PROJECT}/traces/{0:032x}")
    for row in range(page.locator(".rows a").count()):
        before = page.url
        page.locator(".rows a").nth(row).click()
        if row:
            expect(page).not_to_have_url(before)
        expect(page.locator("[data-details]")).not_to_have_attribute("aria-busy", "true")
    assert left_behind(page) == [None, 0]
    assert page.evaluate("window.violations") == []


def left_behind(page: Page) -> Any:
    """What ran, and how many elements there are that no page of ours makes: pictures that were sent come from us."""
    odd = "pwned, iframe, img:not([src^='/p/'])"
    return page.evaluate("odd => [window.pwned, document.querySelectorAll(odd).length]", odd)
