"""Details of a span in a real browser: keys and buttons of JSON, attributes, messages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from support.page_data import PROJECT, FakeSource

NewPage = Callable[..., Page]
TRACE = f"/p/{PROJECT}/traces/{0:032x}"
SPAN = f"{5:016x}"


def test_json_is_copied_by_path_and_by_value(new_page: NewPage, serve: Callable[[object], str]) -> None:
    source = FakeSource()
    value = {"list": [{"a b": "two\nlines"}, 1.5, None, {}], "numbers": [0.25] * 20, "many": list(range(10, 14))}
    source.by_project[PROJECT][0]["spans"][4]["attributes"] = {"input.value": json.dumps(value)}
    site = serve(source)
    page = new_page(site, permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{TRACE}?span={SPAN}&tab=io")
    tree = page.locator("[data-json]").first

    def copied(name: str) -> str:
        page.get_by_role("button", name=name).click()
        return str(page.evaluate("navigator.clipboard.readText()"))

    tree.locator(".j-string").first.hover()
    assert copied("Copy path") == '$.list[0]["a b"]'
    assert copied("Copy value") == "two\nlines"
    tree.locator("summary").first.focus()
    assert json.loads(copied("Copy value")) == value
    page.keyboard.press("ArrowDown")
    tree.locator("summary").first.focus()
    page.keyboard.press("ArrowDown")
    assert copied("Copy path") == "$.list"


def test_attributes_are_found_and_messages_shown_as_they_were_written(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(f"{TRACE}?span={SPAN}&tab=attributes")
    page.get_by_role("searchbox", name="Find an attribute").fill("TEMPERATURE")
    expect(page.locator(".attributes tr:visible")).to_have_count(1)
    page.goto(f"{TRACE}?span={SPAN}&tab=messages")
    page.keyboard.press("m")
    expect(page.locator(".details")).to_contain_text("**Short answer:**")
    expect(page).to_have_url(re.compile("text=plain"))
    page.locator(".tabs [aria-current]").focus()
    page.keyboard.press("f")
    expect(page.locator(".tab details[open]")).to_have_count(0)
    page.keyboard.press("f")
    expect(page.locator(".tab details:not([open])")).to_have_count(0)


def test_a_score_is_written_by_keyboard(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(f"{TRACE}?span={SPAN}&tab=scores")
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.type("correct")
    page.keyboard.press("Tab")
    page.keyboard.press("n")
    page.keyboard.press("Tab")
    page.keyboard.type("0.75")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="The score correct is saved.")).to_be_visible()
