"""The overview: figures of the period, changes that are more than chance, errors by message, what waits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from assay.collector import queries
from assay.collector.pages import urls
from assay.collector.pages.overview.changes import (
    ALPHA,
    Compared,
    changes,
    compared_errors,
    compared_latency,
    compared_score,
)
from assay.collector.review.refs import Ref
from assay.collector.service import Service
from support.figure_store import DAY, HOUR, NOON, PROJECT, figures_of, spans_of
from support.hostile import STRINGS
from support.html_parts import parts_of
from support.queried import store_spans

DAYS = {"from": "2026-11-20T12:00:00Z", "to": "2026-11-21T12:00:00Z"}
ADDRESS = urls.with_query(urls.project(PROJECT), **DAYS)
Site = tuple[TestClient, Service]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Forty traces as they always are, and sixty of a route that fails from one day to the next."""
    with figures_of(tmp_path_factory.mktemp("overview")) as (client, service):
        spans = []
        for number in range(60):
            late = number >= 30
            start = NOON - (DAY if not late else 0) - (number % 30 + 1) * HOUR // 2
            common: dict[str, Any] = {"status_message": f"limit {number} of key {number:032x}" if late else None}
            [root, *_] = spans_of(100 + number, start)
            spans.append({**root, "name": "route", "status": "error" if late else "ok", **common})
        store_spans(service, spans)
        yield client, service


def groups(count: int, errors: int, log_mean: float = 1.0, log_sd: float | None = 0.5) -> dict[str, Any]:
    return {"count": count, "error_count": errors, "latency_log_mean": log_mean, "latency_log_sd": log_sd}


def test_the_overview_says_what_changed_and_shows_the_newest_errors(site: Site) -> None:
    client, service = site
    service.registry.review_queues.create(PROJECT, "tone", rubric=[{"name": "kind", "type": "bool"}])
    service.registry.review_queues.add(PROJECT, "tone", [(Ref(trace_id=f"{1:032x}"), None)])
    answer = client.get(ADDRESS)
    assert answer.status_code == 200, answer.text
    text = parts_of(answer.text).text
    assert "Waiting for review" in text
    assert "Errors of traces named route rose from 0 % to 100 %: +100.0 points" in text
    assert "p is corrected for that (Holm)" in text
    assert f"limit 30 of key {30:032x}" in text
    document = client.get(ADDRESS.replace("?", "/overview.json?")).json()
    assert [one["title"] for one in document["figures"]] == ["Traces", "Errors", "Latency", "Cost"]
    assert document["figures"][1]["interval"].startswith("(")


def test_errors_are_one_line_for_each_message(site: Site) -> None:
    rows = queries.error_messages(site[1].store, project=PROJECT, start=NOON - DAY, end=NOON)
    found = {row["message"]: (row["count"], row["traces"]) for row in rows}
    assert found[f"limit 30 of key {30:032x}"] == (30, 30)  # as the newest of them says it
    assert [counts for message, counts in found.items() if message.startswith("no answer ")] == [(4, 4)]
    assert found["look up"] == (4, 4)  # it says nothing of its error


def test_a_project_without_anything_shows_how_to_begin(site: Site) -> None:
    text = parts_of(site[0].get(urls.project("empty")).text).text
    assert "Nothing has arrived yet" in text
    assert "127.0.0.1" in text or "testserver" in text


def test_the_start_leads_to_the_overview(site: Site) -> None:
    assert site[0].get("/").headers["location"] == urls.project(PROJECT)


def test_hostile_names_are_text(tmp_path_factory: pytest.TempPathFactory) -> None:
    with figures_of(tmp_path_factory.mktemp("hostile"), text=" ".join(STRINGS), n_traces=10) as (client, _):
        answer = client.get(ADDRESS)
        assert answer.status_code == 200
        assert not [tag for tag, _ in parts_of(answer.text).elements if tag in ("img", "pwned", "iframe")]


# What counts as a change ------------------------------------------------------------------------------------------


def test_what_may_be_chance_is_no_change() -> None:
    same = [compared_errors(f"traces named {n}", "/", groups(100, 12), groups(100, 8)) for n in range(5)]
    assert changes(same, 0).found == []
    assert changes(same, 0).looked_at == 5


def test_the_more_is_looked_at_the_stronger_a_change_has_to_be() -> None:
    alone = compared_errors("traces named a", "/", groups(200, 22), groups(200, 9))
    assert (alone.tested.p or 1) < ALPHA
    noise = [compared_errors(f"traces named {n}", "/", groups(200, 10), groups(200, 10)) for n in range(9)]
    assert len(changes([alone], 0).found) == 1
    assert changes([alone, *noise], 0).found == []


def test_latencies_are_compared_by_their_ratio() -> None:
    slower = compared_latency("calls of m", "/", groups(500, 0, math.log(1500)), groups(500, 0, math.log(1000)))
    assert slower is not None
    [change] = changes([slower], 0).found
    assert change.text.startswith("Calls of m became slower: typically 1.5 s in place of 1.0 s, +50 % (+41 % to +60 %)")
    hardly = compared_latency("x", "/", groups(10**6, 0, math.log(1010), 0.1), groups(10**6, 0, math.log(1000), 0.1))
    assert hardly is not None
    assert changes([hardly], 0).found == []  # beyond chance, and of no consequence
    assert compared_latency("x", "/", {**groups(9, 0), "latency_log_mean": None}, groups(9, 0)) is None


def test_of_a_live_score_nobody_knows_whether_more_is_better() -> None:
    row = {"n": 400, "mean": 0.6, "sd": 0.49, "is_binary": True}
    fell = compared_score("helpful", "/", row, {**row, "mean": 0.8})
    [change] = changes([fell], 0).found
    assert fell.is_worse is None
    assert change.text.startswith("Score helpful fell from 0.80 to 0.60: −0.20")
    numbers = compared_score("length", "/", {**row, "is_binary": False}, {**row, "mean": 0.8})
    assert numbers.tested.method == "Welch's t"


def test_what_got_worse_comes_first() -> None:
    def pair(of: str, now: int, before: int) -> Compared:
        return compared_errors(of, "/", groups(1000, now), groups(1000, before))

    found = changes([pair("better", 10, 200), pair("worse", 200, 10)], 0).found
    assert [one.compared.of for one in found] == ["worse", "better"]


def test_too_little_is_said() -> None:
    assert changes([], 3).summary.startswith("Too little to compare")
