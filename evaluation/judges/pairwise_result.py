"""What a pairwise comparison came to: wins, ties, losses, their test, how far order swayed the judge, and ratings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from assay.command.columns import cost
from assay.evaluation.judges.candidates import Duel
from assay.evaluation.report import as_text, number, shortened
from assay.evaluation.statistics import (
    BradleyTerry,
    Estimate,
    PositionBias,
    bradley_terry,
    clopper_pearson,
    holm,
    position_bias,
)

if TYPE_CHECKING:
    import pandas as pd

SHARES = {"first": 1.0, "tie": 0.5, "second": 0.0}  # of the win that goes to the one


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPair:
    """Two candidates on one item: `winner` is "first" for the one, "second" for the other; None: it failed."""

    one: str
    other: str
    item_id: str
    repeat: int = 0
    cluster: str | None = None
    winner: str | None = None
    order: Any = None  # the place chosen with the one first
    swapped: Any = None  # the place chosen with the other first
    explanation: str | None = None
    error: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DuelResult:
    """One candidate against another. The unit is the item, or the cluster of items where they share clusters."""

    one: str
    other: str
    n: int  # units judged: wins + ties + losses
    wins: int  # units in which the one did better than the other
    ties: int
    losses: int
    win_rate: float | None  # wins and half of the ties, of all
    decided: Estimate  # share of wins among wins and losses, Clopper-Pearson
    p: float | None  # sign test: exact binomial of wins and losses against 1/2, two-sided
    corrected_p: float | None  # Holm over all duels of the comparison
    bias: PositionBias
    failed: int  # pairs that could not be judged
    lost: int  # rows that only one of the two has an output for

    @property
    def verdict(self) -> str:
        """In words, for a reader who looks at nothing else."""
        if self.n == 0:
            return "nothing could be judged"
        if self.corrected_p is None or self.corrected_p >= 1 - self.decided.confidence:
            return "no difference shown"
        return f"{self.one} is preferred" if self.wins > self.losses else f"{self.other} is preferred"


@dataclass(frozen=True, kw_only=True)
class PairwiseComparison:
    """All duels of a pairwise comparison. `str()` of it is a table for the terminal."""

    judge: str
    duels: Sequence[DuelResult]
    pairs: Sequence[JudgedPair] = field(repr=False)
    ratings: BradleyTerry | None = None  # of three candidates and more
    cost_usd: float | None = None  # None: a price is not known
    problems: Sequence[str] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row per duel."""
        import pandas as pd

        return pd.DataFrame([_flat(duel) for duel in self.duels])

    @property
    def rows(self) -> pd.DataFrame:
        """One row per pair that was judged, with the reasons."""
        import pandas as pd

        columns = [name for name in JudgedPair.__dataclass_fields__ if name != "metadata"]
        return pd.DataFrame([{name: getattr(pair, name) for name in columns} for pair in self.pairs], columns=columns)

    def __rich__(self) -> RenderableType:
        title = Text(f"judge: {self.judge}, pairwise, both orders", style="bold")
        parts: list[RenderableType] = [title, Text(), _duel_table(self.duels), Text()]
        if self.ratings is not None:
            parts += [_rating_table(self.ratings), Text()]
        return Group(*parts, *(Text(line) for line in self._notes()))

    def __str__(self) -> str:
        return as_text(self)

    def _notes(self) -> list[str]:
        notes = [f"{duel.one} against {duel.other}: {duel.verdict}" for duel in self.duels]
        notes += [
            f"{duel.one} against {duel.other}: {duel.failed} pairs failed, {duel.lost} rows without a partner"
            for duel in self.duels
            if duel.failed or duel.lost
        ]
        if reason := next((pair.error for pair in self.pairs if pair.error), None):
            notes.append(f"the first failure: {shortened(reason)}")
        swayed = [duel for duel in self.duels if duel.bias.p is not None and duel.bias.p < 1 - duel.bias.confidence]
        notes += [
            f"{duel.one} against {duel.other}: the judge favours the {_favoured(duel.bias)} place "
            f"({duel.bias.first} to {duel.bias.second}, p {number(duel.bias.p)})"
            for duel in swayed
        ]
        if self.cost_usd:
            notes.append(f"cost: {cost(self.cost_usd)}")
        return [*notes, *self.problems]


def compared(
    duels: Sequence[Duel],
    pairs: Sequence[JudgedPair],
    *,
    judge: str,
    problems: Sequence[str] = (),
    confidence: float = 0.95,
    seed: int = 0,
) -> PairwiseComparison:
    """Figures from the pairs that were judged. Pure."""
    by_duel: dict[tuple[str, str], list[JudgedPair]] = defaultdict(list)
    for pair in pairs:
        by_duel[pair.one, pair.other].append(pair)
    results = [_result(duel, by_duel[duel.one.name, duel.other.name], confidence) for duel in duels]
    corrected = holm([result.p for result in results])
    results = [replace(result, corrected_p=p) for result, p in zip(results, corrected, strict=True)]
    return PairwiseComparison(
        judge=judge,
        duels=results,
        pairs=pairs,
        ratings=_ratings(pairs, confidence, seed) if len(duels) > 1 else None,
        cost_usd=_cost(pairs),
        problems=list(problems),
    )


