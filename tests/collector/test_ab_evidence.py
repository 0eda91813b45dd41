"""What an A/B test says of moving an alias: its report, held against the alias's gate."""

from __future__ import annotations

from typing import Any

import pytest

from assay.collector.ab_evidence import ab_evidence

ARMS = {"control": "prompts:/qa/1", "short": {"prompt": "prompts:/qa/2", "config": {}}, "other": {"prompt": None}}


def report(low: float | None = 0.01, high: float | None = 0.2, *, health: str = "ok") -> dict[str, Any]:
    """A report in which `short` differs from the control by so much, and is helpful in 60 to 80 % of cases."""
    metrics = {"scores.helpful": {"of": "scores.helpful"}, "cheap": {"of": "cost_usd"}}
    effect = {"metric": "scores.helpful", "arm": "short", "scale": "absolute", "low": low, "high": high}
    figures = {"scores.helpful": {"low": 0.6, "high": 0.8}}
    return {
        "test": {"name": "t", "arms": ARMS, "baseline": "control", "metrics": metrics},
        "health": {"verdict": health},
        "arms": [{"arm": "control", "metrics": figures}, {"arm": "short", "metrics": figures}],
        "effects": [effect] if health == "ok" else [],
    }


@pytest.mark.parametrize(
    ("gate", "low", "high", "verdict"),
    [
        pytest.param("helpful >= baseline", 0.01, 0.2, "passed", id="better"),
        pytest.param("scores.helpful >= baseline - 0.02", -0.01, 0.2, "passed", id="not-worse-by-more"),
        pytest.param("helpful >= baseline", -0.01, 0.2, "not enough evidence", id="open"),
        pytest.param("helpful >= baseline", 0.0, 0.2, "not enough evidence", id="the-test-does-not-reject"),
        pytest.param("helpful > baseline", -0.2, 0.0, "not enough evidence", id="nor-the-other-way"),
        pytest.param("helpful >= baseline", -0.2, -0.1, "failed", id="worse"),
        pytest.param("helpful <= baseline", -0.2, -0.1, "passed", id="less-is-wanted"),
        pytest.param("helpful >= baseline", None, None, "not enough evidence", id="unknown"),
        pytest.param("helpful >= 0.5", None, None, "passed", id="a-mean-above"),
        pytest.param("helpful > 0.8", None, None, "failed", id="a-mean-below"),
        pytest.param("helpful >= baseline and cost_usd <= baseline", 0.01, 0.2, "not enough evidence", id="half"),
        pytest.param("helpful >= 0.9 and nonsense <= baseline", 0.01, 0.2, "failed", id="one-failed"),
    ],
)
def test_a_gate_is_held_against_the_ends_of_the_intervals(
    gate: str, low: float | None, high: float | None, verdict: str
) -> None:
    evidence = ab_evidence(report(low, high), "qa", 2, gate)
    assert (evidence.verdict, evidence.problem) == (verdict, None)
    assert evidence.passes(gate, version=2, baseline_version=1) is (verdict == "passed")


def test_a_test_that_is_not_healthy_is_no_evidence() -> None:
    evidence = ab_evidence(report(health="blocked"), "qa", 2, "helpful >= 0.5")
    assert evidence.verdict == "not enough evidence"
    assert "health" in str(evidence.explanation)


@pytest.mark.parametrize(("prompt", "version"), [("qa", 3), ("another", 2)])
def test_a_test_says_nothing_of_what_is_none_of_its_arms(prompt: str, version: int) -> None:
    evidence = ab_evidence(report(), prompt, version, "helpful >= baseline")
    assert "no arm with version" in str(evidence.problem)
    assert not evidence.passes("helpful >= baseline", version=version, baseline_version=1)


def test_it_speaks_of_a_move_from_its_own_baseline_only() -> None:
    evidence = ab_evidence(report(), "qa", 2, "helpful >= baseline")
    assert evidence.passes("helpful >= baseline", version=2, baseline_version=1)
    assert not evidence.passes("helpful >= baseline", version=2, baseline_version=3)
