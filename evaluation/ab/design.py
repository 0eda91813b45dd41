"""What an A/B test declares before it starts, and what one unit contributed: the input of `report.analyse`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from assay.errors import ConfigurationError

Kind = Literal["binary", "bounded", "capped"]
Role = Literal["primary", "guardrail", "exploratory"]

_GUARDRAIL = re.compile(r"\s*(?P<operator><=|>=)\s*(?P<number>[+-]?\s*(?:\d+\.?\d*|\.\d+))\s*(?P<unit>%|pp)?\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One outcome of a unit, declared beforehand.

    - "binary": 0 or 1, one verdict per unit (its first, any, or all of them: the service decides before the test).
    - "bounded": a number from `low` to `high`, such as a Likert scale or the mean of a unit's verdicts.
    - "capped": a number from `low` (0) without an end, such as cost or latency. What is compared is the mean of
      min(value, `high`): a mean without a cap has no honest interval while people look.

    `margin`: of a guardrail, how much worse it may get, in the metric's own unit or, if `relative`, as a share of the
    baseline. Of the primary metric, how much better it must get for the arm to ship (0: any improvement).
    `equivalence`: of the primary metric, the difference below which the arms count as the same.
    """

    name: str
    kind: Kind
    low: float = 0.0
    high: float = 1.0
    higher_is_better: bool = True
    role: Role = "exploratory"
    margin: float = 0.0
    relative: bool = False
    equivalence: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ConfigurationError(
                f"Metric {self.name!r} goes from {self.low} to {self.high}.",
                hint="Give both ends as numbers, the lower first; a metric without an upper end needs a cap.",
            )
        if self.kind == "binary" and (self.low, self.high) != (0.0, 1.0):
            raise ConfigurationError(
                f"Metric {self.name!r} is binary, so it is 0 or 1.", hint='Declare it as "bounded".'
            )
        if self.relative and self.low < 0:
            raise ConfigurationError(
                f"Metric {self.name!r} can be negative, so a change in percent means nothing.",
                hint="Give its margin in the metric's own unit.",
            )
        if not math.isfinite(self.margin) or (self.equivalence is not None and not self.equivalence > 0):
            raise ConfigurationError(f"The margins of metric {self.name!r} must be numbers, equivalence above 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """What a guardrail such as "<= +10%" says."""

    margin: float  # how much worse it may get; negative: it must get better by that much
    relative: bool  # a share of the baseline
    higher_is_better: bool


def parse_guardrail(text: str) -> Margin:
    """Read a guardrail: "<= +10%" (of the baseline), "<= +1pp" (points of a rate), ">= -0.2" (the metric's own unit).

    Raises:
        ConfigurationError: it cannot be understood.
    """
    found = _GUARDRAIL.match(text)
    if found is None:
        raise ConfigurationError(
            f"This guardrail cannot be understood: {text!r}.",
            hint='A guardrail reads like "<= +10%", "<= +1pp" or ">= -0.2", each against the baseline.',
        )
    number = float(re.sub(r"\s", "", found["number"])) / (100 if found["unit"] else 1)
    lower_is_better = found["operator"] == "<="
    margin = number if lower_is_better else -number
    return Margin(margin=margin + 0.0, relative=found["unit"] == "%", higher_is_better=not lower_is_better)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOutcome:
    """What one unit (user, session or request: whatever is assigned) did in one arm.

    All requests of a unit are one outcome: they depend on each other. A unit seen in two arms comes as one row per
    arm; it is counted and left out.
    """

    unit: str
    phase: int
    arm: str
    exposed_at: datetime  # the first exposure, with time zone
    values: Mapping[str, float | None]  # by metric; None: its window closed (or is open) without an outcome
    closed: bool = True  # the outcome window is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """An A/B test as declared. Whatever is in here was fixed before the data that it judges."""

    name: str
    arms: Sequence[str]  # the first is the baseline
    phases: Mapping[int, Mapping[str, float]]  # arm weights by phase; within a phase they never change
    metrics: Sequence[Metric]
    alpha: float = 0.05
    min_units: int = 0  # of each arm, with a primary outcome, before an arm ships
    min_days: float = 7.0
    started_at: datetime
    ends_at: datetime | None = None
    status: Literal["running", "stopped"] = "running"
    same_prompts: bool = False  # an A/A test: the arms are the same, so a difference is a fault
    health_alpha: float = 0.01  # of each check of the test's health

    def __post_init__(self) -> None:
        if len(self.arms) < 2 or len(set(self.arms)) < len(self.arms):
            raise ConfigurationError(f"A/B test {self.name!r} needs two arms or more with different names.")
        if not 0 < self.alpha < 1 or not 0 < self.health_alpha < 1:
            raise ConfigurationError(f"A/B test {self.name!r}: alpha must lie between 0 and 1.")
        names = [metric.name for metric in self.metrics]
        if len(set(names)) < len(names):
            raise ConfigurationError(f"A/B test {self.name!r} names a metric twice: {', '.join(sorted(names))}.")
        if sum(metric.role == "primary" for metric in self.metrics) != 1:
            raise ConfigurationError(f"A/B test {self.name!r} needs exactly one primary metric.")
        for phase, weights in self.phases.items():
            self._check_weights(phase, weights)

    def _check_weights(self, phase: int, weights: Mapping[str, float]) -> None:
        fine = all(math.isfinite(weight) and weight >= 0 for weight in weights.values())
        if not fine or not math.isclose(sum(weights.values()), 1, abs_tol=1e-9) or not set(weights) <= set(self.arms):
            raise ConfigurationError(
                f"A/B test {self.name!r}: the weights of phase {phase} are {dict(weights)}.",
                hint=f"They must be 0 or more, add up to 1 and name arms of {', '.join(self.arms)}.",
            )

    @property
    def baseline(self) -> str:
        """The arm that every other one is compared with."""
        return self.arms[0]

    @property
    def primary(self) -> Metric:
        """The one metric that decides."""
        return next(metric for metric in self.metrics if metric.role == "primary")

    def weights(self, phase: int) -> dict[str, float]:
        """Weights of all arms in `phase`, in their order; an arm that the phase does not name has 0."""
        return {arm: float(self.phases.get(phase, {}).get(arm, 0.0)) for arm in self.arms}
