"""Where the spans of a trace lie: an index in memory, so that one trace among millions is found without reading all.

Trace ids are random, so nothing that the database knows of their column tells where one is. But rows are numbered in
the order in which they are committed, and the spans of a trace come soon after one another. So row numbers are taken
in blocks, and of each full block the hashes of its trace ids are kept: four bytes for a trace, four megabytes for a
million. What is newer than the last full block is looked at as it lies.

The index may say too much (two ids of one hash, spans that were deleted since) and never too little: row numbers only
grow, one writer gives them, and a span never changes its trace.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

BLOCK_ROWS = 32_768
BLOCKS_AT_ONCE = 16  # added by one reader at most; what is not added yet is looked at as it lies
LOOK_EVERY_S = 1.0  # whether more blocks are full
MOST_RANGES = 12  # in one condition; nearer ones are joined

HASH = "(hash(trace_id) >> 32)::UINTEGER"
ANYWHERE = "true"  # in place of a condition

Range = tuple[int, int | None]  # of row numbers, both ends included; None: to the end


@dataclass(frozen=True, slots=True)
class _Block:
    hashes: Any  # of its trace ids: an array of numpy, sorted, without repeats
    start: int | None  # None: it has no spans any more

    def has_any(self, wanted: Any) -> bool:
        """Whether one of these hashes is among its own; also where two ids have the same."""
        if not len(self.hashes):
            return False
        places = self.hashes.searchsorted(wanted).clip(max=len(self.hashes) - 1)
        return bool((self.hashes[places] == wanted).any())


class TraceBlocks:
    """Read and extended by any reader, on a cursor whose `span_log` is the table and no view with open spans."""

    def __init__(self, block_rows: int = BLOCK_ROWS) -> None:
        self._block_rows = block_rows
        self._blocks: list[_Block] = []
        self._extending = threading.Lock()
        self._look_again_at = 0.0
        self.is_behind = True  # blocks have become full that nobody has added yet

    def condition(self, db: duckdb.DuckDBPyConnection, trace_ids: Collection[str]) -> str:
        """SQL that holds for every span `s` of these traces, and lets the database leave out most others."""
        ranges = self.ranges(db, trace_ids)
        if ranges == [(0, None)]:
            return ANYWHERE
        return f"({' OR '.join(map(within, ranges))})"

    def ranges(self, db: duckdb.DuckDBPyConnection, trace_ids: Collection[str]) -> list[Range]:
        """Row numbers outside of which no span of these traces is."""
        blocks = self._extended(db)
        found: list[Range] = []
        if blocks and trace_ids:
            sql = f"SELECT {HASH} AS hash FROM (SELECT unnest(?::VARCHAR[]) AS trace_id)"
            wanted = db.execute(sql, [list(trace_ids)]).fetchnumpy()["hash"]
            found = [self._rows_of(number) for number, block in enumerate(blocks) if block.has_any(wanted)]
        return joined([*found, (len(blocks) * self._block_rows, None)])

    def starts(self, db: duckdb.DuckDBPyConnection) -> list[int]:
        """When the first span of each block started, in nanoseconds; mostly in order of time."""
        return [block.start for block in self._extended(db) if block.start is not None]

    def last_row(self, db: duckdb.DuckDBPyConnection) -> int:
        """The number of the newest row, or of one not long before it where that was deleted; 0 when there is none."""
        known = len(self._blocks) * self._block_rows
        [(last,)] = db.execute("SELECT max(row_id) FROM span_log WHERE row_id >= ?", [known]).fetchall()
        return max(known - 1, 0) if last is None else int(last)

    def extend(self, db: duckdb.DuckDBPyConnection) -> None:
        """Add some of the blocks that have become full. Readers do so as well, a few with each question."""
        with self._extending:
            self._add(db)

    def _rows_of(self, number: int) -> tuple[int, int]:
        return number * self._block_rows, (number + 1) * self._block_rows - 1

    def _extended(self, db: duckdb.DuckDBPyConnection) -> list[_Block]:
        """All blocks, and more of them if some have become full and no other reader is adding them just now."""
        if time.monotonic() >= self._look_again_at and self._extending.acquire(blocking=False):
            try:
                self._add(db)
            finally:
                self._extending.release()
        return list(self._blocks)

    def _add(self, db: duckdb.DuckDBPyConnection) -> None:
        more = self._full(db, len(self._blocks))
        self._blocks += more
        self.is_behind = bool(more)
        if not more:
            self._look_again_at = time.monotonic() + LOOK_EVERY_S

    def _full(self, db: duckdb.DuckDBPyConnection, known: int) -> list[_Block]:
        end = min((self.last_row(db) + 1) // self._block_rows, known + BLOCKS_AT_ONCE)
        if end <= known:
            return []
        rows = db.execute(
            f"SELECT row_id // {self._block_rows} AS block, {HASH} AS hash, epoch_ns(start_time) AS start"
            " FROM span_log WHERE row_id BETWEEN ? AND ?",
            [self._rows_of(known)[0], self._rows_of(end - 1)[1]],
        ).fetchnumpy()
        return [_block(rows, number) for number in range(known, end)]


def _block(rows: Mapping[str, Any], number: int) -> _Block:
    import numpy as np  # a collector starts without it, see `arrow`

    its_rows = rows["block"] == number
    starts = rows["start"][its_rows]
    return _Block(np.unique(rows["hash"][its_rows]), int(starts.min()) if len(starts) else None)


def within(rows: Range) -> str:
    """SQL that holds for spans `s` of these row numbers."""
    low, high = rows
    return f"s.row_id >= {low}" if high is None else f"s.row_id BETWEEN {low} AND {high}"


def joined(ranges: Sequence[Range]) -> list[Range]:
    """The ranges, those that meet made one; and where they are many, those with the smallest gaps."""
    together: list[Range] = []
    for low, high in ranges:
        if together and together[-1][1] is not None and together[-1][1] + 1 >= low:
            low = together.pop()[0]
        together.append((low, high))
    while len(together) > MOST_RANGES:
        gaps = [together[at + 1][0] - (together[at][1] or 0) for at in range(len(together) - 1)]
        at = gaps.index(min(gaps))
        together[at : at + 2] = [(together[at][0], together[at + 1][1])]
    return together
