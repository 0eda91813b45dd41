"""Rows as scorers of a whole run see them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assay.evaluation.scorers.protocol import RunRow


def run_rows(expected: Iterable[Any], outputs: Iterable[Any], **fields: Any) -> list[RunRow]:
    """One row per pair, with the items i0, i1, ..."""
    pairs = zip(expected, outputs, strict=True)
    return [RunRow(item_id=f"i{n}", expected=one, output=other, **fields) for n, (one, other) in enumerate(pairs)]
