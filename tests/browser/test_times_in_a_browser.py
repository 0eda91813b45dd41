"""Times in UTC, as the server writes them, and in the zone of the reader for those who chose it."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from support.page_times import PROJECT

NewPage = Callable[..., Page]
ZONE = "Asia/Tehran"  # three and a half hours ahead, all year round
THERE = re.compile(r" \+03:30$")
IN_UTC = re.compile(r" UTC$")
TRACES = f"/p/{PROJECT}/traces"
HISTORY = f"/p/{PROJECT}/prompts/qa/versions?alias=production&on=2026-11-21"


def switch(page: Page) -> None:
    with page.expect_response("**/look"):
        page.keyboard.press("U")


def test_times_change_at_once_back_again_and_for_good(new_page: NewPage, site: str) -> None:
    page = new_page(site, timezone_id=ZONE)
    page.goto(HISTORY)
    moment = page.locator(".answer time")
    expect(moment).to_have_text(IN_UTC)
    before = moment.inner_text()
    with page.expect_response("**/look"):
        page.get_by_role("button", name="Local times").click()
    expect(moment).to_have_text(THERE)
    expect(moment).to_have_attribute("title", THERE)
    switch(page)
    expect(moment).to_have_text(before)
    switch(page)
    page.reload()
    expect(moment).to_have_text(THERE)
    expect(page.get_by_role("button", name="Local times")).to_have_attribute("aria-pressed", "true")


def test_charts_are_told_in_the_zone_of_the_reader(new_page: NewPage, site: str) -> None:
    """The strip comes as a fragment, after the page."""
    page = new_page(site, timezone_id=ZONE)
    page.goto(TRACES)
    ticks = page.locator(".strip svg.x text")
    ticks.first.wait_for()
    labels, heads = ticks.all_text_contents(), page.locator(".strip .hits title").all_text_contents()
    switch(page)
    page.reload()
    ticks.first.wait_for()
    assert ticks.all_text_contents() == [later(label) for label in labels]
    assert all(" UTC\n" in title for title in heads)
    assert all(" +03:30\n" in title for title in page.locator(".strip .hits title").all_text_contents())
    expect(page.locator(".strip-foot thead th").first).to_have_text(f"Time ({ZONE})")


def later(label: str) -> str:
    hours, minutes = map(int, label.split(":"))
    later = hours * 60 + minutes + 210
    return f"{later // 60:02}:{later % 60:02}"


def test_a_time_is_typed_as_it_is_shown(new_page: NewPage, site: str) -> None:
    page = new_page(site, timezone_id=ZONE)
    page.goto(f"{TRACES}?from=2026-11-21T20:00:00Z&to=2026-11-21T22:00:00Z")
    picker = page.locator(".times")
    expect(picker.locator("summary")).to_contain_text("2026-11-21 20:00 – 2026-11-21 22:00")
    switch(page)
    expect(picker.locator("summary")).to_contain_text("2026-11-21 23:30 – 2026-11-22 01:30")
    picker.locator("summary").click()
    expect(picker.get_by_label("From")).to_have_value("2026-11-21 23:30:00")
    expect(picker).to_contain_text(f"Times are in {ZONE}.")
    picker.get_by_label("To").fill("2026-11-22")
    picker.get_by_role("button", name="Show").click()
    page.wait_for_url("**from=2026-11-21T20%3A00%3A00Z&to=2026-11-22T20%3A30%3A00Z")
    picker.locator("summary").click()
    picker.get_by_label("From").fill("-24h")
    picker.get_by_label("To").fill("now")
    picker.get_by_role("button", name="Show").click()
    page.wait_for_url("**from=-24h&to=now")


def test_without_scripts_times_stay_in_utc_and_the_page_says_so(new_page: NewPage, site: str) -> None:
    page = new_page(site, javascript=False, timezone_id=ZONE)
    page.goto(HISTORY)
    page.get_by_role("button", name="Local times").click()
    expect(page.locator(".answer time")).to_have_text(IN_UTC)
    expect(page.get_by_text("Times stay in UTC")).to_be_visible()
