"""Where a run is weak: its scores by what the items say of themselves, the worst group first. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.collector.pages.charts.means import Shape, axis_of_means, mean_shape
from assay.collector.pages.formats import plain
from assay.evaluation.summary import summarise_rows

MOST_GROUPS = 20
CLUSTER = "cluster"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Slice:
    name: str
    row: Row  # of a summary: n, mean, ci_low, ci_high, …
    shape: Shape


def labels_of(rows: Iterable[Row], metadata: Mapping[str, Row]) -> dict[str, dict[str, str]]:
    """Field -> item id -> label, for every field of the items' metadata that makes 2 to 20 groups; clusters likewise.

    Args:
        metadata: of the items, by their ids.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        item = str(row["item_id"])
        if row.get(CLUSTER) is not None:
            found[CLUSTER][item] = str(row[CLUSTER])
        for field, value in metadata.get(item, {}).items():
            if isinstance(value, str | int | float | bool):
                found[field][item] = plain(value)
    return {field: labels for field, labels in sorted(found.items()) if 2 <= len(set(labels.values())) <= MOST_GROUPS}


def slices(rows: Iterable[Row], labels: Mapping[str, str], scorer: str, direction: str = "higher") -> list[Slice]:
    """One line per group, the worst first. Groups are small: their intervals say how little may be known."""
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[labels.get(str(row["item_id"]), "(none)")].append(row)
    found = [(name, _summary(group, scorer)) for name, group in grouped.items()]
    lines = [(name, row) for name, row in found if row is not None]
    sign = -1 if direction == "lower" else 1
    lines.sort(key=lambda line: (line[1]["mean"] is None, sign * (line[1]["mean"] or 0), line[0]))
    axis = axis_of_means([row for _, row in lines])
    return [Slice(name, row, mean_shape(row, axis)) for name, row in lines]


def _summary(rows: Sequence[Row], scorer: str) -> Row | None:
    return next((row.to_dict() for row in summarise_rows(rows) if row.scorer == scorer), None)
