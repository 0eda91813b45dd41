"""What changed between two versions of a data set, item by item. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Item = Mapping[str, Any]
COMPARED = ("input", "expected", "metadata", "output")


@dataclass(frozen=True, slots=True)
class Changes:
    """`changed`: items of both versions, as (older, newer, names of the fields that differ)."""

    added: list[Item] = field(default_factory=list)
    removed: list[Item] = field(default_factory=list)
    changed: list[tuple[Item, Item, list[str]]] = field(default_factory=list)
    same: int = 0


def changes(old: Iterable[Item], new: Iterable[Item]) -> Changes:
    """Items are the same item when they have the same id, wherever they stand."""
    before = {item["id"]: item for item in old}
    found = Changes()
    same = 0
    for item in new:
        older = before.pop(item["id"], None)
        if older is None:
            found.added.append(item)
        elif differing := [name for name in COMPARED if older.get(name) != item.get(name)]:
            found.changed.append((older, item, differing))
        else:
            same += 1
    return Changes(found.added, list(before.values()), found.changed, same)
