"""Every page over a real collector: it fits a phone, it is quiet, it can be read without scripts, axe finds nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
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
AXE = os.environ.get("AXE_CORE_JS")  # path of axe.min.js from the npm package axe-core; not kept in the repository


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    server = Server(data_dir=tmp_path_factory.mktemp("filled") / ".assay", dev=True)
    server.start()
    yield server.url, fill(server)
    reset_client()
    reset_settings()
    server.stop()


def test_every_page_fits_a_phone_and_is_quiet(new_page: NewPage, filled: Site) -> None:
    url, pages = filled
    page = new_page(url, width=320)
    wide = {}
    for name, address in pages.items():
        answer = page.goto(address)
        assert answer is not None
        assert answer.ok or name in NOT_WELL, f"{name}: {answer.status}"
        expect(page.locator("h1").first).to_be_visible()
        if (over := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
            wide[name] = over
    assert wide == {}


def test_every_page_says_its_part_before_any_script_runs(filled: Site) -> None:
    url, pages = filled
    with httpx.Client(base_url=url, headers={"accept": "text/html"}, timeout=60, follow_redirects=True) as client:
        mains = {name: client.get(address).text.partition("<main")[2] for name, address in pages.items()}
    assert [name for name, main in mains.items() if len(parts_of(f"<main{main}").text.strip()) <= 20] == []


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
