"""How well a judge agrees with people, and what its scores are worth after that. Names load on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.lazy import lazy_names

if TYPE_CHECKING:
    from assay.evaluation.alignment.aligning import align
    from assay.evaluation.alignment.alignment import Alignment

__all__ = ["Alignment", "align"]

__getattr__ = lazy_names(__name__, {"Alignment": "alignment", "align": "aligning"})
