"""Who may move a protected alias, over HTTP: admins, and experiments that pass its gate by our own figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import pytest
from starlette.testclient import TestClient

from assay.collector.app import create_app
from assay.collector.service import Service

GATE = "correctness >= baseline - 0.02"
OLD, BETTER, WORSE = [1, 1, 0] * 20, [1, 1, 1] * 20, [0, 1, 0] * 20
numbers = count(1)


class Team:
    """One prompt with three versions, `production` on the first and protected; a key that writes, and an admin's."""

    def __init__(self, http: TestClient, keys: dict[str, str]) -> None:
        self.http, self.keys = http, keys
        self.name = f"team/qa-{next(numbers)}"
        for template in ("one", "two", "three"):
            self.ask("POST", "/prompts", {"name": self.name, "template": template, "commit_message": "next"})
        self.ask("PUT", self.alias, {"version": 1})
        self.protect()

    @property
    def alias(self) -> str:
        return f"/prompts/{self.name}/aliases/production"

    def ask(self, method: str, path: str, body: Any = None, key: str = "admin") -> Any:
        headers = {"authorization": f"Bearer {self.keys[key]}"}
        return self.http.request(method, path, json=body, headers=headers)

    def protect(self, gate: str | None = GATE) -> None:
        assert self.ask("PUT", f"{self.alias}/protection", {"protected": True, "gate": gate}).status_code == 200

    def promote(self, version: int, key: str = "writer", **evidence: Any) -> Any:
        return self.ask("PUT", self.alias, {"version": version, **evidence}, key)

    def experiment(
        self,
        version: int | None,
        values: Sequence[Any],
        *,
        baseline: str | None = None,
        status: str = "completed",
        prompts: Any = None,
        data: str = "h",
    ) -> str:
        """An experiment with a version, `values` of correctness item by item, compared with a baseline."""
        dataset = {"hash": data, "item_count": len(values)}
        scorers = [{"name": "correctness", "direction": "higher"}]
        body = {"name": "e", "dataset": dataset, "scorers": scorers, "baseline_id": baseline}
        id: str = self.ask("POST", "/experiments", body).json()["id"]
        rows = [
            {"item_id": str(item), "status": "ok", "scores": [{"name": "correctness", "value": value}]}
            if value is not None
            else {"item_id": str(item), "status": "task_error", "scores": []}
            for item, value in enumerate(values)
        ]
        assert self.ask("POST", f"/experiments/{id}/rows", {"rows": rows}).status_code == 201
        used = [{"name": self.name, "version": version}] if prompts is None else prompts
        config = {"used": {"prompts": used}}
        assert self.ask("PUT", f"/experiments/{id}", {"status": status, "config": config}).status_code == 200
        return id


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, dict[str, str]]]:
    service = Service(tmp_path_factory.mktemp("promotion") / ".assay")
    keys = service.registry.keys
    made = {
        "admin": keys.create("admin", ["admin"])["key"],
        "writer": keys.create("writer", ["read", "write"])["key"],
        "owner": keys.create("owner", ["admin"], project="default")["key"],
    }
    app = create_app(service, allowed_hosts=frozenset(), keys_required=True)
    yield TestClient(app, base_url="http://testserver/api/v1", raise_server_exceptions=False), made
    service.close()


@pytest.fixture
def team(served: tuple[TestClient, dict[str, str]]) -> Team:
    return Team(*served)


@pytest.mark.parametrize("key", ["admin", "owner"])
def test_an_admin_moves_a_protected_alias(team: Team, key: str) -> None:
    assert team.promote(2, key).json() == {"alias": "production", "version": 2, "previous": 1}


def test_others_are_told_what_would_do(team: Team) -> None:
    answer = team.promote(2)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert GATE in answer.json()["error"]["message"]
    assert "compared with version 1" in answer.json()["error"]["hint"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("DELETE", "", None, id="remove"),
        pytest.param("POST", "/rollback", {}, id="roll-back"),
        pytest.param("PUT", "/protection", {"protected": False}, id="end-the-protection"),
        pytest.param("PUT", "/protection", {"gate": "correctness >= 0"}, id="soften-the-gate"),
    ],
)
def test_there_is_no_way_around(team: Team, method: str, path: str, body: Any) -> None:
    team.promote(2, "admin")
    assert team.ask(method, f"{team.alias}{path}", body, "writer").status_code == 403
    state = team.ask("GET", team.alias).json()
    assert (state["version"], state["protected"], state["gate"]) == (2, True, GATE)


def test_an_experiment_that_passed_the_gate_moves_it_and_stands_in_the_log(team: Team) -> None:
    baseline = team.experiment(1, OLD)
    candidate = team.experiment(2, BETTER, baseline=baseline)
    assert team.promote(2, experiment_id=candidate, reason="it won").status_code == 200
    evidence = team.ask("GET", team.alias).json()["items"][0]["evidence"]
    assert evidence["explanation"].startswith(
        "passed: correctness >= baseline - 0.02 (difference 0.3333, 95 % interval"
    )
    assert (evidence["experiment_id"], evidence["baseline_id"], evidence["verdict"]) == (candidate, baseline, "passed")
    assert (evidence["version"], evidence["baseline_version"], evidence["gate"]) == (2, 1, GATE)


def test_a_comparison_made_afterwards_does_as_well(team: Team) -> None:
    baseline, candidate = team.experiment(1, OLD), team.experiment(2, BETTER)
    comparison = {"baseline_id": baseline, "rows": []}
    assert team.promote(2, experiment_id=candidate).status_code == 403
    team.ask("POST", f"/experiments/{candidate}/comparisons", comparison)
    assert team.promote(2, experiment_id=candidate).status_code == 200


