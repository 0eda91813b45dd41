"""A/B tests over HTTP: declared, ramped, weighed anew, stopped, and refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from starlette.testclient import TestClient

from assay.collector.app import create_app
from assay.collector.service import Service
from support.queried import span, store_spans

ARMS = {"control": "prompts:/qa/1", "short": "prompts:/qa/2"}
TEMPLATES = ("Answer: {{q}}", "Short: {{q}}", "Shorter: {{q}}")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One collector for all; each test makes A/B tests of names of its own."""
    opened = Service(tmp_path_factory.mktemp("ab_tests") / ".assay")
    for template in TEMPLATES:
        opened.registry.prompts.register("p", "qa", template, "another")
    opened.registry.aliases.set("p", "qa", "candidate", 2)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def http(service: Service) -> Iterator[TestClient]:
    app = create_app(service, allowed_hosts=frozenset(), keys_required=False)
    with TestClient(app, base_url="http://testserver/api/v1", raise_server_exceptions=False) as client:
        client.params = {"project": "p"}
        yield client


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return f"t-{sha256(request.node.nodeid.encode()).hexdigest()[:16]}"


def create(http: TestClient, name: str, **said: Any) -> Any:
    return http.post("/ab-tests", json={"name": name, "arms": ARMS, "primary": "scores.helpful", **said})


def expose(service: Service, test: str, unit: str, arm: str, *, number: int, phase: int = 1) -> None:
    attributes = {"assay.ab_test.unit": unit, "assay.ab_test.phase": phase}
    now = 1_800_000_000 * 10**9  # behind any clock that made the test
    store_spans(service, [span(number, 1, start=now, project="p", ab_test=test, ab_arm=arm, attributes=attributes)])


def test_a_test_is_answered_whole(http: TestClient, name: str) -> None:
    answer = create(
        http, name, weights={"control": 0.75, "short": 0.25}, guardrails={"error_rate": "<= +1pp"}, coverage=0.5
    )
    test = answer.json()
    assert answer.status_code == 201
    assert (test["arms"], test["order"], test["baseline"]) == (ARMS, ["control", "short"], "control")
    assert (test["weights"], test["coverage"], test["phase"]) == ({"control": 0.75, "short": 0.25}, 0.5, 1)
    assert (test["unit"], test["primary"], test["status"], test["promoted"]) == (
        *("user_id", "scores.helpful", "running"),
        None,
    )
    assert test["metrics"]["error_rate"]["higher_is_better"] is False
    assert [phase["phase"] for phase in test["phases"]] == [1]
    assert [decision["action"] for decision in test["decisions"]] == ["start"]
    assert http.get(f"/ab-tests/{name}").json() == test
    assert name in [each["name"] for each in http.get("/ab-tests").json()["items"]]


def test_declared_once_more_it_goes_on_as_it_stands(http: TestClient, name: str) -> None:
    create(http, name)
    http.put(f"/ab-tests/{name}/weights", json={"weights": {"control": 0.2, "short": 0.8}})
    again = create(http, name)
    assert (again.status_code, again.json()["phase"], again.json()["weights"]["short"]) == (200, 2, 0.8)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"arms": {"control": "prompts:/qa/1", "short": "prompts:/qa/3"}}, id="arms"),
        pytest.param({"arms": {"short": "prompts:/qa/2", "control": "prompts:/qa/1"}}, id="order"),
        pytest.param({"primary": "error_rate"}, id="primary"),
        pytest.param({"weights": {"control": 0.4, "short": 0.6}}, id="weights"),
        pytest.param({"unit": "session_id"}, id="unit"),
    ],
)
def test_a_test_that_is_declared_otherwise_is_a_conflict(http: TestClient, name: str, other: dict[str, Any]) -> None:
    create(http, name)
    answer = create(http, name, **other)
    assert answer.status_code == 409
    assert "another name" in answer.json()["error"]["hint"]


def test_an_alias_is_pinned_to_what_it_means_now(http: TestClient, name: str) -> None:
    arms = {"control": "prompts:/qa/1", "new": {"prompt": "prompts:/qa@candidate", "config": {"temperature": 1}}}
    test = create(http, name, arms=arms).json()
    assert test["arms"]["new"] == {"prompt": "prompts:/qa/2", "config": {"temperature": 1}}


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        pytest.param({"arms": {"only": "prompts:/qa/1"}}, 400, "1 arms", id="one-arm"),
        pytest.param({"arms": {"a": "prompts:/qa/1", "2": "prompts:/qa/2"}}, 400, "cannot be an arm", id="number"),
        pytest.param({"arms": {"a": "prompts:/qa/1", "b": {}}}, 400, "of which one is enough", id="empty-arm"),
        pytest.param({"arms": {"a": "prompts:/qa/1", "b": "prompts:/qa/9"}}, 404, "version 9", id="no-version"),
        pytest.param({"weights": {"control": 1}}, 400, "'short' has no weight", id="weight-missing"),
        pytest.param({"weights": {"control": 0.5, "short": 0.25, "nope": 0.25}}, 400, "no arm 'nope'", id="no-arm"),
        pytest.param({"weights": {"control": 0.9, "short": 0.3}}, 400, "'control': 0.75, 'short': 0.25", id="sum"),
        pytest.param({"weights": {"control": 1e308, "short": 1e308}}, 400, "add up to inf", id="sum-infinite"),
        pytest.param({"weights": {"control": 1, "short": 0}}, 400, "above 0", id="weight-of-zero"),
        pytest.param({"coverage": 1.5}, 400, "share of all units", id="coverage"),
        pytest.param({"primary": "scores.helpful >"}, 400, "neither a score", id="metric"),
        pytest.param({"guardrails": {"cost_usd": "cheaper"}}, 400, "guardrail", id="guardrail"),
        pytest.param({"guardrails": {"scores.helpful": ">= -1pp"}}, 400, "be one of both", id="guarded-primary"),
        pytest.param({"metrics": {"cost_usd": {"hihg": 3}}}, 400, "has no 'hihg'", id="metric-key"),
        pytest.param({"metrics": {"cost_usd": {"low": 3, "cap": 2}}}, 400, "low be below high", id="range"),
        pytest.param({"unit": "account"}, 400, "user_id", id="unit"),
        pytest.param({"salt": "a:b"}, 400, "salt", id="salt"),
        pytest.param({"alpha": 0}, 400, "alpha", id="alpha"),
        pytest.param({"typo": 1}, 400, "typo", id="unknown-key"),
    ],
)
def test_what_cannot_be_a_test_is_refused(
    http: TestClient, name: str, said: dict[str, Any], status: int, words: str
) -> None:
    answer = create(http, name, **said)
    assert answer.status_code == status, answer.text
    assert words in answer.text
    assert http.get(f"/ab-tests/{name}").status_code == 404


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "..", "x" * 201])
def test_some_names_cannot_be_had(http: TestClient, name: str) -> None:
    assert create(http, name).status_code == 400


