"""Every page over a real collector: it fits a phone, it is quiet, it can be read without scripts, axe finds nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from assay.client import reset_client
from assay.collector.server import Server
from assay.settings import reset_settings
from support.filled_site import fill
from support.html_parts import parts_of

NewPage = Callable[..., Page]
Site = tuple[str, dict[str, str]]
NOT_WELL = ("wrong filter", "not found")
CHANGED_BY_SCRIPTS = (
    *("overview", "traces", "failed trace", "trace as timeline", "trace as table", "trace as json", "tab io"),
    *("two traces", "dashboards", "new dashboard", "prompt edit", "playground", "item", "experiment", "comparison"),
    *("review item", "search", "settings online/new", "no traces"),
)
WIDE, PHONES = 1440, (390, 320)
BEYOND = "document.documentElement.scrollWidth - innerWidth"  # how much wider a page is than its window
AXE = os.environ.get("AXE_CORE_JS")  # path of axe.min.js from the npm package axe-core; not kept in the repository


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    server = Server(data_dir=tmp_path_factory.mktemp("filled") / ".assay", dev=True)
    server.start()
    yield server.url, fill(server)
    reset_client()
    reset_settings()
    server.stop()


@dataclass(frozen=True, slots=True)
class Visit:
    """What was found on one page."""

    status: int
    sent: str  # its HTML, before any script ran
    shows_heading: bool
    too_wide: dict[int, int]  # how much wider it is than the window, by the width of the window


def test_every_page_is_quiet_fits_and_says_its_part_before_any_script_runs(new_page: NewPage, filled: Site) -> None:
    url, pages = filled
    page = new_page(url)
    visits = {name: visit(page, address) for name, address in pages.items()}
    assert {name: one.status for name, one in visits.items() if one.status >= 400 and name not in NOT_WELL} == {}
    assert [name for name, one in visits.items() if not one.shows_heading] == []
    assert {name: one.too_wide for name, one in visits.items() if one.too_wide} == {}
    assert [name for name, one in visits.items() if len(main_text(one.sent)) <= 20] == []


def visit(page: Page, address: str) -> Visit:
    answer = page.goto(address)
    assert answer is not None
    heading = page.evaluate("document.querySelector('h1')?.checkVisibility()")
    beyond = {width: beyond_the_window(page, width) for width in (*PHONES, WIDE)}  # ends as wide as it began
    return Visit(
        answer.status, answer.text(), bool(heading), {width: over for width, over in beyond.items() if over > 0}
    )


def beyond_the_window(page: Page, width: int) -> int:
    page.set_viewport_size({"width": width, "height": 900})
    return int(page.evaluate(BEYOND))


def main_text(html: str) -> str:
    return parts_of(f"<main{html.partition('<main')[2]}").text.strip()


def test_pages_that_scripts_change_most_can_be_read_without_them(new_page: NewPage, filled: Site) -> None:
    url, pages = filled
    page = new_page(url, javascript=False)
    for name in CHANGED_BY_SCRIPTS:
        page.goto(pages[name])
        expect(page.locator("h1").first).to_be_visible()
        assert len(page.locator("main").inner_text().strip()) > 20, name


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.skipif(AXE is None, reason="axe-core is not here: npm pack axe-core, and its axe.min.js as AXE_CORE_JS")
def test_axe_finds_nothing(new_page: NewPage, filled: Site, color_scheme: str) -> None:
    url, pages = filled
    page = new_page(url, color_scheme=color_scheme)
    found = {}
    for name, address in pages.items():
        page.goto(address)
        page.evaluate(Path(str(AXE)).read_text(encoding="utf-8"))
        for rule in page.evaluate("axe.run()")["violations"]:
            found[name, rule["id"]] = [node["html"][:300] for node in rule["nodes"]]
    assert found == {}
