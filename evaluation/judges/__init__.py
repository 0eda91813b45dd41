"""Judges: scorers that ask a model. Names load on first use; see evaluation/README.md for the decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.lazy import lazy_names

if TYPE_CHECKING:
    from assay.evaluation.judges.own import judge
    from assay.evaluation.judges.verdict import Judge

__all__ = ["Judge", "judge"]

__getattr__ = lazy_names(__name__, {"Judge": "verdict", "judge": "own"})
