"""`assay.power`: from what a run has shown of its spread, how many items and repeats the next comparison needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from assay.client import Client, current_client
from assay.errors import ConfigurationError
from assay.evaluation.cells import ScorerCells, scorer_cells
from assay.evaluation.result import EvaluationResult
from assay.evaluation.statistics import (
    PairedVariance,
    detectable_effect,
    intracluster_correlation,
    repeats_decomposed,
    sample_size,
)
from assay.evaluation.statistics import power as chance_to_find
from assay.evaluation.summary import cluster_labels

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN_CORRELATION = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerPower:
    """What it takes to find a difference of `delta` in one scorer, in a comparison paired by item."""

    scorer: str
    delta: float
    n: int  # items there are
    repeats: float  # scored repeats per item there are
    between: float | None = None  # omega^2: variance over items of the difference of the true means
    within: float | None = (
        None  # sigma^2: mean variance of one answer about its item's mean; one repeat does not tell it
    )
    design_effect: float = 1.0  # of clusters
    power: float | None = None  # of the items and repeats there are
    detectable: float | None = None  # difference that they find at the wanted power
    items_needed: int | None = None  # at the repeats there are
    items_at_one: int | None = None  # at one repeat
    items_at_infinity: int | None = None  # at any number of repeats
    basis: str = ""  # where the spread of the difference comes from
    reason: str | None = None  # why nothing is known

    @property
    def words(self) -> str:
        """The same, to be read."""
        if self.items_needed is None:
            return f"{self.scorer}: cannot be told, {self.reason}"
        told = f"{self.scorer}: to find a difference of {self.delta:g}, {self.items_needed:,} items are needed"
        told += f" at {self.repeats:.3g} repeat{'' if self.repeats == 1 else 's'} ({self.n:,} are there"
        told += f", which find {self.detectable:.3g})" if self.detectable is not None else ")"
        return f"{told}. {self._what_helps()} ({self.basis})"

    def _what_helps(self) -> str:
        if self.items_at_one is None or self.items_at_infinity is None:
            return "Whether repeats would help cannot be told from one repeat"
        rows = f"With one repeat it is {self.items_at_one:,}, with any number at least {self.items_at_infinity:,}"
        assert self.items_needed is not None
        if self.items_at_infinity < 0.6 * self.items_needed:
            return f"{rows}: more repeats help"
        if self.items_needed < 0.8 * self.items_at_one:
            return f"{rows}: the repeats there are help, more of them hardly"
        return f"{rows}: more items help, repeats hardly"


@dataclass(frozen=True, kw_only=True)
class PowerReport:
    """One `ScorerPower` per scorer that has a mean; `str()` is the words."""

    scorers: Sequence[ScorerPower]

    @property
    def table(self) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame([asdict(each) for each in self.scorers], columns=list(ScorerPower.__dataclass_fields__))

    def __getitem__(self, scorer: str) -> ScorerPower:
        found = next((each for each in self.scorers if each.scorer == scorer), None)
        if found is None:
            raise KeyError(f"{scorer!r} is not among {', '.join(each.scorer for each in self.scorers)}")
        return found

    def __str__(self) -> str:
        return "\n".join(each.words for each in self.scorers)


def power(
    result: EvaluationResult | str,
    delta: float,
    *,
    baseline: EvaluationResult | str | None = None,
    scorer: str | None = None,
    correlation: float = UNKNOWN_CORRELATION,
    wanted: float = 0.8,
    confidence: float = 0.95,
    client: Client | None = None,
) -> PowerReport:
    """Items and repeats needed to find a true difference of `delta` between this run and another, paired by item.

    The spread of a difference has two parts: what differs between items, and the chance of one answer, which repeats
    average out. With a baseline both come from the two runs. From one run alone the second is known only if it was
    repeated, and the first needs the correlation of two versions' scores over items, which is assumed:
    ``omega^2 = 2 (1 - correlation) between``.

    Args:
        result: a result, or the id of an experiment; so is `baseline`.
        scorer: the only one to plan for.
        wanted: power, the chance to find the difference.
        correlation: of the items' true means in two versions; small changes of a prompt have more than 0.5.

    Raises:
        ConfigurationError: delta is 0, the correlation is not within 0 and 1, or there is no such scorer.
    """
    if delta == 0 or not 0 <= correlation <= 1:
        raise ConfigurationError("A difference to find must not be 0, and a correlation is within 0 and 1.")
    client = client or current_client()
    after = {column.name: column for column in scorer_cells(_loaded(result, client).records)}
    before = {} if baseline is None else {c.name: c for c in scorer_cells(_loaded(baseline, client).records)}
    names = [name for name in after if scorer in (None, name) and (baseline is None or name in before)]
    if not names:
        raise ConfigurationError(f"There is no scorer {scorer!r} to plan for.", hint=f"There are: {', '.join(after)}.")
    return PowerReport(
        scorers=[plan_column(after[name], before.get(name), delta, correlation, wanted, confidence) for name in names]
    )


def plan_column(
    column: ScorerCells,
    baseline: ScorerCells | None,
    delta: float,
    correlation: float = UNKNOWN_CORRELATION,
    wanted: float = 0.8,
    confidence: float = 0.95,
) -> ScorerPower:
    """The plan for one scorer, from its cells (and those of a baseline)."""
    if column.dtype == "category" or (baseline is not None and baseline.dtype == "category"):
        return ScorerPower(scorer=column.name, delta=delta, n=0, repeats=1, reason="labels have no mean")
    found = _alone(column, correlation) if baseline is None else _paired(column, baseline)
    n, repeats, variance, basis = found
    unknown = ScorerPower(scorer=column.name, delta=delta, n=n, repeats=repeats[0], basis=basis)
    if isinstance(variance, str):
        return replace(unknown, reason=variance)
    split = sum(variance.within) > 0 or max(repeats) > 1
    now, one, without_end = (_at(variance, times) for times in (repeats, (1.0, 1.0), (float("inf"), float("inf"))))
    if now.per_item <= 0:
        return replace(unknown, reason=f"the {n} items do not differ: nothing varies that could be planned for")
    stderr = (now.per_item / n) ** 0.5
    return replace(
        unknown,
        between=variance.between,
        within=sum(variance.within) / 2 if split else None,
        design_effect=variance.design_effect,
        power=chance_to_find(delta, n, now, confidence=confidence),
        detectable=detectable_effect(stderr, confidence=confidence, power=wanted),
        items_needed=sample_size(delta, now, confidence=confidence, power=wanted),
        items_at_one=sample_size(delta, one, confidence=confidence, power=wanted) if split else None,
        items_at_infinity=sample_size(delta, without_end, confidence=confidence, power=wanted) if split else None,
    )


Found = tuple[int, tuple[float, float], "PairedVariance | str", str]


def _alone(column: ScorerCells, correlation: float) -> Found:
    """From one run: its own spread for both sides, and an assumed correlation between them."""
    parts = repeats_decomposed(list(column.item_values.values()))
    n, repeats = parts.n, (parts.repeats or 1.0, parts.repeats or 1.0)
    basis = f"one run: a correlation of {correlation:g} between versions is assumed"
    if parts.stderr is None:
        return n, repeats, parts.reason or "one item has no spread between items", basis
    between = parts.stderr**2 * n if parts.between is None else parts.between
    within = parts.within or 0.0
    means = column.item_means()
    size, alike = _clusters(means, column.clusters())
    variance = PairedVariance(
        between=2 * (1 - correlation) * between, within=(within, within), cluster_size=size, intracluster=alike
    )
    return n, repeats, variance, basis


def _paired(column: ScorerCells, baseline: ScorerCells) -> Found:
    """From two runs: the spread of the differences seen, less what chance within items adds to it."""
    items = [item for item in column.item_values if item in baseline.item_values]
    sides = [repeats_decomposed([side.item_values[item] for item in items]) for side in (column, baseline)]
    repeats = (sides[0].repeats or 1.0, sides[1].repeats or 1.0)
    basis = f"the differences seen on {len(items)} items of both runs"
    if len(items) < 2:
        return len(items), repeats, "fewer than two items were scored in both", basis
    new, old = column.item_means(), baseline.item_means()
    differences = {item: new[item] - old[item] for item in items}
    mean = sum(differences.values()) / len(items)
    total = sum((each - mean) ** 2 for each in differences.values()) / (len(items) - 1)
    within = (sides[0].within or 0.0, sides[1].within or 0.0)
    between = max(total - within[0] / repeats[0] - within[1] / repeats[1], 0.0)
    size, alike = _clusters(differences, {**baseline.clusters(), **column.clusters()})
    variance = PairedVariance(between=between, within=within, cluster_size=size, intracluster=alike)
    return len(items), repeats, variance, basis


def _clusters(values: Mapping[str, float], clusters: Mapping[str, str]) -> tuple[float, float]:
    """Size of the clusters and correlation within them; 1 and 0 where items are independent."""
    labels = cluster_labels(clusters, list(values))
    alike, size = intracluster_correlation(list(values.values()), labels) if labels else (None, None)
    return (1.0, 0.0) if alike is None or size is None else (size, alike)


def _at(variance: PairedVariance, repeats: tuple[float, float]) -> PairedVariance:
    return PairedVariance(
        between=variance.between,
        within=variance.within,
        repeats=repeats,
        cluster_size=variance.cluster_size,
        intracluster=variance.intracluster,
    )


def _loaded(result: EvaluationResult | str, client: Client) -> EvaluationResult:
    return EvaluationResult.load(result, client=client) if isinstance(result, str) else result
