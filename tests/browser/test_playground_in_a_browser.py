"""The playground in a browser on a real collector, with models that need no provider: by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

import assay
from assay.collector.server import Server

NewPage = Callable[..., Page]


@pytest.fixture
def shop(collector: Server) -> str:
    """A collector with two versions of a prompt; its address."""
    for template in ("{{question}}", "{{question}}, please"):
        assay.register_prompt("qa", template=template, commit_message="a try", config={"model": "echo/last"})
    return collector.url


def test_two_versions_are_run_compared_and_stopped(shop: str, new_page: NewPage) -> None:  # the page ends first
    page = new_page(shop)
    page.goto("/p/test/playground?prompt=qa@1&with=qa@2")
    page.get_by_label("question", exact=True).focus()
    page.keyboard.type("Where is my parcel?")
    page.keyboard.press("Control+Enter")
    answers = page.get_by_role("region", name="Answer of column")
    expect(answers.nth(1)).to_have_text("Where is my parcel?, please")
    expect(page.locator(".bench-differs ins")).to_have_text(", please")
    expect(page.locator("[data-figures]").first).to_contain_text("4 → 4 tokens")

    page.get_by_label("Text of message 1 of column 1").focus()
    page.keyboard.type("{{more}} ")
    expect(page.get_by_label("more", exact=True)).to_be_visible()
    page.get_by_label("Model", exact=True).first.fill("echo/slow")
    page.get_by_label("more", exact=True).fill("word " * 600)
    page.keyboard.press("Control+Enter")
    expect(answers.first).to_contain_text("word word")
    page.get_by_role("button", name="Stop column 1").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_have_text("Stopped.")
