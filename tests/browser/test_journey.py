"""From an error in production to a better prompt, without a pointer: what the pages are for, on a real collector."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

import assay
from assay.collector.server import Server

NewPage = Callable[..., Page]
PROJECT = "test"
QUESTIONS = (
    "Where is my parcel?",
    "Can I pay later?",
    "Is there a discount?",
    "Do you ship to Norway?",
    "Who are you?",
)


class Keys:
    """A person with a keyboard alone."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def tab_to(self, selector: str, *, most: int = 200) -> None:
        """Go on with Tab until the focus is on what the selector names."""
        for _ in range(most):
            if self.page.evaluate("selector => document.activeElement?.matches(selector) ?? false", selector):
                return
            self.press("Tab")
        raise AssertionError(f"Tab does not lead to {selector}")

    def go(self, *keys: str) -> None:
        """Press keys that lead to another page, and wait for it."""
        with self.page.expect_navigation():
            self.press(*keys)


def test_from_an_error_to_a_better_prompt_with_the_keyboard_alone(collector: Server, new_page: NewPage) -> None:
    httpx.get(
        f"{collector.url}/api/v1/projects", timeout=120
    ).raise_for_status()  # loads the API, which may take a while
    production()
    keys = Keys(page := new_page(collector.url))

    # The error among the traces
    page.goto(f"/p/{PROJECT}/traces")
    keys.press("/")
    keys.type("status = 'error'")
    keys.go("Enter")
    keys.press("j")
    keys.go("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("support")
    details = page.locator("[data-details]")
    expect(details.locator("h2")).to_contain_text("ask_model")
    keys.press("e")
    expect(details.locator("h2")).to_contain_text("support")
    keys.press("E")
    expect(details.locator("h2")).to_contain_text("ask_model")
    expect(details).to_contain_text("the model gave no JSON")

    # What a person thinks of it
    keys.press("5")
    expect(details.locator("#score-name")).to_be_visible()
    keys.tab_to("#score-name")
    keys.type("useful")
    keys.tab_to("#score-value")
    keys.type("no")
    keys.tab_to("[name=author]")
    keys.type("a reviewer")
    keys.go("Enter")
    expect(details).to_contain_text("useful")

    # Into the test data
    keys.tab_to("main a[href*='/send/dataset']")
    keys.go("Enter")
    keys.tab_to("#dataset")
    keys.type("questions")
    keys.go("Enter")
    expect(page.get_by_role("status").first).to_contain_text("questions")

    # Both versions over the data
    page.goto(f"/p/{PROJECT}/playground?prompt=qa@1&with=qa@2")
    for number in (1, 2):
        keys.tab_to(f"#model-{number}")
        keys.type("echo/last")
    keys.tab_to("#over-data > summary")
    keys.press("Enter")
    keys.tab_to("#dataset")
    keys.type("questions")
    keys.tab_to("details:has(> ul [value=json_valid]) > summary")
    keys.press("Enter")
    keys.tab_to("input[name=scorer][value=json_valid]")
    keys.press("Space")
    keys.tab_to("button[name=action][value=data]")
    keys.go("Enter")
    expect(page.get_by_role("link", name="Compare")).to_be_focused()

    # What the statistics say, and the better one into production
    keys.tab_to("a[href*='/evals/compare']")
    keys.go("Enter")
    expect(page.locator("table.comparison").first).to_contain_text("Improved")
    keys.tab_to("a[href$='/aliases?version=2']")
    keys.go("Enter")
    keys.tab_to("input[name=alias]")
    keys.type("production")
    keys.tab_to("input[name=reason]")
    keys.type("valid JSON for every question")
    keys.go("Enter")
    expect(page.locator("main")).to_contain_text(re.compile("production"))
    assert assay.load_prompt("qa", alias="production").version == 2


def production() -> None:
    """An application that failed once, its prompt in two versions, and questions to try it on."""

    @assay.trace(kind="llm")
    def ask_model(question: str) -> str:
        if "refund" in question:
            raise ValueError("the model gave no JSON")
        return question

    @assay.trace
    def support(question: str) -> str:
        return ask_model(question)

    support("Where is my parcel?")
    with pytest.raises(ValueError, match="no JSON"):
        support("Can I have a refund?")
    assay.flush()
    assay.register_prompt("qa", template="Answer: {{question}}", commit_message="first")
    assay.register_prompt("qa", template=json.dumps({"answer": "{{question}}"}), commit_message="as JSON")
    assay.register_dataset(
        "questions", [{"input": {"question": question * (n + 1)}} for n in range(3) for question in QUESTIONS]
    )
