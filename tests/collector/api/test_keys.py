"""The key routes, and what a key lets through where one is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from starlette.testclient import TestClient

from assay.collector.registry import Registry

As = Callable[..., httpx.Response]


def test_a_key_is_told_once_and_then_only_recognised(http: TestClient) -> None:
    made = http.post("/keys", json={"name": "bot", "scopes": ["read", "ingest"], "project": "p"})
    assert made.status_code == 201
    row = {name: value for name, value in made.json().items() if name != "key"}
    assert made.json()["key"].startswith(row["prefix"])
    assert http.get("/keys").json()["items"] == [row]
    assert "key" not in row


def test_a_key_is_revoked(http: TestClient) -> None:
    made = http.post("/keys", json={"name": "bot", "scopes": ["read"]}).json()
    assert http.delete(f"/keys/{made['id']}").json()["revoked_at"] is not None
    assert http.delete("/keys/none").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"name": "bot", "scopes": []},
        {"name": "bot", "scopes": ["root"]},
        {"name": "", "scopes": ["read"]},
        {"scopes": ["read"]},
        {"name": "bot", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"},
    ],
)
def test_what_cannot_be_a_key_is_answered_with_400(http: TestClient, body: dict[str, Any]) -> None:
    assert http.post("/keys", json=body).status_code == 400


def test_without_keys_changes_are_logged_as_local(http: TestClient, registry: Registry) -> None:
    http.post("/prompts", json={"name": "qa", "template": "x", "commit_message": "m"})
    entry = registry.audit.page("p").items[0]
    assert (entry["actor"], entry["address"], entry["action"]) == ("local", "testclient", "prompt.register")


@pytest.fixture
def ask(registry: Registry, guarded: TestClient) -> As:
    """ask(scopes, project, method, path, json): with a key made for that."""

    def ask(scopes: list[str], project: str | None, method: str, path: str, json: Any = None) -> httpx.Response:
        key = registry.keys.create("bot", scopes, project=project)["key"]
        return guarded.request(method, path, json=json, headers={"authorization": f"Bearer {key}"})

    return ask


NEW_PROMPT = {"name": "qa", "template": "x", "commit_message": "m"}


@pytest.mark.parametrize(
    ("scopes", "method", "path", "status"),
    [
        (["read"], "GET", "/prompts?project=p", 200),
        (["write"], "GET", "/prompts?project=p", 403),
        (["read"], "POST", "/prompts?project=p", 403),
        (["write"], "POST", "/prompts?project=p", 201),
        (["admin"], "POST", "/prompts?project=p", 201),
        (["ingest"], "GET", "/experiments?project=p", 403),
        (["read", "write"], "GET", "/keys", 403),
        (["admin"], "GET", "/keys", 200),
    ],
)
def test_a_key_may_do_what_its_scopes_say(ask: As, scopes: list[str], method: str, path: str, status: int) -> None:
    assert ask(scopes, None, method, path, NEW_PROMPT if method == "POST" else None).status_code == status


@pytest.mark.parametrize(
    "path",
    [
        "/prompts?project=q",
        "/prompts?project=p&project=q",
        "/prompts?project=",
        "/projects",
        "/projects?project=p",
        "/keys?project=p",
        "/keys",
    ],
)
def test_a_key_for_one_project_sees_nothing_beyond_it(ask: As, path: str) -> None:
    assert ask(["admin"], "p", "GET", path).status_code == 403
    assert ask(["admin"], "p", "GET", "/prompts?project=p").status_code == 200


def test_without_a_project_a_key_for_one_works_in_its_own(ask: As) -> None:
    # Without a project some routes look in all of them, and others in the default one.
    made = ask(["admin"], None, "POST", "/experiments?project=secret", {"name": "qa"}).json()
    assert ask(["read"], "default", "GET", f"/experiments/{made['id']}").status_code == 404
    assert ask(["read"], "secret", "GET", f"/experiments/{made['id']}").json()["project"] == "secret"
    assert ask(["write"], "p", "POST", "/experiments", {"name": "qa"}).json()["project"] == "p"


@pytest.mark.parametrize("project", ["p", "q", None])
def test_a_key_for_one_project_cannot_make_a_key(ask: As, project: str | None) -> None:
    body = {"name": "better", "scopes": ["admin"], "project": project}
    assert ask(["admin"], "p", "POST", "/keys?project=p", body).status_code == 403
    assert ask(["admin"], None, "POST", "/keys", body).status_code == 201


def test_the_audit_log_names_the_key_that_made_a_change(registry: Registry, guarded: TestClient) -> None:
    made = registry.keys.create("bot", ["write"])
    guarded.post("/prompts?project=p", json=NEW_PROMPT, headers={"authorization": f"Bearer {made['key']}"})
    assert registry.audit.page("p").items[0]["actor"] == made["id"]


def test_every_route_needs_a_key(registry: Registry, guarded: TestClient) -> None:
    admin = {"authorization": f"Bearer {registry.keys.create('admin', ['admin'])['key']}"}
    paths: dict[str, dict[str, Any]] = guarded.get("http://testserver/openapi.json", headers=admin).json()["paths"]
    asked = [(method, path) for path, methods in paths.items() for method in methods if path != "/health"]
    assert len(asked) > 20
    for method, path in asked:
        assert guarded.request(method, f"http://testserver{path}").status_code == 401, f"{method} {path}"


def test_the_audit_log_is_read_by_project_actor_and_action(http: TestClient, registry: Registry) -> None:
    http.post("/prompts", json=NEW_PROMPT)
    made = http.post("/keys", json={"name": "bot", "scopes": ["read"]}).json()

    def actions(**query: str) -> list[str]:
        entries = http.get("/audit", params=query).json()["items"]  # type: ignore[arg-type]
        return [entry["action"] for entry in entries]

    assert actions(action="prompt") == ["prompt.register"]
    assert actions(action="prompt.register", actor="local") == ["prompt.register"]
    assert actions(actor=made["id"]) == []
    assert actions(project="another") == []


def test_the_audit_log_cannot_be_changed(registry: Registry) -> None:
    registry.keys.create("bot", ["read"])
    for statement in ("UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"):
        with pytest.raises(IntegrityError, match="only added to"), registry.database.write() as session:
            session.execute(text(statement))
    assert registry.audit.last("key.create") is not None


def test_a_parameter_that_is_not_known_is_told_with_those_that_are(http: TestClient) -> None:
    answer = http.get("/prompts", params={"filtr": "qa"})
    assert answer.status_code == 400
    assert "'filtr'" in answer.json()["error"]["message"]
    assert "filter" in answer.json()["error"]["hint"]


def test_a_cursor_leads_on_in_its_own_list_only(http: TestClient) -> None:
    for name in ("a", "b", "c"):
        http.post("/prompts", json={**NEW_PROMPT, "name": name})
        http.post("/datasets", json={"name": name, "items": [{"input": name}]})
    first = http.get("/prompts", params={"limit": 1}).json()
    cursor = first["next_cursor"]
    rest = http.get("/prompts", params={"limit": 5, "cursor": cursor}).json()
    assert [item["name"] for item in first["items"] + rest["items"]] == ["a", "b", "c"]
    others: list[tuple[str, dict[str, str]]] = [("/prompts", {"project": "q"}), ("/prompts", {"filter": "a"})]
    others += [(path, {}) for path in ("/datasets", "/keys", "/audit", "/prompts/a/versions")]
    for path, query in others:
        assert http.get(path, params={**query, "cursor": cursor}).status_code == 400, (path, query)
    for broken in ("x", "x.y", cursor[:-1] + "é", cursor.split(".")[0], "." + cursor):
        assert http.get("/datasets", params={"cursor": broken}).status_code == 400, broken
