"""What differs between two versions of a data set: items added, removed, changed. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.content_hash import content_hash
from assay.evaluation.data.items import Dataset, Item
from assay.evaluation.plain import plain

if TYPE_CHECKING:
    import pandas as pd

FIELDS = ("input", "expected", "metadata", "output")
SHOWN = 10  # items of each kind that str() of a difference names


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChange:
    """One item that is there in both, with the fields that are not the same."""

    old: Item
    new: Item
    fields: tuple[str, ...]  # of FIELDS, and "id" where the same input has another id now


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetDiff:
    """From an older version to a newer one. Items are the same by id; where ids come from the content, by input."""

    old: str
    new: str
    added: tuple[Item, ...]
    removed: tuple[Item, ...]
    changed: tuple[ItemChange, ...]
    unchanged: int

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.removed or self.changed)

    def to_dict(self) -> dict[str, Any]:
        return {
            "old": self.old,
            "new": self.new,
            "added": [_content(item) for item in self.added],
            "removed": [_content(item) for item in self.removed],
            "changed": [
                {"id": change.new.id, "fields": list(change.fields)}
                | {f: {"old": _value(change.old, f), "new": _value(change.new, f)} for f in change.fields}
                for change in self.changed
            ],
            "unchanged": self.unchanged,
        }

    @property
    def df(self) -> pd.DataFrame:
        """One row per difference: change (added, removed, changed), id, field, old, new."""
        import pandas as pd

        rows = [{"change": "added", "id": item.id, "new": _content(item)} for item in self.added]
        rows += [{"change": "removed", "id": item.id, "old": _content(item)} for item in self.removed]
        for change in self.changed:
            for name in change.fields:
                values = {"old": _value(change.old, name), "new": _value(change.new, name)}
                rows.append({"change": "changed", "id": change.new.id, "field": name, **values})
        return pd.DataFrame(rows, columns=["change", "id", "field", "old", "new"])

    def __str__(self) -> str:
        counts = {"added": self.added, "removed": self.removed, "changed": self.changed}
        told = ", ".join(f"{len(found)} {what}" for what, found in counts.items())
        lines = [f"{self.old} -> {self.new}: {told}, {self.unchanged} unchanged"]
        lines += _listed("+", [f"{item.id}  {_short(item.input)}" for item in self.added])
        lines += _listed("-", [f"{item.id}  {_short(item.input)}" for item in self.removed])
        changed = []
        for change in self.changed:
            values = (f"{f}: {_short(_value(change.old, f))} -> {_short(_value(change.new, f))}" for f in change.fields)
            changed.append(f"{change.new.id}  {'; '.join(values)}")
        return "\n".join(lines + _listed("~", changed))


def diff_items(old: Dataset, new: Dataset) -> DatasetDiff:
    """Compare two versions. An item without a partner of its id is matched by its input, where that is unique."""
    before, after = {item.id: item for item in old.items}, {item.id: item for item in new.items}
    pairs = [(before[id], item) for id, item in after.items() if id in before]
    removed = {id: item for id, item in before.items() if id not in after}
    added = {id: item for id, item in after.items() if id not in before}
    gone, come = _by_input(removed), _by_input(added)
    for digest, items in come.items():
        if len(items) == 1 and len(gone.get(digest, ())) == 1:
            [was], [now] = gone[digest], items
            pairs.append((removed.pop(was.id), added.pop(now.id)))
    changes = [ItemChange(old=was, new=now, fields=fields) for was, now in pairs if (fields := _differences(was, now))]
    order = {item.id: position for position, item in enumerate(new.items)}
    return DatasetDiff(
        old=old.uri or old.name or "the older",
        new=new.uri or new.name or "the newer",
        added=tuple(added.values()),
        removed=tuple(removed.values()),
        changed=tuple(sorted(changes, key=lambda change: order[change.new.id])),
        unchanged=len(pairs) - len(changes),
    )


def _by_input(items: Mapping[str, Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = defaultdict(list)
    for item in items.values():
        found[content_hash(plain(item.input))].append(item)
    return found


def _differences(old: Item, new: Item) -> tuple[str, ...]:
    fields = tuple(field for field in FIELDS if content_hash(_value(old, field)) != content_hash(_value(new, field)))
    return (*(("id",) if old.id != new.id and not fields else ()), *fields)


def _value(item: Item, field: str) -> Any:
    value = getattr(item, field)
    return None if field == "output" and not item.has_output else plain(value)


def _content(item: Item) -> dict[str, Any]:
    return {"id": item.id} | {field: _value(item, field) for field in FIELDS if field != "output" or item.has_output}


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _listed(sign: str, lines: list[str]) -> list[str]:
    more = [f"  {sign} and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return [f"  {sign} {line}" for line in lines[:SHOWN]] + more