def test_what_a_client_says_of_its_comparison_counts_for_nothing(team: Team) -> None:
    baseline = team.experiment(1, OLD)
    candidate = team.experiment(2, WORSE, baseline=baseline)
    claimed = {"scorer": "correctness", "difference": 1.0, "ci_low": 1.0, "ci_high": 1.0, "confidence": 0.95}
    body = {"baseline_id": baseline, "rows": [claimed], "verdict": "improved: correctness"}
    assert team.ask("POST", f"/experiments/{candidate}/comparisons", body).status_code == 201
    answer = team.promote(2, experiment_id=candidate)
    assert answer.status_code == 403
    assert "is failed (failed: correctness >= baseline - 0.02 (difference -0.3333" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        pytest.param([1, 1, 0, 1], "not enough evidence", id="too-few-items"),
        pytest.param([None, None, *BETTER[2:20], *[None] * 40], "not enough evidence", id="too-many-failed"),
        pytest.param([], "not scored in both", id="no-rows"),
    ],
)
def test_too_little_evidence_is_none(team: Team, values: list[Any], told: str) -> None:
    baseline = team.experiment(1, OLD)
    answer = team.promote(2, experiment_id=team.experiment(2, values, baseline=baseline))
    assert answer.status_code == 403
    assert told in answer.json()["error"]["message"]


def test_a_gate_may_name_a_number_and_several_scorers(team: Team) -> None:
    team.protect("correctness >= baseline and correctness >= 0.9")
    baseline = team.experiment(1, OLD)
    assert team.promote(2, experiment_id=team.experiment(2, BETTER, baseline=baseline)).status_code == 200
    team.promote(1, "admin")
    team.protect("correctness >= baseline and toxicity <= baseline")
    answer = team.promote(2, experiment_id=team.experiment(2, BETTER, baseline=baseline))
    assert answer.status_code == 403
    assert "'toxicity', which was not scored" in answer.json()["error"]["message"]


def _other_version(team: Team, baseline: str) -> str:
    return team.experiment(3, BETTER, baseline=baseline)


def _several_versions(team: Team, baseline: str) -> str:
    prompts = [{"name": team.name, "version": version} for version in (1, 2)]
    return team.experiment(None, BETTER, baseline=baseline, prompts=prompts)


def _other_prompt(team: Team, baseline: str) -> str:
    return team.experiment(None, BETTER, baseline=baseline, prompts=[{"name": "other", "version": 2}])


def _nonsense(team: Team, baseline: str) -> str:
    return team.experiment(None, BETTER, baseline=baseline, prompts={"name": [None], "version": {}})


def _unfinished(team: Team, baseline: str) -> str:
    return team.experiment(2, BETTER, baseline=baseline, status="interrupted")


def _other_data(team: Team, baseline: str) -> str:
    return team.experiment(2, BETTER, baseline=baseline, data="other")


def _other_baseline(team: Team, baseline: str) -> str:
    return team.experiment(2, BETTER, baseline=team.experiment(3, OLD))


def _no_baseline(team: Team, baseline: str) -> str:
    return team.experiment(2, BETTER)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (_other_version, "run with team/qa-{n} 3, not with version 2"),
        (_several_versions, "run with team/qa-{n} 1, 2, not with version 2"),
        (_other_prompt, "run without team/qa-{n}, not with version 2"),
        (_nonsense, "run without team/qa-{n}"),
        (_unfinished, "is interrupted, not completed"),
        (_other_data, "not compared, over the same data, with a finished experiment of team/qa-{n} 1"),
        (_other_baseline, "not compared, over the same data, with a finished experiment of team/qa-{n} 1"),
        (_no_baseline, "not compared, over the same data, with a finished experiment of team/qa-{n} 1"),
    ],
)
def test_an_experiment_about_something_else_is_no_evidence(team: Team, made: Any, told: str) -> None:
    answer = team.promote(2, experiment_id=made(team, team.experiment(1, OLD)))
    assert answer.status_code == 403
    assert told.format(n=team.name.partition("-")[2]) in answer.json()["error"]["message"]


def test_evidence_is_used_up_when_the_alias_has_moved(team: Team) -> None:
    candidate = team.experiment(2, BETTER, baseline=team.experiment(1, OLD))
    team.promote(3, "admin")
    assert team.promote(2, experiment_id=candidate).status_code == 403


def test_an_experiment_of_another_project_is_not_found(team: Team) -> None:
    elsewhere = team.http.post(
        "/experiments",
        params={"project": "elsewhere"},
        json={"name": "e"},
        headers={"authorization": f"Bearer {team.keys['admin']}"},
    ).json()["id"]
    answers = [team.promote(2, experiment_id=id) for id in (elsewhere, "0" * 32, "nothing", "\x00")]
    assert {answer.status_code for answer in answers} == {404}


def test_an_alias_without_protection_keeps_the_evidence_too(team: Team) -> None:
    candidate = team.experiment(2, BETTER)
    path = f"/prompts/{team.name}/aliases/staging"
    assert team.ask("PUT", path, {"version": 2, "experiment_id": candidate}, "writer").status_code == 200
    assert team.ask("GET", path).json()["items"][0]["evidence"]["experiment_id"] == candidate
    answer = team.ask("PUT", path, {"version": 3, "experiment_id": candidate}, "writer")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


def test_two_kinds_of_evidence_at_once_and_tests_that_are_not_there_are_refused(team: Team) -> None:
    assert team.promote(2, experiment_id="a", ab_test="b").status_code == 400
    assert team.promote(2, ab_test="nothing").status_code == 404
