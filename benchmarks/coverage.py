"""How often do the intervals of a paired difference of two rates hold the true difference? Measured, not asserted.

    python benchmarks/coverage.py

The three columns are the dual interval of the exact McNemar test, Bonett and Price's, and what Assay shows, at 95 %.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from assay.evaluation.statistics import bonett_price, mcnemar, mcnemar_dual

REPLICATES = 20_000
SIZES = (40, 100, 300)
RATES = ((0.10, 0.10), (0.15, 0.05), (0.05, 0.15), (0.01, 0.05), (0.02, 0.30), (0.00, 0.10), (0.01, 0.01))


def main() -> None:
    rng = np.random.default_rng(0)
    print("    n   P(win)  P(loss)    dual  Bonett-Price   shown")
    for n in SIZES:
        for win, loss in RATES:
            shares = coverage(n, win, loss, rng)
            print(f"{n:5}  {win:7.2f}  {loss:7.2f}  {shares[0]:6.1%}  {shares[1]:12.1%}  {shares[2]:6.1%}")


def coverage(n: int, win: float, loss: float, rng: np.random.Generator) -> tuple[float, float, float]:
    """Share of replicates whose interval holds win - loss, for each of the three."""
    drawn = Counter((int(w), int(lost)) for w, lost, _ in rng.multinomial(n, [win, loss, 1 - win - loss], REPLICATES))
    held = np.zeros(3)
    for (wins, losses), count in drawn.items():
        held += count * np.array(
            [low - 1e-12 <= win - loss <= high + 1e-12 for low, high in intervals(wins, losses, n)]
        )
    dual, unconditional, shown = held / REPLICATES
    return float(dual), float(unconditional), float(shown)


def intervals(wins: int, losses: int, n: int) -> list[tuple[float, float]]:
    shown = mcnemar(wins, losses, n)
    assert shown.low is not None
    assert shown.high is not None
    dual = mcnemar_dual(wins, losses, n) if wins + losses else (0.0, 0.0)
    return [dual, bonett_price(wins, losses, n), (shown.low, shown.high)]


if __name__ == "__main__":
    main()
