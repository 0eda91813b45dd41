"""The data set routes."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

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
