"""`assay.compare`: one baseline and several candidates, their tests corrected as one family."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assay.client import Client, current_client
from assay.errors import ConfigurationError
from assay.evaluation.compared import Comparison, Which, directions_of, keep, must_differ, seed_of
from assay.evaluation.comparison import MAX_LOST_SHARE, compare_family, compare_run_values
from assay.evaluation.gate import ConditionResult, Gate
from assay.evaluation.result import EvaluationResult

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    """Several candidates against one baseline. Iterating gives a `Comparison` each; `str()` is their tables."""

    baseline: EvaluationResult
    comparisons: Sequence[Comparison]  # in the order of the candidates

    def __iter__(self) -> Iterator[Comparison]:
        return iter(self.comparisons)

    def __len__(self) -> int:
        return len(self.comparisons)

    def __getitem__(self, index: int) -> Comparison:
        return self.comparisons[index]

    @property
    def verdict(self) -> str:
        """What became of each candidate, one line each."""
        return "\n".join(f"{each.candidate.name} ({each.candidate.id}): {each.verdict}" for each in self.comparisons)

    @property
    def table(self) -> pd.DataFrame:
        """One row per candidate and scorer, with the columns of `Comparison.table`."""
        return self._joined([each.table for each in self.comparisons])

    def rows(self, which: Which | None = None, *, scorer: str | None = None) -> pd.DataFrame:
        """One row per candidate, item and scorer, as `Comparison.rows`."""
        return self._joined([each.rows(which, scorer=scorer) for each in self.comparisons])

    def gate(self, expression: str, *, alpha: float = 0.05) -> Gate:
        """Decide a gate for every candidate; it passes when all of them do.

        With several candidates each interval is at 1 - alpha / candidates (Bonferroni), so that picking one of them
        afterwards is covered.
        """
        level = alpha / len(self.comparisons)
        gates = [(each.candidate, each.gate(expression, alpha=level)) for each in self.comparisons]
        return Gate(results=[_named(result, candidate) for candidate, gate in gates for result in gate.results])

    def _joined(self, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
        import pandas as pd

        names = [each.candidate.id for each in self.comparisons]
        parts = [table.assign(candidate_id=name) for name, table in zip(names, tables, strict=True)]
        return pd.concat(parts, ignore_index=True)

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.comparisons))


def compare(
    baseline: EvaluationResult | str,
    candidates: Sequence[EvaluationResult | str],
    *,
    confidence: float = 0.95,
    max_lost: float = MAX_LOST_SHARE,
    client: Client | None = None,
) -> Comparisons:
    """Compare candidates with a baseline, item by item. Scorers and candidates are one family, corrected by Holm.

    The collector keeps every comparison with its candidate.

    Args:
        baseline: a result, or the id of an experiment; candidates likewise.
        max_lost: share of the common items that may lack a score in either; above it nothing is tested.

    Raises:
        ExperimentNotFound: an id that does not exist.
        ConfigurationError: there are no candidates, or one is the baseline itself.
    """
    if isinstance(candidates, str | EvaluationResult) or not candidates:
        raise ConfigurationError("compare needs a list of candidates.", hint="candidates=[result, ...]")
    client = client or current_client()
    base = _loaded(baseline, client)
    results = [_loaded(candidate, client) for candidate in candidates]
    for each in results:
        must_differ(base, each)
    directions = {name: way for each in (base, *results) for name, way in each.directions.items()}
    family = compare_family(
        base.records,
        [each.records for each in results],
        confidence=confidence,
        directions=directions,
        max_lost=max_lost,
        seed=seed_of(base),
    )
    comparisons = [
        Comparison(
            baseline=base,
            candidate=each,
            directions=directions_of(base, each),
            confidence=confidence,
            max_lost=max_lost,
            scorers=[*rows, *compare_run_values(base.summary_rows, each.summary_rows)],
        )
        for each, rows in zip(results, family, strict=True)
    ]
    for comparison in comparisons:
        keep(comparison)
    return Comparisons(baseline=base, comparisons=comparisons)


def _loaded(result: EvaluationResult | str, client: Client) -> EvaluationResult:
    return EvaluationResult.load(result, client=client) if isinstance(result, str) else result


def _named(result: ConditionResult, candidate: EvaluationResult) -> ConditionResult:
    return replace(result, explanation=f"{candidate.name} {candidate.id}: {result.explanation}")
