"""The report of an A/B test as its page shows it: figures in their units, intervals on a shared axis, words."""

from __future__ import annotations

import pytest

from assay.collector.pages.ab import ab_view
from support.ab_page_data import METRICS, ab_reports

REPORT = ab_reports()["qa-tone"]
RATE, COST, LATENCY = METRICS["scores.helpful"], METRICS["cost_usd"], METRICS["latency_ms"]
STARS = {"of": "scores.stars", "kind": "bounded", "low": 1, "high": 5}


def test_the_primary_metric_stands_first_then_guardrails() -> None:
    groups = ab_view.metric_groups({**REPORT, "effects": REPORT["effects"][::-1]})
    assert [group.role for group in groups] == ["primary", "guardrail", "guardrail", "exploratory"]


def test_effects_of_one_metric_share_an_axis_with_the_limit_of_its_guardrail() -> None:
    cost = next(group for group in ab_view.metric_groups(REPORT) if group.metric == "cost_usd")
    held, violated = cost.lines
    assert held.limit == violated.limit
    assert held.shape.zero == violated.shape.zero == 50.0
    assert held.shape.left + held.shape.width < held.limit < violated.shape.left
    assert (held.tone, violated.tone) == ("good", "bad")


def test_a_limit_on_another_scale_than_the_effect_is_not_drawn() -> None:
    effects = [{**effect, "scale": "absolute"} for effect in REPORT["effects"] if effect["metric"] == "cost_usd"]
    [group] = ab_view.metric_groups({**REPORT, "effects": effects})
    assert [line.limit for line in group.lines] == [None, None]


def test_an_end_that_lies_nowhere_yet_is_no_interval() -> None:
    [line] = [line for group in ab_view.metric_groups(REPORT) for line in group.lines if line.effect["low"] is None]
    assert (line.interval, line.shape.width, line.difference) == ("–", None, "0 pp")


def test_an_interval_with_one_end_reaches_the_axis_on_the_other_side() -> None:
    cost = next(effect for effect in REPORT["effects"] if effect["metric"] == "cost_usd")
    [group] = ab_view.metric_groups({**REPORT, "effects": [{**cost, "high": None}]})
    [line] = group.lines
    assert line.interval == "−12.0 % … no bound yet"
    assert line.shape.left + line.shape.width == 100.0


@pytest.mark.parametrize(
    ("value", "spec", "scale", "text"),
    [
        (0.043, RATE, "absolute", "+4.3 pp"),
        (-0.0021, RATE, "absolute", "−0.21 pp"),
        (0.16, COST, "relative", "+16.0 %"),
        (0.0004, COST, "absolute", "+$0.0004"),
        (-104.0, LATENCY, "absolute", "−104 ms"),
        (0.25, STARS, "absolute", "+0.25"),
        (None, RATE, "absolute", "–"),
    ],
)
def test_a_difference_has_its_sign_and_unit(value: float | None, spec: object, scale: str, text: str) -> None:
    assert ab_view.difference_text(value, spec, scale) == text  # type: ignore[arg-type]  # a metric of made-up data


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (0.7123, RATE, "71.2 %"),
        (0.0031, COST, "$0.0031"),
        (1850.0, LATENCY, "1.9 s"),
        (4.2, STARS, "4.2"),
        (None, RATE, "–"),
    ],
)
def test_a_value_has_the_unit_of_its_metric(value: float | None, spec: object, text: str) -> None:
    assert ab_view.value_text(value, spec) == text  # type: ignore[arg-type]


def test_an_arm_may_be_a_prompt_a_configuration_or_both() -> None:
    assert [ab_view.prompt_of(ab_view.arm_parts(given)[0]) for given in REPORT["test"]["arms"].values()] == [
        ("qa", 1),
        ("qa", 2),
        None,
    ]
    assert ab_view.prompt_of("prompts:/team/qa/12") == ("team/qa", 12)
    assert ab_view.prompt_of("prompts:/qa@production") is None


def test_the_log_is_told_in_words() -> None:
    arms = list(REPORT["test"]["arms"])
    told = [ab_view.decision_words(one, arms) for one in ab_reports()["qa-welcome"]["decisions"]]
    assert told == [
        "Began with control 80 % · short 10 % · plain 10 %, 10 % of all units let in",
        "Let 50 % of all units in, instead of 10 %",
        "Began phase 2 with control 40 % · short 40 % · plain 20 %",
        "Stopped; short was promoted, and production moved to its version",
    ]
    assert ab_view.decision_words({"action": "stop", "arm": None}, arms) == "Stopped; nothing was promoted"
