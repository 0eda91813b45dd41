"""The pages over a real collector: what was sent by a real program is on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import assay
from assay.client import current_client
from assay.collector.pages import urls
from assay.collector.server import Server
from support import html_parts
from support.html_parts import forms_of, parts_of
from support.otlp import recorded

PROJECT = "shop/support"  # a name that needs care in an address


def browser_on(server: Server) -> httpx.Client:
    """What a browser would be answered; redirects are followed."""
    return httpx.Client(base_url=server.url, timeout=60, headers={"accept": "text/html"}, follow_redirects=True)


@pytest.fixture
def browser(collector: Server) -> Iterator[httpx.Client]:
    with browser_on(collector) as client:
        yield client


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """On a collector with one trace, for tests that only read."""
    server = Server(data_dir=tmp_path_factory.mktemp("pages") / ".assay")
    server.start()
    asked, search = {"input.value": "Why <b>?"}, {"openinference.span.kind": "RETRIEVER"}
    with recorded(assay__project=PROJECT, service__name="x") as recorder:
        with recorder.tracer.start_as_current_span("answer", attributes=asked):
            recorder.tracer.start_span("search", attributes=search).end()
        server.service.ingest(recorder.body()).result()
    with browser_on(server) as client:
        yield client
    server.stop()


@pytest.fixture(scope="module")
def trace_id(reader: httpx.Client) -> str:
    [trace] = reader.get("/api/v1/traces", params={"project": PROJECT}).json()["items"]
    return str(trace["trace_id"])


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return html_parts.text_of(answer.text)


def test_what_was_sent_is_listed_and_opens(reader: httpx.Client, trace_id: str) -> None:
    assert reader.get("/").url.path == "/p/shop%2Fsupport"
    listed = reader.get(urls.traces(PROJECT))
    assert "Why <b>?" in text_of(listed)
    opened = reader.get(f"/t/{trace_id}")
    assert "search" in text_of(opened)
    span_ids = [row["data-span"] for row in parts_of(opened.text).named("a") if "data-span" in row]
    assert "Input" in text_of(reader.get(urls.span_details(PROJECT, trace_id, span_ids[1])))


def test_a_link_with_a_plainly_encoded_slash_finds_its_page(reader: httpx.Client, trace_id: str) -> None:
    answer = reader.get(f"/p/shop%2Fsupport/traces/{trace_id}?tab=raw")
    assert trace_id in text_of(answer)
    assert str(answer.url).endswith(f"/p/shop%252Fsupport/traces/{trace_id}?tab=raw")


@pytest.mark.parametrize(("typed", "found"), [("Why", True), ("elsewhere", False), ("kind = 'retriever'", True)])
def test_the_filter_box_asks_the_store(reader: httpx.Client, trace_id: str, typed: str, found: bool) -> None:
    assert (trace_id in reader.get(urls.traces(PROJECT, q=typed)).text) is found


def test_every_ready_made_filter_can_be_answered(reader: httpx.Client, trace_id: str) -> None:
    page = parts_of(reader.get(urls.traces(PROJECT)).text)
    for pick in page.with_class("pick"):
        assert reader.get(pick["href"]).status_code == 200


def test_a_wrong_filter_is_marked_at_the_character(reader: httpx.Client, trace_id: str) -> None:
    answer = reader.get(urls.traces(PROJECT, q="name = 'a' and statsu = 'x'"))
    assert answer.status_code == 400
    mark = re.search(r"name = 'a' and statsu = 'x'\n( +)\^", parts_of(answer.text).text)
    assert mark is not None
    assert len(mark.group(1)) == len("name = 'a' and ")


def test_a_span_that_there_is_not_is_said_so(reader: httpx.Client, trace_id: str) -> None:
    assert reader.get(urls.span_details(PROJECT, trace_id, "0" * 16)).status_code == 404
    assert reader.get(f"/t/{'f' * 32}").status_code == 404


def test_prompts_and_their_differences_are_shown(collector: Server, browser: httpx.Client) -> None:
    for template, message in (("Say {{what}}", "first"), ("Say {{what}} to {{whom}}", "to somebody")):
        current_client().post(
            "/prompts", json={"name": "team/greeting", "template": template, "commit_message": message}
        )
    assert "team/greeting" in text_of(browser.get(urls.prompts("test")))
    assert "to somebody" in text_of(browser.get(urls.prompt("test", "team/greeting")))
    assert "whom is new" in text_of(browser.get(urls.prompt_diff("test", "team/greeting", 1, 2)))


def send(client: httpx.Client, page: httpx.Response, action: str | None = None, **fields: str) -> httpx.Response:
    """Send a form of a page as a browser would: with all its fields, and the address it came from."""
    forms = [form for form in forms_of(page.text) if "form_token" in form]
    form = next(form for form in forms if action is None or form.get("action", [action]) == [action])
    pressed = {} if action is None else {"action": action}
    return client.post(
        page.url, data={**form, **fields, **pressed}, headers={"origin": str(client.base_url).rstrip("/")}
    )


def test_a_version_is_written_and_its_alias_moved_protected_and_rolled_back(
    collector: Server, browser: httpx.Client
) -> None:
    assay.register_prompt("team/qa", "Say {{what}}", commit_message="first")
    page = browser.get(urls.prompt_edit("test", "team/qa", 1))
    reviewed = send(browser, page, "review", content="Say {{what}} to {{whom}}")
    assert "whom is new" in text_of(reviewed)
    made = send(browser, reviewed, "register", commit_message="to somebody", author="mira")
    assert "to somebody" in text_of(made)
    assert str(made.url).partition("?")[0].endswith(urls.prompt("test", "team/qa", 2))
    assert assay.load_prompt("team/qa", version=2).commit_message == "to somebody"

    page = browser.get(urls.prompt_aliases("test", "team/qa"))
    for version in ("1", "2"):
        assert "was moved" in text_of(send(browser, page, "move", alias="production", version=version, reason="why"))
    page = browser.get(urls.prompt_aliases("test", "team/qa"))
    assert "Only an admin may move it." in text_of(send(browser, page, "protect", reason="careful"))
    assert "taken back from v2 to v1" in text_of(send(browser, page, "roll back", reason="worse", author="mira"))
    again = send(browser, page, "roll back", reason="pressed twice")
    assert again.status_code == 409
    assert assay.load_prompt("team/qa", alias="production", cache_ttl=0).version == 1
    shown = text_of(browser.get(urls.prompt_versions("test", "team/qa", alias="production", on="2026-01-01")))
    assert "there was no production yet" in shown


def test_a_second_version_written_meanwhile_is_not_lost(collector: Server, browser: httpx.Client) -> None:
    assay.register_prompt("qa", "one", commit_message="first")
    page = browser.get(urls.prompt_edit("test", "qa", 1))
    assay.register_prompt("qa", "two", commit_message="meanwhile")
    refused = send(browser, page, "register", content="three", commit_message="mine")
    assert refused.status_code == 409
    assert "Version 2 was registered while you wrote." in refused.text
    made = send(browser, refused, "register")
    assert made.status_code == 200
    assert next((one.template, one.version) for one in assay.prompt_history("qa")) == ("three", 3)
    assert "Made from v1" in text_of(made)


def test_another_site_cannot_send_a_form_of_ours(collector: Server, browser: httpx.Client) -> None:
    assay.register_prompt("qa", "one", commit_message="first")
    page = browser.get(urls.prompt_aliases("test", "qa"))
    form = {**forms_of(page.text)[-1], "action": "move", "alias": "production", "version": "1", "reason": "x"}
    answer = browser.post(page.url, data=form, headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 403


def test_a_test_is_shown_and_ended_with_its_alias(collector: Server, browser: httpx.Client) -> None:
    versions = [assay.register_prompt("qa", text, commit_message=text) for text in ("one", "two")]
    test = assay.create_ab_test(
        "qa-tone",
        arms={"control": versions[0].uri, "short": versions[1].uri},
        primary="scores.helpful",
        guardrails={"cost_usd": "<= +10%"},
    )
    for number in range(12):
        with assay.start_span("answer"):
            test.prompt(f"user {number}").format()
            assay.score("helpful", number % 3 > 0)
    assay.flush()
    assert "qa-tone" in text_of(browser.get(urls.ab_tests("test")))
    page = browser.get(urls.ab_test("test", "qa-tone"))
    shown = text_of(page)
    assert "Units 12" in shown
    assert shown.index("Health") < shown.index("Arms")
    assert "qa-tone as control" in text_of(browser.get(urls.prompt("test", "qa", 1)))
    ended = send(browser, page, promote="short", alias="production", reason="we like it")
    assert "short was promoted, and production moved to its version" in text_of(ended)
    assert assay.load_prompt("qa", alias="production", cache_ttl=0).version == 2


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
