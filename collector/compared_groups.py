"""Figures of groups in a period and in the one before it: of every grouping that is asked for, by one query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.collector.filter import compile_filter
from assay.collector.paging import fetch, in_range, started_in, within
from assay.collector.stats import KEYS, MEASURES
from assay.collector.store import SpanStore

Row = dict[str, Any]
InBoth = tuple[list[Row], list[Row]]  # of the period, and of the one before


@dataclass(frozen=True, slots=True)
class Grouped:
    """Spans for which `filter` holds, by one key."""

    key: str
    filter: str


def compared_groups(
    store: SpanStore,
    groupings: Mapping[str, Grouped],
    *,
    project: str,
    measures: Sequence[str],
    start: int,
    end: int,
    parted_at: int,
    gap: tuple[int, int] | None = None,
    limit: int,
) -> dict[str, InBoth]:
    """Of each grouping the largest groups of both periods, by the first measure: rows of the key and the measures.

    The period before is from `start` to `parted_at`, without the time in `gap`; all are nanoseconds. Measures are of
    spans, and none of model calls alone.
    """
    where, parameters = within(project, "s")
    in_time, times = started_in(start, end, gap)
    bounds = f" AND {in_time}"
    numbered = list(enumerate(groupings.values()))
    conditions = [compile_filter(one.filter, "spans", "s") for one in groupings.values()]
    held = ", ".join(f"{condition.sql} AS in{number}" for number, condition in enumerate(conditions))
    keyed = ", ".join(f"CASE WHEN s.in{n} THEN {KEYS['spans'][one.key]} END AS k{n}" for n, one in numbered)
    sets = ", ".join(f"(is_later, in{n}, k{n})" for n, _ in numbered)
    groups = ", ".join(f"in{n}, k{n}" for n, _ in numbered)
    inside = " OR ".join(f"in{n}" for n, _ in numbered)
    sums = ", ".join(f'{MEASURES["spans"][name]} AS "{name}"' for name in measures)
    order = f'"{measures[0]}" DESC NULLS LAST, {", ".join(f"k{n}" for n, _ in numbered)}'
    sql = (
        f"SELECT s.start_time >= make_timestamp_ns({in_range(parted_at)}) AS is_later, {groups}, {sums}"
        f" FROM (SELECT s.*, {keyed} FROM (SELECT s.*, {held} FROM span_log s WHERE {where}{bounds}) s) s"
        f" GROUP BY GROUPING SETS ({sets}) HAVING {inside}"
        f" QUALIFY row_number() OVER (PARTITION BY is_later, {', '.join(f'in{n}' for n, _ in numbered)}"
        f" ORDER BY {order}) <= {limit} ORDER BY {order}"
    )
    in_conditions = [value for condition in conditions for value in condition.parameters]
    with store.read() as db:
        rows = fetch(db, sql, [*in_conditions, *parameters, *times])
    return {name: _of(rows, number, one.key, measures) for number, (name, one) in enumerate(groupings.items())}


def _of(rows: Sequence[Row], number: int, key: str, measures: Sequence[str]) -> InBoth:
    now, before = (
        [
            {key: row[f"k{number}"], **{name: row[name] for name in measures}}
            for row in rows
            if row[f"in{number}"] and row["is_later"] is is_later
        ]
        for is_later in (True, False)
    )
    return now, before
