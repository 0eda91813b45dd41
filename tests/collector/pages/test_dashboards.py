"""Dashboards over a real store: figures that add up, links to what they are made of, files, forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import unquote_plus

import pytest
from fastapi.testclient import TestClient

from assay.collector.pages import urls
from assay.collector.service import Service
from support.figure_store import DAY_OF_DATA, PROJECT, figures_of
from support.hostile import MARK, STRINGS
from support.html_parts import forms_of, parts_of

Site = tuple[TestClient, Service]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with figures_of(tmp_path_factory.mktemp("dashboards")) as site:
        yield site


@pytest.fixture
def client(site: Site) -> TestClient:
    site[0].cookies.clear()
    return site[0]


def board(name: str, /, **query: str) -> str:
    return urls.dashboard(PROJECT, name, **{**DAY_OF_DATA, **query})


def charts_of(client: TestClient, name: str, /, **query: str) -> dict[str, Any]:
    answer = client.get(board(name, **query).replace("?", ".json?"))
    assert answer.status_code == 200, answer.text
    return {one["title"]: one for one in answer.json()["charts"]}


def sums(chart: dict[str, Any], *columns: str) -> list[float]:
    def number(text: str) -> float:
        return 0 if text == "–" else float(text.replace("$", "").replace(",", ""))

    return [sum(number(row[chart["columns"].index(column)]) for row in chart["rows"]) for column in columns]


def test_the_figures_are_those_of_the_traces_in_the_time(client: TestClient) -> None:
    charts = charts_of(client, "overview")
    assert sums(charts["Traces"], "ok", "errors", "Period before") == [16, 4, 20]
    assert charts["Traces"]["headline"] == "20"
    assert charts["Traces"]["change"] == "as before (20)"
    assert sums(charts["Tokens"], "input", "output") == [2000, 400]
    assert sums(charts["Cost"], "cost") == [pytest.approx(0.15)]
    assert charts["Cost"]["notes"] == ["5 calls have no known price and are not in it."]
    assert charts["Errors"]["headline"] == "20 %"
    assert charts["Tool failures"]["headline"] == "20 %"
    assert charts["Latency"]["headline"].startswith("p95 5.0 s")
    assert charts["Score grounded"]["headline"] == "0.70, 20 traces"


@pytest.mark.parametrize(
    ("by", "title", "expected"),
    [
        ("model", "Model calls by model", {"m0": 10, "m1": 10}),
        ("prompt", "Model calls by prompt version", {"qa v1": 10, "qa v2": 10}),
        ("user", "Traces by user", {"u0": 7, "u1": 6, "u2": 7}),
        ("tag", "Traces by tag", {"t0": 10, "t1": 10}),
        ("release", "Traces by release", {"0": 10, "1": 10}),
        ("environment", "Traces by environment", {"prod": 20}),
    ],
)
def test_groups_add_up_to_the_whole(client: TestClient, by: str, title: str, expected: dict[str, int]) -> None:
    answer = client.get(board("overview", by=by).replace("?", ".json?")).json()
    chart = next(one for one in answer["charts"] if one["title"] == title)
    assert dict(zip(chart["columns"][1:], sums(chart, *chart["columns"][1:]), strict=True)) == expected
    groups = {one["name"]: (one["count"], round(one["share"], 3)) for one in answer["groups"]["groups"]}
    assert groups == {name: (count, round(count / 20, 3)) for name, count in expected.items()}


def test_a_filter_holds_for_every_chart_and_its_links(client: TestClient) -> None:
    charts = charts_of(client, "overview", q="user_id = 'u1'")
    assert sums(charts["Traces"], "ok", "errors") == [5, 1]
    assert sums(charts["Tokens"], "output") == [120]
    html = client.get(board("tools", q="user_id = 'u1'")).text
    links = {link["href"] for link in parts_of(html).named("a") if "/traces?q=" in link["href"]}
    assert any("any%28kind+%3D+%27tool%27" in link and "user_id" in link for link in links)


def test_marks_lead_to_lists_that_hold_what_was_counted(client: TestClient) -> None:
    html = client.get(board("overview")).text
    links = [link["href"] for link in parts_of(html).named("a") if "status+%3D" in link["href"]]
    listed = client.get(links[0].replace("/traces?", "/traces.json?"))
    assert listed.status_code == 200, listed.text
    assert {item["status"] for item in listed.json()["items"]} == {"error"}


@pytest.mark.parametrize("by", ["", "user"])
def test_every_mark_of_a_chart_of_errors_leads_to_what_failed(client: TestClient, by: str) -> None:
    html = client.get(board("overview", by=by)).text
    chart = html[html.index('aria-label="Errors') :]
    found = {unescape(link) for link in re.findall(r'href="([^"]+/traces\?[^"]+)"', chart[: chart.index("</section>")])}
    links = {link for link in found if "from=" in link}  # others belong to marks of releases
    assert links
    assert all("status = 'error'" in unquote_plus(link) for link in links)


def test_changes_are_marked_with_links(client: TestClient) -> None:
    html = client.get(board("overview")).text
    assert "release 1 first seen" in html
    assert urls.prompt(PROJECT, "qa", 2) in html


def test_where_nothing_came_lately_the_newest_are_shown_and_said(client: TestClient) -> None:
    text = parts_of(client.get(urls.dashboards(PROJECT)).text).text
    assert "These are those before 2026-11-21 10:48 UTC, the newest." in text or "Last 24 hours" in text


def test_too_much_is_cut_to_the_newest_and_said(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.collector.pages.dashboards.period.MOST_SPANS", 30)
    answer = client.get(board("overview").replace("?", ".json?")).json()
    assert "60 spans start in this time. Only the newest part was looked at" in answer["notes"][0]
    chart = answer["charts"][0]
    assert 0 < sum(sums(chart, "ok", "errors")) <= 10


@pytest.mark.parametrize("key", ["0", "2", "6-1"])
def test_a_chart_is_a_file(client: TestClient, key: str) -> None:
    table = client.get(urls.dashboard_chart(PROJECT, "overview", key, "csv", **DAY_OF_DATA))
    assert table.headers["content-type"].startswith("text/csv")
    assert table.text.startswith("Time (UTC),")
    drawing = client.get(urls.dashboard_chart(PROJECT, "overview", key, "svg", **DAY_OF_DATA))
    assert drawing.headers["content-type"] == "image/svg+xml"
    assert drawing.text.lstrip().startswith("<svg")
    assert "script" not in drawing.headers["content-security-policy"]
    assert client.get(urls.dashboard_chart(PROJECT, "overview", "99", "svg")).status_code == 404


def test_a_filter_that_cannot_be_read_is_pointed_at(client: TestClient) -> None:
    answer = client.get(board("overview", q="statsu = 1"))
    assert answer.status_code == 400
    assert "statsu = 1\n^" in parts_of(answer.text).text
    assert client.get(board("overview", by="mood")).status_code == 400


def test_a_project_without_spans_says_what_will_be_here(client: TestClient) -> None:
    assert "Nothing to draw yet" in parts_of(client.get(urls.dashboards("empty")).text).text


def send(client: TestClient, address: str, **fields: Any) -> Any:
    [form] = [one for one in forms_of(client.get(address).text) if "measure" in one]
    return client.post(
        address,
        data={**{name: fields.get(name, values) for name, values in form.items()}, **fields},
        headers={"sec-fetch-site": "same-origin"},
    )


def test_a_dashboard_is_made_changed_and_deleted_by_forms(client: TestClient) -> None:
    new = f"{urls.dashboards(PROJECT)}/new"
    lines = {"measure": ["cost", "tools"], "by": ["model", ""], "q": ["user_id = 'u1'", ""]}
    made = send(client, new, name="Team & week", **lines)
    assert (made.status_code, made.headers["location"]) == (303, urls.dashboard(PROJECT, "Team & week"))
    assert list(charts_of(client, "Team & week")) == ["Cost by model", "Tool calls"]
    edit = urls.dashboard_edit(PROJECT, "Team & week")
    assert send(client, edit, name="week", action="keep").headers["location"] == urls.dashboard(PROJECT, "week")
    assert list(charts_of(client, "week")) == ["Cost by model", "Tool calls"]
    send(client, urls.dashboard_edit(PROJECT, "week"), action="delete")
    assert client.get(urls.dashboard(PROJECT, "week")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "overview", "measure": ["cost"]}, "A dashboard of ours is called"),
        ({"name": "mine", "measure": [""]}, "1 to 24 charts"),
        ({"name": "mine", "measure": ["cost"], "q": ["statsu = 1"]}, "statsu"),
        ({"name": "mine", "measure": ["mood"]}, "no measure"),
    ],
)
def test_what_cannot_be_kept_is_said_above_the_form_with_what_was_typed(
    client: TestClient, fields: dict[str, Any], said: str
) -> None:
    answer = send(client, f"{urls.dashboards(PROJECT)}/new", **fields)
    assert answer.status_code == 400
    assert said in parts_of(answer.text).text
    assert f'value="{fields["name"]}"' in answer.text


def test_a_form_without_the_token_changes_nothing(client: TestClient) -> None:
    answer = client.post(f"{urls.dashboards(PROJECT)}/new", data={"name": "x", "measure": "cost"})
    assert answer.status_code == 403


def test_hostile_names_are_text_on_every_dashboard(tmp_path_factory: pytest.TempPathFactory) -> None:
    text = " ".join(STRINGS)
    with figures_of(tmp_path_factory.mktemp("hostile"), text=text, n_traces=12) as (client, service):
        service.registry.dashboards.create(PROJECT, STRINGS[1], [{"measure": "cost", "by": "model", "q": ""}])
        pages = [board(name, by=by) for name, by in (("overview", "model"), ("overview", "tag"), ("tools", ""))]
        for address in [*pages, board("cost"), board("quality", by="user"), board(STRINGS[1])]:
            answer = client.get(address)
            assert answer.status_code == 200, answer.text
            found = parts_of(answer.text)
            assert not [
                tag for tag, _ in found.elements if tag in ("script", "img", "iframe", MARK) and _.get("src") is None
            ]
            assert not [name for _, attributes in found.elements for name in attributes if name.startswith("on")]
        drawing = client.get(urls.dashboard_chart(PROJECT, "overview", "0", "svg", by="tag", **DAY_OF_DATA)).text
        assert not re.findall(rf"<(?:script|img|iframe|{MARK})", drawing)
