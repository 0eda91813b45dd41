"""How often two raters say the same, and how the labels are spread: what a kappa has to be read beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

from assay.evaluation.statistics.estimate import Estimate
from assay.evaluation.statistics.rates import proportion_interval


def raw_agreement(a: Sequence[Any], b: Sequence[Any], *, confidence: float = 0.95) -> Estimate:
    """Share of pairs in which both raters gave the same label, with Wilson's interval; pairs with a None are left out.

    ``p_o = #{a_i = b_i} / n``. Source: Wilson 1927. Read it beside `prevalence`: where nearly all labels are the same,
    two raters agree often by chance alone.
    """
    pairs = label_pairs(a, b)
    estimate = proportion_interval([float(x == y) for x, y in pairs], confidence=confidence)
    return estimate if pairs else replace(estimate, reason="no item was labelled by both")


def prevalence(*raters: Sequence[Any]) -> dict[Hashable, float]:
    """Share of each label among all labels given, by all raters together; None is no label. Most frequent first.

    ``(number of times that the label was given) / (number of labels)``. Source: Byrt, Bishop and Carlin 1993 (why a
    kappa needs it beside it).
    """
    counts = Counter(label for labels in raters for label in labels if label is not None)
    total = sum(counts.values())
    return {label: count / total for label, count in counts.most_common()}


def label_pairs(a: Sequence[Any], b: Sequence[Any]) -> list[tuple[Any, Any]]:
    """The labels that both raters gave, pair by pair.

    Raises:
        ValueError: the two have not the same length.
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} labels of one rater cannot be paired with {len(b)} of the other")
    return [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
