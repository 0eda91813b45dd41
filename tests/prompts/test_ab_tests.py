"""A/B tests from a program's side: placed without asking anybody, recorded on the trace, followed through phases."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.client import reset_client
from assay.collector.server import Server
from assay.errors import AbTestNotFound, CollectorUnavailable, ConfigurationError, Conflict, InvalidRequest
from assay.prompts import AbTest, ab_loading
from assay.prompts.assignment import place
from assay.settings import configure
from support.spans import Caught, catch_spans

ARMS = {"control": "prompts:/qa/1", "short": "prompts:/qa/2"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One collector for all; tests have names of their own."""
    started = Server(data_dir=tmp_path_factory.mktemp("ab") / ".assay")
    started.start()
    prompts = started.service.registry.prompts
    prompts.register("test", "qa", "Answer: {{q}}", "first", config={"temperature": 0})
    prompts.register("test", "qa", "Short: {{q}}", "second")
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def _fresh(server: Server) -> Iterator[None]:
    configure(endpoint=server.url, project="test", timeout_s=60.0)
    yield
    ab_loading.forget_definitions()
    ab_loading._places.clear()
    reset_client()


@pytest.fixture
def spans(_fresh: None) -> Iterator[Caught]:
    with catch_spans() as caught:
        yield caught


@pytest.fixture
def test(request: pytest.FixtureRequest) -> AbTest:
    return assay.create_ab_test(request.node.originalname, ARMS, primary="scores.helpful")


def units(test: AbTest, arm: str, count: int) -> list[str]:
    """Units of one arm, by the rule."""
    found = (f"user-{number}" for number in range(1000))
    return [unit for unit in found if test.assign(unit).arm == arm][:count]


def exposures(spans: Caught) -> list[dict[str, Any]]:
    return [dict(s.attributes) for s in spans.all() if s.attributes and "assay.ab_test.unit" in s.attributes]


def test_a_unit_is_placed_by_the_documented_rule(test: AbTest) -> None:
    salt = test.definition()["salt"]
    for unit in ("ada", "ben", 7, "größe"):
        expected = place(unit, salt=salt, test=test.name, coverage=1.0, weights={"control": 0.5, "short": 0.5})
        assert test.assign(unit).arm == expected.arm
        assert test.prompt(unit).uri == ARMS[expected.arm]
    assert test.assign(7).unit == "7"


def test_the_first_use_in_a_trace_is_recorded_with_all_there_is_to_say(test: AbTest, spans: Caught) -> None:
    [ada] = units(test, "short", 1)
    with assay.start_span("request"):
        test.prompt(ada)
        test.prompt(ada).format(q="why")
    attributes = spans.attributes("request")
    assert {name: value for name, value in attributes.items() if name.startswith("assay.ab_test.")} == {
        "assay.ab_test.name": test.name,
        "assay.ab_test.arm": "short",
        "assay.ab_test.phase": 1,
        "assay.ab_test.unit": ada,
        "assay.ab_test.weight": 0.5,
        "assay.ab_test.salt_version": 1,
    }
    assert (attributes["gen_ai.prompt.name"], attributes["gen_ai.prompt.version"]) == ("qa", 2)


def test_later_spans_of_the_trace_carry_test_and_arm_but_no_second_exposure(test: AbTest, spans: Caught) -> None:
    [ada] = units(test, "short", 1)
    with assay.start_span("request"):
        with assay.start_span("before"):
            pass
        with assay.start_span("answer"):
            test.prompt(ada)
            with assay.start_span("below"):
                test.prompt(ada)
        with assay.start_span("after"):
            pass
    arms = {span.name: (span.attributes or {}).get("assay.ab_test.arm") for span in spans.all()}
    assert arms == {"before": None, "below": "short", "answer": "short", "after": "short", "request": None}
    assert len(exposures(spans)) == 1


def test_two_units_of_one_trace_are_two_exposures(test: AbTest, spans: Caught) -> None:
    [ada], [ben] = units(test, "short", 1), units(test, "control", 1)
    with assay.start_span("batch"):
        test.prompt(ada)
        test.prompt(ben)
        with assay.start_span("later"):
            pass
    assert {(each["assay.ab_test.unit"], each["assay.ab_test.arm"]) for each in exposures(spans)} == {
        (ada, "short"),
        (ben, "control"),
    }
    assert spans.attributes("later")["assay.ab_test.arm"] == "control"


def test_two_tests_on_one_span_are_both_recorded(test: AbTest, spans: Caught) -> None:
    other = assay.create_ab_test(f"{test.name}-2", ARMS, primary="error_rate")
    with assay.start_span("request"):
        test.prompt("ada")
        other.prompt("ada")
    found = {each["assay.ab_test.name"] for each in exposures(spans)}
    assert found == {test.name, other.name}
    assert {span.name for span in spans.all()} == {"request", f"ab_test {other.name}"}


def test_outside_of_a_trace_the_prompt_is_served_and_a_warning_is_logged_once(
    test: AbTest, spans: Caught, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="assay.prompts"):
        for _ in range(3):
            assert test.prompt("ada").name == "qa"
    assert len([record for record in caplog.records if "outside of any trace" in record.message]) == 1
    assert spans.all() == []


def test_who_is_not_covered_gets_the_baseline_and_is_not_recorded(spans: Caught, request: Any) -> None:
    test = assay.create_ab_test(request.node.name, ARMS, primary="scores.helpful", coverage=0.0)
    with assay.start_span("request"):
        assert {test.prompt(f"u{number}").version for number in range(20)} == {1}
    assert exposures(spans) == []
    assert not test.assign("ada").covered


