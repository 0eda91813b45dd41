"""How an A/B test ends: the alias it moves, what protects that, what is kept; and what people with SQL see."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from starlette.testclient import TestClient

from assay.collector.ab_service import as_decided
from assay.collector.app import create_app
from assay.collector.service import Service
from assay.prompts.ab_report import AbReport
from support.queried import SECOND, span, store_spans

numbers = count(1)
LATER = 1_900_000_000 * SECOND  # behind any clock that made a test


class Team:
    """A prompt with two versions, `production` on the first; a test of both; keys of a writer and of an admin."""

    def __init__(self, http: TestClient, service: Service, keys: dict[str, str]) -> None:
        self.http, self.service, self.keys = http, service, keys
        self.number = next(numbers)
        self.prompt, self.name = f"qa-{self.number}", f"test-{self.number}"
        for template in ("one", "two"):
            self.ask("POST", "/prompts", {"name": self.prompt, "template": template, "commit_message": "next"})
        self.ask("PUT", f"/prompts/{self.prompt}/aliases/production", {"version": 1})
        arms = {"control": f"prompts:/{self.prompt}/1", "short": f"prompts:/{self.prompt}/2"}
        self.ask("POST", "/ab-tests", {"name": self.name, "arms": arms, "primary": "error_rate", "min_days": 0})

    def ask(self, method: str, path: str, body: Any = None, key: str = "admin", **params: str) -> Any:
        headers = {"authorization": f"Bearer {self.keys[key]}"}
        return self.http.request(method, path, json=body, headers=headers, params=params)

    def protect(self, gate: str | None) -> None:
        path = f"/prompts/{self.prompt}/aliases/production/protection"
        assert self.ask("PUT", path, {"protected": True, "gate": gate}).status_code == 200

    def observe(self, units: int, *, failing: str) -> None:
        """Units in equal shares; those of one arm fail half of the time."""
        spans = []
        for number in range(units):
            arm = ("control", "short")[number % 2]
            failed = arm == failing and number % 4 < 2
            attributes = {"assay.ab_test.unit": f"u{number}", "assay.ab_test.phase": 1, "assay.ab_test.weight": 0.5}
            spans.append(
                span(
                    self.number * 10_000 + number,
                    1,
                    start=LATER + number,
                    project="p",
                    status="error" if failed else "ok",
                    ab_test=self.name,
                    ab_arm=arm,
                    attributes=attributes,
                )
            )
        store_spans(self.service, spans)

    def stop(self, key: str = "writer", **said: Any) -> Any:
        return self.ask("POST", f"/ab-tests/{self.name}/stop", {"promote": "short", **said}, key)

    def production(self) -> int:
        version: int = self.ask("GET", f"/prompts/{self.prompt}/aliases/production").json()["version"]
        return version

    def status(self) -> str:
        status: str = self.ask("GET", f"/ab-tests/{self.name}").json()["status"]
        return status


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    opened = Service(tmp_path_factory.mktemp("ab_stop") / ".assay")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def http(service: Service) -> Iterator[TestClient]:
    app = create_app(service, allowed_hosts=frozenset({"testserver"}), keys_required=True)
    with TestClient(app, base_url="http://testserver/api/v1", raise_server_exceptions=False) as client:
        client.params = {"project": "p"}
        yield client


@pytest.fixture(scope="module")
def keys(service: Service) -> dict[str, str]:
    scopes = {"reader": ["read"], "writer": ["read", "write"], "admin": ["read", "write", "admin"]}
    return {name: service.registry.keys.create(name, of)["key"] for name, of in scopes.items()}


@pytest.fixture
def team(http: TestClient, service: Service, keys: dict[str, str]) -> Team:
    return Team(http, service, keys)


def test_stopping_moves_the_alias_and_keeps_what_was_known(team: Team) -> None:
    team.observe(40, failing="control")
    test = team.stop(reason="fewer failures").json()
    assert (team.production(), test["status"], test["promoted"]) == (2, "stopped", "short")
    decision = test["decisions"][-1]
    assert decision["detail"] == {"prompt": team.prompt, "from": 1, "to": 2}
    assert decision["reason"] == "fewer failures"
    assert decision["report"]["counts"]["units"] == 40
    assert decision["data_hash"] == decision["report"]["data_hash"]
    report = team.ask("GET", f"/ab-tests/{team.name}/report").json()
    assert report["data_hash"] == decision["data_hash"]
    known, told = decision["report"]["decision"], report["decision"]
    done = f"Stopped on {decision['at'][:10]}; short was promoted. Known then: {known['words']}"
    assert told == known | {"words": done}
    lines = str(AbReport(report)).splitlines()
    assert lines[2].startswith("Stopped on ")
    assert not any(line.startswith(f"{known['state']}:") for line in lines)


def test_a_test_that_was_stopped_without_a_report_says_so() -> None:
    stop = {"action": "stop", "at": "2026-11-22T01:00:00Z", "arm": None, "report": {"unavailable": "busy"}}
    now = {"state": "continue", "arm": None, "words": "Go on.", "reasons": []}
    words = "Stopped on 2026-11-22; nothing was promoted. No report could be made then. Known now: Go on."
    assert as_decided({"decisions": [stop]}, now) == now | {"words": words}
    assert as_decided({"decisions": [{"action": "start"}]}, now) == now


def test_exposures_to_arms_and_phases_that_never_were_are_counted_and_left_out(team: Team) -> None:
    team.observe(10, failing="short")
    wrong = [("shrot", 1), ("short", 9), ("", 1), ("short", "one"), (None, None)]
    for number, (arm, phase) in enumerate(wrong, 5_000):
        attributes = {"assay.ab_test.unit": f"u{number}"} | ({} if phase is None else {"assay.ab_test.phase": phase})
        link = {"ab_test": team.name, "ab_arm": arm, "attributes": attributes}
        store_spans(team.service, [span(team.number * 10_000 + number, 1, start=LATER, project="p", **link)])
    report = team.ask("GET", f"/ab-tests/{team.name}/report").json()
    assert (report["counts"]["units"], report["counts"]["unknown"]) == (10, 5)
    assert {arm["arm"]: arm["units"] for arm in report["arms"]} == {"control": 5, "short": 5}


def test_stopping_twice_is_stopping_once_and_another_outcome_is_a_conflict(team: Team) -> None:
    first = team.stop().json()
    team.ask("PUT", f"/prompts/{team.prompt}/aliases/production", {"version": 1})
    assert team.stop().json() == first
    assert team.production() == 1  # who moved it since knows why
    assert team.stop(promote="control").status_code == 409


def test_a_stopped_test_changes_no_more(team: Team) -> None:
    team.stop(promote=None)
    assert team.production() == 1
    assert team.ask("PUT", f"/ab-tests/{team.name}/coverage", {"coverage": 0.5}).status_code == 409
    found = team.ask("GET", f"/ab-tests/{team.name}/assign", unit="ada").json()
    assert (found["arm"], found["covered"]) == ("control", False)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        pytest.param({"promote": "nobody"}, 400, id="no-arm"),
        pytest.param({"alias": "latest"}, 400, id="no-alias"),
    ],
)
def test_a_stop_that_cannot_be_done_leaves_the_test_running(team: Team, said: dict[str, Any], status: int) -> None:
    assert team.stop(**said).status_code == status
    assert (team.status(), team.production()) == ("running", 1)


def test_another_alias_or_none_can_be_moved(team: Team) -> None:
    team.stop(alias="champion")
    assert team.production() == 1
    assert team.ask("GET", f"/prompts/{team.prompt}/aliases/champion").json()["version"] == 2
    other = Team(team.http, team.service, team.keys)
    assert other.stop(alias=None).json()["decisions"][-1]["detail"] == {}
    assert other.production() == 1


def test_a_protected_alias_moves_when_the_test_passes_its_gate(team: Team) -> None:
    team.protect("error_rate <= baseline + 0.05")
    team.observe(600, failing="control")
    assert team.stop().status_code == 200
    assert team.production() == 2


def test_a_protected_alias_stays_where_the_test_does_not_pass_and_the_test_goes_on(team: Team) -> None:
    team.protect("error_rate <= baseline + 0.05")
    team.observe(600, failing="short")
    refused = team.stop()
    assert (refused.status_code, team.production(), team.status()) == (403, 1, "running")
    assert "not enough to move it" in refused.text


def test_without_a_gate_only_an_admin_ends_a_test_onto_a_protected_alias(team: Team) -> None:
    team.protect(None)
    assert (team.stop().status_code, team.status()) == (403, "running")
    assert team.stop("admin").status_code == 200
    assert team.production() == 2


def test_keys_that_only_read_can_look_but_change_nothing(team: Team) -> None:
    assert team.ask("GET", f"/ab-tests/{team.name}/report", key="reader").status_code == 200
    assert team.stop("reader").status_code == 403
    assert team.ask("PUT", f"/ab-tests/{team.name}/coverage", {"coverage": 0.5}, "reader").status_code == 403


def test_sql_and_the_file_tell_of_tests_and_exposures(team: Team, service: Service) -> None:
    team.observe(8, failing="short")
    of_each = "SELECT arm, count(*), min(phase), min(unit) FROM exposures"
    asked = f"{of_each} WHERE ab_test = '{team.name}' GROUP BY arm ORDER BY arm"
    expected = [["control", 4, 1, "u0"], ["short", 4, 1, "u1"]]
    assert service.sql(asked, project="p", limit=10)["rows"] == expected
    tests = service.sql(f"SELECT status, weights FROM ab_tests WHERE name = '{team.name}'", project="p", limit=10)
    assert tests["rows"] == [["running", {"control": 0.5, "short": 0.5}]]
    with service.store.read() as db:
        assert [list(row) for row in db.execute(asked).fetchall()] == expected
