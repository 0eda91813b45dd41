"""What is around every page: search, help, notices."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import Response
from starlette.requests import Request
from starlette.testclient import TestClient

from assay.collector.filter import compile_trace_filter
from assay.collector.pages import notices
from assay.collector.pages.notices import Notice
from assay.collector.pages.shell.help_pages import EXAMPLES
from assay.collector.pages.shell.keys import KEYS
from assay.collector.pages.shell.search_source import find, marked
from support.page_data import FakeSource
from support.page_times import PROJECT
from support.pages_app import pages_app


@pytest.fixture(scope="module")
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def client(source: FakeSource) -> Iterator[TestClient]:
    with TestClient(pages_app(source), follow_redirects=False) as client:
        yield client


# Search -----------------------------------------------------------------------------------------------------------


def names(found: object) -> list[str]:
    return [one.name for one in found]  # type: ignore[attr-defined]


def test_a_trace_and_a_span_are_found_by_their_ids(source: FakeSource) -> None:
    trace_id = source.traces(PROJECT, filter=None, limit=1, cursor=None).items[0]["trace_id"]
    [trace] = [one for one in find(source, None, f" {trace_id.upper()} ") if one.what == "Trace"]
    assert trace.url == f"/p/{PROJECT}/traces/{trace_id}"
    [span] = [one for one in find(source, PROJECT, f"{trace_id}/{'0' * 15}1") if one.what == "Trace"]
    assert span.url == f"/p/{PROJECT}/traces/{trace_id}?span={'0' * 15}1"
    assert [one for one in find(source, PROJECT, "f" * 32) if one.what == "Trace"] == []


def test_pages_data_sets_and_prompts_are_found_by_a_part_of_their_names(source: FakeSource) -> None:
    assert "Traces" in names(find(source, PROJECT, "trac"))
    assert "hard/questions" in names(find(source, PROJECT, "QUEST"))
    assert {one.what for one in find(source, PROJECT, "")} >= {"Page", "Project"}
    assert {one.what for one in find(source, None, "")} == {"Project"}


def test_the_words_are_marked_where_they_stand() -> None:
    assert marked("Refund? A refund.", "refund") == [(False, ""), (True, "Refund"), (False, "? A refund.")]
    assert marked("x" * 300 + "Ä" + "y" * 300, "ä", 5) == [(False, "…xxxxx"), (True, "Ä"), (False, "yyyyy…")]
    assert marked("none", "z") == [(False, "none")]


def test_the_search_page_and_the_palette(client: TestClient) -> None:
    client.get(f"/p/{PROJECT}/traces")  # the project that is searched is the one seen last
    assert "support-qa" in client.get("/search?q=support").text
    answer = client.get("/search/suggestions?q=support")
    assert answer.headers["x-assay-fragment"] == "1"
    assert f'data-href="/p/{PROJECT}/datasets/support-qa"' in answer.text
    in_messages = client.get("/search?q=password").text
    assert "<mark>password</mark>" in in_messages
    assert client.get("/search?q=x&project=nobody").status_code == 200


# Help -------------------------------------------------------------------------------------------------------------


def test_help_names_every_key_and_every_field(client: TestClient) -> None:
    keys, filters = client.get("/help/keys").text, client.get("/help/filter").text
    for rows in KEYS.values():
        for key in rows:
            assert key.meaning.split(":")[0] in keys
    assert "duration_ms" in filters
    for example, _ in EXAMPLES:
        compile_trace_filter(example)  # raises where it is none
    assert client.get("/help/keys?part=1").headers["x-assay-fragment"] == "1"


def test_an_address_with_odd_parameters_says_what_is_wrong_with_them(client: TestClient) -> None:
    found = client.get(f"/p/{PROJECT}/prompts/qa/diff?old=abc")
    assert found.status_code == 400
    assert "old &#39;abc&#39; is no whole number; new is missing." in found.text


# Notices ----------------------------------------------------------------------------------------------------------


def carried(cookie: str) -> Notice | None:
    return notices.take(Request({"type": "http", "headers": [(b"cookie", f"{notices.COOKIE}={cookie}".encode())]}))


@pytest.mark.parametrize("text", ["3 items added", "<script>alert(1)</script>", '\u2028;,="', ""])
def test_a_notice_arrives_as_it_was_given(text: str) -> None:
    response = Response()
    notices.give(response, Notice(text, "/p/x"))
    cookie = response.headers["set-cookie"].split("=", 1)[1].split(";")[0].strip('"')
    assert carried(cookie) == Notice(text, "/p/x")


@pytest.mark.parametrize("cookie", ["", "x", "bnVsbA==", "WzEsMl0=", "WyJhIl0=", "gICA"])
def test_what_is_no_notice_is_none(cookie: str) -> None:
    assert carried(cookie) is None


def test_a_notice_leads_to_our_own_pages_only() -> None:
    response = Response()
    notices.give(response, Notice("x", "https://evil.example/"))
    cookie = response.headers["set-cookie"].split("=", 1)[1].split(";")[0].strip('"')
    assert carried(cookie) == Notice("x", "/")