def test_ramping_goes_on_with_the_phase_and_is_written_down(http: TestClient, name: str) -> None:
    create(http, name, coverage=0.1)
    test = http.put(f"/ab-tests/{name}/coverage", json={"coverage": 0.5, "reason": "fine so far"}).json()
    assert (test["coverage"], test["phase"]) == (0.5, 1)
    assert test["phases"][0]["coverage"] == 0.5
    decision = test["decisions"][-1]
    assert (decision["action"], decision["detail"], decision["reason"]) == (
        "ramp",
        {"from": 0.1, "to": 0.5},
        "fine so far",
    )
    again = http.put(f"/ab-tests/{name}/coverage", json={"coverage": 0.5}).json()
    assert len(again["decisions"]) == 2


def test_new_weights_are_a_new_phase_and_the_same_ones_are_none(http: TestClient, name: str) -> None:
    create(http, name)
    same = http.put(f"/ab-tests/{name}/weights", json={"weights": {"short": 0.5, "control": 0.5}}).json()
    assert same["phase"] == 1
    test = http.put(f"/ab-tests/{name}/weights", json={"weights": {"control": 0.25, "short": 0.75}}).json()
    assert [phase["weights"]["short"] for phase in test["phases"]] == [0.5, 0.75]
    assert test["decisions"][-1]["action"] == "weights"


def test_a_unit_is_placed_by_the_rule_until_its_first_exposure_says_otherwise(
    http: TestClient, service: Service, name: str
) -> None:
    test = create(http, name, salt="s").json()
    found = http.get(f"/ab-tests/{name}/assign", params={"unit": "ada"}).json()
    other = next(arm for arm in test["order"] if arm != found["arm"])
    assert (found["covered"], found["phase"], found["weight"]) == (True, 1, 0.5)
    assert found["prompt"] == ARMS[found["arm"]]
    expose(service, name, "ada", other, number=1)
    expose(service, name, "bob", "an arm of nobody's", number=2)
    assert http.get(f"/ab-tests/{name}/sticky").json() == {"phase": 1, "items": []}
    http.put(f"/ab-tests/{name}/weights", json={"weights": {"control": 0.5001, "short": 0.4999}})
    assert http.get(f"/ab-tests/{name}/assign", params={"unit": "ada"}).json()["arm"] == other
    assert http.get(f"/ab-tests/{name}/assign", params={"unit": "bob"}).json()["arm"] in test["order"]
    assert http.get(f"/ab-tests/{name}/sticky").json()["items"] == [{"unit": "ada", "arm": other, "phase": 1}]
    whole = http.get(f"/ab-tests/{name}", params={"resolve": True}).json()
    assert whole["sticky"] == {"ada": [other, 1]}
    assert {arm: version["template"] for arm, version in whole["prompts"].items()} == {
        "control": "Answer: {{q}}",
        "short": "Short: {{q}}",
    }


def test_who_is_not_covered_has_the_baseline(http: TestClient, name: str) -> None:
    create(http, name, coverage=0)
    found = http.get(f"/ab-tests/{name}/assign", params={"unit": "ada"}).json()
    assert (found["covered"], found["arm"]) == (False, "control")
    assert http.get(f"/ab-tests/{name}/assign", params={"unit": " "}).status_code == 400


def test_a_test_that_is_not_there_is_told(http: TestClient) -> None:
    for path, asked in (("", {}), ("/report", {}), ("/assign", {"unit": "a"}), ("/sticky", {})):
        answer = http.get(f"/ab-tests/nope{path}", params=asked)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ab_test_not_found")


def test_every_change_is_in_the_audit_log(http: TestClient, service: Service, name: str) -> None:
    create(http, name)
    http.put(f"/ab-tests/{name}/coverage", json={"coverage": 0.5})
    http.put(f"/ab-tests/{name}/weights", json={"weights": {"control": 0.25, "short": 0.75}})
    entries = service.registry.audit.page("p", action="ab_test").items
    assert [entry["action"] for entry in entries if entry["object"] == name] == [
        "ab_test.weights",
        "ab_test.ramp",
        "ab_test.create",
    ]
