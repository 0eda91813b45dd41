"""The summary of an experiment: per scorer a mean with its interval, and how many results stand behind it."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeVar

from assay.evaluation.cells import FAILED, Row, ScorerCells, scorer_cells
from assay.evaluation.statistics import (
    Estimate,
    Repeats,
    bounded_mean_interval,
    failure_bounds,
    mean_interval,
    proportion_interval,
    repeats_decomposed,
)

Direction = Literal["higher", "lower"]
Kind = Literal["code", "judge", "human"]
Level = Literal["item", "run"]
T = TypeVar("T")

KINDS: dict[str | None, Kind] = {"llm": "judge", "human": "human", "user": "human"}  # by source; anything else is code


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRow:
    """One scorer over one experiment. Of rows, n_scored + failed + n_na = n_rows, always.

    A scorer of the whole run (`level` "run") has one value, which stands in `mean`; its counts are of the rows it saw.
    """

    scorer: str
    kind: Kind
    dtype: Literal["bool", "number", "category"]
    direction: Direction
    n: int  # items behind the mean: the unit of the interval
    n_rows: int  # items times repeats
    n_scored: int
    failed: int  # n_task_error + n_scorer_error + n_invalid
    n_task_error: int
    n_scorer_error: int
    n_invalid: int  # scored outside of the scorer's declared range: kept, never averaged
    n_na: int  # the scorer did not apply
    mean: float | None
    ci_low: float | None
    ci_high: float | None
    confidence: float
    method: str | None
    stderr: float | None
    sd: float | None  # between items
    bound_low: float | None  # the mean, had every failed row scored worst; None where the scorer has no range
    bound_high: float | None
    counts: Mapping[str, int] = field(default_factory=dict)  # of labels
    reason: str | None = None  # why something is None, or what to be careful with
    level: Level = "item"
    artifact: Mapping[str, Any] | None = None  # {"kind": "confusion_matrix" | "curve", ...}, of scorers of a whole run
    clusters: int | None = None  # of items, where they depend on each other
    repeats: float | None = None  # scored repeats per item, where any item has several
    within_sd: float | None = None  # of one answer about its item's mean, where there are repeats
    stderr_one: float | None = None  # had each item been run once
    stderr_infinite: float | None = None  # had each been run without end: what only more items can lower
    advice: str | None = None  # whether more items or more repeats narrow the interval

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def summarise_rows(
    rows: Iterable[Row],
    *,
    scorers: Sequence[str] = (),
    directions: Mapping[str, Direction] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    confidence: float = 0.95,
) -> list[SummaryRow]:
    """Summarise the rows of one experiment, per scorer in order of first appearance.

    Args:
        scorers: names that must be in the summary even if no row has a score of theirs.
        directions: which way is better, by scorer; "higher" where nothing is said. "scorer/key" takes that of "scorer".
        ranges: least and greatest possible value, by scorer; right-or-wrong scorers have 0 and 1 without saying so.
    """
    columns = scorer_cells(rows, scorers)
    return [
        _summarise(
            column,
            declared(directions or {}, column.name, "higher"),
            declared(ranges or {}, column.name, None),
            confidence,
        )
        for column in columns
    ]


def declared(table: Mapping[str, T], name: str, default: T) -> T:
    """What the table says of a scorer, else of the scorer that "scorer/key" is a key of."""
    return table.get(name, table.get(name.partition("/")[0], default))


def _summarise(
    column: ScorerCells, direction: Direction, value_range: tuple[float, float] | None, confidence: float
) -> SummaryRow:
    estimate = estimate_column(column, confidence, value_range)
    labels_of_clusters = cluster_labels(column.clusters(), list(column.item_values))
    repeats = None if column.scored_once else repeats_decomposed(list(column.item_values.values()))
    failed = sum(column.count(outcome) for outcome in FAILED)
    value_range = value_range or ((0.0, 1.0) if column.dtype == "bool" else None)
    values = [value for repeats in column.item_values.values() for value in repeats]
    bounds = failure_bounds(values, failed, *value_range) if value_range and failed else None
    labels = (
        [str(cell.value) for cell in column.cells if cell.outcome == "scored"] if column.dtype == "category" else []
    )
    return SummaryRow(
        scorer=column.name,
        kind=KINDS.get(column.source, "code"),
        dtype=column.dtype,
        direction=direction,
        n=len({cell.item_id for cell in column.cells if cell.outcome == "scored"}),
        n_rows=len(column.cells),
        n_scored=column.count("scored"),
        failed=failed,
        n_task_error=column.count("task_error"),
        n_scorer_error=column.count("scorer_error"),
        n_invalid=column.count("invalid"),
        n_na=column.count("not_applicable"),
        mean=estimate.value,
        ci_low=estimate.low,
        ci_high=estimate.high,
        confidence=confidence,
        method=estimate.method,
        stderr=estimate.stderr,
        sd=estimate.sd,
        bound_low=bounds[0] if bounds else None,
        bound_high=bounds[1] if bounds else None,
        counts=dict(Counter(labels).most_common()),
        reason=estimate.reason,
        clusters=len(set(labels_of_clusters)) if labels_of_clusters else None,
        **_told_by_repeats(repeats),
    )


def _told_by_repeats(found: Repeats | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {
        "repeats": found.repeats,
        "within_sd": found.within_sd,
        "stderr_one": found.stderr_one,
        "stderr_infinite": found.stderr_infinite,
        "advice": found.advice,
    }


def estimate_column(column: ScorerCells, confidence: float, value_range: tuple[float, float] | None = None) -> Estimate:
    """The mean of one scorer over its items, by the interval that suits its values; labels have none.

    Right or wrong (zeros and ones, unless the scorer has a wider range): Wilson's. Numbers of a known range:
    t, or bootstrap-t where they are few or near an edge (drawn with a seed of the scorer's name). Other numbers: t.
    """
    if column.dtype == "category":
        return Estimate(n=0, value=None, confidence=confidence, reason="labels have no mean")
    means = column.item_means()
    clusters = cluster_labels(column.clusters(), list(means))
    if column.binary and value_range in (None, (0, 1)):
        rows = sum(len(values) for values in column.item_values.values())
        return proportion_interval(list(means.values()), rows=rows, clusters=clusters, confidence=confidence)
    values = list(means.values())
    if value_range is None or not values or min(values) < value_range[0] or max(values) > value_range[1]:
        return mean_interval(values, clusters=clusters, confidence=confidence)
    seed = zlib.crc32(column.name.encode())
    return bounded_mean_interval(values, *value_range, clusters=clusters, confidence=confidence, seed=seed)


def cluster_labels(clusters: Mapping[str, str], items: Sequence[str]) -> list[str] | None:
    """The clusters of these items; None unless every one has a cluster and some share theirs."""
    if not items or any(item not in clusters for item in items):
        return None
    labels = [clusters[item] for item in items]
    return labels if len(set(labels)) < len(labels) else None
