"""Aliases: the log of their moves, rollback, what they were at a time, and protection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assay.collector.registry import Actor, Registry
from assay.collector.registry.evidence import Evidence
from assay.collector.registry.prompt_aliases import Change
from assay.errors import ConfigurationError, Conflict, Forbidden, InvalidRequest, PromptNotFound

NOBODY = Change()
WRITER = Change(actor=Actor("key-1", "10.0.0.1"))
ADMIN = Change(actor=Actor("key-2", is_admin=True))
GATE = "correctness >= baseline - 0.02"


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """With three versions of `qa`."""
    for number in (1, 2, 3):
        registry.prompts.register("p", "qa", f"version {number}", "next")
    return registry


def point(registry: Registry, *versions: int, change: Change = NOBODY) -> None:
    for version in versions:
        registry.aliases.set("p", "qa", "production", version, change)


def where(registry: Registry) -> int | None:
    version: int | None = registry.aliases.state("p", "qa", "production")["version"]
    return version


def passed(**changes: Any) -> Evidence:
    told = {"version": 2, "baseline_version": 1, "baseline_id": "b", "gate": GATE, "verdict": "passed", **changes}
    return Evidence(kind="experiment", id="e", **told)


def test_a_move_tells_which_key_made_it_beside_the_name_that_was_given(registry: Registry) -> None:
    registry.aliases.set("p", "qa", "production", 1, Change(reason="first", author="ada", actor=WRITER.actor))
    [move] = registry.aliases.moves("p", "qa", "production").items
    assert (move["actor"], move["author"], move["reason"], move["evidence"]) == ("key-1", "ada", "first", None)


def test_a_rollback_takes_back_the_last_move_and_the_next_one_the_move_before(registry: Registry) -> None:
    point(registry, 1, 2, 3)
    change = Change(reason="it shouts", author="ada")
    assert registry.aliases.rollback("p", "qa", "production", change) == {
        "alias": "production",
        "version": 2,
        "previous": 3,
    }
    assert registry.aliases.rollback("p", "qa", "production")["version"] == 1
    moves = registry.aliases.moves("p", "qa", "production").items
    assert [(move["from_version"], move["to_version"]) for move in moves] == [(2, 1), (3, 2), (2, 3), (1, 2), (None, 1)]
    assert [move["undoes"] for move in moves] == [moves[3]["id"], moves[2]["id"], None, None, None]
    assert (moves[1]["reason"], moves[1]["author"]) == ("it shouts", "ada")


def test_a_move_after_a_rollback_can_be_taken_back_as_well(registry: Registry) -> None:
    point(registry, 1, 2)
    registry.aliases.rollback("p", "qa", "production")
    point(registry, 3)
    assert registry.aliases.rollback("p", "qa", "production")["version"] == 1


def test_removing_an_alias_can_be_taken_back(registry: Registry) -> None:
    point(registry, 1)
    registry.aliases.delete("p", "qa", "production")
    assert registry.aliases.rollback("p", "qa", "production") == {"alias": "production", "version": 1, "previous": None}


@pytest.mark.parametrize(("versions", "words"), [((), "no alias 'production'"), ((1,), "nowhere else before")])
def test_where_nothing_was_before_there_is_nothing_to_roll_back_to(
    registry: Registry, versions: tuple[int], words: str
) -> None:
    point(registry, *versions)
    with pytest.raises(Conflict, match=words):
        registry.aliases.rollback("p", "qa", "production")


def test_a_rollback_that_says_where_the_alias_is_goes_back_once(registry: Registry) -> None:
    point(registry, 1, 2, 3)
    registry.aliases.rollback("p", "qa", "production", from_version=3)
    with pytest.raises(Conflict, match="at version 2, not 3"):
        registry.aliases.rollback("p", "qa", "production", from_version=3)
    assert where(registry) == 2


@pytest.mark.parametrize(
    ("seconds", "version"), [(-1, None), (0, 1), (1, 2), (2, None), (3, 3), (1_000_000, 3)]
)  # the clock counts seconds
def test_what_an_alias_was_at_a_time(registry: Registry, seconds: int, version: int | None) -> None:
    point(registry, 1, 2)
    registry.aliases.delete("p", "qa", "production")
    point(registry, 3)
    first = datetime.fromisoformat(registry.aliases.moves("p", "qa", "production").items[-1]["moved_at"])
    found = registry.aliases.at("p", "qa", "production", first + timedelta(seconds=seconds))
    assert found["version"] == version
    assert (found["move"] is None) is (seconds < 0)
    assert found["at"] == (first + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_the_move_that_put_an_alias_there_is_told_with_it(registry: Registry) -> None:
    point(registry, 1, change=Change(reason="first release", author="ada"))
    found = registry.aliases.at("p", "qa", "production", datetime(2027, 1, 1, tzinfo=UTC))
    assert (found["move"]["author"], found["move"]["reason"]) == ("ada", "first release")


def test_moves_come_in_pages(registry: Registry) -> None:
    point(registry, 1, 2, 3)
    page = registry.aliases.moves("p", "qa", "production", limit=2)
    rest = registry.aliases.moves("p", "qa", "production", limit=2, cursor=page.next_cursor)
    assert [[move["to_version"] for move in found.items] for found in (page, rest)] == [[3, 2], [1]]
    assert rest.next_cursor is None


@pytest.mark.parametrize("gate", [None, GATE])
def test_a_protected_alias_is_moved_by_admins_alone(registry: Registry, gate: str | None) -> None:
    point(registry, 1, 2)
    registry.aliases.protect("p", "qa", "production", ADMIN, gate=gate)
    aliases = registry.aliases
    for refused in (
        lambda: aliases.set("p", "qa", "production", 3, WRITER),
        lambda: aliases.delete("p", "qa", "production", WRITER),
        lambda: aliases.rollback("p", "qa", "production", WRITER),
    ):
        with pytest.raises(Forbidden, match=r"protected.*admin"):
            refused()
    assert where(registry) == 2
    point(registry, 3, change=ADMIN)
    assert where(registry) == 3


def test_what_was_refused_is_in_the_audit_log(registry: Registry) -> None:
    registry.aliases.protect("p", "qa", "production", ADMIN)
    with pytest.raises(Forbidden):
        registry.aliases.set("p", "qa", "production", 3, Change(reason="quick", actor=WRITER.actor))
    entry = registry.audit.page("p").items[0]
    assert (entry["action"], entry["result"], entry["actor"], entry["object"]) == (
        "prompt.alias.refuse",
        "refused",
        "key-1",
        "qa",
    )
    assert (entry["detail"]["alias"], entry["detail"]["reason"]) == ("production", "quick")


def test_other_aliases_and_other_prompts_move_freely(registry: Registry) -> None:
    registry.prompts.register("p", "other", "x", "first")
    registry.aliases.protect("p", "qa", "production", ADMIN)
    assert registry.aliases.set("p", "qa", "staging", 1, WRITER)["version"] == 1
    assert registry.aliases.set("p", "other", "production", 1, WRITER)["version"] == 1


def test_setting_a_protected_alias_to_where_it_is_changes_nothing_and_is_allowed(registry: Registry) -> None:
    point(registry, 1)
    registry.aliases.protect("p", "qa", "production", ADMIN)
    assert registry.aliases.set("p", "qa", "production", 1, WRITER)["previous"] == 1


def test_evidence_that_passed_moves_a_protected_alias_and_is_kept_with_the_move(registry: Registry) -> None:
    point(registry, 1)
    registry.aliases.protect("p", "qa", "production", ADMIN, gate=GATE)
    registry.aliases.set("p", "qa", "production", 2, WRITER, evidence=passed(explanation="passed: ..."))
    [move, _] = registry.aliases.moves("p", "qa", "production").items
    assert move["evidence"] == {
        "experiment_id": "e",
        "version": 2,
        "baseline_version": 1,
        "baseline_id": "b",
        "gate": GATE,
        "verdict": "passed",
        "explanation": "passed: ...",
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"verdict": "failed", "explanation": "-0.1"}, r"is failed \(-0.1\)", id="failed"),
        pytest.param({"verdict": "not enough evidence"}, "there is not enough evidence for the gate", id="too-few"),
        pytest.param({"verdict": None}, "not decided", id="not-decided"),
        pytest.param({"problem": "Experiment e was run without qa."}, "without qa", id="about-something-else"),
        pytest.param({"version": 3}, "not enough to move it", id="another-version"),
        pytest.param({"baseline_version": 3}, "not enough to move it", id="compared-with-another-version"),
        pytest.param({"baseline_version": None}, "not enough to move it", id="compared-with-nothing"),
        pytest.param({"gate": "correctness >= 0"}, "not enough to move it", id="another-gate"),
    ],
)
def test_evidence_that_will_not_do_is_refused(registry: Registry, changes: dict[str, Any], message: str) -> None:
    point(registry, 1)
    registry.aliases.protect("p", "qa", "production", ADMIN, gate=GATE)
    with pytest.raises(Forbidden, match=message):
        registry.aliases.set("p", "qa", "production", 2, WRITER, evidence=passed(**changes))
    assert where(registry) == 1


def test_no_evidence_moves_an_alias_that_only_admins_may_move(registry: Registry) -> None:
    point(registry, 1)
    registry.aliases.protect("p", "qa", "production", ADMIN)
    with pytest.raises(Forbidden, match="only an admin"):
        registry.aliases.set("p", "qa", "production", 2, WRITER, evidence=passed(gate=None))


def test_no_evidence_sets_a_protected_alias_that_points_nowhere(registry: Registry) -> None:
    registry.aliases.protect("p", "qa", "production", ADMIN, gate=GATE)
    with pytest.raises(Forbidden):
        registry.aliases.set("p", "qa", "production", 2, WRITER, evidence=passed(baseline_version=None))


def test_evidence_about_something_else_is_not_put_down_for_anybody(registry: Registry) -> None:
    point(registry, 1)
    with pytest.raises(InvalidRequest, match="without qa"):
        registry.aliases.set("p", "qa", "production", 2, ADMIN, evidence=passed(problem="It was run without qa."))


def test_protection_is_an_admins_to_give_and_to_end(registry: Registry) -> None:
    for protected in (True, False):
        with pytest.raises(Forbidden, match="an admin's to change"):
            registry.aliases.protect("p", "qa", "production", WRITER, protected=protected)
    registry.aliases.protect("p", "qa", "production", ADMIN, gate=GATE)
    state = registry.aliases.protect("p", "qa", "production", ADMIN)
    assert (state["protected"], state["gate"], state["version"]) == (True, None, None)
    assert registry.aliases.protect("p", "qa", "production", ADMIN, protected=False)["protected"] is False
    assert registry.aliases.set("p", "qa", "production", 1, WRITER)["version"] == 1
    actions = [entry["action"] for entry in registry.audit.page("p", action="prompt.alias").items]
    assert actions[:4] == ["prompt.alias.set", "prompt.alias.unprotect", "prompt.alias.protect", "prompt.alias.protect"]


def test_protecting_again_changes_nothing(registry: Registry) -> None:
    registry.aliases.protect("p", "qa", "production", ADMIN, gate=GATE)
    revision = registry.revision
    registry.aliases.protect("p", "qa", "production", ADMIN, gate=GATE)
    assert registry.revision == revision


@pytest.mark.parametrize(
    ("options", "error"),
    [
        pytest.param({"gate": "correctness"}, ConfigurationError, id="no-gate"),
        pytest.param({"gate": ""}, ConfigurationError, id="empty-gate"),
        pytest.param({"gate": GATE, "protected": False}, InvalidRequest, id="gate-without-protection"),
    ],
)
def test_a_gate_that_could_not_be_decided_is_refused(
    registry: Registry, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        registry.aliases.protect("p", "qa", "production", ADMIN, **options)
    assert registry.aliases.states("p", "qa") == []


def test_every_alias_is_listed_with_its_protection(registry: Registry) -> None:
    registry.aliases.set("p", "qa", "staging", 3)
    registry.aliases.protect("p", "qa", "production", ADMIN, gate=GATE)
    states = [(s["alias"], s["version"], s["protected"], s["gate"]) for s in registry.aliases.states("p", "qa")]
    assert states == [("production", None, True, GATE), ("staging", 3, False, None)]


@pytest.mark.parametrize("change", [Change(reason="\ud800"), Change(author="\udfff")])
def test_words_that_cannot_be_kept_are_refused(registry: Registry, change: Change) -> None:
    with pytest.raises(InvalidRequest):
        registry.aliases.set("p", "qa", "production", 1, change)


@pytest.mark.parametrize("what", ["state", "states", "moves", "rollback", "protect"])
def test_an_alias_of_no_prompt_is_not_found(registry: Registry, what: str) -> None:
    arguments = ["p", "nothing"] if what == "states" else ["p", "nothing", "production"]
    with pytest.raises(PromptNotFound, match="no prompt 'nothing'"):
        getattr(registry.aliases, what)(*arguments)


@pytest.mark.parametrize(
    ("alias", "error"), [("produciton", PromptNotFound), ("latest", InvalidRequest), ("a b", InvalidRequest)]
)
def test_a_slip_of_the_pen_is_told_from_an_alias_that_points_nowhere(
    registry: Registry, alias: str, error: type[Exception]
) -> None:
    point(registry, 1)
    with pytest.raises(error):
        registry.aliases.moves("p", "qa", alias)
    with pytest.raises(error):
        registry.aliases.at("p", "qa", alias, datetime(2026, 10, 15, tzinfo=UTC))
