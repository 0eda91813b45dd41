"""The report of an A/B test: what may be said, when, and what must be in order before."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ConfigurationError
from assay.evaluation.ab.report import Design, Metric, Report, UnitOutcome, analyse, parse_guardrail

START = datetime(2026, 11, 1, tzinfo=UTC)
HELPFUL = Metric(name="helpful", kind="binary", role="primary")
COST = Metric(
    name="cost", kind="capped", high=0.05, higher_is_better=False, role="guardrail", margin=0.1, relative=True
)
ERROR = Metric(name="error", kind="binary", higher_is_better=False, role="guardrail", margin=0.02)
LIKERT = Metric(name="tone", kind="bounded", low=1, high=5)
Values = Callable[[str, np.random.Generator], dict[str, float | None]]


def design(*metrics: Metric, arms: Sequence[str] = ("control", "short"), **changes: Any) -> Design:
    even = {arm: 1 / len(arms) for arm in arms}
    declared = {"name": "qa-tone", "arms": arms, "phases": {1: even}, "metrics": metrics, "started_at": START}
    return Design(**(declared | changes))


def rates(**rate: float) -> Values:
    """Helpful at a rate by arm."""
    return lambda arm, rng: {"helpful": float(rng.random() < rate[arm])}


def units(test: Design, n: int, values: Values, *, seed: int = 0, phase: int = 1, skew: float = 0) -> list[UnitOutcome]:
    rng = np.random.default_rng(seed)
    shares = np.array(list(test.weights(phase).values())) + np.array([skew, -skew, *[0.0] * (len(test.arms) - 2)])
    drawn = [test.arms[number] for number in rng.choice(len(test.arms), n, p=shares)]
    return [
        UnitOutcome(
            unit=f"user-{phase}-{i}",
            phase=phase,
            arm=arm,
            exposed_at=START + timedelta(days=10 * (phase - 1), minutes=i),
            values=values(arm, rng),
        )
        for i, arm in enumerate(drawn)
    ]


def report(test: Design, seen: list[UnitOutcome], *, days: float = 8) -> Report:
    return analyse(test, seen, START + timedelta(days=days))


def state(found: Report, check: str) -> str:
    return next(each.state for each in found.health.checks if each.name == check)


@pytest.fixture(scope="module")
def better() -> tuple[Design, list[UnitOutcome]]:
    test = design(HELPFUL, COST, ERROR, LIKERT, min_units=500)

    def values(arm: str, rng: np.random.Generator) -> dict[str, float | None]:
        return {
            "helpful": float(rng.random() < (0.7 if arm == "short" else 0.5)),
            "cost": float(rng.lognormal(-5, 0.5)) * (0.8 if arm == "short" else 1),
            "error": float(rng.random() < 0.01),
            "tone": float(rng.integers(1, 6)) if rng.random() < 0.5 else None,
        }

    return test, units(test, 3_000, values)


def test_an_arm_that_is_better_within_its_guardrails_ships(better: tuple[Design, list[UnitOutcome]]) -> None:
    found = report(*better)
    assert (found.decision.state, found.decision.arm) == ("ship", "short")
    assert [effect.verdict for effect in found.effects] == ["better", "held", "held", "no verdict yet"]
    assert "mean of min(cost, 0.05)" in found.effects[1].words
    tone = found.arms[0].metrics["tone"]
    assert tone.n + tone.missing == found.arms[0].closed


def test_a_report_is_the_same_for_every_order_of_the_units(better: tuple[Design, list[UnitOutcome]]) -> None:
    test, seen = better
    shuffled = [seen[i] for i in np.random.default_rng(1).permutation(len(seen))]
    assert report(test, shuffled) == report(test, seen)


def test_the_hash_changes_with_the_data_and_with_the_design(better: tuple[Design, list[UnitOutcome]]) -> None:
    test, seen = better
    few = seen[:50]
    other = [dataclasses.replace(few[0], values=few[0].values | {"cost": 0.04}), *few[1:]]
    declared = dataclasses.replace(test, alpha=0.01)
    stopped = dataclasses.replace(test, status="stopped")
    assert report(stopped, few).data_hash == report(test, few).data_hash
    hashes = {report(t, u).data_hash for t, u in ((test, few), (test, other), (declared, few), (test, few[::-1]))}
    assert len(hashes) == 3


def test_a_report_is_plain_json(better: tuple[Design, list[UnitOutcome]]) -> None:
    for found in (report(*better), report(better[0], [])):
        data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert set(data) == {"at", "status", "health", "arms", "effects", "decision", "counts", "data_hash"}


@pytest.mark.parametrize(
    ("changes", "days", "reason"),
    [
        pytest.param({"min_units": 5_000}, 8, "of 5,000", id="sample"),
        pytest.param({}, 6.5, "6.5 of 7 days", id="a full week"),
        pytest.param(
            {"metrics": (HELPFUL, dataclasses.replace(ERROR, margin=0.0))},
            8,
            "not proven yet: error <= +0.00pp",
            id="guardrail",
        ),
    ],
)
def test_an_arm_does_not_ship_before_everything_is_there(
    better: tuple[Design, list[UnitOutcome]], changes: dict[str, Any], days: float, reason: str
) -> None:
    found = report(dataclasses.replace(better[0], **changes), better[1], days=days)
    assert found.decision.state == "continue"
    assert any(reason in each for each in found.decision.reasons)


def test_harm_stops_an_arm_on_the_first_day() -> None:
    test = design(HELPFUL, ERROR, min_units=10_000)
    bad = units(
        test, 1_000, lambda arm, rng: {"helpful": 1.0, "error": float(rng.random() < (0.3 if arm == "short" else 0.05))}
    )
    found = report(test, bad, days=0.5)
    assert (found.decision.state, found.decision.arm) == ("harm", "short")
    assert report(design(HELPFUL), units(test, 1_000, rates(control=0.7, short=0.4)), days=1).decision.state == "harm"


def test_a_difference_inside_the_equivalence_margin_is_futile() -> None:
    test = design(dataclasses.replace(HELPFUL, equivalence=0.1))
    found = report(test, units(test, 4_000, rates(control=0.5, short=0.5)))
    assert (found.decision.state, found.effects[0].verdict) == ("futility", "same")


def test_a_test_without_a_verdict_expires_at_its_end() -> None:
    test = design(HELPFUL, ends_at=START + timedelta(days=8))
    found = report(test, units(test, 400, rates(control=0.5, short=0.5)))
    assert found.decision.state == "expired"
    assert state(found, "sample_ratio_at_end") == "ok"


def test_a_skewed_sample_blocks_and_shows_no_effect() -> None:
    test = design(HELPFUL)
    found = report(test, units(test, 3_000, rates(control=0.5, short=0.7), skew=0.06))
    assert (found.decision.state, found.effects, state(found, "sample_ratio")) == ("blocked", [], "failed")


def test_outcomes_that_are_missing_more_often_in_one_arm_block() -> None:
    test = design(HELPFUL)

    def values(arm: str, rng: np.random.Generator) -> dict[str, float | None]:
        return {"helpful": None if rng.random() < (0.4 if arm == "short" else 0.2) else 1.0}

    found = report(test, units(test, 2_000, values))
    assert (found.decision.state, state(found, "missing_outcomes")) == ("blocked", "failed")
    assert found.effects == []


def test_a_unit_seen_in_two_arms_is_counted_and_left_out() -> None:
    test = design(HELPFUL)
    seen = units(test, 300, rates(control=0.5, short=0.5))
    other = "short" if seen[7].arm == "control" else "control"
    found = report(test, [*seen, dataclasses.replace(seen[7], arm=other)])
    without = report(test, [*seen[:7], *seen[8:]])
    assert (found.counts["crossovers"], found.counts["units"], state(found, "crossovers")) == (1, 299, "warn")
    assert (found.arms, found.effects) == (without.arms, without.effects)


def test_several_rows_of_a_unit_in_one_arm_are_one_outcome() -> None:
    test = design(dataclasses.replace(LIKERT, role="primary"))
    one = UnitOutcome(unit="u", phase=1, arm="short", exposed_at=START, values={"tone": 2.0})
    later = dataclasses.replace(one, exposed_at=START + timedelta(hours=1), values={"tone": 5.0})
    silent = dataclasses.replace(later, values={"tone": None})
    short = report(test, [later, one, silent]).arms[1]
    assert (short.units, short.metrics["tone"].n, short.metrics["tone"].value) == (1, 1, 3.5)


def test_only_closed_windows_are_analysed_and_open_ones_count_for_the_sample_ratio() -> None:
    test = design(HELPFUL)
    seen = units(test, 400, rates(control=0.0, short=1.0))
    opened = [dataclasses.replace(unit, closed=i < 100) for i, unit in enumerate(seen)]
    found = report(test, opened)
    assert sum(arm.metrics["helpful"].n for arm in found.arms) == 100
    assert (found.counts["open"], sum(arm.units for arm in found.arms)) == (300, 400)


def test_weights_that_change_by_phase_do_not_mistake_time_for_an_effect() -> None:
    test = design(HELPFUL, phases={1: {"control": 0.9, "short": 0.1}, 2: {"control": 0.1, "short": 0.9}})
    early = units(test, 2_000, rates(control=0.2, short=0.2))
    late = units(test, 2_000, rates(control=0.8, short=0.8), phase=2, seed=1)
    found = report(test, early + late, days=20)
    naive = [arm.metrics["helpful"].value for arm in found.arms]
    assert naive[1] - naive[0] > 0.4  # type: ignore[operator]
    assert (found.health.verdict, found.effects[0].verdict) == ("ok", "no verdict yet")
    assert abs(found.effects[0].difference or 0) < 0.08


def test_more_than_two_arms_are_corrected_by_holm() -> None:
    test = design(HELPFUL, arms=("control", "short", "long", "odd"))
    rate = {"control": 0.5, "short": 0.68, "long": 0.7, "odd": 0.5}
    found = report(test, units(test, 4_000, rates(**rate)))
    assert [effect.verdict for effect in found.effects] == ["better", "better", "no verdict yet"]
    assert {effect.family for effect in found.effects} == {"Holm over 3 arms"}
    assert found.decision.state == "ship"
    assert "would ship as well" in found.decision.words


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 4), st.sampled_from(["binary", "bounded"]), st.booleans())
def test_an_interval_excludes_0_exactly_when_p_is_below_alpha(seed: int, arms: int, kind: Any, relative: bool) -> None:
    names = [f"arm-{number}" for number in range(arms)]
    metrics = [
        Metric(name=f"m{number}", kind=kind, role=role, relative=relative, margin=0.1 if role == "guardrail" else 0.0)
        for number, role in enumerate(("primary", "guardrail", "exploratory", "exploratory"))
    ]
    lift = np.random.default_rng(seed).uniform(-0.35, 0.35, (arms, 4))

    def values(arm: str, rng: np.random.Generator) -> dict[str, float | None]:
        return {f"m{i}": float(rng.random() < 0.5 + lift[names.index(arm), i]) for i in range(4)}

    test = design(*metrics, arms=names, health_alpha=1e-9)
    for effect in report(test, units(test, 250, values, seed=seed)).effects:
        if effect.p_value is None:
            assert effect.low is None
            assert effect.reason
            continue
        low = -np.inf if effect.low is None else effect.low
        high = np.inf if effect.high is None else effect.high
        assert (low > 0 or high < 0) == (effect.p_value < effect.alpha)
        assert effect.difference is None or low <= effect.difference <= high


def test_the_names_of_arms_play_no_part() -> None:
    test, named = design(HELPFUL), design(HELPFUL, arms=("zebra", "ant"))
    seen = units(test, 500, rates(control=0.5, short=0.6))
    names = dict(zip(test.arms, named.arms, strict=True))
    renamed = [dataclasses.replace(unit, arm=names[unit.arm]) for unit in seen]
    one, other = report(test, seen).effects[0], report(named, renamed).effects[0]
    assert (one.low, one.high, one.p_value) == (other.low, other.high, other.p_value)


def test_what_cannot_be_computed_is_none_with_a_reason() -> None:
    test = design(HELPFUL)
    empty = report(test, []).effects[0]
    assert (empty.difference, empty.low, empty.p_value) == (None, None, None)
    assert empty.reason == "there is no outcome in both arms yet"
    halves = units(test, 50, lambda arm, rng: {"helpful": 0.5})
    assert "bounded" in (report(test, halves).effects[0].reason or "")


def test_outcomes_outside_their_range_are_told_and_no_number_is_not_an_outcome() -> None:
    test = design(dataclasses.replace(LIKERT, role="primary"))
    seen = units(test, 40, lambda arm, rng: {"tone": 7.0})
    found = report(test, [dataclasses.replace(seen[0], values={"tone": float("nan")}), *seen[1:]])
    assert state(found, "values") == "warn"
    assert sum(arm.metrics["tone"].n for arm in found.arms) == 39
    assert {arm.metrics["tone"].value for arm in found.arms} == {5.0}


def test_exposures_of_arms_that_the_test_does_not_have_are_told() -> None:
    test = design(HELPFUL)
    seen = units(test, 40, rates(control=0.5, short=0.5))
    found = report(test, [*seen, dataclasses.replace(seen[0], unit="stray", arm="old")])
    assert (state(found, "unknown_exposures"), found.counts["unknown"]) == ("warn", 1)


def test_a_difference_in_an_a_a_test_blocks() -> None:
    test = design(HELPFUL, same_prompts=True)
    assert state(report(test, units(test, 500, rates(control=0.5, short=0.5))), "same_prompts") == "ok"
    assert report(test, units(test, 500, rates(control=0.3, short=0.7))).decision.state == "blocked"


@pytest.mark.parametrize(
    ("text", "margin", "relative", "higher_is_better"),
    [
        ("<= +10%", 0.1, True, False),
        ("<= +1pp", 0.01, False, False),
        (">= -0.2", 0.2, False, True),
        (">=-2%", 0.02, True, True),
        ("<= -5%", -0.05, True, False),
    ],
)
def test_guardrails_are_read(text: str, margin: float, relative: bool, higher_is_better: bool) -> None:
    read = parse_guardrail(text)
    assert (read.margin, read.relative, read.higher_is_better) == (pytest.approx(margin), relative, higher_is_better)


@pytest.mark.parametrize("text", ["", "10%", "< 10%", "<= ten", "<= 10 ms"])
def test_a_guardrail_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be understood"):
        parse_guardrail(text)


@pytest.mark.parametrize(
    "declare",
    [
        lambda: design(COST),
        lambda: design(HELPFUL, HELPFUL),
        lambda: design(HELPFUL, arms=("one",)),
        lambda: design(HELPFUL, phases={1: {"control": 0.5, "short": 0.6}}),
        lambda: Metric(name="m", kind="capped", high=float("inf")),
        lambda: Metric(name="m", kind="bounded", low=-1, relative=True),
    ],
)
def test_what_cannot_be_analysed_is_refused_when_it_is_declared(declare: Callable[[], object]) -> None:
    with pytest.raises(ConfigurationError):
        declare()
