"""Gates: what must hold of a comparison, in one line, decided on the bound of the interval and not on the estimate.

    correctness >= baseline - 0.02 and toxicity <= baseline and exact_match >= 0.8

Against the baseline, ">=" holds when the lower end of the difference's interval is not below the margin
(non-inferiority), "<=" when the upper end is not above it; against a number the interval of the mean decides. All
conditions must hold, which needs no correction: a gate that should fail passes only if every single test errs (Berger
1982, intersection-union). The intervals are two-sided at 1 - alpha, the ones that reports show: on the side that
decides, a gate errs in alpha/2 of the cases.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from assay.errors import ConfigurationError, GateFailed
from assay.evaluation.comparison import ComparisonRow
from assay.evaluation.summary import SummaryRow

Operator = Literal[">=", ">", "<=", "<"]
Verdict = Literal["passed", "failed", "not enough evidence"]

_CONDITION = re.compile(r'\s*(?:"(?P<quoted>[^"]+)"|(?P<name>[^\s<>=!"]+))\s*(?P<operator>[<>]=?)\s*(?P<bound>.+?)\s*$')
_BOUND = re.compile(r"(?P<baseline>baseline)?\s*(?P<number>[+-]?\s*(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)?$")
_AND = re.compile(r'\s+and\s+(?=(?:[^"]*"[^"]*")*[^"]*$)')
_EXAMPLE = 'A gate reads like: "correctness >= baseline - 0.02 and exact_match >= 0.8"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`scorer operator [baseline +] number`."""

    scorer: str
    operator: Operator
    relative: bool  # to the baseline
    number: float

    def __str__(self) -> str:
        name = f'"{self.scorer}"' if re.search(r"\s", self.scorer) else self.scorer
        if not self.relative:
            return f"{name} {self.operator} {self.number:g}"
        margin = f" {'-' if self.number < 0 else '+'} {abs(self.number):g}" if self.number else ""
        return f"{name} {self.operator} baseline{margin}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionResult:
    condition: Condition
    verdict: Verdict
    explanation: str

    def __str__(self) -> str:
        return f"{self.verdict}: {self.condition} ({self.explanation})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate's outcome. `check` raises unless it passed, which makes a test or a CI step fail."""

    results: Sequence[ConditionResult]

    @property
    def passed(self) -> bool:
        return all(result.verdict == "passed" for result in self.results)

    @property
    def verdict(self) -> Verdict:
        """ "failed" as soon as one condition surely does not hold."""
        if self.passed:
            return "passed"
        return "failed" if any(result.verdict == "failed" for result in self.results) else "not enough evidence"

    def check(self) -> Gate:
        """Itself, if it passed.

        Raises:
            GateFailed: a condition does not hold, or the data are too few to tell; the message says which.
        """
        if not self.passed:
            raise GateFailed(f"The gate did not pass ({self.verdict}). {self}")
        return self

    def __str__(self) -> str:
        return "; ".join(map(str, self.results))


def parse_gate(text: str) -> list[Condition]:
    """The conditions of a gate.

    Raises:
        ConfigurationError: it cannot be understood; the message says which part.
    """
    return [_parse_condition(part) for part in _AND.split(text.strip())]


def confidence_of(alpha: Any) -> float:
    """The confidence of a gate's intervals.

    Raises:
        ConfigurationError: alpha is no number between 0 and 1.
    """
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha < 1:
        raise ConfigurationError(f"alpha is a number between 0 and 1, not {alpha!r}.", hint="0.05 is usual.")
    return 1 - alpha


def decide(
    conditions: Sequence[Condition], rows: Mapping[str, ComparisonRow] | None, summary: Mapping[str, SummaryRow]
) -> Gate:
    """Decide every condition on the intervals of a comparison (by scorer) and of the candidate's summary (by scorer).

    Args:
        rows: None where there is nothing to compare with.

    Raises:
        ConfigurationError: a condition names a scorer that is not there.
    """
    for condition in conditions:
        if condition.relative and rows is None:
            raise ConfigurationError(
                f"The gate {condition} needs a baseline.", hint="Compare first: result.compare(baseline).gate(...)"
            )
        known: Mapping[str, Any] = (rows or {}) if condition.relative else summary
        if condition.scorer not in known:
            raise ConfigurationError(
                f"The gate names {condition.scorer!r}, which was not scored in "
                f"{'both experiments' if condition.relative else 'the experiment'}.",
                hint=f"There are: {', '.join(known) or 'none'}.",
            )
    return Gate(results=[_decide(c, (rows or {})[c.scorer] if c.relative else summary[c.scorer]) for c in conditions])


def at_confidence(rows: Sequence[SummaryRow], confidence: float) -> list[SummaryRow]:
    """These rows without the intervals of another confidence: for scores of whole runs, which were computed once."""
    reason = f"its interval was not computed at {confidence:.4g}"
    return [
        row if abs(row.confidence - confidence) < 1e-9 else replace(row, ci_low=None, ci_high=None, reason=reason)
        for row in rows
    ]


def _parse_condition(text: str) -> Condition:
    found = _CONDITION.match(text)
    bound = _BOUND.match(found["bound"]) if found else None
    if found is None or bound is None or (bound["baseline"] is None and bound["number"] is None):
        raise ConfigurationError(f"This part of the gate cannot be understood: {text!r}.", hint=_EXAMPLE)
    number = re.sub(r"\s", "", bound["number"] or "0")
    if bound["baseline"] and bound["number"] and number[0] not in "+-":
        raise ConfigurationError(f"A sign is missing between baseline and {number} in {text!r}.", hint=_EXAMPLE)
    return Condition(
        scorer=found["quoted"] or found["name"],
        operator=found["operator"],  # type: ignore[arg-type]
        relative=bound["baseline"] is not None,
        number=float(number),
    )


def _decide(condition: Condition, row: ComparisonRow | SummaryRow) -> ConditionResult:
    value = row.difference if isinstance(row, ComparisonRow) else row.mean
    what = "difference" if condition.relative else "mean"
    if value is None or row.ci_low is None or row.ci_high is None:
        return ConditionResult(
            condition=condition, verdict="not enough evidence", explanation=row.reason or f"the {what} has no interval"
        )
    shown = f"{what} {value:.4g}, {row.confidence * 100:g} % interval {row.ci_low:.4g} to {row.ci_high:.4g}"
    holds, surely_not = _compare(condition, row.ci_low, row.ci_high)
    verdict: Verdict = "passed" if holds else ("failed" if surely_not else "not enough evidence")
    return ConditionResult(condition=condition, verdict=verdict, explanation=shown)


def _compare(condition: Condition, low: float, high: float) -> tuple[bool, bool]:
    """Does it hold for all of the interval; does it hold for none of it?"""
    bound = condition.number
    match condition.operator:
        case ">=":
            return low >= bound, high < bound
        case ">":
            return low > bound, high <= bound
        case "<=":
            return high <= bound, low > bound
        case "<":
            return high < bound, low >= bound
