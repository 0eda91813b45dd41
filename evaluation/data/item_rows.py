"""From rows to items: every row is checked, and all that is wrong is told at once, with the first few rows of it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from assay.content_hash import derived_item_id
from assay.errors import DatasetError
from assay.evaluation.data.items import ALIASES, NOTHING, Item
from assay.evaluation.plain import plain

SHOWN = 5  # bad rows that a message quotes; the rest are counted
TRACE_ID = re.compile(r"[0-9a-f]{32}")

_KNOWN = {alias for aliases in ALIASES.values() for alias in aliases} | {"metadata"}


class RowProblem(Exception):
    """One row that cannot be used: why, and what to do about it."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(slots=True)
class Problems:
    """What is wrong with rows, gathered until all were looked at."""

    found: list[tuple[str, str, str | None]] = field(default_factory=list)  # place, message, hint

    def add(self, place: str, message: str, hint: str | None = None) -> None:
        self.found.append((place, message, hint))

    def check(self, where: str, rows: int) -> None:
        """Raise what was gathered.

        Raises:
            DatasetError: there is something; the message has the first few rows and the count of all.
        """
        if not self.found:
            return
        hint = next((hint for _, _, hint in self.found if hint), None)
        told = [f"{place}: {message}" for place, message, _ in self.found[:SHOWN]]
        if len(self.found) == 1:
            raise DatasetError(told[0], hint=hint)
        bad = len({place for place, _, _ in self.found})
        more = len(self.found) - SHOWN
        lines = [f"{where}: {bad} of {rows} rows cannot be used.", *(f"  {line}" for line in told)]
        raise DatasetError("\n".join([*lines, *([f"  and {more} more."] if more > 0 else [])]), hint=hint)


def checked_items(
    rows: Iterable[tuple[str, Any]], where: str, id: str, cluster: str | None
) -> tuple[list[Item], dict[str, str]]:
    """Items of rows, each of which comes with the place that an error names; and the places by the items' ids.

    Raises:
        DatasetError: some cannot be used; the message counts all of them and shows the first.
    """
    items: list[Item] = []
    problems = Problems()
    places: dict[str, str] = {}  # by id
    named: dict[bool, int] = {True: 0, False: 0}  # rows with and without an id
    changed, seen = "", 0
    for place, row in rows:
        seen += 1
        try:
            item = _with_cluster(row, cluster) if isinstance(row, Item) else _item(row, id, cluster)
        except RowProblem as problem:
            problems.add(place, str(problem), problem.hint)
            continue
        named[bool(item.id)] += 1
        changed = changed or (place if all(named.values()) else "")
        if not item.id:
            item = _named_by_content(item, places)
        elif item.id in places and not changed:
            problems.add(place, f"{places[item.id]} has the id {item.id!r} already.", "Ids are unique.")
            continue
        places[item.id] = place
        items.append(item)
    problems.check(where, seen)
    if changed:
        raise DatasetError(
            f"{where}: some rows have {id!r} and some have none; {changed} is where it changes "
            f"({named[False]} of {seen} have none).",
            hint="Give every row an id of its own, or none: then ids come from the content.",
        )
    if named[False] and id != "id":
        raise DatasetError(f"{where} has no field {id!r}, which was named as the id.")
    return items, places


def _named_by_content(item: Item, places: Mapping[str, str]) -> Item:
    """The item under an id made from its content; a second row of the same content is called -2."""
    base = derived_item_id(
        {"input": plain(item.input), "expected": plain(item.expected), "metadata": plain(item.metadata)}
    )
    count, name = 1, base
    while name in places:
        count += 1
        name = f"{base}-{count}"
    return replace(item, id=name)


def _with_cluster(item: Item, cluster: str | None) -> Item:
    if cluster is None or item.cluster is not None:
        return item
    return replace(item, cluster=_cluster({}, item.metadata, item.input, cluster))


def _item(row: Any, id: str, cluster: str | None) -> Item:
    if not isinstance(row, Mapping):
        raise RowProblem(f"an item is an object with an input, not {type(row).__name__}: {str(row)[:80]!r}.")
    fields = {name: _field(row, name) for name in ALIASES}
    metadata = row.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        raise RowProblem(f"metadata is an object, not {type(metadata).__name__}: {str(metadata)[:80]!r}.")
    metadata = {**{key: value for key, value in row.items() if key not in _KNOWN and key != id}, **metadata}
    if fields["input"] is NOTHING and fields["output"] is NOTHING:
        raise RowProblem(
            f"there is no input; its fields are {', '.join(map(repr, row)) or 'none'}.",
            f"Name it one of: {', '.join(ALIASES['input'])}.",
        )
    value = None if fields["input"] is NOTHING else fields["input"]
    given = row.get(id)
    return Item(
        id="" if given is None else str(given),
        input=value,
        expected=None if fields["expected"] is NOTHING else fields["expected"],
        metadata=metadata,
        cluster=None if cluster is None else _cluster(row, metadata, value, cluster),
        output=fields["output"],
        trace_id=trace if isinstance(trace := metadata.get("trace_id"), str) and TRACE_ID.fullmatch(trace) else None,
        split=split if isinstance(split := metadata.get("split"), str) and split else None,
    )


def _field(row: Mapping[str, Any], name: str) -> Any:
    present = [alias for alias in ALIASES[name] if alias in row]
    if len(present) > 1:
        raise RowProblem(f"{' and '.join(map(repr, present))} both mean the {name}.", "Keep one of them.")
    value = row[present[0]] if present else NOTHING
    return None if isinstance(value, float) and math.isnan(value) else value  # as tables write what is missing


def _cluster(row: Mapping[str, Any], metadata: Mapping[str, Any], value: Any, name: str) -> str:
    for source in (row, metadata, value):
        if isinstance(source, Mapping) and source.get(name) is not None:
            return str(source[name])
    raise RowProblem(f"it has no {name!r}, which was named as the cluster.")
