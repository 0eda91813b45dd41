"""Two rates of the same items, right or wrong on both sides: McNemar's exact test and its intervals."""

from __future__ import annotations

import math

import scipy

from assay.evaluation.statistics.estimate import Difference
from assay.evaluation.statistics.smallest import fewest_for_significance


def mcnemar(wins: int, losses: int, n: int, *, confidence: float = 0.95) -> Difference:
    """Exact McNemar test of `n` paired right-or-wrong results, with an interval for the difference of the two rates.

    The p-value is that of a fair coin on the discordant items. Its dual interval (`mcnemar_dual`)
    takes the number of discordant items as fixed, and so leaves out their own chance: where nearly all point one way
    it covers the truth half the time only (benchmarks/coverage.py). Each end is therefore the wider of the dual and
    of Bonett and Price's interval (2012), which has no such gap; an end that would reach past 0 against the test
    stays at the dual's. Sources: McNemar 1947; Fagerland, Lydersen and Laake 2013; Bonett and Price 2012.
    """
    discordant = wins + losses
    difference = (wins - losses) / n
    p = float(scipy.stats.binomtest(wins, discordant, 0.5).pvalue) if discordant else 1.0
    low, high = bonett_price(wins, losses, n, confidence=confidence)
    if discordant:
        dual_low, dual_high = mcnemar_dual(wins, losses, n, confidence=confidence)
        low = dual_low if dual_low > 0 >= low else min(low, dual_low)
        high = dual_high if dual_high < 0 <= high else max(high, dual_high)
    variance = (discordant / n - difference**2) * n / (n - 1) if n > 1 else None
    sd = math.sqrt(max(variance, 0.0)) if variance is not None else None
    few = fewest_for_significance(1 - confidence)
    reason = None
    if discordant < few:
        reason = f"{_items_differ(discordant, n)}, and an exact test needs {few} that do to tell"
    return Difference(
        n=n,
        value=difference,
        low=max(low, -1.0),
        high=min(high, 1.0),
        stderr=sd / math.sqrt(n) if sd is not None else None,
        sd=sd,
        confidence=confidence,
        method="exact McNemar",
        p=p,
        reason=reason,
    )


def mcnemar_dual(wins: int, losses: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The interval that excludes 0 exactly when the exact McNemar test rejects: ``(2 * CP(wins, m) - 1) * m / n``.

    CP is Clopper and Pearson's interval, m = wins + losses > 0. Source: Fagerland, Lydersen and Laake 2013.
    """
    discordant = wins + losses
    share = scipy.stats.binomtest(wins, discordant, 0.5).proportion_ci(confidence_level=confidence, method="exact")
    return (2 * float(share.low) - 1) * discordant / n, (2 * float(share.high) - 1) * discordant / n


def bonett_price(wins: int, losses: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Adjusted Wald interval for the difference of two paired rates. Source: Bonett and Price 2012.

    ``w = (wins+1)/(n+2), l = (losses+1)/(n+2): (w-l) +- z * sqrt((w + l - (w-l)^2) / (n+2))``, cut to -1 and 1.
    """
    w, lost = (wins + 1) / (n + 2), (losses + 1) / (n + 2)
    half = float(scipy.stats.norm.ppf((1 + confidence) / 2)) * math.sqrt((w + lost - (w - lost) ** 2) / (n + 2))
    return max(w - lost - half, -1.0), min(w - lost + half, 1.0)


def _items_differ(count: int, n: int) -> str:
    if count == 0:
        return f"no item of {n} differs"
    return f"only {count} of {n} item{'' if n == 1 else 's'} differ{'s' if count == 1 else ''}"
