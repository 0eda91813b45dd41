"""Search by Ctrl+K, help by ?, ways through a trace by single keys, and what the pointer drags."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from support.page_data import PROJECT

NewPage = Callable[..., Page]
TRACE = f"/p/{PROJECT}/traces/{0:032x}"


def test_whatever_there_is_is_found_and_opened_without_the_pointer(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(f"/p/{PROJECT}/traces")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Search")
    expect(box).to_be_focused()
    page.keyboard.type("prompts")
    options = page.get_by_role("listbox", name="Found").get_by_role("option")
    expect(options.last).to_contain_text("“prompts”")  # what is found of the whole word, and not of its beginning
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")  # empties a box of this kind before it leaves it
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    page.locator("[data-search]").click()
    page.keyboard.type("prompts")
    expect(options.last).to_contain_text("“prompts”")  # what is found of the whole word, and not of its beginning
    page.keyboard.press("Enter")
    page.wait_for_url("**/prompts*")


def test_the_keys_are_said_on_every_page(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(f"/p/{PROJECT}/prompts")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Search: pages, ids, prompts")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_slowest_and_the_dearest_span_are_found_by_keys(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(f"{TRACE}?span={1:016x}")
    page.get_by_role("tree").focus()
    selected = page.locator("[role=treeitem][aria-selected=true]")
    page.keyboard.press("x")
    expect(selected).not_to_have_attribute("aria-level", "1")
    page.keyboard.press("Home")
    page.keyboard.press("$")
    expect(selected).not_to_have_attribute("aria-level", "1")


def dragged(page: Page, over: Locator, start: float, end: float) -> None:
    """Press at one share of its width, let go at another."""
    box = over.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], y, steps=3)
    page.mouse.up()


def test_the_pointer_drags_a_part_of_the_time_and_the_line_between_the_panes(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(f"{TRACE}?span={1:016x}")
    whole = page.get_by_role("button", name="Whole time")
    expect(whole).to_be_hidden()
    dragged(page, page.locator(".minimap"), 0.25, 0.75)
    expect(page.get_by_role("slider", name="Zoom to")).to_have_attribute("aria-valuenow", re.compile("7[3-7]"))
    expect(whole).to_be_visible()
    page.get_by_role("slider", name="Zoom from").press("Escape")
    expect(whole).to_be_hidden()
    page.get_by_role("treeitem").nth(1).dblclick()
    expect(whole).to_be_visible()
    divider = page.get_by_role("separator")
    before = divider.get_attribute("aria-valuenow")
    dragged(page, divider, 0.5, 20)
    expect(divider).not_to_have_attribute("aria-valuenow", before or "")
