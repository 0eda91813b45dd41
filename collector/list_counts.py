"""How often which values are among the rows of a list. Few rows are counted here, many by the database: it takes longer
to plan the questions than to answer them for a few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import duckdb

from assay.collector.filter import Compiled

VALUES_EACH = 12
LISTS = ("models", "tags")  # columns of which each element is a value
_SAID = "CASE WHEN v.value::VARCHAR IN ('true', 'false') THEN v.value::VARCHAR END"
SCORES = (
    f"(SELECT 'score' AS facet, v.name AS value, {_SAID} AS part, count(DISTINCT v.trace_id) AS n FROM score_log v"
    " WHERE v.project = ? AND v.trace_id IN {} GROUP BY ALL"
    f" ORDER BY n DESC, value, part LIMIT {2 * VALUES_EACH})"
)
FAILED = "CASE WHEN t.status = 'error' THEN 'error' END"

Count = tuple[str, str, str | None, int]  # facet, value, part of it, how often


def counts(
    db: duckdb.DuckDBPyConnection, rows: Compiled, facets: Mapping[str, str], width: int, project: str, *, few: bool
) -> list[Count]:
    """The most frequent values of each facet, of its scores too, and as "bar" all times in steps of `width`.

    Args:
        rows: have `trace_id`, `start_time`, `status` and a column for each facet.
        facets: name of a facet -> its column.
        few: there are so few rows that they are counted here.
    """
    return (_counted_here if few else _counted_there)(db, rows, facets, width, project)


def _counted_here(
    db: duckdb.DuckDBPyConnection, rows: Compiled, facets: Mapping[str, str], width: int, project: str
) -> list[Count]:
    columns = [f"(epoch_ns(t.start_time) // {width})::VARCHAR", FAILED, *(f"t.{name}" for name in facets.values())]
    found = db.execute(f"SELECT t.trace_id, {', '.join(columns)} FROM ({rows.sql}) t", rows.parameters).fetchall()
    if not found:
        return []
    trace_ids, times, failed, *columns_of_values = zip(*found, strict=True)
    counted: list[Count] = [("bar", *bar, n) for bar, n in Counter(zip(times, failed, strict=True)).items()]
    for (facet, name), values in zip(facets.items(), columns_of_values, strict=True):
        every = Counter(value for value in (_elements(values) if name in LISTS else values) if value)
        most = sorted(every.items(), key=lambda one: (-one[1], one[0]))[:VALUES_EACH]
        counted += [(facet, value, None, n) for value, n in most]
    return (
        counted + db.execute(SCORES.format("(SELECT unnest(?::VARCHAR[]))"), [project, list(set(trace_ids))]).fetchall()
    )


def _elements(lists: Iterable[list[str] | None]) -> Iterator[str]:
    return (element for some in lists for element in some or ())


def _counted_there(
    db: duckdb.DuckDBPyConnection, rows: Compiled, facets: Mapping[str, str], width: int, project: str
) -> list[Count]:
    bars = f"SELECT 'bar' AS facet, (epoch_ns(t.start_time) // {width})::VARCHAR AS value, {FAILED} AS part,"
    each = [
        f"(SELECT '{facet}' AS facet, {f'unnest(t.{name})' if name in LISTS else f't.{name}'} AS value, NULL AS part,"
        " count(*) AS n FROM t GROUP BY value HAVING value IS NOT NULL AND value <> ''"
        f" ORDER BY n DESC, value LIMIT {VALUES_EACH})"
        for facet, name in facets.items()
    ]
    questions = [f"{bars} count(*) AS n FROM t GROUP BY ALL", *each, SCORES.format("(SELECT t.trace_id FROM t)")]
    sql = f"WITH t AS MATERIALIZED ({rows.sql}) {' UNION ALL '.join(questions)}"
    return db.execute(sql, [*rows.parameters, project]).fetchall()
