"""The pages of human review over a real collector, without a browser and without scripts."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from assay.collector.pages import urls
from support.html_parts import parts_of
from support.review_collector import QUESTIONS, ReviewCollector

PAGES = {"accept": "text/html"}
FORM = {"content-type": "application/x-www-form-urlencoded", **PAGES}


class Browser:
    """What a person without scripts can do: open pages, send their forms."""

    def __init__(self, shop: ReviewCollector) -> None:
        assert isinstance(shop.http, TestClient)
        self.http = TestClient(shop.http.app, base_url="http://testserver", follow_redirects=True, headers=PAGES)
        self.at = ""
        self.html = ""

    def open(self, path: str) -> str:
        return self._seen(self.http.get(path))

    def send(self, path: str, expect: int = 200, **fields: Any) -> str:
        [token, *_] = re.findall(r'name="form_token" value="(\w+)"', self.html)
        body = urlencode({"form_token": token, **fields}, doseq=True)
        answer = self.http.post(path, content=body, headers=FORM)
        return self._seen(answer, expect)

    def _seen(self, answer: Any, expect: int = 200) -> str:
        assert answer.status_code == expect, answer.text
        parts = parts_of(answer.text)
        assert (parts.unbalanced, parts.open) == ([], [])
        self.at, self.html = answer.url.raw_path.decode(), answer.text
        return " ".join(html.unescape(" ".join(parts.texts)).split())


@pytest.fixture
def browser(shop: ReviewCollector) -> Browser:
    return Browser(shop)


def named(browser: Browser, queue: str, reviewer: str) -> str:
    """The first item of a queue, for somebody who has said their name."""
    browser.open(urls.review_queue("shop", queue))
    return browser.send(urls.review_queue("shop", queue), action="begin", reviewer=reviewer)


def test_a_queue_is_made_of_a_filter_and_worked_off_with_plain_forms(shop: ReviewCollector, browser: Browser) -> None:
    browser.open(urls.review_new("shop"))
    row = {"score_name": "a", "score_type": "bool", "score_options": "", "score_help": ""}
    told = browser.send(urls.review_new("shop"), 400, name="by hand", what="traces", filter="input =", **row)
    assert "1:" in told or "filter" in told  # nothing was made: the name is still free
    told = browser.send(
        urls.review_new("shop"),
        name="by hand",
        what="traces",
        filter="input ilike '%How%' or input ilike '%Where%'",
        limit="10",
        reviewers="1",
        score_name=["by_hand", "stars", "grade", ""],
        score_type=["bool", "number", "choice", "text"],
        score_options=["", "1 to 5", "good, bad", ""],
        score_help=["Is it right?", "", "", ""],
    )
    assert "2 items are in the queue" in told
    assert "Begin to review" in told
    item = named(browser, "by hand", "ada")
    assert browser.at == urls.review_item("shop", "by hand", 1)
    for text in (QUESTIONS[1], f"About {QUESTIONS[1]}", "Is it right?", "You are ada"):
        assert text in item
    browser.send(browser.at, action="label", v0="true", v1="4", v2="good", comment="fine")
    assert browser.at == urls.review_item("shop", "by hand", 2)
    scores = shop.scores(trace_id=shop.trace_ids[1])
    assert {(score["name"], score["value"], score["explanation"]) for score in scores if score["author"] == "ada"} >= {
        ("by_hand", True, "fine"),
        ("stars", 4.0, "fine"),
        ("grade", "good", "fine"),
    }
    told = browser.send(browser.at, action="skip")
    assert "Nothing is left for you here" in told
    assert browser.at == urls.review_queue("shop", "by hand")
    browser.open(urls.review_item("shop", "by hand", 1))
    browser.send(browser.at, action="undo")
    assert browser.at == urls.review_item("shop", "by hand", 2)
    assert "you labelled it" in browser.open(urls.review_item("shop", "by hand", 1))


def test_what_is_missing_is_told_with_what_was_answered(shop: ReviewCollector, browser: Browser) -> None:
    rubric = [{"name": "a", "type": "bool"}, {"name": "b", "type": "number", "range": [0, 100]}]
    queue = shop.queue({"filter": ""}, rubric=rubric)
    named(browser, queue, "ada")
    told = browser.send(browser.at, 400, action="label", v0="false", v1="200", comment="why not")
    assert "'b' is 200" in told
    page = browser.http.get(browser.at).text
    assert shop.api("GET", f"/review-queues/{queue}/items/1")["labels"] == []
    assert 'value="200"' not in page  # nothing of it was kept
    sent = browser.http.post(
        browser.at,
        content=urlencode(
            {
                "form_token": re.findall(r'name="form_token" value="(\w+)"', page)[0],
                "action": "label",
                "v0": "false",
                "v1": "200",
                "comment": "why not",
            }
        ),
        headers=FORM,
    ).text
    assert 'value="200"' in sent
    assert "why not" in sent
    assert re.search(r'value="false" checked', sent)


def test_the_rail_counts_what_waits(shop: ReviewCollector, browser: Browser) -> None:
    queues = shop.api("GET", "/review-queues", status="open")["items"]
    waiting = sum(queue["waiting"] for queue in queues)
    shop.queue({"filter": ""})
    page = browser.http.get(urls.reviews("shop")).text
    assert re.search(rf'class="count">{waiting + 3}<', page)


def test_whose_output_is_whose_is_hidden_and_left_to_chance(shop: ReviewCollector, browser: Browser) -> None:
    one, other = shop.experiments
    rubric = [{"name": "better", "type": "preference"}]
    items = {"experiment_id": one, "baseline_id": other}
    queue = shop.queue(items, mode="pair", rubric=rubric, reviewers_per_item=9, name="one or other")
    here, sides = urls.review_item("shop", queue, 1), set()
    browser.open(urls.review_queue("shop", queue))
    for number in range(6):
        browser.http.cookies.set("assay_reviewer", f"r{number}")
        text = browser.open(here)
        left = re.search(r"Left (a|x) Right (a|x)", text)
        assert left is not None
        sides.add(left[1])
        assert one not in browser.html
        assert other not in browser.html
        browser.send(here, action="label", v0="left")
        label = shop.api("GET", f"/review-queues/{queue}/items/1")["labels"][-1]
        assert (label["reviewer"], label["values"]) == (
            f"r{number}",
            {"better": "first" if left[1] == "a" else "second"},
        )
    assert sides == {"a", "x"}


def test_nobody_sees_what_others_said_before_they_have_said_something(shop: ReviewCollector, browser: Browser) -> None:
    queue = shop.queue({"refs": shop.trace_ids[:1]}, reviewers_per_item=2)
    shop.label(queue, 1, "bob", "told by bob", correct=True)
    assert "told by bob" not in named(browser, queue, "ada")
    browser.send(browser.at, action="label", v0="false")
    assert "told by bob" in browser.open(urls.review_item("shop", queue, 1))
    told = browser.open(urls.review_disagreements("shop", queue))
    assert "told by bob" in told
    assert re.search(r"ada no .* bob|bob yes .* ada", told)


def test_a_reserved_item_says_so_and_leads_on(shop: ReviewCollector, browser: Browser) -> None:
    queue = shop.queue({"filter": ""})
    named(browser, queue, "ada")
    other = Browser(shop)
    assert "Item 2" in named(other, queue, "bob")
    told = other.open(urls.review_item("shop", queue, 1))
    assert "Somebody else looks at this item now" in told


def test_the_next_item_comes_ahead_as_a_fragment_and_is_reserved(shop: ReviewCollector, browser: Browser) -> None:
    queue = shop.queue({"filter": ""})
    named(browser, queue, "ada")
    answer = browser.http.get(urls.review_ahead("shop", queue, 1))
    assert answer.headers["x-assay-fragment"] == "1"
    assert 'data-position="2"' in answer.text
    [held] = shop.api("GET", f"/review-queues/{queue}/items/2")["reserved"]
    assert held["reviewer"] == "ada"


def test_a_corrected_answer_becomes_a_data_set_item(shop: ReviewCollector, browser: Browser) -> None:
    queue = shop.queue({"refs": shop.trace_ids[:1]})
    named(browser, queue, "ada")
    told = browser.send(browser.at, action="correct", expected="better", dataset="mended", kind="text")
    assert "The corrected answer is in mended, version 1" in told
    [item] = shop.api("GET", "/datasets/mended/items")["items"]
    assert (item["input"], item["expected"]) == (QUESTIONS[0], "better")


def test_traces_are_sent_to_a_queue_that_is_made_for_them(shop: ReviewCollector, browser: Browser) -> None:
    told = browser.open(urls.send("shop", "review", ref=shop.trace_ids[:2], next="/p/shop/traces"))
    assert "Send 2 items to review" in told
    path = urls.send("shop", "review")
    told = browser.send(path, ref=shop.trace_ids[:2], queue="sent", rubric="stars", next="/p/shop/review")
    assert browser.at == "/p/shop/review"
    assert "2 sent to the review queue sent" in told
    assert shop.api("GET", "/review-queues/sent")["rubric"][0]["name"] == "quality"
    browser.open(urls.send("shop", "review", ref=shop.trace_ids[:1]))
    assert "0 sent to the review queue sent, 1 were there already" in browser.send(
        path, ref=shop.trace_ids[0], queue="sent"
    )
    assert "Nothing was chosen" in browser.open(path)
    browser.open(urls.review_queue("shop", "sent"))
    assert "Nothing was chosen" in browser.send(path, 400, queue="sent")


def test_agreement_is_shown_with_its_interval_and_in_words(shop: ReviewCollector, browser: Browser) -> None:
    queue = shop.queue({"filter": ""}, reviewers_per_item=2)
    for position in (1, 2, 3):
        for who in ("ada", "bob"):
            shop.label(queue, position, who, correct=position > 1)
    told = browser.open(urls.review_queue("shop", queue))
    assert "Krippendorff's alpha" in told
    assert "3 of 3" in told
    assert "ada 3" in told
    lines = browser.http.get(f"{urls.review_queue('shop', queue)}.csv").text.splitlines()
    assert lines[0] == "item,ref,reviewer,correct,comment,labelled_at"
    assert len(lines) == 7
    assert browser.http.get(f"{urls.review_queue('shop', queue)}.json").json()["agreement"]["scores"][0]["items"] == 3


def test_a_closed_queue_can_be_opened_again(shop: ReviewCollector, browser: Browser) -> None:
    queue = shop.queue({"filter": ""})
    browser.open(urls.review_queue("shop", queue))
    assert "Open the queue again" in browser.send(browser.at, action="close")
    assert "Review the next item" not in browser.open(browser.at)
    assert "Close the queue" in browser.send(browser.at, action="open")
    assert "Nothing was chosen to do" in browser.send(browser.at, 400, action="?")
