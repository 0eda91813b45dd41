"""Two projects in one collector: a key of one sees and touches nothing of the other, by whatever route."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient

from assay.collector.app import create_app
from assay.collector.scopes import ROUTES, Reach
from assay.collector.service import Service
from support.otlp import PROTOBUF, one_span

CANARY = "canary7391"
# What a request to change something carries; other routes get an empty object.
BODIES: dict[str, Any] = {
    "POST /api/v1/scores": {"name": "mine", "value": 1, "session_id": "s"},
    "POST /api/v1/prompts": {"name": f"{CANARY}-prompt", "template": "mine", "commit_message": "m"},
    "PUT /api/v1/prompts/{name:path}/aliases/{alias}": {"version": 1},
    "POST /api/v1/datasets": {"name": f"{CANARY}-data", "items": [{"input": "mine"}]},
    "POST /api/v1/alignments": {"judge": "mine", "labels": 1, "record": {}},
    "POST /api/v1/experiments": {"name": "mine"},
    "PUT /api/v1/experiments/{experiment_id}": {"status": "failed"},
    "POST /api/v1/experiments/{experiment_id}/rows": {"rows": [{"item_id": "mine", "status": "ok"}]},
    "POST /api/v1/experiments/{experiment_id}/comparisons": {"rows": []},
    "POST /api/v1/review-queues": {"name": f"{CANARY}-prompt", "rubric": [{"name": "mine", "type": "bool"}]},
    "POST /api/v1/review-queues/{name}/items": {"filter": ""},
    "POST /api/v1/review-queues/{name}/items/{position}/label": {"values": {"mine": True}, "reviewer": "me"},
    "POST /api/v1/review-queues/{name}/items/{position}/correct": {"dataset": "mine", "expected": 1},
    "POST /api/v1/sql": {"sql": "select * from spans"},
    "PUT /api/v1/retention": {"days": 1},
}
LISTS = ("traces", "spans", "scores", "prompts", "datasets", "experiments", "review-queues")
DETAILS = ("experiments/{experiment_id}", "experiments/{experiment_id}/rows", "prompts/{name:path}/versions")


@dataclass
class Collector:
    http: TestClient
    admin: str
    ours: str  # a key for the project `ours`, with every scope
    ids: dict[str, str]  # of what the project `theirs` has

    def ask(self, line: str, key: str, project: str | None = None, json: Any = None) -> Any:
        method, path = line.split(" ", 1)
        path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: self.ids[found.group(1)], path)
        params = {} if project is None else {"project": project}
        # a stream is left after its first answer: what it would tell is asked for elsewhere
        headers = {"authorization": f"Bearer {key}"}
        return self.http.request(method, path, params=params, json=json, headers=headers, follow_redirects=False)

    def tells(self, text: str) -> bool:
        """Whether an answer holds more of the other project than what was asked with: names of our own making."""
        for name in (self.ids["name"], self.ids["session_id"], self.ids["user_id"], f"{CANARY}-data"):
            text = text.replace(name, "")
        return CANARY in text

    def theirs(self) -> dict[str, Any]:
        """Everything that the project `theirs` has, as its admin sees it."""
        answers = {name: self.ask(f"GET /api/v1/{name}", self.admin, "theirs") for name in LISTS}
        for route in (
            "experiments/{experiment_id}",
            "experiments/{experiment_id}/rows",
            "prompts/{name:path}/versions",
        ):
            answers[route] = self.ask(f"GET /api/v1/{route}", self.admin, "theirs")
        assert all(answer.status_code == 200 for answer in answers.values())
        return {name: answer.json() for name, answer in answers.items()}


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    service = Service(tmp_path_factory.mktemp("isolation") / "data")
    keys = service.registry.keys
    admin = keys.create("admin", ["admin"])
    app = create_app(service, allowed_hosts=frozenset(), keys_required=True)
    every = ["ingest", "read", "write", "admin"]
    made = Collector(
        TestClient(app, raise_server_exceptions=False),
        admin["key"],
        keys.create("ours", every, project="ours")["key"],
        {
            "key_id": admin["id"],
            "project": "theirs",
            "version": "1",
            "number": "1",
            "old": "1",
            "new": "1",
            "position": "1",
        },
    )
    made.ids |= {"alias": "production", "name": f"{CANARY}-prompt", "build": "x", "session_id": f"{CANARY}-session"}
    made.ids |= {"user_id": f"{CANARY}-user", "item": f"{CANARY}-item"}
    made.ids |= {"key": "cost", "kind": "csv", "run_id": f"{CANARY}-run", "digest": "0" * 40}
    bearer = {"authorization": f"Bearer {admin['key']}"}
    attributes = {"input.value": CANARY, "session.id": f"{CANARY}-session", "user.id": f"{CANARY}-user"}
    for name in ("theirs", "ours"):
        body = one_span("work", attributes if name == "theirs" else {}, service__name=name)
        assert made.http.post("/v1/traces", content=body, headers={**PROTOBUF, **bearer}).status_code == 200
    [span] = made.ask("GET /api/v1/spans", made.admin, "theirs").json()["items"]
    made.ids |= {"trace_id": span["trace_id"], "span_id": span["span_id"]}
    for line, body in (
        ("POST /api/v1/scores", {"name": CANARY, "value": CANARY, "trace_id": span["trace_id"]}),
        ("POST /api/v1/prompts", {"name": made.ids["name"], "template": CANARY, "commit_message": CANARY}),
        ("PUT /api/v1/prompts/{name:path}/aliases/{alias}", {"version": 1}),
        ("POST /api/v1/datasets", {"name": f"{CANARY}-data", "items": [{"input": CANARY}]}),
        (
            "POST /api/v1/review-queues",
            {"name": made.ids["name"], "rubric": [{"name": CANARY, "type": "bool"}], "items": {"filter": ""}},
        ),
        (
            "POST /api/v1/review-queues/{name}/items/{position}/label",
            {"values": {CANARY: True}, "reviewer": CANARY, "comment": CANARY},
        ),
    ):
        assert made.ask(line, made.admin, "theirs", body).status_code in (200, 201)
    experiment = made.ask("POST /api/v1/experiments", made.admin, "theirs", {"name": CANARY}).json()
    made.ids["experiment_id"] = experiment["id"]
    alignment = {"judge": CANARY, "labels": 1, "record": {"said": CANARY}}
    made.ids["alignment_id"] = made.ask("POST /api/v1/alignments", made.admin, "theirs", alignment).json()["id"]
    rows = {"rows": [{"item_id": CANARY, "status": "ok", "output": CANARY}]}
    assert made.ask("POST /api/v1/experiments/{experiment_id}/rows", made.admin, "theirs", rows).status_code == 201
    yield made
    service.close()


READS = [line for line in sorted(ROUTES) if line.startswith("GET ")]
CHANGES = [line for line in sorted(ROUTES) if not line.startswith("GET ") and ROUTES[line].scope != "ingest"]


@pytest.mark.parametrize("line", READS)
def test_nothing_of_another_project_is_read(collector: Collector, line: str) -> None:
    rule = ROUTES[line]
    if line.endswith("/live"):  # without an end; its project is checked like that of every ?project=
        assert collector.ask(line, collector.ours, "theirs").status_code == 403
        return
    for project in (None, "theirs"):
        answer = collector.ask(line, collector.ours, project)
        assert not collector.tells(answer.text)
        assert "theirs" not in re.sub(r"'theirs'|/p/theirs\S*|project=theirs", "", answer.text)
        if project == "theirs" and rule.reach is Reach.QUERY:
            assert answer.status_code == 403


def test_nothing_of_another_project_is_changed(collector: Collector) -> None:
    before = collector.theirs()
    for line in CHANGES:
        body = BODIES.get(line, {})
        if line.endswith("/comparisons"):
            body = {**body, "baseline_id": collector.ids["experiment_id"]}
        for project in (None, "theirs"):
            answer = collector.ask(line, collector.ours, project, None if line.startswith("DELETE") else body)
            assert answer.status_code != 500, f"{line}: {answer.text}"
            assert not collector.tells(answer.text), line
    assert collector.theirs() == before


def test_spans_sent_with_a_key_for_one_project_are_filed_there(collector: Collector) -> None:
    before = collector.theirs()
    headers = {"authorization": f"Bearer {collector.ours}", "x-project-name": "theirs", **PROTOBUF}
    body = one_span("sent", service__name="theirs", openinference__project__name="theirs")
    assert collector.http.post("/v1/traces", content=body, headers=headers).status_code == 200
    assert collector.theirs() == before
    names = [span["name"] for span in collector.ask("GET /api/v1/spans", collector.ours).json()["items"]]
    assert "sent" in names


def test_an_id_that_another_project_uses_tells_nothing_of_it(collector: Collector) -> None:
    body = {"id": collector.ids["experiment_id"], "name": "mine"}
    answer = collector.ask("POST /api/v1/experiments", collector.ours, json=body)
    assert answer.status_code == 409
    assert CANARY not in answer.text
    assert "theirs" not in answer.text
