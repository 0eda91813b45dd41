"""Lists of traces in a browser: keys, selection, completion, what is new, and without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from assay.collector.pages import urls
from assay.collector.server import Server
from support.otlp import PROTOBUF, recorded

NAMES = ("answer", "refund", "search", "chat")
SUM_SHIFTS = """
globalThis.shifted = 0;
new PerformanceObserver((list) => { for (const one of list.getEntries()) shifted += one.value; })
  .observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(data_dir=tmp_path_factory.mktemp("lists") / ".assay")
    server.start()
    for name in NAMES:
        send(server, name)
    yield server
    server.stop()


def send(server: Server, name: str, project: str = "shop") -> None:
    with recorded(assay__project=project) as recorder:
        with recorder.tracer.start_as_current_span(name, attributes={"input.value": f"Why {name}?"}):
            pass
        body = recorder.body()
    httpx.post(f"{server.url}/v1/traces", content=body, headers=PROTOBUF, timeout=60).raise_for_status()


def focused(page: Page) -> Any:
    return page.evaluate("document.activeElement.textContent.trim()")


def test_rows_are_gone_through_chosen_and_opened_with_keys(collector: Server, new_page: Callable[..., Page]) -> None:
    page = new_page(collector.url)
    page.goto(urls.traces("shop"))
    expect(page.locator(".strip")).to_be_visible()  # what comes after the rows is there
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("J")
    expect(page.locator("[data-selected]")).to_have_text("2 selected:")
    expect(page.get_by_role("button", name="Compare")).to_be_enabled()
    page.keyboard.press("k")
    assert focused(page) == "chat"  # the newest is the first
    page.locator("tbody input").last.click(modifiers=["Shift"])
    expect(page.locator("[data-selected]")).to_have_text("4 selected:")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/traces/[0-9a-f]{32}"))


def test_nothing_moves_when_the_scripts_and_the_counts_come(collector: Server, new_page: Callable[..., Page]) -> None:
    page = new_page(collector.url)
    page.add_init_script(SUM_SHIFTS)
    page.goto(urls.traces("shop"))
    expect(page.locator(".strip")).to_be_visible()
    assert page.evaluate("shifted") < 0.005  # words of the tools may
    page.get_by_role("link", name="answer", exact=True).click()
    expect(page.get_by_role("tree")).to_be_visible()
    assert page.evaluate("shifted") < 0.005


def test_the_filter_box_completes_with_keys_alone(collector: Server, new_page: Callable[..., Page]) -> None:
    page = new_page(collector.url)
    page.goto(urls.traces("shop"))
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Filter")
    for typed, offered, chosen in (
        ("nam", "name", "name "),
        ("", "=", "name = "),
        ("'ref", "refund", "name = 'refund' "),
    ):
        page.keyboard.type(typed)
        expect(page.get_by_role("option").first).to_have_text(re.compile(f"^{offered}"))
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(box).to_have_value(chosen)
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=name"))
    expect(page.locator(".cover")).to_have_text(["refund"])


def test_what_is_new_waits_until_it_is_asked_for(collector: Server, new_page: Callable[..., Page]) -> None:
    page = new_page(collector.url)
    page.goto(urls.traces("shop", q="name = 'late'"))
    expect(page.locator(".cover")).to_have_count(0)
    send(collector, "late")
    page.goto(urls.traces("shop", q="name = 'late'"))
    page.locator("tbody input").check()
    send(collector, "late")
    send(collector, "other")
    pill = page.get_by_role("button", name="1 new")
    expect(pill).to_be_visible()
    expect(page.locator(".cover")).to_have_count(1)
    pill.click()
    expect(page.locator(".cover")).to_have_count(2)
    expect(page.locator("[data-selected]")).to_have_text("1 selected:")  # what was chosen stays so
    expect(pill).to_be_hidden()
    page.get_by_label("Follow").check()
    send(collector, "late")
    expect(page.locator(".cover")).to_have_count(3)


def test_the_first_trace_takes_the_place_of_waiting_for_it(collector: Server, new_page: Callable[..., Page]) -> None:
    page = new_page(collector.url)
    page.goto(urls.traces("fresh"))
    expect(page.get_by_text("Waiting for the first trace")).to_be_visible()
    send(collector, "first", project="fresh")
    expect(page.locator(".cover")).to_have_text(["first"])
