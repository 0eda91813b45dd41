"""What speaks for moving an alias. The collector draws it up from its own data; who asks only names where to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

EvidenceKind = Literal["experiment", "ab_test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What an experiment or an A/B test says of moving an alias from `baseline_version` to `version`."""

    kind: EvidenceKind
    id: str  # of the experiment, or the name of the A/B test
    version: int
    baseline_version: int | None
    baseline_id: str | None = None  # of the experiment it was compared with
    gate: str | None = None  # what it was held against; None: the alias states no gate
    verdict: str | None = None  # of the gate: "passed", "failed", "not enough evidence"
    explanation: str | None = None  # each condition of the gate with its figures
    problem: str | None = None  # why this is no evidence about `version` at all

    def to_dict(self) -> dict[str, Any]:
        """As the log of moves keeps it."""
        return {
            self.kind if self.kind == "ab_test" else "experiment_id": self.id,
            "version": self.version,
            "baseline_version": self.baseline_version,
            "baseline_id": self.baseline_id,
            "gate": self.gate,
            "verdict": self.verdict,
            "explanation": self.explanation,
        }

    def passes(self, gate: str, *, version: int, baseline_version: int | None) -> bool:
        """Whether it was held against this very gate, for this very move, and passed."""
        asked = (gate, version, baseline_version)
        held = (self.gate, self.version, self.baseline_version)
        return self.problem is None and self.verdict == "passed" and asked == held and baseline_version is not None
