"""The routes of aliases: shapes, statuses, hostile input. Who may move what is in tests/collector/test_promotion.py."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from starlette.testclient import TestClient

from assay.collector.app import create_app
from support.registries import open_new

ALIAS = "/prompts/support%2Fanswer/aliases/production"
GATE = "correctness >= baseline - 0.02"


def with_two_versions(http: TestClient) -> TestClient:
    """`production` has been on the first, and is on the second."""
    http.params = {"project": "p"}
    for template in ("one", "two"):
        http.post("/prompts", json={"name": "support/answer", "template": template, "commit_message": "next"})
    http.put(ALIAS, json={"version": 1, "author": "ada"})
    http.put(ALIAS, json={"version": 2, "author": "bob", "reason": "shorter"})
    return http


@pytest.fixture
def http(http: TestClient) -> TestClient:
    return with_two_versions(http)


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One for all requests that must change nothing."""
    registry = open_new(tmp_path_factory.mktemp("aliases") / "registry.db")
    service: Any = SimpleNamespace(registry=registry, register_projects=lambda: None)
    app = create_app(service, allowed_hosts=frozenset(), keys_required=False)
    http = with_two_versions(TestClient(app, base_url="http://testserver/api/v1", raise_server_exceptions=False))
    revision = registry.revision
    yield http
    assert registry.revision == revision
    registry.close()


def ask(http: TestClient, method: str, path: str, body: Any) -> Any:
    path, _, query = path.partition("?")
    params = {"project": "p", **dict(parse_qsl(query))}
    return http.request(method, f"/prompts/support%2Fanswer{path}", params=params, json=body)


def test_an_alias_is_told_with_its_protection_and_its_moves(http: TestClient) -> None:
    http.put(f"{ALIAS}/protection", json={"protected": True, "gate": GATE, "author": "ada"})
    answer = http.get(ALIAS).json()
    moves = answer.pop("items")
    assert answer.pop("updated_at") == moves[0]["moved_at"]
    assert answer == {"alias": "production", "version": 2, "protected": True, "gate": GATE, "next_cursor": None}
    assert moves[0] | {"id": 0, "moved_at": ""} == {
        "id": 0,
        "alias": "production",
        "from_version": 1,
        "to_version": 2,
        "author": "bob",
        "actor": "local",
        "reason": "shorter",
        "moved_at": "",
        "evidence": None,
        "undoes": None,
    }
    states = http.get("/prompts/support%2Fanswer/aliases").json()["items"]
    assert [(state["alias"], state["version"], state["protected"]) for state in states] == [("production", 2, True)]


def test_moves_are_read_page_by_page(http: TestClient) -> None:
    first = http.get(ALIAS, params={"project": "p", "limit": 1}).json()
    second = http.get(ALIAS, params={"project": "p", "limit": 1, "cursor": first["next_cursor"]}).json()
    assert [found["items"][0]["to_version"] for found in (first, second)] == [2, 1]
    assert second["next_cursor"] is None


def test_what_an_alias_was_is_asked_with_a_time(http: TestClient) -> None:
    moved_at = http.get(ALIAS).json()["items"][1]["moved_at"]
    then = http.get(ALIAS, params={"project": "p", "at": moved_at}).json()
    before = http.get(ALIAS, params={"project": "p", "at": "2026-01-01T00:00:00Z"}).json()
    assert (then["at"], then["version"], then["move"]["author"]) == (moved_at, 1, "ada")
    assert before == {"alias": "production", "at": "2026-01-01T00:00:00.000000Z", "version": None, "move": None}


def test_a_rollback_is_one_call(http: TestClient) -> None:
    answer = http.post(f"{ALIAS}/rollback", json={"reason": "it shouts"})
    assert answer.json() == {"alias": "production", "version": 1, "previous": 2}
    refused = http.post(f"{ALIAS}/rollback", json={})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")


