"""Sums over clusters: items that may depend on each other, such as those of one document or one user."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from assay.evaluation.statistics.estimate import Floats


def cluster_sums(values: Floats, clusters: Sequence[Hashable]) -> tuple[Floats, Floats]:
    """Sum and size of each cluster, in order of first appearance."""
    index: dict[Hashable, int] = {}
    codes = np.array([index.setdefault(label, len(index)) for label in clusters], dtype=np.intp)
    if len(codes) != len(values):
        raise ValueError(f"{len(values)} values have {len(codes)} cluster labels")
    return np.bincount(codes, weights=values).astype(float), np.bincount(codes).astype(float)


def group_count(clusters: Sequence[Hashable] | None) -> int:
    return len(set(clusters)) if clusters is not None else 0
