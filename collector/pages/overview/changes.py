"""What changed against the period before: tested, corrected for how much was looked at, and said in words. Pure.

Each trace counts as one independent observation. Errors are compared as rates, latencies as ratios of geometric means,
scores as means. Only what differs by more than chance, after Holm's correction over everything that was compared, is
said to have changed; and of errors and latencies only what is large enough to matter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from assay.collector.pages import formats

if TYPE_CHECKING:
    from assay.evaluation.statistics import Difference

Row = Mapping[str, Any]
Kind = Literal["errors", "latency", "score"]
LEAST = 20  # observations on each side, below which nothing is compared
ALPHA = 0.05
LEAST_POINTS = 0.01  # of an error rate
LEAST_RATIO = 1.1  # of latencies


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One figure of one group in both periods."""

    kind: Kind
    of: str  # "traces named answer", "calls of gpt-4o", "helpful"
    href: str
    n: int
    n_before: int
    now: float
    before: float
    tested: Difference

    @property
    def matters(self) -> bool:
        if self.kind == "errors":
            return abs(self.now - self.before) >= LEAST_POINTS
        return self.kind == "score" or not 1 / LEAST_RATIO < math.exp(self.now - self.before) < LEAST_RATIO

    @property
    def is_rise(self) -> bool:
        return self.now > self.before

    @property
    def is_worse(self) -> bool | None:
        """None: of a live score nobody said whether more of it is better."""
        return None if self.kind == "score" else self.is_rise


@dataclass(frozen=True, slots=True)
class Change:
    """A change that holds; `text` is a sentence."""

    compared: Compared
    p: float
    text: str


@dataclass(frozen=True, slots=True)
class Changes:
    found: list[Change]
    looked_at: int
    too_few: int  # figures with too few observations on a side

    @property
    def summary(self) -> str:
        if not self.looked_at:
            return f"Too little to compare: it takes {LEAST} traces in each of both periods."
        looked = f"{formats.count(self.looked_at)} figure{'s were' if self.looked_at > 1 else ' was'} compared"
        return f"{looked}; p is corrected for that (Holm)."


def changes(pairs: Sequence[Compared], too_few: int) -> Changes:
    """What holds, the worst first: what got worse, then changes of scores, then what got better."""
    from assay.evaluation.statistics import holm

    corrected = holm([pair.tested.p for pair in pairs])
    found = [
        Change(pair, p, in_words(pair, p))
        for pair, p in zip(pairs, corrected, strict=True)
        if p is not None and p < ALPHA and pair.matters
    ]
    rank = {True: 0, None: 1, False: 2}
    found.sort(key=lambda one: (rank[one.compared.is_worse], one.p, one.compared.of))
    return Changes(found, sum(p is not None for p in corrected), too_few)


def compared_errors(of: str, href: str, row: Row, before: Row) -> Compared:
    from assay.evaluation.statistics import rate_difference

    n, n_before = row["count"], before["count"]
    return Compared(
        kind="errors",
        of=of,
        href=href,
        n=n,
        n_before=n_before,
        now=row["error_count"] / n,
        before=before["error_count"] / n_before,
        tested=rate_difference(row["error_count"], n, before["error_count"], n_before),
    )


def compared_latency(of: str, href: str, row: Row, before: Row) -> Compared | None:
    """None where nothing took any time."""
    from assay.evaluation.statistics import mean_difference

    if row["latency_log_mean"] is None or before["latency_log_mean"] is None:
        return None
    figures = [(one["count"], one["latency_log_mean"], one["latency_log_sd"]) for one in (row, before)]
    return Compared(
        kind="latency",
        of=of,
        href=href,
        n=row["count"],
        n_before=before["count"],
        now=row["latency_log_mean"],
        before=before["latency_log_mean"],
        tested=mean_difference(*figures[0], *figures[1]),
    )


def compared_score(of: str, href: str, row: Row, before: Row) -> Compared:
    from assay.evaluation.statistics import mean_difference, rate_difference

    n, n_before = row["n"], before["n"]
    if row["is_binary"] and before["is_binary"]:
        tested = rate_difference(round(row["mean"] * n), n, round(before["mean"] * n_before), n_before)
    else:
        tested = mean_difference(n, row["mean"], row["sd"], n_before, before["mean"], before["sd"])
    return Compared(
        kind="score", of=of, href=href, n=n, n_before=n_before, now=row["mean"], before=before["mean"], tested=tested
    )


def in_words(pair: Compared, p: float) -> str:
    """Errors of traces named answer rose from 3.1 % to 9.0 %: +5.9 points (4.0 to 7.9), p < 0.001."""
    low, high = pair.tested.low, pair.tested.high
    assert low is not None
    assert high is not None
    verb = "rose" if pair.is_rise else "fell"
    chance = f"p {formats.p_value(p)}" if p < 0.001 else f"p = {formats.p_value(p)}"
    if pair.kind == "errors":
        return (
            f"Errors of {pair.of} {verb} from {formats.share(pair.before)} to {formats.share(pair.now)}:"
            f" {_points(pair.now - pair.before)} points ({_points(low)} to {_points(high)}), {chance}"
        )
    if pair.kind == "latency":
        # Of log times the mean is the logarithm of the geometric mean, and a difference that of a ratio
        slower = "slower" if pair.is_rise else "faster"
        return (
            f"{pair.of[:1].upper()}{pair.of[1:]} became {slower}: typically {formats.duration(math.exp(pair.now))}"
            f" in place of {formats.duration(math.exp(pair.before))}, {_ratio(pair.now - pair.before)}"
            f" ({_ratio(low)} to {_ratio(high)}), {chance}"
        )
    return (
        f"Score {pair.of} {verb} from {formats.figure(pair.before)} to {formats.figure(pair.now)}:"
        f" {formats.figure(pair.now - pair.before, signed=True)}"
        f" ({formats.figure(low, signed=True)} to {formats.figure(high, signed=True)}), {chance}"
    )


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def _ratio(log_ratio: float) -> str:
    return f"{100 * (math.exp(log_ratio) - 1):+.0f} %".replace("-", "−")
