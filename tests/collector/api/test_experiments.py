"""The experiment routes."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

ID = "0123456789abcdef" * 2
NEW: dict[str, Any] = {
    "id": ID,
    "name": "qa-v1",
    "dataset": {"name": "qa", "version": 1, "hash": "abc", "item_count": 2},
    "scorers": [{"name": "correctness", "version": "1"}],
    "config": {"model": "m"},
    "tags": {"branch": "main"},
    "repeats": 2,
    "seed": 7,
}


def test_an_experiment_begins_runs_and_ends(http: TestClient) -> None:
    begun = http.post("/experiments", json=NEW)
    assert begun.status_code == 201
    assert begun.json() == {**begun.json(), **NEW, "project": "p", "status": "running", "summary": None}
    body = {"status": "completed", "summary": [{"scorer": "correctness", "mean": 0.5}]}
    ended = http.put(f"/experiments/{ID}", json=body).json()
    assert (ended["status"], ended["summary"]) == ("completed", body["summary"])
    assert ended["finished_at"] is not None
    assert http.get(f"/experiments/{ID}").json() == ended
    assert http.get("/experiments").json()["items"] == [ended]


def test_beginning_twice_is_beginning_once(http: TestClient) -> None:
    answers = [http.post("/experiments", json=NEW) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    conflict = http.post("/experiments", json={**NEW, "name": "other"})
    assert (conflict.status_code, conflict.json()["error"]["code"]) == (409, "conflict")


def test_the_last_completed_of_a_name_can_be_asked_for(http: TestClient) -> None:
    ids = [http.post("/experiments", json={"name": "qa"}).json()["id"] for _ in range(3)]
    for id in ids[:2]:
        http.put(f"/experiments/{id}", json={"status": "completed"})
    query = {"project": "p", "name": "qa", "status": "completed", "limit": 1}
    assert [row["id"] for row in http.get("/experiments", params=query).json()["items"]] == [ids[1]]


def test_comparisons_are_kept_and_listed(http: TestClient) -> None:
    baseline = http.post("/experiments", json={"name": "base"}).json()["id"]
    http.post("/experiments", json=NEW)
    body = {"baseline_id": baseline, "rows": [{"scorer": "s", "p": None}], "verdict": "better"}
    answers = [http.post(f"/experiments/{ID}/comparisons", json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    (kept,) = http.get(f"/experiments/{ID}/comparisons").json()["items"]
    assert kept == {**kept, **body, "experiment_id": ID}


@pytest.mark.parametrize(
    "change",
    [
        {"id": "short"},
        {"name": ""},
        {"repeats": 0},
        {"seed": 2**64},
        {"seed": 1.5},
        {"dataset": {"version": 0}},
        {"tags": {"a": 1}},
        {"unknown": 1},
    ],
)
def test_what_cannot_begin_is_answered_with_400(http: TestClient, change: dict[str, Any]) -> None:
    answer = http.post("/experiments", json={**NEW, **change})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("change", [{"status": "done"}, {"finished_at": "2026-01-01T00:00:00"}, {"name": "new"}])
def test_what_cannot_be_changed_is_answered_with_400(http: TestClient, change: dict[str, Any]) -> None:
    http.post("/experiments", json=NEW)
    assert http.put(f"/experiments/{ID}", json=change).status_code == 400


def test_what_is_not_there_is_answered_with_404(http: TestClient) -> None:
    http.post("/experiments", json=NEW)
    answers = [
        http.get("/experiments/none"),
        http.put("/experiments/none", json={}),
        http.get("/experiments/none/comparisons"),
        http.post(f"/experiments/{ID}/comparisons", json={"baseline_id": "none", "rows": []}),
        http.get(f"/experiments/{ID}", params={"project": "q"}),
    ]
    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [
        (404, "experiment_not_found")
    ] * len(answers)
