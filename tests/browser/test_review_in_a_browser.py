"""Human review by keyboard alone, in a real browser: what is stored is stored, and nothing has to be waited for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from assay.collector.pages import urls
from assay.collector.server import Server
from support.review_collector import ReviewCollector, filled

NewPage = Callable[..., Page]
AXE = os.environ.get("AXE_CORE_JS")
RUBRIC = [
    {"name": "correct", "type": "bool", "help": "Is it true?"},
    {"name": "tone", "type": "choice", "options": ["cold", "fine", "warm"]},
    {"name": "note", "type": "text"},
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewCollector]:
    server = Server(data_dir=tmp_path_factory.mktemp("review") / ".assay")
    server.start()
    with httpx.Client(base_url=server.url, timeout=60) as http:
        yield filled(http)
    server.stop()


def begun(new_page: NewPage, shop: ReviewCollector, queue: str, **options: object) -> Page:
    """A page on the first item, for somebody who has typed their name."""
    page = new_page(str(shop.http.base_url).rstrip("/"), **options)
    page.goto(urls.review_queue("shop", queue))
    page.get_by_label("Your name").fill("ada")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Item 1")
    return page


def test_items_are_labelled_by_keys_without_a_reload(new_page: NewPage, shop: ReviewCollector) -> None:
    queue = shop.queue({"filter": ""}, rubric=RUBRIC)
    page = begun(new_page, shop, queue)
    page.wait_for_load_state("networkidle")
    page.evaluate("window.stays = true")
    page.keyboard.press("y")
    expect(page.locator(".question.now legend")).to_have_text("tone")
    page.keyboard.press("3")
    page.keyboard.press("c")
    page.keyboard.type("y, it is")  # keys are text where something is typed
    with page.expect_response(lambda answer: answer.url.endswith("/2/ahead")):
        page.keyboard.press("Control+Enter")
    expect(page.locator("h1")).to_contain_text("Item 2")
    expect(page.locator("h1")).to_be_focused()
    assert page.evaluate("window.stays") is True
    assert page.url.endswith(urls.review_item("shop", queue, 2))
    [label] = shop.api("GET", f"/review-queues/{queue}/items/1")["labels"]
    assert (label["values"], label["comment"]) == ({"correct": True, "tone": "warm"}, "y, it is")
    with page.expect_response(lambda answer: answer.url.endswith("/3/ahead")):
        page.keyboard.press("s")
    expect(page.locator("h1")).to_contain_text("Item 3")
    page.keyboard.press("u")
    expect(page.locator("h1")).to_contain_text("Item 2")
    page.keyboard.press("n")
    page.keyboard.press("Control+Enter")  # a question is open: the browser says so, and nothing is sent
    expect(page.locator("h1")).to_contain_text("Item 2")
    assert shop.api("GET", f"/review-queues/{queue}/items/2")["labels"] == []


@pytest.mark.skipif(AXE is None, reason="axe-core is not here: npm pack axe-core, and its axe.min.js as AXE_CORE_JS")
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_axe_finds_nothing_in_review(new_page: NewPage, shop: ReviewCollector, color_scheme: str) -> None:
    queue = shop.queue({"filter": ""}, rubric=RUBRIC, reviewers_per_item=2)
    for who, right in (("bob", True), ("cem", False)):
        shop.label(queue, 2, who, "hm", correct=right, tone="fine")
    one, other = shop.experiments
    pairs = shop.queue(
        {"experiment_id": one, "baseline_id": other}, mode="pair", rubric=[{"name": "better", "type": "preference"}]
    )
    page = begun(new_page, shop, queue, color_scheme=color_scheme, bypass_csp=True)
    for address in (
        urls.reviews("shop"),
        urls.reviews("nothing"),
        urls.review_new("shop"),
        urls.review_queue("shop", queue),
        urls.review_item("shop", queue, 1),
        urls.review_item("shop", pairs, 1),
        urls.review_disagreements("shop", queue),
        urls.review_disagreements("shop", pairs),
        urls.send("shop", "review", ref=shop.trace_ids),
        urls.send("shop", "review"),
    ):
        page.goto(address)
        page.evaluate(Path(str(AXE)).read_text(encoding="utf-8"))
        found = page.evaluate("axe.run()")["violations"]
        assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == [], address
