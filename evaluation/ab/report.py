"""The report of an A/B test: health first, then arms, effects and one decision, as plain data.

`analyse` is pure and deterministic: the same design, units and time give the same report, with a hash of what went in.
What it computes is in `analysis.py`, loaded when it is first called: the data types here are light.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from assay.evaluation.ab.design import Design, Margin, Metric, UnitOutcome, parse_guardrail

__all__ = [
    "ArmMetric",
    "ArmSummary",
    "Check",
    "Decision",
    "Design",
    "Effect",
    "Health",
    "Margin",
    "Metric",
    "Report",
    "UnitOutcome",
    "analyse",
    "parse_guardrail",
]

CheckState = Literal["ok", "warn", "failed"]
DecisionState = Literal["continue", "ship", "harm", "futility", "expired", "blocked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of the test's health. A failed one blocks every verdict."""

    name: str
    state: CheckState
    figure: float | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    checks: Sequence[Check]

    @property
    def verdict(self) -> Literal["ok", "blocked"]:
        return "blocked" if any(check.state == "failed" for check in self.checks) else "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmMetric:
    """One metric of one arm, over the units whose window closed. The interval holds at every look at once."""

    n: int
    value: float | None
    low: float | None
    high: float | None
    missing: int  # closed units without an outcome
    method: str
    reason: str | None = None  # why a figure is None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmSummary:
    arm: str
    weight: float  # in the newest phase
    units: int  # exposed, without those seen in two arms
    closed: int  # of these, whose window is over
    metrics: Mapping[str, ArmMetric]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """An arm against the baseline in one metric: arm minus baseline, or, on the relative scale, as a share of it.

    The interval excludes 0 exactly when `p_value` is below `alpha`, the level of the whole family of comparisons. None
    is "not known": a bound that is None lies nowhere yet, and `reason` says why.
    """

    metric: str
    role: str
    arm: str
    baseline: str
    scale: Literal["absolute", "relative"]
    n: int  # units of both arms
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None  # corrected for the family
    alpha: float
    family: str  # what p_value and interval are corrected for, in words
    method: str
    verdict: str  # "better", "worse", "same", "no verdict yet"; of guardrails "held", "violated", "no verdict yet"
    words: str
    reason: str | None = None
    approximate: Mapping[str, Any] | None = None  # a tighter interval for the eye; no verdict rests on it


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    state: DecisionState
    arm: str | None
    words: str
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    at: datetime
    status: str
    health: Health
    arms: Sequence[ArmSummary]
    effects: Sequence[Effect]  # empty while health is blocked
    decision: Decision
    data_hash: str  # SHA-256 over the design and every unit
    counts: Mapping[str, int] = field(default_factory=dict)  # units, crossovers, open, closed

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON carries it."""
        return {
            "at": self.at.isoformat(),
            "status": self.status,
            "health": {"verdict": self.health.verdict, "checks": [asdict(check) for check in self.health.checks]},
            "arms": [asdict(arm) for arm in self.arms],
            "effects": [asdict(effect) for effect in self.effects],
            "decision": asdict(self.decision),
            "counts": dict(self.counts),
            "data_hash": self.data_hash,
        }


def analyse(design: Design, units: Iterable[UnitOutcome], now: datetime) -> Report:
    """Health, arms, effects and decision of an A/B test from every unit exposed so far, in any order.

    Units whose window is open count for the sample ratio only; units seen in two arms are counted and left out.

    Raises:
        ConfigurationError: a unit names a phase that the design does not have.
    """
    from assay.evaluation.ab import analysis

    report: Report = analysis.analyse(design, units, now)
    return report
