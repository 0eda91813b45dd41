"""Ratings from pairwise verdicts: the Bradley-Terry model, with its conditions checked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
import scipy

from assay.errors import MissingExtra
from assay.evaluation.statistics.estimate import Estimate, Floats

TOLERANCE = 1e-12
MOST_STEPS = 100_000
ELO_PER_UNIT = 400 / math.log(10)

Verdict = tuple[str, str, float]  # one, other, and the share of the win that goes to the one: 1, 0.5 (a tie) or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BradleyTerry:
    """Log strengths with mean 0. One stronger by 1 wins e times as often as it loses."""

    n: int  # verdicts
    ratings: Mapping[str, Estimate] = field(default_factory=dict)  # best first; empty when undefined
    method: str = "Bradley-Terry"
    reason: str | None = None  # why there are no ratings, or no intervals

    def win_probability(self, one: str, other: str) -> float | None:
        """Chance that `one` is preferred to `other`: ``1 / (1 + exp(-(difference of log strengths)))``."""
        if one not in self.ratings or other not in self.ratings:
            return None
        first, second = self.ratings[one].value, self.ratings[other].value
        assert first is not None
        assert second is not None
        return 1 / (1 + math.exp(second - first))

    def elo(self) -> dict[str, float]:
        """The same ratings on the scale of chess, about 1000: for display only."""
        return {name: 1000 + ELO_PER_UNIT * (each.value or 0.0) for name, each in self.ratings.items()}


def bradley_terry(
    verdicts: Sequence[Verdict],
    *,
    rows: Sequence[Hashable] | None = None,
    resamples: int = 200,
    confidence: float = 0.95,
    seed: int = 0,
) -> BradleyTerry:
    """Maximum-likelihood strengths from pairwise verdicts (evalica), ties half a win of each, intervals over rows.

    ``P(i beats j) = w_i / (w_i + w_j)``; the ratings are ``log w`` with mean 0. They exist only if nobody, and no set
    of candidates, won all or lost all of its verdicts against the rest (the graph of wins is strongly connected);
    else the reason says who. Intervals are percentiles over resamples of whole rows; resamples in which no ratings
    exist are left out, and above 5 % of them there is no interval. Sources: Bradley and Terry 1952; Ford 1957; Newman
    2023.

    Args:
        verdicts: (one, other, 1 | 0.5 | 0).
        rows: the item behind each verdict, the unit that is resampled; every verdict its own where nothing is said.

    Raises:
        ValueError: a candidate against itself, or a share outside 0 to 1.
        MissingExtra: evalica is not installed.
    """
    for one, other, share in verdicts:
        if one == other or not 0 <= share <= 1:
            raise ValueError(f"({one!r}, {other!r}, {share!r}) is no verdict on two candidates")
    names = list(dict.fromkeys(name for one, other, _ in verdicts for name in (one, other)))
    n = len(verdicts)
    if n == 0:
        return BradleyTerry(n=0, reason="no pair was judged")
    place = {name: i for i, name in enumerate(names)}
    units: dict[Hashable, Floats] = {}
    for i, (one, other, share) in enumerate(verdicts):
        wins = units.setdefault(i if rows is None else rows[i], np.zeros((len(names), len(names))))
        wins[place[one], place[other]] += share
        wins[place[other], place[one]] += 1 - share
    each = np.array(list(units.values()))
    total = each.sum(axis=0)
    if reason := _unrated(total, names):
        return BradleyTerry(n=n, reason=reason)
    values = _log_strengths(total)
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(resamples):
        counts = np.bincount(rng.integers(0, len(each), len(each)), minlength=len(each))
        wins = np.tensordot(counts, each, axes=1)
        if _strongly_connected(wins):
            drawn.append(_log_strengths(wins))
    if len(drawn) < 0.95 * resamples:
        lost = 1 - len(drawn) / resamples
        reason = f"in {lost:.0%} of the resamples somebody wins or loses all: too few rows for intervals"
        ends: Floats = np.full((2, len(names)), np.nan)
    elif np.ptp(np.array(drawn), axis=0).max() < 1e-9:
        reason = "all resamples give the same strengths: their spread cannot be estimated"
        ends = np.full((2, len(names)), np.nan)
    else:
        ends = np.quantile(np.array(drawn), [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    judged = Counter(name for one, other, _ in verdicts for name in (one, other))
    method = f"Bradley-Terry, bootstrap over {len(each)} rows, {resamples:,} draws, seed {seed}"
    ratings = {
        names[i]: Estimate(
            n=judged[names[i]],
            value=float(values[i]),
            low=None if reason else float(ends[0, i]),
            high=None if reason else float(ends[1, i]),
            confidence=confidence,
            method=method,
            reason=reason,
        )
        for i in np.argsort(-values, kind="stable")
    }
    return BradleyTerry(n=n, ratings=ratings, method=method, reason=reason)


def _log_strengths(wins: Floats) -> Floats:
    """Log strengths by evalica: who beat whom, by the number of wins."""
    evalica = _evalica()
    winners, losers = np.nonzero(wins)
    found = evalica.bradley_terry(
        winners.tolist(),
        losers.tolist(),
        [evalica.Winner.X] * len(winners),
        weights=wins[winners, losers].tolist(),
        tolerance=TOLERANCE,
        limit=MOST_STEPS,
    )
    logs = np.log(found.scores.loc[range(len(wins))].to_numpy())
    return np.asarray(logs - logs.mean(), dtype=float)


def _strongly_connected(wins: Floats) -> bool:
    """Whether every candidate beat every other, if only through others."""
    return int(scipy.sparse.csgraph.connected_components(wins > 0, directed=True, connection="strong")[0]) == 1


def _unrated(wins: Floats, names: Sequence[str]) -> str | None:
    """Why the likelihood has no maximum: not connected, unbeaten, or winless; None when it has one."""
    if scipy.sparse.csgraph.connected_components(wins > 0, directed=False)[0] > 1:
        return "the candidates fall into groups that were never compared with each other"
    if _strongly_connected(wins):
        return None
    unbeaten = [name for name, lost in zip(names, wins.sum(axis=0), strict=True) if lost == 0]
    winless = [name for name, won in zip(names, wins.sum(axis=1), strict=True) if won == 0]
    told = [f"{', '.join(who)} {what}" for who, what in ((unbeaten, "never lost"), (winless, "never won")) if who]
    return f"{' and '.join(told) or 'some candidates beat all the others'}: the strengths have no finite value"


def _evalica() -> ModuleType:
    try:
        import evalica
    except ImportError as error:
        raise MissingExtra("Ratings from pairwise verdicts", "eval") from error
    return evalica
