"""`result.compare(other)`: the comparison of two experiments, with its tables, its verdict and its gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rich.console import RenderableType

from assay.errors import ConfigurationError
from assay.evaluation.comparison import (
    MAX_LOST_SHARE,
    ComparisonRow,
    compare_rows,
    compare_run_values,
    item_changes,
    overall_verdict,
)
from assay.evaluation.gate import Gate, confidence_of, decide, parse_gate
from assay.evaluation.report import as_text, comparison_figures, comparison_report
from assay.evaluation.summary import Direction

if TYPE_CHECKING:
    import pandas as pd

    from assay.evaluation.result import EvaluationResult

Which = Literal["wins", "losses", "ties", "lost", "unmatched"]
CHANGES: dict[str, str] = {"wins": "win", "losses": "loss", "ties": "tie", "lost": "lost", "unmatched": "unmatched"}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A candidate against a baseline, paired by item. `str()` of it is a table for the terminal."""

    baseline: EvaluationResult
    candidate: EvaluationResult
    scorers: Sequence[ComparisonRow]  # one per scorer that both have
    directions: Mapping[str, Direction]
    confidence: float = 0.95
    max_lost: float = MAX_LOST_SHARE

    @property
    def verdict(self) -> str:
        """What became of the scorers, in one line."""
        return overall_verdict(self.scorers)

    @property
    def url(self) -> str:
        """Address of the page that shows both side by side."""
        project = self.candidate.project_url
        return f"{project}/evals/compare?base={self.baseline.id}&with={self.candidate.id}"

    @property
    def table(self) -> pd.DataFrame:
        """One row per scorer: difference, interval, p, corrected p, wins, ties, losses, detectable effect, verdict."""
        import pandas as pd

        return pd.DataFrame([row.to_dict() for row in self.scorers], columns=list(ComparisonRow.__dataclass_fields__))

    def rows(self, which: Which | None = None, *, scorer: str | None = None) -> pd.DataFrame:
        """One row per item and scorer, with both scores and outputs; `which` keeps one sort of change.

        "Lost" are items of both experiments that were not scored in both, "unmatched" those of one only.
        """
        import pandas as pd

        if which is not None and which not in CHANGES:
            raise ConfigurationError(f"There are no rows {which!r}.", hint=f"There are: {', '.join(CHANGES)}.")
        changes = item_changes(self.baseline.records, self.candidate.records, directions=self.directions)
        before, after = self.baseline.first_records(), self.candidate.first_records()
        kept = [
            {
                "scorer": change.scorer,
                "id": change.item_id,
                "change": change.change,
                "baseline": change.baseline,
                "candidate": change.candidate,
                "baseline_output": before.get(change.item_id, {}).get("output"),
                "candidate_output": after.get(change.item_id, {}).get("output"),
                "baseline_trace_id": before.get(change.item_id, {}).get("trace_id"),
                "candidate_trace_id": after.get(change.item_id, {}).get("trace_id"),
            }
            for change in changes
            if (which is None or change.change == CHANGES[which]) and (scorer is None or change.scorer == scorer)
        ]
        columns = ["scorer", "id", "change", "baseline", "candidate", "baseline_output", "candidate_output"]
        return pd.DataFrame(kept, columns=[*columns, "baseline_trace_id", "candidate_trace_id"])

    def notes(self) -> list[str]:
        """What was left out: scorers that only one of the two has, and data that are not the same."""
        before = {row.scorer for row in self.baseline.summary_rows}
        after = {row.scorer for row in self.candidate.summary_rows}
        notes = [
            f"only in the {side}: {', '.join(sorted(names))}"
            for side, names in (("baseline", before - after), ("candidate", after - before))
            if names
        ]
        hashes = [(result.experiment.get("dataset") or {}).get("hash") for result in (self.baseline, self.candidate)]
        if hashes[0] != hashes[1]:
            notes.append("the data sets differ: only items with the same id are compared")
        return notes

    def gate(self, expression: str, *, alpha: float | None = None) -> Gate:
        """Decide a gate such as "correctness >= baseline - 0.02"; see gate.py. `.check()` of it raises unless it
        passed.

        Args:
            alpha: of the two-sided intervals whose bounds decide; that of this comparison where nothing is said.
        """
        confidence = self.confidence if alpha is None else confidence_of(alpha)
        same = abs(confidence - self.confidence) < 1e-9
        rows = self.scorers if same else tested(self.baseline, self.candidate, confidence, self.max_lost)
        summary = self.candidate.summary_at(confidence)
        return decide(parse_gate(expression), {row.scorer: row for row in rows}, {row.scorer: row for row in summary})

    def __rich__(self) -> RenderableType:
        address = self.candidate.told_address(self.url)
        return comparison_report(
            self.baseline.name, self.candidate.name, self.scorers, self.verdict, self.notes(), address
        )

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from assay.notebook.figures import figures_html

        return figures_html(
            f"{self.candidate.name} against {self.baseline.name}: {self.verdict}",
            ("baseline", "candidate", "difference", "interval", "p", "won/tied/lost"),
            comparison_figures(self.scorers),
            last="verdict",
            notes=self.notes(),
            url=self.url,
            told_address=self.candidate.told_address(self.url),
        )

    def __str__(self) -> str:
        return as_text(self)


def compare_results(
    baseline: EvaluationResult,
    candidate: EvaluationResult,
    *,
    confidence: float = 0.95,
    max_lost: float = MAX_LOST_SHARE,
) -> Comparison:
    """Compare two results, item by item; scores of whole runs beside them by their difference.

    Raises:
        ConfigurationError: they are the same experiment.
    """
    must_differ(baseline, candidate)
    return Comparison(
        baseline=baseline,
        candidate=candidate,
        directions=directions_of(baseline, candidate),
        confidence=confidence,
        max_lost=max_lost,
        scorers=tested(baseline, candidate, confidence, max_lost),
    )


def must_differ(baseline: EvaluationResult, candidate: EvaluationResult) -> None:
    if baseline.id == candidate.id:
        raise ConfigurationError(f"Experiment {candidate.id} cannot be compared with itself.")


def directions_of(baseline: EvaluationResult, candidate: EvaluationResult) -> dict[str, Direction]:
    """Which way is better, by scorer: as the candidate has it, else the baseline."""
    return {**baseline.directions, **candidate.directions}


def tested(
    baseline: EvaluationResult, candidate: EvaluationResult, confidence: float, max_lost: float
) -> list[ComparisonRow]:
    """Every scorer that both have, tested where it can be."""
    rows = compare_rows(
        baseline.records,
        candidate.records,
        confidence=confidence,
        directions=directions_of(baseline, candidate),
        max_lost=max_lost,
        seed=seed_of(candidate),
    )
    return [*rows, *compare_run_values(baseline.summary_rows, candidate.summary_rows)]


def seed_of(result: EvaluationResult) -> int:
    return int(result.experiment.get("seed") or 0)


def keep(comparison: Comparison) -> None:
    """Store a comparison with its candidate, for the pages and for whoever comes later."""
    body = {
        "baseline_id": comparison.baseline.id,
        "rows": [row.to_dict() for row in comparison.scorers],
        "verdict": comparison.verdict,
    }
    comparison.candidate.client.post(f"/experiments/{comparison.candidate.id}/comparisons", body)
