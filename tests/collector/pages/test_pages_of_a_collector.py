"""The pages over a real collector: what was sent by a real program is on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from assay.client import current_client
from assay.collector.pages import urls
from assay.collector.server import Server
from support.html_parts import parts_of
from support.otlp import PROTOBUF, recorded

PROJECT = "shop/support"  # a name that needs care in an address


@pytest.fixture
def browser(collector: Server) -> Iterator[httpx.Client]:
    """What a browser would be answered; redirects are followed."""
    with httpx.Client(
        base_url=collector.url, timeout=60, headers={"accept": "text/html"}, follow_redirects=True
    ) as client:
        yield client


@pytest.fixture
def trace_id(collector: Server) -> str:
    asked, search = {"input.value": "Why <b>?"}, {"openinference.span.kind": "RETRIEVER"}
    with recorded(assay__project=PROJECT, service__name="x") as recorder:
        with recorder.tracer.start_as_current_span("answer", attributes=asked) as root:
            recorder.tracer.start_span("search", attributes=search).end()
        body = recorder.body()
    httpx.post(f"{collector.url}/v1/traces", content=body, headers=PROTOBUF, timeout=60).raise_for_status()
    return f"{root.get_span_context().trace_id:032x}"


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return " ".join(" ".join(parts_of(answer.text).texts).split())


def test_what_was_sent_is_listed_and_opens(browser: httpx.Client, trace_id: str) -> None:
    listed = browser.get("/")
    assert listed.url.path == "/p/shop%2Fsupport/traces"
    assert "Why <b>?" in text_of(listed)
    opened = browser.get(f"/t/{trace_id}")
    assert "search" in text_of(opened)
    span_ids = [row["data-span"] for row in parts_of(opened.text).named("a") if "data-span" in row]
    assert "Input" in text_of(browser.get(urls.span_details(PROJECT, trace_id, span_ids[1])))


def test_a_link_with_a_plainly_encoded_slash_finds_its_page(browser: httpx.Client, trace_id: str) -> None:
    answer = browser.get(f"/p/shop%2Fsupport/traces/{trace_id}?tab=raw")
    assert trace_id in text_of(answer)
    assert str(answer.url).endswith(f"/p/shop%252Fsupport/traces/{trace_id}?tab=raw")


@pytest.mark.parametrize(("typed", "found"), [("Why", True), ("elsewhere", False), ("kind = 'retriever'", True)])
def test_the_filter_box_asks_the_store(browser: httpx.Client, trace_id: str, typed: str, found: bool) -> None:
    assert (trace_id in browser.get(urls.traces(PROJECT, q=typed)).text) is found


def test_every_ready_made_filter_can_be_answered(browser: httpx.Client, trace_id: str) -> None:
    page = parts_of(browser.get(urls.traces(PROJECT)).text)
    for pick in page.with_class("pick"):
        assert browser.get(pick["href"]).status_code == 200


def test_a_wrong_filter_is_marked_at_the_character(browser: httpx.Client, trace_id: str) -> None:
    answer = browser.get(urls.traces(PROJECT, q="name = 'a' and statsu = 'x'"))
    assert answer.status_code == 400
    mark = re.search(r"name = 'a' and statsu = 'x'\n( +)\^", parts_of(answer.text).text)
    assert mark is not None
    assert len(mark.group(1)) == len("name = 'a' and ")


def test_a_span_that_there_is_not_is_said_so(browser: httpx.Client, trace_id: str) -> None:
    assert browser.get(urls.span_details(PROJECT, trace_id, "0" * 16)).status_code == 404
    assert browser.get(f"/t/{'f' * 32}").status_code == 404


def test_prompts_and_their_differences_are_shown(collector: Server, browser: httpx.Client) -> None:
    for template, message in (("Say {{what}}", "first"), ("Say {{what}} to {{whom}}", "to somebody")):
        current_client().post(
            "/prompts", json={"name": "team/greeting", "template": template, "commit_message": message}
        )
    assert "team/greeting" in text_of(browser.get(urls.prompts("test")))
    assert "to somebody" in text_of(browser.get(urls.prompt("test", "team/greeting")))
    assert "whom is new" in text_of(browser.get(urls.prompt_diff("test", "team/greeting", 1, 2)))


def test_experiments_and_their_comparison_are_shown(collector: Server, browser: httpx.Client) -> None:
    ids = [experiment(name, right) for name, right in (("before", 3), ("after", 9))]
    assert "before" in text_of(browser.get(urls.evals("test")))
    assert "i3" in text_of(browser.get(urls.experiment("test", ids[0])))
    shown = text_of(browser.get(urls.compare("test", *ids)))
    assert "after against before" in shown
    assert "6 / 4 / 0" in shown


def experiment(name: str, right: int) -> str:
    """A stored experiment of ten items, the first `right` of them right; its id."""
    dataset = {"name": "d", "version": 1, "hash": "x", "item_count": 10}
    made: dict[str, Any] = current_client().post(
        "/experiments",
        json={"name": name, "dataset": dataset, "scorers": [{"name": "exact"}], "config": {}, "repeats": 1, "seed": 1},
    )
    rows = [
        {
            "item_id": f"i{number}",
            "repeat": 0,
            "status": "ok",
            "input": {"question": "?"},
            "expected": "x",
            "output": "x" if number < right else "y",
            "scores": [{"name": "exact", "value": number < right, "status": "scored", "source": "code"}],
        }
        for number in range(10)
    ]
    current_client().post(f"/experiments/{made['id']}/rows", json={"rows": rows})
    return str(made["id"])
