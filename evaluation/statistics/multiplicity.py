"""Several tests at once: p-values corrected for the family they belong to."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction for a family of tests; None stays None and does not count.

    The k-th smallest p times the number of tests not yet passed, never less than the one before. Source: Holm 1979.
    """
    known = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, i) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        corrected[i] = largest
    return corrected


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p-values that bound the false discovery rate of a family; None stays None and does not count.

    The k-th smallest of m p-values times ``m / k``, never more than the one after. For exploring (slices of the data):
    of the findings at 0.05, about one in twenty is false, where Holm keeps the chance of even one at that. Source:
    Benjamini and Hochberg 1995.
    """
    known = sorted(((p, i) for i, p in enumerate(p_values) if p is not None), reverse=True)
    corrected: list[float | None] = [None] * len(p_values)
    smallest = 1.0
    for passed, (p, i) in enumerate(known):
        smallest = min(smallest, p * len(known) / (len(known) - passed))
        corrected[i] = smallest
    return corrected
