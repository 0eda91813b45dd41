"""The pages of lists: what is asked of the data, what they show, what can be done with their rows."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from assay.collector.pages import urls
from assay.collector.pages.traces import list_export
from assay.collector.pages.traces.list_source import get_trace_lists
from assay.collector.server import Server
from support.html_parts import forms_of, parts_of
from support.list_app import FakeTraceLists
from support.otlp import PROTOBUF, recorded
from support.page_data import PROJECT, FakeSource

TRACES = f"/p/{PROJECT}/traces"


@pytest.fixture
def lists(app: FastAPI, source: FakeSource) -> Any:
    """What the lists ask for in this test."""
    before = app.dependency_overrides[get_trace_lists]
    fake = FakeTraceLists(source)
    app.dependency_overrides[get_trace_lists] = lambda: fake
    yield fake
    app.dependency_overrides[get_trace_lists] = before


def heads_of(html: str) -> list[str]:
    return [
        re.sub(r"<[^>]+>", "", head).strip() for head in re.findall(r"<th scope=\"col\"[^>]*>(.*?)</th>", html, re.S)
    ]


def test_the_address_says_what_is_asked_for(client: TestClient, lists: FakeTraceLists) -> None:
    client.get(TRACES, params={"q": "refund", "sort": "-cost", "from": "2026-11-21", "after": "0"})
    assert lists.asked["order_by"] == "cost_usd desc"
    assert lists.asked["cursor"] == "0"
    assert "ilike '%refund%'" in str(lists.asked["filter"])
    assert "start_time >= '2026-11-21T00:00:00Z'" in str(lists.asked["filter"])


@pytest.mark.parametrize(
    "given", [{"cols": "name,cost,scores.helpful"}, {"col": ["name", "cost"], "cols": "scores.helpful"}]
)
def test_columns_are_chosen_by_the_address_or_by_the_form(client: TestClient, given: dict[str, Any]) -> None:
    heads = heads_of(client.get(TRACES, params=given).text)
    assert heads == ["Select", "Name", "Cost", "scores.helpful"]


def test_an_attribute_is_a_column(client: TestClient) -> None:
    assert "http.route of it" in client.get(TRACES, params={"cols": "name,attributes.http.route"}).text


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"q": "statsu = 'x'"}, "Did you mean status?"),
        ({"q": "name = 'a' and statsu = 'x'", "from": "-1d"}, "at character 16"),
        ({"from": "yesterday"}, "is not a time"),
        ({"cols": "price"}, "no column"),
        ({"sort": "price"}, "cannot be sorted"),
    ],
)
def test_what_cannot_be_used_is_said_above_the_list(client: TestClient, query: dict[str, str], says: str) -> None:
    answer = client.get(TRACES, params=query)
    page = parts_of(answer.text)
    assert answer.status_code == 400
    assert page.with_class("problem")
    assert says in page.text
    assert page.named("input")  # and it can be mended there


def test_a_page_without_scripts_has_its_figures_when_asked(client: TestClient) -> None:
    plain = client.get(TRACES)
    [link] = [a["href"] for a in parts_of(plain.text).named("a") if "figures=1" in a["href"]]
    page = parts_of(client.get(link).text)
    assert "part=figures" not in "".join(a["href"] for a in page.named("a"))
    assert len(page.with_class("strip")) == 1
    assert "correct: false" in page.text
    narrowed = [a["href"] for a in page.named("a") if "scores" in a.get("href", "")]
    assert client.get(narrowed[0]).status_code == 200


@pytest.mark.parametrize("part", ["rows", "figures"])
def test_parts_of_a_list_are_fragments(client: TestClient, part: str) -> None:
    answer = client.get(TRACES, params={"part": part, "sort": "-cost"})
    assert answer.headers["x-assay-fragment"] == "1"
    assert not parts_of(answer.text).named("html")


@pytest.mark.parametrize("view", ["traces", "spans", "sessions"])
def test_every_view_is_listed_with_its_files(client: TestClient, view: str) -> None:
    page = parts_of(client.get(TRACES, params={"view": view}).text)
    assert len(page.with_class("cover")) > 1
    found = client.get(f"{TRACES}.json", params={"view": view}).json()
    table = list(csv.reader(io.StringIO(client.get(f"{TRACES}.csv", params={"view": view}).text)))
    assert len(table) == 1 + len(found["items"])


def test_rows_are_chosen_without_a_script(client: TestClient) -> None:
    page = parts_of(client.get(f"{TRACES}?cols=name").text)
    boxes = [box for box in page.named("input") if box.get("name") == "ref"]
    actions = [button["formaction"] for button in page.named("button") if "formaction" in button]
    assert {box["form"] for box in boxes} == {"selection"}
    assert [action.rpartition("/")[2] for action in actions] == ["dataset", "review", "pair", "export", "delete"]


def test_the_filter_is_completed(client: TestClient) -> None:
    answer = client.get(f"{TRACES}/complete", params={"q": "status = 'o", "at": 11})
    [option] = [one for one in parts_of(answer.text).named("div") if one.get("role") == "option"]
    assert (option["data-insert"], option["data-start"], option["data-end"]) == ("'ook''s' ", "9", "11")


# Out of the list --------------------------------------------------------------------------------------------------


def test_all_that_match_leave_as_a_file(
    client: TestClient, lists: FakeTraceLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_export, "ROWS_AT_ONCE", 7)
    answer = client.get(f"{TRACES}/export", params={"q": "name is not null"})
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert 'filename="support-bot-traces.jsonl"' in answer.headers["content-disposition"]
    assert len({row["trace_id"] for row in rows}) == len(rows) > 7


def test_what_is_left_out_of_a_file_is_said_in_it(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_export, "MOST_ROWS", 2)
    *rows, last = client.get(f"{TRACES}/export").text.splitlines()
    assert len(rows) == 2
    assert "Only the first 2 rows" in json.loads(last)["note"]
    assert "Only the first 2 rows" in client.get(f"{TRACES}/export?format=csv").text.splitlines()[-1]


def test_chosen_rows_alone_leave_as_a_file(client: TestClient, lists: FakeTraceLists) -> None:
    client.get(f"{TRACES}/export", params={"ref": ["a", "b'"], "q": "status = 'error'", "format": "csv"})
    assert lists.asked["filter"] == "trace_id in ('a', 'b''')"
    client.get(f"{TRACES}/export", params={"ref": ["t/a", "t/b"], "view": "spans"})
    assert lists.asked["filter"] == "span_id in ('a', 'b')"


def test_a_wrong_filter_is_no_file(client: TestClient) -> None:
    assert client.get(f"{TRACES}/export", params={"q": "statsu = 'x'"}).status_code == 400


def test_two_traces_are_compared(client: TestClient) -> None:
    answer = client.get(f"{TRACES}/pair", params={"ref": ["a", "b"]})
    assert answer.headers["location"] == f"{TRACES}/compare?a=a&b=b"
    assert client.get(f"{TRACES}/pair", params={"ref": ["a"]}).status_code == 400


def test_traces_are_deleted_after_a_second_look(client: TestClient, lists: FakeTraceLists, source: FakeSource) -> None:
    ids = [trace["trace_id"] for trace in source.by_project[PROJECT][:2]]
    asked = client.get(f"{TRACES}/delete", params={"ref": ids, "next": f"{TRACES}?q=x"})
    assert lists.gone == []
    [form] = [form for form in forms_of(asked.text) if "form_token" in form]
    done = client.post(f"{TRACES}/delete", data=form)
    assert lists.gone == ids
    assert (done.status_code, done.headers["location"]) == (303, f"{TRACES}?q=x")
    assert "Deleted 2 traces: 10 spans" in client.get(f"{TRACES}?q=x").text


def test_a_form_of_elsewhere_deletes_nothing(client: TestClient, lists: FakeTraceLists) -> None:
    assert client.post(f"{TRACES}/delete", data={"ref": "a", "form_token": "x"}).status_code == 403
    assert lists.gone == []


def test_who_may_not_delete_is_not_asked_to(client: TestClient, lists: FakeTraceLists) -> None:
    lists.is_admin = False
    assert "/delete" not in client.get(TRACES).text
    assert client.get(f"{TRACES}/delete", params={"ref": "a"}).status_code == 403


def test_what_is_deleted_is_gone_from_the_collector(collector: Server) -> None:
    with recorded(assay__project="shop") as recorder:
        with recorder.tracer.start_as_current_span("answer", attributes={"route": "/ask"}) as span:
            pass
        body = recorder.body()
    httpx.post(f"{collector.url}/v1/traces", content=body, headers=PROTOBUF, timeout=60).raise_for_status()
    trace_id = f"{span.get_span_context().trace_id:032x}"
    with httpx.Client(
        base_url=collector.url, timeout=60, headers={"accept": "text/html"}, follow_redirects=True
    ) as web:
        page = web.get(urls.traces("shop", cols="name,attributes.route", figures="1"))
        assert "/ask" in page.text
        asked = web.get(f"{urls.traces('shop')}/delete", params={"ref": trace_id})
        [form] = [form for form in forms_of(asked.text) if "form_token" in form]
        done = web.post(f"{urls.traces('shop')}/delete", data=form)
        assert "Deleted 1 trace: 1 span" in done.text
        assert web.get(f"{urls.traces('shop')}.json").json()["items"] == []
