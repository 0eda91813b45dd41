"""The pages in a real browser: they are quiet, they fit, they work by pointer, by keyboard and without scripts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from support.page_data import BASE_ID, OTHER_ID, PROJECT

TRACES = f"/p/{PROJECT}/traces"
TRACE = f"{TRACES}/{0:032x}"
EDIT = f"/p/{PROJECT}/prompts/qa/v/3/edit"
PAGES = {
    "projects": "/projects",
    "traces": TRACES,
    "wrong filter": f"{TRACES}?q=statsu+%3D+1",
    "trace": f"{TRACE}?span={5:016x}",
    "failed trace": f"{TRACES}/{3:032x}",
    "zoomed trace": f"{TRACE}?zoom=300-1300&find=chat",
    "timeline": f"{TRACE}?view=timeline",
    "table of spans": f"{TRACE}?view=table&sort=-self_ms",
    "trace as JSON": f"{TRACE}?view=json",
    "attributes": f"{TRACE}?span={1:016x}&tab=attributes",
    "raw": f"{TRACE}?span={5:016x}&tab=raw",
    "prompts": f"/p/{PROJECT}/prompts",
    "prompt": f"/p/{PROJECT}/prompts/qa",
    "prompt diff": f"/p/{PROJECT}/prompts/qa/diff/1..3",
    "prompt version": f"/p/{PROJECT}/prompts/qa/v/2",
    "prompt history": f"/p/{PROJECT}/prompts/qa/versions?alias=production&on=2026-11-05",
    "prompt aliases": f"/p/{PROJECT}/prompts/qa/aliases",
    "prompt edit": EDIT,
    "playground": f"/p/{PROJECT}/playground?prompt=qa@3&with=qa@2,qa@1&dataset=support-qa",
    "playground of a call": f"/p/{PROJECT}/playground?span={0:032x}/{5:016x}",
    "A/B tests": f"/p/{PROJECT}/ab",
    "A/B test": f"/p/{PROJECT}/ab/qa-tone",
    "blocked A/B test": f"/p/{PROJECT}/ab/qa-skewed",
    "no A/B tests": "/p/empty/ab",
    "evaluations": f"/p/{PROJECT}/evals",
    "experiment": f"/p/{PROJECT}/evals/{OTHER_ID}",
    "comparison": f"/p/{PROJECT}/evals/compare?base={BASE_ID}&with={OTHER_ID}",
    "empty": "/p/empty/traces",
    "not found": "/nothing-here",
}
# Kinds of pages that test_every_page.py does not open
ONLY_HERE = ("zoomed trace", "table of spans", "prompt version", "playground of a call", "A/B test", "blocked A/B test")
NewPage = Callable[..., Page]
AXE = os.environ.get("AXE_CORE_JS")  # path of axe.min.js from the npm package axe-core; not kept in the repository


def test_no_page_is_wider_than_the_window(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    too_wide = {}
    for name in ONLY_HERE:
        page.goto(PAGES[name])
        for width in (1440, 390, 320):
            page.set_viewport_size({"width": width, "height": 900})
            if (over := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
                too_wide[name, width] = over
    assert too_wide == {}


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.skipif(AXE is None, reason="axe-core is not here: npm pack axe-core, and its axe.min.js as AXE_CORE_JS")
def test_axe_finds_nothing(new_page: NewPage, site: str, color_scheme: str) -> None:
    page = new_page(site, color_scheme=color_scheme)
    found = {}
    for name, address in PAGES.items():
        page.goto(address)
        page.evaluate(Path(str(AXE)).read_text(encoding="utf-8"))
        for rule in page.evaluate("axe.run()")["violations"]:
            found[name, rule["id"]] = [node["html"] for node in rule["nodes"]]
    assert found == {}


def test_the_theme_changes_at_once_and_stays(new_page: NewPage, site: str) -> None:
    page = new_page(site, color_scheme="light")
    page.goto(TRACES)
    before = page.evaluate("getComputedStyle(document.body).backgroundImage")
    with page.expect_response("**/look"):
        page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundImage") != before
    page.goto(f"/p/{PROJECT}/prompts")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")


def test_the_theme_changes_without_scripts_too(new_page: NewPage, site: str) -> None:
    page = new_page(site, javascript=False)
    page.goto(f"{TRACES}?q=refund")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.url.endswith(f"{TRACES}?q=refund")


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_colours_follow_the_system_unless_chosen(new_page: NewPage, site: str, color_scheme: str) -> None:
    page = new_page(site, color_scheme=color_scheme)
    page.goto(TRACES)
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert light == (color_scheme == "light")


def test_a_span_is_selected_without_a_reload_and_the_address_says_which(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(TRACE)
    page.evaluate("window.notReloaded = true")
    page.get_by_role("treeitem", name="search_articles").click()
    expect(page.locator("#span h2")).to_contain_text("search_articles")
    expect(page.locator("#span")).to_contain_text("kb/security.md")
    page.wait_for_url(f"**{TRACE}?span={2:016x}")
    assert page.evaluate("window.notReloaded")
    page.reload()
    expect(page.locator("#span h2")).to_contain_text("search_articles")


def test_a_tab_opens_without_a_reload(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(f"{TRACE}?span={5:016x}")
    page.evaluate("window.notReloaded = true")
    page.get_by_role("link", name="Raw").click()
    expect(page.get_by_role("group", name="The span as the API")).to_contain_text("span_id: 0000000000000005")
    expect(page.get_by_role("link", name="Raw")).to_be_focused()
    assert page.evaluate("window.notReloaded")


def test_spans_and_tabs_work_without_scripts(new_page: NewPage, site: str) -> None:
    page = new_page(site, javascript=False)
    page.goto(TRACE)
    page.locator(".rows a").nth(4).click()
    expect(page.locator("#span h2")).to_contain_text("chat gpt-4o-mini")
    page.get_by_role("link", name="Attributes").click()
    expect(page.locator("#span")).to_contain_text("gen_ai.request.temperature")


def test_the_tree_is_walked_and_folded_by_keyboard(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(f"{TRACE}?span={1:016x}")
    rows, selected = page.get_by_role("treeitem"), page.locator("[role=treeitem][aria-selected=true]")
    page.get_by_role("tree").focus()
    page.keyboard.press("ArrowDown")
    expect(selected).to_contain_text("search_articles")
    expect(page.locator("#span h2")).to_contain_text("search_articles")
    assert page.get_by_role("tree").get_attribute("aria-activedescendant") == selected.get_attribute("id")
    page.keyboard.press("End")
    expect(page.locator("#span h2")).to_contain_text("chat gpt-4o-mini")
    page.keyboard.press("ArrowLeft")
    expect(selected).to_contain_text("answer")
    page.keyboard.press("ArrowLeft")
    expect(selected).to_have_attribute("aria-expanded", "false")
    expect(rows).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect(rows).to_have_count(5)


def test_the_tree_is_one_stop_for_the_tab_key(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(TRACE)
    expect(page.get_by_role("tree")).to_have_attribute("tabindex", "0")
    assert page.locator(".rows a:not([tabindex='-1'])").count() == 0


def test_on_a_phone_a_tap_on_a_span_leads_to_its_details(new_page: NewPage, site: str) -> None:
    page = new_page(site, width=390, has_touch=True)
    page.goto(TRACE)
    page.get_by_role("treeitem", name="order_status").tap()
    expect(page.locator("#span h2")).to_contain_text("order_status")
    expect(page.locator("#span h2")).to_be_in_viewport()


def test_the_slash_key_leads_to_the_filter(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(TRACES)
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("refund")
    page.keyboard.press("Enter")
    page.wait_for_url("**/traces?q=refund")


def test_the_first_stop_of_the_tab_key_skips_the_rail(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(TRACES)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_project_menu_closes_on_escape_and_gives_the_focus_back(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(TRACES)
    page.locator(".switch summary").click()
    expect(page.get_by_role("link", name="All projects", exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="All projects", exact=True)).to_be_hidden()
    expect(page.locator(".switch summary")).to_be_focused()


def test_a_snippet_is_copied(new_page: NewPage, site: str) -> None:
    page = new_page(site, permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"/p/{PROJECT}/prompts/qa")
    page.locator(".snippet .copy").click()
    expect(page.locator("#said")).to_have_text("Copied")
    assert "assay.load_prompt" in page.evaluate("navigator.clipboard.readText()")


def test_a_row_of_a_list_is_a_link_throughout(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(TRACES)
    page.locator(".traces tbody tr").first.locator("td").nth(1).click(force=True)  # the link lies over the cell
    page.wait_for_url(f"**{TRACE}")


def test_the_comparison_is_reached_from_the_experiment(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(f"/p/{PROJECT}/evals/{OTHER_ID}")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url(f"**/evals/compare?with={OTHER_ID}&base={BASE_ID}")
    page.get_by_role("link", name="Worse").click()
    expect(page.locator(".pair").first).to_contain_text("worse")


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
def test_a_version_is_written_by_keyboard_and_seen_before_it_is_registered(
    new_page: NewPage, site: str, javascript: bool
) -> None:
    page = new_page(site, javascript=javascript)
    page.goto(EDIT)
    page.get_by_label("Text of message 3").focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Thank {{whom}}.")
    page.get_by_role("button", name="Review the changes").press("Enter")
    expect(page.get_by_role("note")).to_contain_text("whom is new: callers must pass it.")
    page.get_by_label("What changed, and why").focus()
    page.keyboard.type("polite")
    page.keyboard.press("Enter")  # in a field, it looks again: what others run on is not registered by a slip
    expect(page.get_by_label("What changed, and why")).to_have_value("polite")
    page.get_by_role("button", name="Register as v4").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Registered as a new version.")


def test_an_alias_is_moved_from_the_page_of_a_version(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(f"/p/{PROJECT}/prompts/qa/v/1")
    page.get_by_role("link", name="Move an alias here").click()
    expect(page.get_by_label("Version", exact=True)).to_have_value("1")
    form = page.locator("form", has=page.get_by_role("button", name="Point it there"))
    form.get_by_role("button").click()
    expect(form.get_by_label("Why")).to_be_focused()  # the browser asks for the reason
    form.get_by_label("Why").fill("worse answers")
    form.get_by_role("button").click()
    expect(page.locator(".done")).to_contain_text("The alias was moved.")
