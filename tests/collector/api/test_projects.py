"""The project routes."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient


def test_a_project_is_made_once(http: TestClient) -> None:
    answers = [http.post("/projects", json={"name": "support bot"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    assert [project["name"] for project in http.get("/projects").json()["items"]] == ["support bot"]


def test_what_is_filed_under_a_new_name_makes_the_project(http: TestClient) -> None:
    http.post("/experiments", json={"name": "qa"})
    assert [project["name"] for project in http.get("/projects").json()["items"]] == ["p"]


@pytest.mark.parametrize("name", ["", " ", " a", "a\n", "x" * 201])
def test_what_cannot_be_a_project_is_answered_with_400(http: TestClient, name: str) -> None:
    assert http.post("/projects", json={"name": name}).status_code == 400