def test_a_unit_that_redaction_would_change_is_recorded_under_a_pseudonym(test: AbTest) -> None:
    with catch_spans(redact="email") as spans:
        for unit in ("ada@example.com", "ben@example.com", "plain", "x" * 300):
            with assay.start_span("request"):
                test.prompt(unit)
        recorded = [each["assay.ab_test.unit"] for each in exposures(spans)]
    assert len(set(recorded)) == 4
    assert [unit.startswith("sha256:") for unit in recorded] == [True, True, False, True]
    assert "example" not in str(recorded)


@pytest.mark.parametrize("unit", [None, "", True, 1.5])
def test_what_can_be_no_unit_is_refused_and_nothing_recorded(test: AbTest, spans: Caught, unit: Any) -> None:
    with assay.start_span("request"), pytest.raises(ConfigurationError, match="unit"):
        test.prompt(unit)
    assert exposures(spans) == []


def test_ramping_is_seen_at_once_here_and_moves_nobody(request: Any) -> None:
    test = assay.create_ab_test(request.node.name, ARMS, primary="scores.helpful", coverage=0.1)
    before = {number: test.assign(number) for number in range(500)}
    test.ramp(coverage=0.5, reason="fine so far")
    after = {number: test.assign(number) for number in range(500)}
    assert (test.coverage, test.phase) == (0.5, 1)
    assert all(after[n].covered and after[n].arm == placed.arm for n, placed in before.items() if placed.covered)
    assert 150 < sum(placed.covered for placed in after.values()) < 350


def test_units_that_were_shown_an_arm_keep_it_in_the_next_phase(test: AbTest, spans: Caught) -> None:
    seen = units(test, "control", 20)
    with assay.start_span("request"):
        for unit in seen:
            test.prompt(unit)
    test.set_weights({"control": 0.01, "short": 0.99})
    assert test.phase == 2
    assert {(test.assign(unit).arm, test.assign(unit).phase) for unit in seen} == {("control", 1)}
    new = [test.assign(f"new-{number}") for number in range(200)]
    assert sum(placed.arm == "short" for placed in new) > 180
    assert {placed.phase for placed in new} == {2}


def test_another_process_learns_of_first_exposures_from_the_collector(test: AbTest) -> None:
    [ada] = units(test, "control", 1)
    with assay.start_span("request"):
        test.prompt(ada)
    assert assay.flush()
    test.set_weights({"control": 0.0001, "short": 0.9999})
    ab_loading.forget_definitions()
    ab_loading._remembered._arms.clear()  # as in a process that has just begun
    assert assay.ab_test(test.name).assign(ada).arm == "control"


def test_configs_lie_over_those_of_their_prompts(request: Any) -> None:
    arms = {
        "control": "prompts:/qa/1",
        "warm": {"prompt": "prompts:/qa/1", "config": {"temperature": 1}},
        "other": {"config": {"model": "m"}},
    }
    test = assay.create_ab_test(request.node.name, arms, primary="scores.helpful", salt="s")
    [control], [warm], [other] = (units(test, arm, 1) for arm in arms)
    assert (test.config(control), test.config(warm), test.config(other)) == (
        {"temperature": 0},
        {"temperature": 1},
        {"model": "m"},
    )
    assert test.prompt(warm).config == {"temperature": 1}
    assert test.prompt(control).config == {"temperature": 0}
    with pytest.raises(ConfigurationError, match=r"test\.config"):
        test.prompt(other)


def test_a_loaded_test_goes_on_while_the_collector_is_away(test: AbTest) -> None:
    loaded = assay.ab_test(test.name)
    before = [loaded.assign(number).arm for number in range(50)]
    with pytest.MonkeyPatch.context() as away:
        away.setattr("assay.client.Client.request", _nobody_answers)
        cached = assay.ab_test(test.name, cache_ttl=0.0)
        assert [cached.prompt(number).uri for number in range(50)] == [ARMS[arm] for arm in before]
        with pytest.raises(CollectorUnavailable):
            assay.ab_test("never loaded")
        assert assay.ab_test("never loaded", fallback="Hi {{q}}").prompt("ada").format(q="x") == "Hi x"


def test_a_program_that_starts_while_the_collector_is_away_has_its_copy(test: AbTest, tmp_path: Path) -> None:
    expected = [test.assign(number).arm for number in range(50)]
    ab_loading.forget_definitions()
    with pytest.MonkeyPatch.context() as away:
        away.setattr("assay.client.Client.request", _nobody_answers)
        again = assay.ab_test(test.name)
        assert [again.assign(number).arm for number in range(50)] == expected
        assert again.prompt("ada").name == "qa"
    assert [path.parent.name for path in tmp_path.rglob("*.prompt.json")] == ["ab_cache"]


def test_a_test_that_is_not_there_is_told() -> None:
    with pytest.raises(AbTestNotFound, match="nope"):
        assay.ab_test("nope")


def test_what_is_declared_otherwise_is_refused(test: AbTest) -> None:
    assert assay.create_ab_test(test.name, ARMS, primary="scores.helpful").phase == 1
    with pytest.raises(Conflict, match="primary"):
        assay.create_ab_test(test.name, ARMS, primary="error_rate")
    with pytest.raises(InvalidRequest, match="has no weight"):
        test.set_weights({"control": 1})


def test_tests_are_listed_with_how_they_stand(test: AbTest) -> None:
    [found] = [each for each in assay.list_ab_tests("running") if each.name == test.name]
    assert (found.status, found.phase, found.coverage, found.primary) == ("running", 1, 1.0, "scores.helpful")
    assert json.dumps(found.weights) == '{"control": 0.5, "short": 0.5}'


def _nobody_answers(*args: Any, **kwargs: Any) -> Any:
    raise CollectorUnavailable("Nobody answers.")
