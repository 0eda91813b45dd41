"""Spans that were understood but cannot be stored: kept aside with the reason, for whoever looks into it.

Their sender is told as well, in the answer's `partial_success`; sending them again would not help.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import duckdb
import orjson

from assay.collector.decode import DecodedSpan

MAX_DEAD_LETTERS = 10_000  # the newest
MAX_RAW_BYTES = 64 * 1024

SQL = """
CREATE TABLE dead_letter (
    project VARCHAR NOT NULL, received_at TIMESTAMP_NS NOT NULL, reason VARCHAR NOT NULL, raw BLOB NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`raw` is the span as JSON, cut where it is longer than is kept; `received_at` nanoseconds since the epoch."""

    project: str
    received_at: int
    reason: str
    raw: bytes

    def because(self, error: Exception) -> DeadLetter:
        return replace(self, reason=f"{self.reason}: {error}"[:2000])


def dead_letter(span: DecodedSpan, project: str | None, received_at: int) -> DeadLetter:
    """What is kept of a span; `because` adds the reason."""
    return DeadLetter(project or "default", received_at, f"span {span.span_id} cannot be stored", _raw(span))


def append(cursor: duckdb.DuckDBPyConnection, letters: Sequence[DeadLetter]) -> None:
    """Add them, and drop the oldest where there are too many."""
    cursor.executemany(
        "INSERT INTO dead_letter VALUES (?, make_timestamp_ns(?), ?, ?)",
        [(_printable(letter.project), letter.received_at, _printable(letter.reason), letter.raw) for letter in letters],
    )
    cursor.execute(
        f"DELETE FROM dead_letter WHERE rowid IN (SELECT rowid FROM dead_letter ORDER BY received_at DESC, rowid DESC "
        f"OFFSET {MAX_DEAD_LETTERS})"
    )


def _raw(span: DecodedSpan) -> bytes:
    fields = asdict(span)
    try:
        raw = orjson.dumps(fields, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # what made the span unfit may well be what JSON cannot hold
        raw = repr(fields).encode("utf-8", "backslashreplace")
    return raw[:MAX_RAW_BYTES]


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
