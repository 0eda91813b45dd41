"""What a build makes of an evaluation: the gate decided, and an exit code."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from assay.evaluation.compared import Comparison
from assay.evaluation.gate import ConditionResult, Gate, parse_gate
from assay.evaluation.result import FINISHED, EvaluationResult

EXIT_PASSED, EXIT_ERROR, EXIT_MISSED = 0, 1, 100


@dataclass(frozen=True, slots=True)
class Verdict:
    """An evaluation, what it was compared with, and its gate where one was asked for."""

    result: EvaluationResult
    comparison: Comparison | None
    gate: Gate | None

    @property
    def nothing_ran(self) -> bool:
        """Every row failed: there is nothing that any figure could be of."""
        return bool(self.result.records) and all(row["status"] != "ok" for row in self.result.records)

    @property
    def exit_code(self) -> int:
        """0: it ran to its end and passed its gate. 1: it did not run to its end, or without a gate every row failed.
        100: it missed its gate, or there was too little evidence to pass it.
        """
        if self.result.status not in FINISHED or (self.gate is None and self.nothing_ran):
            return EXIT_ERROR
        return EXIT_PASSED if self.gate is None or self.gate.passed else EXIT_MISSED

    @property
    def words(self) -> str:
        """The verdict in one line."""
        if self.result.status not in FINISHED:
            return f"The run did not end: {self.result.status.replace('_', ' ')}."
        if self.gate is None and self.nothing_ran:
            row = self.result.records[0]
            return f"Every row failed; the first: {row['error'] or row['status'].replace('_', ' ')}"
        if self.gate is None:
            return "No gate was set." if self.comparison is None else self.comparison.verdict
        return "Gate: not enough evidence." if "evidence" in self.gate.verdict else f"Gate {self.gate.verdict}."

    def to_dict(self) -> dict[str, Any]:
        result, gate = self.result, self.gate
        return {
            "id": result.id,
            "name": result.name,
            "status": result.status,
            "url": result.url,
            "rows_planned": result.planned,
            "rows": dict(Counter(row["status"] for row in result.records)),
            "cost_usd": result.cost_usd,
            "problems": result.problems,
            "summary": [row.to_dict() for row in result.summary_rows],
            "baseline_id": self.comparison.baseline.id if self.comparison else None,
            "comparison": [row.to_dict() for row in self.comparison.scorers] if self.comparison else None,
            "gate": None
            if gate is None
            else {
                "verdict": gate.verdict,
                "conditions": [
                    {"condition": str(each.condition), "verdict": each.verdict, "explanation": each.explanation}
                    for each in gate.results
                ],
            },
            "exit_code": self.exit_code,
        }


def judged(
    result: EvaluationResult, *, gate: str | None = None, alpha: float = 0.05, comparison: Comparison | None = None
) -> Verdict:
    """Decide a gate on a result and its comparison. Conditions against a baseline that is not there lack evidence.

    Raises:
        ConfigurationError: the gate cannot be understood, or names a scorer that is not there.
    """
    comparison = comparison or result.comparison
    if gate is None:
        return Verdict(result, comparison, None)
    conditions = parse_gate(gate)
    if comparison is not None:
        return Verdict(result, comparison, comparison.gate(gate, alpha=alpha))
    decided = [
        ConditionResult(
            condition=condition,
            verdict="not enough evidence",
            explanation="there is no baseline yet: the next run has this one to compare with",
        )
        if condition.relative
        else result.gate(str(condition), alpha=alpha).results[0]
        for condition in conditions
    ]
    return Verdict(result, None, Gate(results=decided))
