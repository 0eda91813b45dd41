"""The data set routes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

JSON = "application/json"

NEW: dict[str, Any] = {"name": "support/qa", "items": [{"id": "a", "input": {"q": 1}, "expected": 2}, {"input": "b"}]}


def test_registering_answers_201_and_again_200(http: TestClient) -> None:
    first = http.post("/datasets", json=NEW)
    again = http.post("/datasets", json={**NEW, "items": NEW["items"][::-1]})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (first.json()["version"], first.json()["item_count"]) == (1, 2)


def test_versions_and_items_are_listed(http: TestClient) -> None:
    http.post("/datasets", json=NEW)
    http.post("/datasets", json={**NEW, "items": [{"id": "z", "input": 3}]})
    assert [row["name"] for row in http.get("/datasets").json()["items"]] == ["support/qa"]
    assert [row["version"] for row in http.get("/datasets/support%2Fqa/versions").json()["items"]] == [2, 1]
    latest = http.get("/datasets/support%2Fqa/items").json()["items"]
    first = http.get("/datasets/support%2Fqa/items", params={"project": "p", "version": 1}).json()["items"]
    assert [item["id"] for item in latest] == ["z"]
    assert first[0] == {"id": "a", "position": 0, "input": {"q": 1}, "expected": 2, "metadata": {}}


@pytest.mark.parametrize(
    ("items", "told"),
    [
        pytest.param([], "no items", id="none"),
        pytest.param([{"id": "a", "input": 1}, {"id": "a", "input": 2}], "'a' at 1, 2", id="shared-id"),
        pytest.param([{"expected": 1}], "items.0.input", id="no-input"),
        pytest.param([{"input": 1, "answer": 2}], "items.0.answer", id="unknown-field"),
        pytest.param([{"id": "", "input": 1}], "items.0.id", id="empty-id"),
    ],
)
def test_what_cannot_be_registered_is_answered_with_400(http: TestClient, items: list[Any], told: str) -> None:
    answer = http.post("/datasets", json={"name": "qa", "items": items})
    assert answer.status_code == 400
    assert told in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "path", ["/datasets/x/versions", "/datasets/x/items", "/datasets/x/items?version=99999999999999999999"]
)
def test_a_data_set_that_is_not_there_is_answered_with_404(http: TestClient, path: str) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "dataset_not_found")


def test_a_version_is_answered_alone_and_says_what_is_known_of_it(http: TestClient) -> None:
    body = {
        "name": "a/b",
        "items": [{"id": "a", "input": "x"}],
        "message": "first",
        "schema": {"input": {"type": "string"}},
        "cluster": "topic",
    }
    made = http.post("/datasets", json=body).json()
    assert http.get("/datasets/a%2Fb/versions/1").json() == made
    assert {name: made[name] for name in ("message", "schema", "cluster")} == {
        name: body[name] for name in ("message", "schema", "cluster")
    }
    assert http.get("/datasets/a%2Fb/versions/2").status_code == 404


def test_a_part_of_a_version_is_listed_alone(http: TestClient) -> None:
    items = [{"id": f"i{n}", "input": n, **({"output": None} if n else {})} for n in range(4)]
    http.post("/datasets", json={"name": "qa", "items": items})
    split = {"shares": {"a": 0.5, "b": 0.5}, "seed": 7, "items": {f"i{n}": "ab"[n % 2] for n in range(4)}}
    answer = http.put("/datasets/qa/versions/1/split", json=split)
    assert answer.json()["split"] == {"shares": {"a": 0.5, "b": 0.5}, "seed": 7}
    found = http.get("/datasets/qa/items", params={"split": "b"}).json()["items"]
    assert [(item["id"], item["split"], item["output"]) for item in found] == [("i1", "b", None), ("i3", "b", None)]
    assert "output" not in http.get("/datasets/qa/items").json()["items"][0]
    again = {**split, "items": {f"i{n}": "ba"[n % 2] for n in range(4)}}
    assert http.put("/datasets/qa/versions/1/split", json=again).status_code == 409
    assert http.put("/datasets/qa/versions/1/split", json=again, params={"replace": True}).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"stratify": "\ud800"},
        {"shares": {"a": 0, "b": 1}},
        {"shares": {"a:b": 0.5, "b": 0.5}},
        {"items": {"i0": "c"}},
        {"seed": "x"},
        {"x": 1},
    ],
)
def test_what_is_no_split_is_answered_with_400(http: TestClient, change: dict[str, Any]) -> None:
    http.post("/datasets", json={"name": "qa", "items": [{"id": "i0", "input": 1}]})
    split = {"shares": {"a": 0.5, "b": 0.5}, "items": {"i0": "a"}, **change}
    answer = http.put("/datasets/qa/versions/1/split", content=json.dumps(split), headers={"content-type": JSON})
    assert answer.status_code == 400


def test_data_sets_are_found_by_a_part_of_their_name(http: TestClient) -> None:
    for name in ("qa", "Support/QA", "other"):
        http.post("/datasets", json={"name": name, "items": [{"input": 1}]})
    found = http.get("/datasets", params={"filter": "qa"}).json()["items"]
    assert [one["name"] for one in found] == ["Support/QA", "qa"]
