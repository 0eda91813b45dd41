"""Labels as codes: which there are, and in which order."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any


def label_order(seen: Iterable[Any], declared: Sequence[Any] | None, *, ordered: bool) -> list[Hashable]:
    """The labels in order: as declared, else numbers by size, else (where order does not matter) by first appearance.

    Raises:
        ValueError: an order is needed and cannot be known, or a label is not among those declared.
    """
    found = list(dict.fromkeys(seen))
    if declared is not None:
        missing = [label for label in found if label not in declared]
        if missing:
            raise ValueError(f"{missing[0]!r} is not among the labels {list(declared)}")
        return list(declared)
    if all(isinstance(label, (bool, int, float)) for label in found):
        return sorted(found)
    if ordered:
        raise ValueError(f"labels such as {found[0]!r} have no order of their own: say labels=[lowest, ..., highest]")
    return found
