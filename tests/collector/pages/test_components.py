"""The component page shows every shared part of the pages, and only where someone works on them."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient

from assay.collector import pages
from assay.collector.pages.web import get_source
from support.page_data import FakeSource

TEMPLATES = Path(pages.__file__).parent / "templates"
SHARED = ("ui.html", "charts.html", "content.html", "messages.html", "time_range.html")
PAGE = "/dev/components"


def client(*, dev: bool) -> TestClient:
    app = FastAPI()
    pages.mount(app, dev=dev)
    app.dependency_overrides[get_source] = FakeSource
    return TestClient(app, headers={"accept": "text/html"})


def test_it_is_there_where_it_was_asked_for() -> None:
    assert client(dev=False).get(PAGE).status_code == 404
    shown = client(dev=True).get(PAGE)
    assert shown.status_code == 200
    assert [shown.text.count(f'class="theme" data-theme="{theme}"') for theme in ("light", "dark")] == [1, 1]


def test_every_shared_macro_is_on_it() -> None:
    """On the page itself, or in a macro that is."""
    texts = {name: (TEMPLATES / name).read_text("utf-8") for name in SHARED}
    macros = {found for text in texts.values() for found in re.findall(r"\{% macro (\w+)", text)}
    shown = ("dev/components.html", "prompts/changes.html")  # the second is included by the first
    used = "".join([*texts.values(), *((TEMPLATES / name).read_text("utf-8") for name in shown)])
    used = re.sub(r"\{% macro \w+", "", used)
    assert {name for name in macros if not re.search(rf"\b{name}\(", used)} == set()


def test_names_that_must_be_unique_on_a_page_are() -> None:
    html = client(dev=True).get(PAGE).text
    ids = re.findall(r'\sid="([^"]+)"', html)
    regions = re.findall(r'role="region" aria-label="([^"]+)"', html)
    assert len(ids) == len(set(ids)) > 10
    assert len(regions) == len(set(regions)) > 10
