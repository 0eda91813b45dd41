"""The prompt routes: shapes, statuses, and names that hold slashes."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

NEW = {"name": "support/answer", "template": "Answer: {{question}}", "commit_message": "first"}


def test_registering_answers_201_and_again_200(http: TestClient) -> None:
    first, again = http.post("/prompts", json=NEW), http.post("/prompts", json={**NEW, "commit_message": "again"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["project"] == "p"


@pytest.mark.parametrize("name", ["qa", "support/answer", "a b/c.d-e_f", "größe/日本"])
@pytest.mark.parametrize("safe", ["", "/"])
def test_names_may_be_encoded_whole_or_part_by_part(http: TestClient, name: str, safe: str) -> None:
    http.post("/prompts", json={**NEW, "name": name})
    path = f"/prompts/{quote(name, safe=safe)}"
    assert http.put(f"{path}/aliases/production", json={"version": 1}).json() == {
        "alias": "production",
        "version": 1,
        "previous": None,
    }
    answers = [http.get(f"{path}/versions/{which}").json() for which in ("1", "production", "latest")]
    answers += http.get(f"{path}/versions").json()["items"]
    assert [answer["name"] for answer in answers] == [name] * 4


def test_an_alias_is_moved_explained_and_removed(http: TestClient) -> None:
    for template in ("one", "two"):
        http.post("/prompts", json={**NEW, "template": template})
    path = "/prompts/support%2Fanswer/aliases/production"
    http.put(path, json={"version": 1, "author": "ada"})
    http.put(path, json={"version": 2, "reason": "won", "author": "bob"})
    assert http.delete(path, params={"project": "p", "reason": "gone"}).json() == {
        "alias": "production",
        "version": None,
        "previous": 2,
    }
    moves = http.get(path).json()["items"]
    assert [(m["from_version"], m["to_version"], m["author"], m["reason"]) for m in moves] == [
        (2, None, None, "gone"),
        (1, 2, "bob", "won"),
        (None, 1, "ada", None),
    ]


def test_prompts_are_listed_by_part_of_the_name(http: TestClient) -> None:
    http.post("/prompts", json=NEW)
    http.post("/prompts", json={**NEW, "name": "other"})
    answer = http.get("/prompts", params={"project": "p", "filter": "ANSWER"}).json()
    assert [row["name"] for row in answer["items"]] == ["support/answer"]
    assert answer["next_cursor"] is None


def test_prompts_belong_to_a_project(http: TestClient) -> None:
    http.post("/prompts", json=NEW)
    assert http.get("/prompts/support%2Fanswer/versions", params={"project": "q"}).status_code == 404


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"commit_message": ""}, "invalid_request", id="empty-commit-message"),
        pytest.param({"commit_message": None}, "invalid_request", id="no-commit-message"),
        pytest.param({"template": "{{a.b}}"}, "invalid_template", id="template"),
        pytest.param({"template": []}, "invalid_template", id="no-messages"),
        pytest.param({"template": [{"role": "user", "content": "a", "name": "b"}]}, "invalid_request", id="message"),
        pytest.param({"name": "a/versions"}, "invalid_request", id="name"),
        pytest.param({"tags": {"a": 1}}, "invalid_request", id="tags"),
        pytest.param({"unknown": 1}, "invalid_request", id="unknown-field"),
    ],
)
def test_what_cannot_be_registered_is_answered_with_400(http: TestClient, change: dict[str, Any], code: str) -> None:
    answer = http.post("/prompts", json={**NEW, **change})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize("path", ["/prompts/x/versions", "/prompts/x/versions/1", "/prompts/x/aliases/a"])
def test_a_prompt_that_is_not_there_is_answered_with_404(http: TestClient, path: str) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "prompt_not_found")
    assert answer.json()["error"]["hint"]


@pytest.mark.parametrize(
    "body", [b'{"name": "\\ud800"', b'{"name": "\\ud800", "template": "x", "commit_message": "m"}', b"[" * 5000]
)
def test_no_body_makes_the_collector_fail(http: TestClient, body: bytes) -> None:
    answer = http.post("/prompts", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize("config", ['{"a": NaN}', '{"a": Infinity}', '{"a": "\\ud800"}', '{"\\udfff": 1}'])
def test_a_config_that_json_cannot_say_is_refused(http: TestClient, config: str) -> None:
    body = '{"name": "qa", "template": "x", "commit_message": "m", "config": ' + config + "}"
    answer = http.post("/prompts", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
