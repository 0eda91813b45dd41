"""Sums over all spans, put together from sums over parts of them that are remembered.

What was stored stays as it is, but for deletions and repricing, which leave a row in `deletion_log` or
`changed_day_log`. So a sum over one part of the row numbers holds until then, and a figure over everything costs what
the spans since the last full part cost. It serves measures that add up; a quantile or a count of users does not.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from assay.collector.trace_blocks import TraceBlocks, within

PART_ROWS = 262_144
MOST_GROUPS = 2_000  # of one part: what has more is not remembered
MOST_REMEMBERED = 50_000  # groups of all questions together, some 15 MB

Group = tuple[Any, ...]  # the start of a bucket of time, and the keys
Sums = dict[Group, tuple[Any, ...]]  # of each group the measures
Version = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of these numbers, both included; `high` None: to the end. Spans start between two times, in nanoseconds."""

    low: int
    high: int | None
    first: int | None = None
    last: int | None = None

    @property
    def where(self) -> str:
        """SQL that holds for its spans `s`."""
        return within((self.low, self.high))

    def starts_within(self, start: int | None, end: int | None) -> bool:
        """Whether all of its spans start at `start` or later and before `end`."""
        if self.first is None or self.last is None:
            return True
        return (start is None or self.first >= start) and (end is None or self.last < end)

    def starts_elsewhere(self, start: int | None, end: int | None) -> bool:
        """Whether none of its spans does."""
        if self.first is None or self.last is None:
            return True
        return (start is not None and self.last < start) or (end is not None and self.first >= end)


class SummedParts:
    """Asked by any reader, on a cursor whose `span_log` is the table."""

    def __init__(self, blocks: TraceBlocks, part_rows: int = PART_ROWS) -> None:
        self._blocks = blocks
        self._part_rows = part_rows
        self._version: Version = (0, 0)
        self._parts: list[Part] = []
        self._known: OrderedDict[Hashable, dict[int, Sums] | None] = OrderedDict()  # None: of too many groups
        self._asking = threading.Lock()

    def sums(
        self,
        db: duckdb.DuckDBPyConnection,
        question: Hashable,
        start: int | None,
        end: int | None,
        ask: Callable[[Part, bool], Sums],
    ) -> Sums | None:
        """The sums over all spans that start between two times; None where there are too many groups to remember.

        Args:
            question: everything that the sums depend on, but for the times.
            ask: sums up one part; where its second argument holds, only what starts between the two times.
        """
        with self._asking:
            self._look_around(db)
            known = self._known.setdefault(question, {})
            self._known.move_to_end(question)
            if known is None:
                return None
            found: list[Sums] = []
            for number, part in enumerate(self._parts):
                if part.starts_elsewhere(start, end):
                    continue
                if not part.starts_within(start, end):
                    found.append(ask(part, True))
                    continue
                if number not in known:
                    known[number] = ask(part, False)
                    if len(known[number]) > MOST_GROUPS:
                        self._known[question] = None
                        return None
                found.append(known[number])
            self._forget_oldest()
        found.append(ask(Part(len(self._parts) * self._part_rows, None), True))
        return added(found)

    def _look_around(self, db: duckdb.DuckDBPyConnection) -> None:
        """Forget what may not hold any more, and note which parts are full."""
        [version] = db.execute(
            "SELECT (SELECT coalesce(max(id), 0) FROM changed_day_log), (SELECT count(*) FROM deletion_log)"
        ).fetchall()
        if version != self._version:
            self._version, self._parts = version, []
            self._known.clear()
        n_full = (self._blocks.last_row(db) + 1) // self._part_rows
        for number in range(len(self._parts), n_full):
            part = Part(number * self._part_rows, (number + 1) * self._part_rows - 1)
            [(first, last)] = db.execute(
                f"SELECT epoch_ns(min(s.start_time)), epoch_ns(max(s.start_time)) FROM span_log s WHERE {part.where}"
            ).fetchall()
            self._parts.append(Part(part.low, part.high, first, last))

    def _forget_oldest(self) -> None:
        """Leave no more than is worth its memory."""
        sizes = {question: sum(map(len, (known or {}).values())) for question, known in self._known.items()}
        while len(self._known) > 1 and sum(sizes.values()) + len(sizes) > MOST_REMEMBERED:
            question, _ = self._known.popitem(last=False)
            del sizes[question]


def added(parts: Iterable[Sums]) -> Sums:
    """The sums of all parts, group by group. Nothing and something is something."""
    total: Sums = {}
    for part in parts:
        for group, values in part.items():
            before = total.get(group)
            total[group] = values if before is None else tuple(map(_plus, before, values))
    return total


def _plus(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def largest_first(sums: Mapping[Group, Sequence[Any]]) -> list[Group]:
    """Groups by their first measure, the largest first and those without last; then by their keys."""
    return sorted(sums, key=lambda group: (*_down(sums[group][0]), *in_order(group)))


def in_order(group: Group) -> list[tuple[bool, Any]]:
    """What to sort groups by, as SQL does: what is unknown comes last."""
    return [(key is None, 0 if key is None else key) for key in group]


def _down(value: Any) -> tuple[bool, Any]:
    return (value is None, 0 if value is None else -value)