def test_a_parent_that_is_not_the_latest_is_a_conflict(http: TestClient) -> None:
    body = {"name": "support/answer", "template": "three", "commit_message": "next", "parent_version": 1}
    refused = http.post("/prompts", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
    assert "parent_version=2" in refused.json()["error"]["hint"]
    made = http.post("/prompts", json={**body, "force": True})
    assert (made.status_code, made.json()["version"], made.json()["parent_version"]) == (201, 3, 1)


def test_a_prompt_is_loaded_with_what_it_includes(http: TestClient) -> None:
    body = {"name": "outer", "commit_message": "first"}
    template = [
        {"role": "system", "content": "{{> support/answer@production }}!"},
        {"role": "placeholder", "content": "history"},
        {"role": "user", "content": [{"type": "text", "text": "{{question}}"}]},
    ]
    made = http.post("/prompts", json={**body, "template": template, "response_format": {"type": "object"}})
    assert (made.status_code, made.json()["template"]) == (201, template)
    loaded = http.get("/prompts/outer/versions/1", params={"project": "p", "resolve": "true"}).json()
    assert loaded["template"] == [{"role": "system", "content": "two!"}, *template[1:]]
    assert loaded["resolved"] == [{"name": "support/answer", "version": 2, "reference": "support/answer@production"}]
    assert (loaded["placeholders"], loaded["variables"]) == (["history"], ["question"])
    refused = http.post("/prompts", json={**body, "template": "{{> nothing }}"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_template")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/aliases/latest", {"version": 1}),
        ("PUT", "/aliases/latest/protection", {}),
        ("POST", "/aliases/latest/rollback", {}),
        ("PUT", "/aliases/a%00b", {"version": 1}),
        ("PUT", "/aliases/production%20", {"version": 1}),
        ("PUT", "/aliases/production", {}),
        ("PUT", "/aliases/production", {"version": "one"}),
        ("PUT", "/aliases/production", {"version": 1, "evidence": {}}),
        ("PUT", "/aliases/production", {"version": 1, "reason": "x" * 10_001}),
        ("PUT", "/aliases/production/protection", {"gate": "correctness"}),
        ("PUT", "/aliases/production/protection", {"gate": '"' * 999}),
        ("PUT", "/aliases/production/protection", {"gate": "x >= 1" * 1_000}),
        ("PUT", "/aliases/production/protection", {"gate": GATE, "protected": False}),
        ("POST", "/aliases/production/rollback", {"from_version": "x"}),
        ("POST", "/aliases/production/rollback", []),
        ("GET", "/aliases/latest", None),
        ("GET", "/aliases/production?at=2026-10-15", None),
        ("GET", "/aliases/production?at=yesterday", None),
        ("GET", "/aliases/production?at=0001-01-01T00:00:00%2B14:00", None),
        ("GET", "/aliases/production?at=9999-12-31T23:59:59-14:00", None),
        ("GET", "/aliases/production?cursor=x", None),
        ("GET", "/versions/1?resolve=perhaps", None),
    ],
)
def test_what_cannot_be_understood_is_answered_with_400(
    refusing: TestClient, method: str, path: str, body: Any
) -> None:
    answer = ask(refusing, method, path, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/aliases/production", {"version": 0}),
        ("PUT", "/aliases/production", {"version": -1}),
        ("PUT", "/aliases/production", {"version": 2**31}),
        ("PUT", "/aliases/production", {"version": 10**30}),
        ("DELETE", "/aliases/staging", None),
        ("GET", "/aliases/produciton", None),
        ("GET", "/aliases/produciton?at=2026-10-15T00:00:00Z", None),
        ("GET", "/versions/99999999999999999999?resolve=true", None),
    ],
)
def test_what_is_not_there_is_answered_with_404(refusing: TestClient, method: str, path: str, body: Any) -> None:
    answer = ask(refusing, method, path, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "prompt_not_found")


@pytest.mark.parametrize(
    "part",
    [
        '"config": {"a": %s}' % ("[" * 300 + "]" * 300),
        '"tools": [{"a": %s}]' % ("[" * 900 + "]" * 900),
        '"response_format": %s' % ('{"a":' * 300 + "1" + "}" * 300),
        '"tools": [{"\\ud800": 1}]',
        '"response_format": {"a": NaN}',
        '"response_format": []',
        '"tools": [1]',
        '"format": "mustache"',
        '"parent_version": -1',
        '"parent_version": 1e30',
        '"force": "perhaps"',
        '"config": {"a": "%s"}' % ("x" * 1_000_000),
        '"config": {"a": %s}' % ("9" * 5_000),
    ],
)
def test_no_content_makes_the_collector_fail(refusing: TestClient, part: str) -> None:
    body = '{"name": "hostile", "template": "x", "commit_message": "m", ' + part + "}"
    answer = refusing.post("/prompts", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
