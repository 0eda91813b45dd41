"""The API of alignments: kept as they were sent, found by judge and prompt, newest first."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

RECORD = {"n": 40, "kind": "binary", "agreement": {"value": 0.9}}
BODY: dict[str, Any] = {"judge": "tone", "prompt_hash": "abc", "model": "openai/m", "labels": 40, "record": RECORD}


def test_what_was_sent_is_answered_and_found_again(http: TestClient) -> None:
    made = http.post("/alignments", json=BODY)
    assert made.status_code == 201
    assert {name: made.json()[name] for name in BODY} == BODY
    assert http.get(f"/alignments/{made.json()['id']}").json() == made.json()
    assert http.get("/alignments").json() == {"items": [made.json()], "next_cursor": None}


def test_they_are_found_by_judge_and_prompt_newest_first(http: TestClient) -> None:
    for judge, prompt in (("tone", "a"), ("tone", "b"), ("depth", "a"), ("tone", "a")):
        http.post("/alignments", json={**BODY, "judge": judge, "prompt_hash": prompt})
    found = http.get("/alignments", params={"judge": "tone", "prompt_hash": "a"}).json()["items"]
    assert [(one["judge"], one["prompt_hash"]) for one in found] == [("tone", "a"), ("tone", "a")]
    assert found[0]["created_at"] > found[1]["created_at"]
    first = http.get("/alignments", params={"limit": 3}).json()
    rest = http.get("/alignments", params={"limit": 3, "cursor": first["next_cursor"]}).json()["items"]
    assert [one["prompt_hash"] for one in [*first["items"], *rest]] == ["a", "a", "b", "a"]


def test_projects_do_not_see_each_others(http: TestClient) -> None:
    made = http.post("/alignments", json=BODY).json()
    assert http.get("/alignments", params={"project": "other"}).json()["items"] == []
    answer = http.get(f"/alignments/{made['id']}", params={"project": "other"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("change", [{"labels": -1}, {"judge": ""}, {"record": 1}, {"rows": []}, {"labels": "many"}])
def test_what_is_no_alignment_is_refused(http: TestClient, change: dict[str, Any]) -> None:
    assert http.post("/alignments", json={**BODY, **change}).status_code == 400


def test_who_may_only_read_adds_none(guarded: TestClient, registry: Any) -> None:
    key = registry.keys.create("reader", ["read"])["key"]
    headers = {"authorization": f"Bearer {key}"}
    assert guarded.get("/alignments", params={"project": "p"}, headers=headers).status_code == 200
    assert guarded.post("/alignments", params={"project": "p"}, json=BODY, headers=headers).status_code == 403
