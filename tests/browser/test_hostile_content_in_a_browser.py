"""Hostile texts in a real browser: nothing runs, nothing is asked for elsewhere, the policy has no work to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from support.hostile import STRINGS, HostileSource, every_page
from support.page_data import PROJECT


# All at once, and those again that only work where they come first, as an address.
@pytest.mark.parametrize(
    "string", [" ".join(STRINGS), *(one for one in STRINGS if one.startswith(("javascript:", "data:")))], ids=range(3)
)
def test_nothing_that_was_sent_runs(new_page: Callable[..., Page], serve: Callable[[Any], str], string: str) -> None:
    page = new_page(serve(HostileSource(string)))
    pages = [address for address in every_page(string) if "/spans/" not in address]
    for address in pages[:: max(1, len(pages) // 16)]:
        page.goto(address)
        assert left_behind(page) == [None, 0]
    page.goto(f"/p/{PROJECT}/traces/{0:032x}")
    for row in range(page.locator(".rows a").count()):  # the fragments, put in place by the script
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