def _result(duel: Duel, pairs: Sequence[JudgedPair], confidence: float) -> DuelResult:
    judged = [pair for pair in pairs if pair.winner is not None]
    leads = _leads(judged)
    wins, losses = sum(lead > 0 for lead in leads), sum(lead < 0 for lead in leads)
    ties = len(leads) - wins - losses
    return DuelResult(
        one=duel.one.name,
        other=duel.other.name,
        n=len(leads),
        wins=wins,
        ties=ties,
        losses=losses,
        win_rate=(wins + ties / 2) / len(leads) if leads else None,
        decided=clopper_pearson(wins, wins + losses, confidence=confidence),
        p=_sign_test(wins, losses),
        corrected_p=None,
        bias=position_bias([p.order for p in judged], [p.swapped for p in judged], confidence=confidence),
        failed=len(pairs) - len(judged),
        lost=duel.lost,
    )


def _leads(pairs: Sequence[JudgedPair]) -> list[float]:
    """By how much the one leads in each unit: repeats are averaged by item first, then items by cluster."""
    items: dict[str, list[float]] = defaultdict(list)
    clusters = {pair.item_id: pair.cluster for pair in pairs}
    for pair in pairs:
        items[pair.item_id].append(SHARES[str(pair.winner)] - 0.5)
    means = {item: fmean(values) for item, values in items.items()}
    known = [cluster for cluster in clusters.values() if cluster is not None]
    if len(known) < len(clusters) or len(set(known)) == len(known):
        return list(means.values())
    grouped: dict[str, list[float]] = defaultdict(list)
    for item, mean in means.items():
        grouped[str(clusters[item])].append(mean)
    return [fmean(values) for values in grouped.values()]


def _sign_test(wins: int, losses: int) -> float | None:
    """Two-sided exact p of so many wins among wins and losses; None when nothing is decided."""
    if wins + losses == 0:
        return None
    import scipy

    return float(scipy.stats.binomtest(wins, wins + losses).pvalue)


def _ratings(pairs: Sequence[JudgedPair], confidence: float, seed: int) -> BradleyTerry:
    judged = [pair for pair in pairs if pair.winner is not None]
    verdicts = [(pair.one, pair.other, SHARES[str(pair.winner)]) for pair in judged]
    rows = [pair.cluster or pair.item_id for pair in judged]
    return bradley_terry(verdicts, rows=rows, confidence=confidence, seed=seed)


def _cost(pairs: Sequence[JudgedPair]) -> float | None:
    costs = [pair.metadata.get("cost_usd") for pair in pairs if pair.metadata.get("calls")]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _favoured(bias: PositionBias) -> str:
    return "first" if bias.first > bias.second else "second"


def _flat(duel: DuelResult) -> dict[str, Any]:
    plain = ("one", "other", "n", "wins", "ties", "losses", "win_rate", "p", "corrected_p", "failed", "lost", "verdict")
    return {
        **{name: getattr(duel, name) for name in plain},
        "decided": duel.decided.value,
        "ci_low": duel.decided.low,
        "ci_high": duel.decided.high,
        "consistency": duel.bias.consistency.value,
        "favours_first": duel.bias.value,
    }


def _duel_table(duels: Sequence[DuelResult]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for heading, justify in (("one", "left"), ("other", "left"), ("won/tied/lost", "right"), ("win rate", "right")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    table.add_column("of decided", no_wrap=True)
    table.add_column("p", justify="right", no_wrap=True)
    table.add_column("consistent", justify="right", no_wrap=True)
    for duel in duels:
        share = duel.decided
        interval = "" if share.low is None else f" [{number(share.low)}, {number(share.high)}]"
        table.add_row(
            Text(duel.one),
            Text(duel.other),
            f"{duel.wins}/{duel.ties}/{duel.losses}",
            number(duel.win_rate),
            Text(f"{number(share.value)}{interval}"),
            number(duel.corrected_p),
            number(duel.bias.consistency.value),
        )
    return table


def _rating_table(ratings: BradleyTerry) -> RenderableType:
    if not ratings.ratings:
        return Text(f"no Bradley-Terry ratings: {ratings.reason}")
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("Bradley-Terry")
    table.add_column("log strength", justify="right")
    table.add_column("interval", no_wrap=True)
    for name, estimate in ratings.ratings.items():
        interval = "" if estimate.low is None else f"[{number(estimate.low)}, {number(estimate.high)}]"
        table.add_row(Text(name), number(estimate.value), Text(interval))
    return table
