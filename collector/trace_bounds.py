"""What a trace's sums cannot exceed: found in one pass over two columns, where the sums themselves take several.

The sums count model calls but for those around another one; here all of them count. Nothing counted is negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from assay.collector.filter_compiler import Compiled
from assay.collector.trace_sql import AGGREGATES, MODEL_KINDS
from assay.collector.trace_sums import COUNTED


def _at_most(name: str) -> str:
    calls = f"sum(greatest(s.{name}, 0)) FILTER (WHERE s.kind IN {MODEL_KINDS})"
    return f"greatest({calls}, max(s.{name}) FILTER (WHERE coalesce(s.kind NOT IN {MODEL_KINDS}, true)))"


AT_MOST: dict[str, str] = {
    **{name: AGGREGATES[name] for name in ("duration_ms", "span_count", "error_count")},
    **{name: _at_most(name) for name in (*COUNTED, "cost_usd")},
}


# Which spans a sum is made of, where that leaves out many: the others need not be grouped.
COUNTS = {name: f"s.{name} IS NOT NULL" for name in (*COUNTED, "cost_usd")}


@dataclass(frozen=True, slots=True)
class Above:
    """What can be told of the traces whose sum is large: `having` of the spans `s` of one trace for which `counted`
    holds.
    """

    counted: str
    having: Compiled

    @property
    def condition(self) -> Compiled:
        """The condition that a span `s` is of such a trace."""
        sums = f"SELECT s.trace_id FROM span_log s WHERE {self.counted} GROUP BY s.trace_id"
        return Compiled(f"s.trace_id IN ({sums} HAVING {self.having.sql})", self.having.parameters)


def above(name: str, sign: str, value: float) -> Above:
    """Traces whose sum can be above (">" or ">=") the value."""
    return Above(COUNTS.get(name, "true"), Compiled(f"{AT_MOST[name]} {sign} ?", [value]))


def largest(
    db: duckdb.DuckDBPyConnection, name: str, where: str, parameters: list[Any], wanted: int
) -> tuple[list[str], Any]:
    """The ids of the traces whose sum can be largest, and what the sum of no other trace exceeds."""
    rows = db.execute(
        f"SELECT s.trace_id, {AT_MOST[name]} AS most FROM span_log s"
        f" WHERE {where} AND {COUNTS.get(name, 'true')} GROUP BY s.trace_id"
        " ORDER BY most DESC NULLS LAST LIMIT ?",
        [*parameters, wanted],
    ).fetchall()
    return [trace_id for trace_id, _ in rows], rows[-1][1] if len(rows) == wanted else None
